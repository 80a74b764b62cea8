"""Recognise a visitor without a cookie, by an id in the path, and see why this is a bad idea."""

import secrets

from flask import Flask, abort, current_app, redirect, url_for

from day02.sessions.form import get_short_text

MAX_VISITS = 1000


def init_app(app: Flask) -> None:
    """Give the app its views below ``/visits``, and the visits, of which only the server knows."""
    app.extensions["visits"] = {}
    app.add_url_rule("/visits", view_func=begin_visit, methods=["POST"])
    app.add_url_rule("/visits/<visit_id>", view_func=show_visit)
    app.add_url_rule("/visits/<visit_id>/login", view_func=login_visit, methods=["POST"])
    app.add_url_rule(
        "/visits/<visit_id>/login-unsafe", view_func=login_visit_unsafe, methods=["POST"]
    )


def add_visit(**content: object) -> str:
    """Store a visit under a new id; the oldest one goes, so that no one can fill the memory."""
    visits = current_app.extensions["visits"]
    if len(visits) >= MAX_VISITS:
        del visits[next(iter(visits))]
    visit_id = secrets.token_urlsafe(16)
    visits[visit_id] = content
    return visit_id


def get_visit(visit_id: str) -> dict:
    """Return a visit; an id that a client made up is 404."""
    visits = current_app.extensions["visits"]
    if visit_id not in visits:
        abort(404, "There is no such visit.")
    return visits[visit_id]


def begin_visit():
    """Redirect the visitor to a URL of their own."""
    return redirect(url_for("show_visit", visit_id=add_visit(name=None, count=0)), 303)


def show_visit(visit_id: str):
    """Count without a cookie: anyone who has the URL is this visitor."""
    content = get_visit(visit_id)
    content["count"] += 1
    return content


def login_visit_unsafe(visit_id: str):
    """Show the danger: the id from before the login stays, and an attacker may know it."""
    get_visit(visit_id)["name"] = get_short_text("name")
    return redirect(url_for("show_visit", visit_id=visit_id), 303)


def login_visit(visit_id: str):
    """Show the defence: the login makes a new id, and the old one is deleted."""
    content = get_visit(visit_id) | {"name": get_short_text("name")}
    del current_app.extensions["visits"][visit_id]
    return redirect(url_for("show_visit", visit_id=add_visit(**content)), 303)
