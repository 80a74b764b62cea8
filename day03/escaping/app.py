"""Print the text of a visitor in five places of a page, with and without protection.

If a visitor can write a script into a page, it runs in the browsers of other visitors. This is
cross-site scripting, XSS. Templates escape values. Between tags this is enough; in attributes,
scripts and links it is not.

Run it: flask --app day03.escaping.app run --debug
"""

from pathlib import Path

from flask import Flask, render_template, render_template_string, request
from markupsafe import Markup

ENDINGS = ("htm", "html", "xhtml", "xml", "svg", "txt", "js", "html.j2")

app = Flask(__name__)


def get_text(default: str = "Fine <b>tea</b>!") -> str:
    """Return the text that the visitor typed into the form of the page."""
    return request.args.get("text", default)


def render_with_source(template: str, **values: object) -> str:
    """Render a page, and pass it the text of its own template, which it shows below."""
    source = Path(app.root_path, "templates", template).read_text("utf-8")
    return render_template(template, source=source, **values)


@app.get("/")
def comment():
    """Print a comment between tags: with ``safe``, and without it."""
    attack = "<script>alert(1)</script>"
    return render_with_source("comment.html", text=get_text(), attack=attack)


@app.get("/attribute")
def attribute():
    """Print a value into an attribute: without quotation marks, and with them."""
    attack = "x onfocus=alert(1) autofocus"
    return render_with_source("attribute.html", text=get_text(), attack=attack)


@app.get("/script")
def script():
    """Print a text into a script: with ``safe``, and with ``tojson``."""
    return render_with_source("script.html", text=get_text(), attack='"; alert(1); "')


def check_url(text: str) -> str:
    """Return a URL of the web unchanged; replace every other one by a URL that does nothing.

    The list of allowed schemes is short; the list of dangerous ones and their spellings is endless.
    """
    return text if text.startswith(("https://", "http://")) else "about:blank"


@app.get("/link")
def link():
    """Print a URL into a link: unchecked, and checked."""
    text = get_text("https://example.com/?tea=green")
    attack = "javascript:alert(1)"
    return render_with_source("link.html", text=text, url=check_url(text), attack=attack)


def strong_unsafe(text: str) -> Markup:
    """Show the danger: the f-string mixes text and markup before ``Markup`` gets them."""
    return Markup(f"<strong>{text}</strong>")  # noqa: S704 - the danger is the lesson


def strong(text: str) -> Markup:
    """Show the defence: the markup is our own, and ``format`` escapes the text."""
    return Markup("<strong>{}</strong>").format(text)


@app.get("/python")
def python():
    """Print markup that comes from Python: the unsafe one, and the safe one."""
    text = get_text()
    values = {"unsafe": strong_unsafe(text), "safe": strong(text)}
    attack = "<script>alert(1)</script>"
    return render_with_source("python.html", text=text, attack=attack, **values)


@app.get("/endings")
def endings():
    """Render files with the same content, ``{{ text }}``; the ending decides about escaping."""
    text = get_text()
    files = {end: render_template(f"endings/note.{end}", text=text) for end in ENDINGS}
    return files | {"render_template_string": render_template_string("{{ text }}", text=text)}
