"""Print what a stranger typed: carelessly and with care, side by side, in five places.

Whoever may write into a page may try to write a script into it, and it runs in the browser of the
next visitor: cross-site scripting, XSS. Templates escape what they print, and that is the whole
defence between tags. In attributes, scripts and links there is more to know.

Run it: flask --app day03.escaping.app run --debug
"""

from pathlib import Path

from flask import Flask, render_template, render_template_string, request
from markupsafe import Markup

ENDINGS = ("htm", "html", "xhtml", "xml", "svg", "txt", "js", "html.j2")

app = Flask(__name__)


def typed(otherwise: str = "Fine <b>tea</b>!") -> str:
    """Return what was typed into the form of the page."""
    return request.args.get("text", otherwise)


def show(template: str, **values: object) -> str:
    """Render a page and give it its own source, to stand beside what became of it."""
    source = Path(app.root_path, "templates", template).read_text("utf-8")
    return render_template(template, source=source, **values)


@app.get("/")
def comment():
    """Print a comment between tags: with ``safe``, and as templates do by themselves."""
    return show("comment.html", text=typed(), attack="<script>alert(1)</script>")


@app.get("/attribute")
def attribute():
    """Print a value into an attribute: without quotes, and in quotes."""
    return show("attribute.html", text=typed(), attack="x onfocus=alert(1) autofocus")


@app.get("/script")
def script():
    """Print a text into a script: between quotes with ``safe``, and with ``tojson``."""
    return show("script.html", text=typed(), attack='"; alert(1); "')


def web_address(text: str) -> str:
    """Return an address of the web as it is, and in place of any other one that does nothing.

    The list of what is allowed is short. That of dangerous schemes and their spellings never ends.
    """
    return text if text.startswith(("https://", "http://")) else "about:blank"


@app.get("/link")
def link():
    """Print an address that somebody typed into a link: as it is, and after a look at it."""
    text = typed("https://example.com/?tea=green")
    return show("link.html", text=text, address=web_address(text), attack="javascript:alert(1)")


def strong_unsafe(text: str) -> Markup:
    """Show the danger: the f-string has mixed text and markup before Markup sees them."""
    return Markup(f"<strong>{text}</strong>")  # noqa: S704 - the danger is the lesson


def strong(text: str) -> Markup:
    """Show the defence: the markup is the lesson's own, and ``format`` escapes what it fills in."""
    return Markup("<strong>{}</strong>").format(text)


@app.get("/python")
def python():
    """Print markup that was made in Python."""
    text = typed()
    values = {"unsafe": strong_unsafe(text), "safe": strong(text)}
    return show("python.html", text=text, attack="<script>alert(1)</script>", **values)


@app.get("/endings")
def endings():
    """Render files of one content, ``{{ text }}``; the ending decides whether it is escaped."""
    files = {end: render_template(f"endings/note.{end}", text=typed()) for end in ENDINGS}
    return files | {"render_template_string": render_template_string("{{ text }}", text=typed())}
