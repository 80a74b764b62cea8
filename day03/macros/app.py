"""Write a part of a page once, as a macro, and use it with different values.

A macro is the function of the template language. Each field of a form is a label and an input with
four attributes. As a macro this is written once, so you correct it in one place.

Run it: flask --app day03.macros.app run --debug
"""

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def contact():
    """Show a form; one macro writes its fields, with the values of the request."""
    return render_template("contact.html", values=request.args)


@app.get("/contact-unsafe")
def contact_unsafe():
    """Show the danger: the macro of this field has no quotation marks."""
    return render_template("contact_unsafe.html", values=request.args)


@app.get("/boxes")
def boxes():
    """Show macros that enclose a part of the page, and a macro in the page itself."""
    return render_template("boxes.html", teas={"Sencha": 12, "Jasmine": 8})


@app.get("/context")
def context():
    """Import one macro twice; only ``with context`` it sees the variables of the page."""
    return render_template("context.html", user="Ann")
