"""Show a form, take it in, and keep what it says: the same steps for a new row and an old one."""

from flask import redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from .forms import AuthorForm, BookForm
from .models import Author, Book, Tag, db

TAKEN = "There is one like this already, or somebody has just changed or deleted it."


def author_form(heading: str, author: Author):
    """Show the form of an author, or keep what was typed into it."""
    form = AuthorForm(request.form, obj=author)
    if not form.validate_on_submit():
        return form_page(heading, form)
    author.name = form.name.data
    db.session.add(author)
    if not committed():
        return form_page(heading, form, taken=True)
    return redirect(url_for("author", author_id=author.id), 303)


def book_form(heading: str, book: Book):
    """Show the form of a book, or keep what was typed into it, the tags included."""
    form = BookForm(request.form, obj=book)
    if not form.validate_on_submit():
        return form_page(heading, form)
    # The tags first: a query sends waiting changes along, and the title must wait for the commit.
    book.tags = tags_named(form.names())
    book.title = form.title.data
    db.session.add(book)
    if not committed():
        return form_page(heading, form, taken=True)
    return redirect(url_for("author", author_id=book.author_id), 303)


def tags_named(names: list[str]) -> list[Tag]:
    """Return the tags of these names, new ones where there are none yet."""
    known = {tag.name: tag for tag in db.session.scalars(select(Tag).where(Tag.name.in_(names)))}
    return [known.get(name) or Tag(name=name) for name in names]


def committed() -> bool:
    """Make all changes of this request for good, or none of them and return False."""
    try:
        db.session.commit()
    except (IntegrityError, StaleDataError):  # a rule of the tables; a row that has gone
        db.session.rollback()  # without it, the next query ends in a PendingRollbackError
        return False
    return True


def form_page(heading: str, form: FlaskForm, taken: bool = False):
    """Show a form: 200 when asked for, 422 when refused, 409 when another row is in the way."""
    if taken:
        form.form_errors.append(TAKEN)
    status = 409 if taken else 422 if form.is_submitted() else 200
    return render_template("form.html", heading=heading, form=form), status
