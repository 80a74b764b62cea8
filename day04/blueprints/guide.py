"""The audio guide: one set of views, registered once for each language."""

from flask import Blueprint, abort, render_template

from .collection import PICTURES

GREETINGS = {"en": "Welcome to the museum.", "zh": "欢迎来到博物馆。"}

guide = Blueprint("guide", __name__, url_prefix="/guide")


def render_stop(language: str, stop: int, text: str) -> str:
    """Return the page of a stop, with a link to the next stop if there is one."""
    following = stop + 1 if stop + 1 in PICTURES else None
    return render_template("guide.html", language=language, text=text, following=following)


@guide.get("/")
def index(language: str):
    """Greet the visitor; the language comes from the registration."""
    return render_stop(language, 0, GREETINGS[language])


@guide.get("/<int:stop>")
def station(language: str, stop: int):
    """Show the text of one picture."""
    if stop not in PICTURES:
        abort(404)
    return render_stop(language, stop, PICTURES[stop][language])
