"""What a visitor does in the shop's front end, in words of Playwright."""

import itertools
from contextlib import contextmanager

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.day06_project.helpers import PASSWORD
from tests.helpers import serving

PREFIX = "/run/day06_project/shop"
NUMBERS = itertools.count(1)


@contextmanager
def served(app, prefix=PREFIX):
    """Serve an app below a prefix; give the URL of its first page."""
    mounted = DispatcherMiddleware(Flask("reader"), {prefix: app}) if prefix else app
    with serving(mounted) as server:
        yield f"{server.url}{prefix}/"


def log_in(tab, home, name, password=PASSWORD):
    tab.goto(home + "login.html")
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("button", name="Log in").click()


def card(tab, name):
    return tab.locator("#goods li").filter(has=tab.get_by_role("heading", name=name, exact=True))


def alarm(tab):
    return tab.get_by_role("alert")


def requests_of(tab, *methods):
    """Return a list that fills with what the page asks for from now on, as (method, path)."""
    seen = []

    def note(request):
        if request.method in methods and "/api/" in request.url:
            seen.append((request.method, request.url.partition("/api/v1.0/")[2]))

    tab.on("request", note)
    return seen


def held_back(tab, method, pattern):
    """Return a list that gets the first request of that kind, which waits to be continued."""
    held = []

    def decide(route):
        if route.request.method == method and not decide.done:
            decide.done = True
            held.append(route)
        else:
            route.continue_()

    decide.done = False
    tab.route(pattern, decide)
    return held
