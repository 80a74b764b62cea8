"""The audio guide: one set of views, registered once for each language."""

from flask import Blueprint, abort, render_template

from .collection import PICTURES

GREETINGS = {"en": "Welcome to the museum.", "zh": "欢迎来到博物馆。"}

guide = Blueprint("guide", __name__, url_prefix="/guide")


def page(language: str, stop: int, text: str) -> str:
    """Draw a page with a link to the stop that follows, if there is one."""
    following = stop + 1 if stop + 1 in PICTURES else None
    return render_template("guide.html", language=language, text=text, following=following)


@guide.get("/")
def index(language: str):
    """Greet; the language comes from the registration."""
    return page(language, 0, GREETINGS[language])


@guide.get("/<int:stop>")
def station(language: str, stop: int):
    """Tell about one picture."""
    if stop not in PICTURES:
        abort(404)
    return page(language, stop, PICTURES[stop][language])
