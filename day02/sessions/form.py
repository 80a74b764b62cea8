"""Read the fields of this lesson's forms."""

from flask import abort, request


def get_short_text(field: str) -> str:
    """Return a short text from the form; a long one may not fit into a cookie."""
    text = request.form.get(field, "").strip()
    if not 0 < len(text) <= 20:
        abort(400, f"Send a form with a field {field!r} of 1 to 20 characters.")
    return text
