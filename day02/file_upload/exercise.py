"""Exercise: a box for photos.

A garden club collects photos of its members. Anyone who sends a photo gets a receipt, and can fetch
the photo again with it. The box cannot trust the client: not the name of the file, not its ending,
not its size.

Tasks:

1. Take a photo and give a receipt. ``POST /photos`` with the file field ``photo`` keeps the file
   in ``folder`` and answers 201 with the JSON ``{"receipt": "..."}``. The receipt has at least 16
   characters and cannot be guessed. Without a file, or with an empty name, the answer is 400.
2. Hand the photo back. ``GET /photos/<receipt>`` answers with the same bytes, as an attachment,
   also after a restart. An unknown receipt is answered with 404.
3. Let no name do harm. Two photos of one name are two photos, and a name that leads out of the
   folder leads nowhere.
4. Take pictures only. The name ends in .png or .jpg, in upper or lower case, and the file begins as
   files of that kind begin (see ``BEGINNINGS``). All else is answered with 415.
5. Set a limit. A photo of 100 000 bytes is taken; a body of more than 150 000 bytes is answered
   with 413.

Run it:   flask --app day02.file_upload.exercise run --debug
Try it:   curl -i -F photo=@day02/file_upload/tea.png http://127.0.0.1:5000/photos
          curl -i -F "photo=@README.md;filename=me.png" http://127.0.0.1:5000/photos
          curl -o again.png http://127.0.0.1:5000/photos/the-receipt-you-were-given
Check it: course check file_upload
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

# By these bytes a program recognises a picture.
BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff"}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the photos."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "exercise" / "day02_file_upload",
        # TODO (task 5): the limit
    )
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()

    @app.post("/photos")
    def take():
        """Keep a photo and give a receipt for it."""
        folder.mkdir(parents=True, exist_ok=True)
        # TODO (task 1): find the file in the request, or answer 400
        # TODO (tasks 1 and 3): make a name, and let it be the receipt
        # TODO (task 4): look at the ending and at the first bytes
        # TODO (task 1): save the file
        return {"receipt": "none yet"}, 201

    @app.get("/photos/<receipt>")
    def hand_back(receipt: str):
        """Hand a photo back."""
        # TODO (task 2): send the file from the folder
        return f"Here the photo of {receipt} will be.\n"

    return app
