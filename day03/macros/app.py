"""Write a part of a page once, as a macro, and use it with different values.

A macro is the function of the template language. A form has ten fields, and each is a label and an
input with five attributes: in a macro this is written once, so it is right, or mended, everywhere.

Run it: flask --app day03.macros.app run --debug
"""

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def contact():
    """Show a form; all its fields come from one macro, which fills in what was sent."""
    return render_template("contact.html", values=request.args)


@app.get("/contact-unsafe")
def contact_unsafe():
    """Show a field whose macro forgot the quotation marks."""
    return render_template("contact_unsafe.html", values=request.args)


@app.get("/boxes")
def boxes():
    """Show macros that enclose what the caller writes, and one that stands in its own page."""
    return render_template("boxes.html", teas={"Sencha": 12, "Jasmine": 8})


@app.get("/context")
def context():
    """Import one macro twice: it sees the variables of the page only when told to."""
    return render_template("context.html", user="Ann")
