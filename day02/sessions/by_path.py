"""Recognise a visitor without any cookie, by an id in the path, and see why nobody should."""

import secrets

from flask import Flask, abort, redirect, url_for

from .form import given

MAX_VISITS = 1000


def add_to(app: Flask) -> None:
    """Give the app its views below ``/visits``; the ids are known to the server alone."""
    visits: dict[str, dict] = {}

    def open_visit(**content: object) -> str:
        """Make a new id. The oldest visit goes, so that nobody can fill the memory."""
        if len(visits) >= MAX_VISITS:
            del visits[next(iter(visits))]
        sid = secrets.token_urlsafe(16)
        visits[sid] = content
        return sid

    def find(sid: str) -> dict:
        """Return a visit. An id that somebody made up is never accepted."""
        if sid not in visits:
            abort(404, "There is no such visit.")
        return visits[sid]

    @app.post("/visits")
    def begin_visit():
        """Send the visitor to an address of their own."""
        return redirect(url_for("visit", sid=open_visit(name=None, count=0)), 303)

    @app.get("/visits/<sid>")
    def visit(sid: str):
        """Count, without a cookie. Whoever has the address is the visitor."""
        content = find(sid)
        content["count"] += 1
        return content

    @app.post("/visits/<sid>/login-unsafe")
    def login_unsafe(sid: str):
        """Show the danger: the id from before the login stays, and others may know it."""
        find(sid)["name"] = given("name")
        return redirect(url_for("visit", sid=sid), 303)

    @app.post("/visits/<sid>/login")
    def login_with_new_id(sid: str):
        """Show the defence: with the login comes a new id, and the old one is worth nothing."""
        content = find(sid) | {"name": given("name")}
        del visits[sid]
        new = open_visit(**content)
        return redirect(url_for("visit", sid=new), 303)
