"""Tests of the exercise: a box for photos."""

import secrets
from io import BytesIO

import pytest

from course.grading import expect, fail, json_of

PNG = b"\x89PNG\r\n\x1a\n"
JPG = b"\xff\xd8\xff"


def picture(beginning=PNG, size=300):
    return beginning + secrets.token_bytes(size - len(beginning))


def post(client, content, name):
    return client.post("/photos", data={"photo": (BytesIO(content), name)})


def send(client, content, name):
    """Send a photo and return the receipt; fail in plain words if there is none."""
    reply = expect(post(client, content, name), 201)
    answer = json_of(reply)
    receipt = answer.get("receipt") if isinstance(answer, dict) else None
    if not isinstance(receipt, str) or not receipt:
        fail(reply, 'a JSON object {"receipt": "..."}')
    return receipt


def expect_photo(client, receipt, content):
    reply = expect(client.get(f"/photos/{receipt}"), 200)
    if len(reply.data) == len(content) and reply.data != content:
        fail(reply, "the bytes of the photo of this receipt; it was another photo")
    if reply.data != content:
        fail(
            reply,
            f"the {len(content)} bytes that were sent, beginning with {content[:8]!r}; "
            f"it was {len(reply.data)} bytes, beginning with {reply.data[:8]!r}",
        )
    return reply


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("request.files['photo'] is the file; its method save takes a path.")
def test_a_photo_gets_a_receipt(client):
    """A photo gets 201 and a receipt of at least 16 characters."""
    reply = expect(post(client, picture(), "tulip.png"), 201)
    answer = json_of(reply)
    receipt = answer.get("receipt") if isinstance(answer, dict) else None
    if not isinstance(receipt, str) or len(receipt) < 16:
        fail(reply, 'a JSON object {"receipt": "..."} with at least 16 characters')


@pytest.mark.task(1)
@pytest.mark.hint("secrets.token_hex() or uuid4().hex; the sender's name has no part in it.")
def test_a_receipt_cannot_be_guessed(client):
    """Every receipt is another one, and is neither a number that counts nor the file's name."""
    first, second = (send(client, picture(), "red-tulip-in-my-garden.png") for _ in range(2))
    differing = sum(a != b for a, b in zip(first, second, strict=False))
    if "tulip" in first or differing < 8:
        pytest.fail(
            f"Sent:      two photos\nCame back: the receipts {first!r} and {second!r}\n"
            "Expected:  random receipts, with nothing of the file's name in them",
            pytrace=False,
        )


@pytest.mark.task(1)
@pytest.mark.hint("request.files.get('photo') may be None; and its filename may be empty.")
def test_without_a_file_the_answer_is_400(client):
    """No form, a field without a file, another field, an empty name: each gets 400."""
    expect(client.post("/photos"), 400)
    expect(client.post("/photos", data={"photo": "tulip.png"}), 400)
    expect(client.post("/photos", data={"file": (BytesIO(picture()), "tulip.png")}), 400)
    body = '--x\r\nContent-Disposition: form-data; name="photo"; filename=""\r\n\r\n\r\n--x--\r\n'
    expect(client.post("/photos", data=body, content_type="multipart/form-data; boundary=x"), 400)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("A file remembers how far it was read: seek(0) goes back to its beginning.")
def test_the_photo_comes_back_whole(client):
    """With the receipt the same bytes come back, to the last one."""
    photos = [(picture(), "tulip.png"), (picture(JPG), "rose.jpg")]
    receipts = [send(client, *photo) for photo in photos]
    for receipt, (content, _) in zip(receipts, photos, strict=True):
        expect_photo(client, receipt, content)


@pytest.mark.task(2)
@pytest.mark.hint("send_from_directory takes as_attachment=True.")
def test_it_comes_as_an_attachment(client):
    """The browser is told to store the photo: Content-Disposition begins with `attachment`."""
    content = picture()
    reply = expect_photo(client, send(client, content, "tulip.png"), content)
    if not reply.headers.get("Content-Disposition", "").startswith("attachment"):
        found = reply.headers.get("Content-Disposition", "missing")
        fail(reply, f"a header Content-Disposition that begins with attachment; it was {found}")


@pytest.mark.task(2)
@pytest.mark.hint("A variable ends with the program; a file in the folder stays.")
def test_photos_outlive_a_restart(start):
    """A receipt is good after the app was stopped and started again."""
    content = picture()
    receipt = send(start(), content, "tulip.png")
    expect_photo(start(keep=True), receipt, content)


@pytest.mark.task(2)
@pytest.mark.hint("send_from_directory responds with 404 if the folder has no such file.")
def test_an_unknown_receipt_is_not_found(client):
    """A receipt that was never given gets 404, before the first photo and after."""
    expect(client.get("/photos/0123456789abcdef.png"), 404)
    send(client, picture(), "tulip.png")
    for receipt in ("0123456789abcdef.png", "..", "../exercise.py", "..%5Cexercise.py"):
        expect(client.get(f"/photos/{receipt}"), 404)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("The name under which a file is saved is made by you; keep at most the ending.")
def test_two_photos_of_one_name_are_two(client):
    """Photos that come under one name, or under two that look alike, are kept beside each other."""
    photos = [
        (picture(), name)
        for name in ("tulip.png", "tulip.png", "My tulip.png", "My_tulip.png", "茶.png", "水.png")
    ]
    receipts = [send(client, *photo) for photo in photos]
    for receipt, (content, _) in zip(receipts, photos, strict=True):
        expect_photo(client, receipt, content)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("folder / '../static/logo.png' is outside of the folder: do not join that name.")
def test_no_name_leads_out_of_the_folder(start):
    """A photo named ../../day02/file_upload/static/logo.png does not replace the club's logo."""
    # The day's package is imported before the exercise, so it can put a logo there.
    logo = """
from pathlib import Path
static = Path(__file__).parent / "file_upload" / "static"
static.mkdir(exist_ok=True)
(static / "logo.png").write_text("the logo")
"""
    client = start(files={"day02/__init__.py": logo})
    expect(client.get("/static/logo.png"), 200, text="the logo")
    for ups in range(5):
        content = picture()
        name = f"{'../' * ups}day02/file_upload/static/logo.png"
        expect_photo(client, send(client, content, name), content)
        expect(client.get("/static/logo.png"), 200, text="the logo")


@pytest.mark.task(4)
@pytest.mark.hint("PurePath(name).suffix is the ending; .lower() makes it lower case.")
def test_the_ending_counts(client):
    """Endings in upper case are welcome; names that do not end in .png or .jpg get 415."""
    for name in ("TULIP.PNG", "rose.JPG"):
        send(client, picture(PNG if name.endswith("PNG") else JPG), name)
    for name in ("tulip.gif", "tulip.png.html", "tulip", "png", "tulip.png.", ".png "):
        expect(post(client, picture(), name), 415)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("photo.read(8) gives the first eight bytes.")
def test_the_content_counts(client):
    """A file that does not begin as its ending says gets 415."""
    for content, name in (
        (b"<script>alert(1)</script>", "tulip.png"),
        (b"<script>alert(1)</script>", "tulip.jpg"),
        (b"", "tulip.png"),
        (PNG[:5], "tulip.png"),
        (picture(JPG), "tulip.png"),
        (picture(PNG), "tulip.jpg"),
        (b" " + picture(PNG), "tulip.png"),
    ):
        expect(post(client, content, name), 415)


@pytest.mark.task(5)
@pytest.mark.hint("MAX_CONTENT_LENGTH is the number of bytes that a body may have.")
def test_a_large_photo_is_taken(client):
    """A photo of 100 000 bytes is taken and comes back."""
    content = picture(size=100_000)
    expect_photo(client, send(client, content, "tulip.png"), content)


@pytest.mark.task(5)
@pytest.mark.hint("Set it where DATA_FOLDER is set. Flask responds with 413 by itself.")
def test_a_huge_body_is_refused(client):
    """A body of more than 150 000 bytes gets 413, with any content."""
    expect(post(client, picture(size=150_001), "tulip.png"), 413)
    expect(post(client, picture(size=400_000), "tulip.png"), 413)
