"""Show a form, check it, and store it: the same steps for a new row and an existing one."""

from flask import redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from .forms import AuthorForm, BookForm
from .models import Author, Book, Tag, db

TAKEN = "There is one like this already, or another visitor has just changed or deleted it."


def author_form(heading: str, author: Author):
    """Show the form of an author, or store what was typed."""
    form = AuthorForm(request.form, obj=author)
    if not form.validate_on_submit():
        return form_page(heading, form)
    author.name = form.name.data
    db.session.add(author)
    if not try_commit():
        return form_page(heading, form, taken=True)
    return redirect(url_for("show_author", author_id=author.id), 303)


def book_form(heading: str, book: Book):
    """Show the form of a book, or store what was typed, with the tags."""
    form = BookForm(request.form, obj=book)
    if not form.validate_on_submit():
        return form_page(heading, form)
    # First the tags: a query sends waiting changes, and the title must wait for the commit.
    book.tags = get_tags(form.get_tag_names())
    book.title = form.title.data
    db.session.add(book)
    if not try_commit():
        return form_page(heading, form, taken=True)
    return redirect(url_for("show_author", author_id=book.author_id), 303)


def get_tags(names: list[str]) -> list[Tag]:
    """Return the tags with these names; make those that do not exist yet."""
    known = {tag.name: tag for tag in db.session.scalars(select(Tag).where(Tag.name.in_(names)))}
    return [known.get(name) or Tag(name=name) for name in names]


def try_commit() -> bool:
    """Store all changes of this request, or none of them and return False."""
    try:
        db.session.commit()
    except (IntegrityError, StaleDataError):  # a rule of the tables; a row that was deleted
        db.session.rollback()  # without it, the next query raises a PendingRollbackError
        return False
    return True


def form_page(heading: str, form: FlaskForm, taken: bool = False):
    """Show a form: 200 at first, 422 with mistakes, 409 if another row is in the way."""
    if taken:
        form.form_errors.append(TAKEN)
    status = 409 if taken else 422 if form.is_submitted() else 200
    return render_template("form.html", heading=heading, form=form), status
