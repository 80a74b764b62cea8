"""A solution of the exercise."""

from itertools import count

from flask import Flask, abort, request, url_for

app = Flask(__name__)
notes = {}
numbers = count(1)


@app.post("/notes")
def add():
    """Add a note."""
    data = request.get_json()
    text = data.get("text") if isinstance(data, dict) else None
    if not isinstance(text, str) or not 1 <= len(text) <= 100:
        abort(422, "Send 'text', 1 to 100 characters.")
    number = next(numbers)
    notes[number] = {"id": number, "text": text}
    return notes[number], 201, {"Location": url_for("show", number=number)}


@app.get("/notes/<int:number>")
def show(number: int):
    """Show a note."""
    if number not in notes:
        abort(404)
    return notes[number]


@app.delete("/notes/<int:number>")
def delete(number: int):
    """Delete a note."""
    if notes.pop(number, None) is None:
        abort(404)
    return "", 204
