"""``request``, ``session``, ``current_app`` and ``g``: where they come from, how long they live.

Begin with test_during_a_request_all_four_names_have_a_value.
"""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.request import urlopen

import pytest
from flask import (
    Flask,
    appcontext_popped,
    appcontext_pushed,
    copy_current_request_context,
    current_app,
    g,
    request,
    session,
    url_for,
)

from day02.contexts import app as lesson
from day02.contexts import first
from day02.contexts.app import app, get_visitor
from day02.contexts.side_by_side import in_tasks, in_threads
from tests.day02.helpers import secret_key_of_a_new_start
from tests.helpers import serving

NAMES = ["Ann", "Bo", "Cy"]
NO_REQUEST = "Working outside of request context."
NO_APP = "Working outside of application context."


@pytest.fixture
def client():
    return app.test_client()


def test_during_a_request_all_four_names_have_a_value(client):
    assert client.get("/").json == {
        "request": "/",
        "session": [],
        "current_app": "day02.contexts.app",
        "g": [],
    }


@pytest.mark.parametrize(
    ("query", "name"),
    [("?name=Ann", "Ann"), ("", "stranger"), ("?name=", ""), ("?name=%E7%8E%8B", "王")],
)
def test_a_function_without_arguments_finds_the_visitor(client, query, name):
    assert client.get(f"/hello{query}").json == {"hello": name}


def test_the_small_program_reads_the_request_in_a_function():
    client = first.app.test_client()
    assert client.get("/hello?name=Ann").json == {"hello": "Ann"}
    assert client.get("/hello").json == {"hello": "stranger"}


def test_g_starts_empty_while_the_session_counts_on(client):
    assert [client.get("/count").json for _ in range(3)] == [
        {"g": 1, "session": 1},
        {"g": 1, "session": 2},
        {"g": 1, "session": 3},
    ]


def test_another_visitor_has_another_session(client):
    client.get("/count")
    assert app.test_client().get("/count").json == {"g": 1, "session": 1}


def test_the_view_sees_what_the_session_holds(client):
    client.get("/count")
    assert client.get("/").json["session"] == ["requests"]


# Outside of a request


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (get_visitor, NO_REQUEST),
        (lambda: request.path, NO_REQUEST),
        (lambda: session.get("requests"), NO_REQUEST),
        (lambda: current_app.name, NO_APP),
        (lambda: g.get("requests"), NO_APP),
        (lambda: setattr(g, "requests", 1), NO_APP),
        (lambda: url_for("hello"), NO_APP),
    ],
)
def test_outside_of_a_context_the_names_have_no_value(use, message):
    with pytest.raises(RuntimeError) as caught:
        use()
    assert str(caught.value).splitlines()[0] == message


def test_outside_the_names_are_false():
    assert not any([request, session, current_app, g])
    with app.test_request_context("/hello"):
        assert all([request, current_app, g])


def test_an_app_context_has_no_request():
    with app.app_context():
        assert current_app.name == "day02.contexts.app"
        g.note = "kept"
        assert g.note == "kept"
        for use in (get_visitor, lambda: session.get("requests")):
            with pytest.raises(RuntimeError, match="outside of request context"):
                use()


def test_a_test_request_context_has_both():
    with app.test_request_context("/hello?name=Ann", method="POST"):
        assert (request.path, request.method, get_visitor()) == ("/hello", "POST", "Ann")
        assert current_app.name == "day02.contexts.app"
        assert url_for("hello") == "/hello"
    with pytest.raises(RuntimeError, match="outside of request context"):
        get_visitor()
    with pytest.raises(RuntimeError, match="outside of application context"):
        print(current_app.name)


def test_request_is_the_one_of_the_innermost_context():
    with app.test_request_context("/?name=outer"):
        with app.test_request_context("/?name=inner"):
            assert get_visitor() == "inner"
        assert get_visitor() == "outer"


@pytest.fixture
def shop():
    """Give a bare app with one view, which counts in ``g``."""
    shop = Flask("shop")
    shop.secret_key = "for tests"

    @shop.get("/")
    def index():
        g.requests = g.get("requests", 0) + 1
        return {"app": current_app.name, "g": g.requests}

    return shop


def test_current_app_is_the_innermost_app(client, shop):
    with app.app_context():
        with shop.app_context():
            assert current_app.name == "shop"
            # A request brings the context of its own app.
            assert client.get("/").json["current_app"] == "day02.contexts.app"
            assert current_app.name == "shop"
        assert current_app.name == "day02.contexts.app"


def test_a_client_in_a_with_block_keeps_the_last_request():
    with app.test_client() as client:
        client.get("/hello?name=Ann")
        client.get("/count?name=Bo")
        assert (request.path, get_visitor(), g.requests) == ("/count", "Bo", 1)
        assert session["requests"] == 1
    with pytest.raises(RuntimeError, match="outside of request context"):
        get_visitor()


def test_an_app_context_of_another_app_is_not_shared(client, shop):
    with shop.app_context():
        assert [client.get("/count").json["g"] for _ in range(2)] == [1, 1]
        assert "requests" not in g


# Several requests at the same time


def test_three_tasks_in_one_thread_keep_their_own_requests():
    assert in_tasks(app, NAMES) == {"request": NAMES, "threading.local": ["Cy", "Cy", "Cy"]}


def test_three_threads_keep_their_own_requests():
    assert in_threads(app, NAMES) == {"request": NAMES, "threading.local": NAMES}


@pytest.mark.parametrize("handle", [in_threads, in_tasks])
def test_all_contexts_are_active_at_the_same_time(shop, handle):
    events = []

    def pushed(sender, **others):
        events.append("pushed")

    def popped(sender, **others):
        events.append("popped")

    with appcontext_pushed.connected_to(pushed, shop), appcontext_popped.connected_to(popped, shop):
        handle(shop, NAMES)
    assert events == ["pushed"] * 3 + ["popped"] * 3


def test_the_page_shows_both(client):
    assert client.get("/side-by-side").json == {
        "threads": in_threads(app, NAMES),
        "tasks": in_tasks(app, NAMES),
    }


def test_each_task_has_its_own_session_app_and_g(shop):
    async def handle(name, own_app, all_ready):
        with own_app.test_request_context(query_string={"name": name}):
            session["name"] = g.name = name
            await all_ready.wait()
            assert threading.current_thread() is threading.main_thread()
            return get_visitor(), session["name"], g.name, current_app.name

    async def handle_all():
        all_ready = asyncio.Barrier(3)
        apps = [app, shop, app]
        jobs = [handle(*each, all_ready) for each in zip(NAMES, apps, strict=True)]
        return await asyncio.gather(*jobs)

    assert asyncio.run(handle_all()) == [
        ("Ann", "Ann", "Ann", "day02.contexts.app"),
        ("Bo", "Bo", "Bo", "shop"),
        ("Cy", "Cy", "Cy", "day02.contexts.app"),
    ]


def test_a_threaded_server_keeps_requests_apart(shop):
    """All requests are inside the view at the same time, on a real socket."""
    all_ready = threading.Barrier(len(NAMES), timeout=60)

    @shop.get("/meet")
    def meet():
        before = get_visitor()
        session["name"] = g.name = before
        all_ready.wait()
        # By now every request has written; each must find its own.
        return [before, get_visitor(), g.name, session["name"], threading.get_ident()]

    def get(name):
        with urlopen(f"{server.url}/meet?name={name}", timeout=60) as response:
            return json.load(response)

    with serving(shop) as server, ThreadPoolExecutor(len(NAMES)) as pool:
        responses = list(pool.map(get, NAMES))
    assert [response[:4] for response in responses] == [[name] * 4 for name in NAMES]
    assert len({response[4] for response in responses}) == 3


# A second thread


@pytest.mark.parametrize(("query", "name"), [("?name=Ann", "Ann"), ("", "stranger")])
def test_a_second_thread_needs_the_context_or_the_value(client, query, name):
    assert client.get(f"/helper{query}").json == {
        "without": "Working outside of request context.",
        "copied": name,
        "passed": name.upper(),
    }


def test_the_helper_uses_other_threads_except_for_the_value(client, monkeypatch):
    threads = []

    def watched():
        threads.append(threading.get_ident())
        return get_visitor()

    monkeypatch.setattr("day02.contexts.app.get_visitor", watched)
    assert client.get("/helper?name=Ann").json["copied"] == "Ann"
    own = threading.get_ident()
    assert [thread == own for thread in threads] == [False, False, True]


def test_the_copy_brings_request_and_session_but_an_empty_g():
    def look():
        return request.path, session["name"], list(g), threading.get_ident()

    with app.test_request_context("/hello"), ThreadPoolExecutor() as pool:
        session["name"] = "Ann"
        g.note = "kept"
        *seen, thread = pool.submit(copy_current_request_context(look)).result()
        assert seen == ["/hello", "Ann", []]
        assert thread != threading.get_ident()
        assert look()[:3] == ("/hello", "Ann", ["note"])
        # The thread has given its copy back.
        with pytest.raises(RuntimeError, match="outside of request context"):
            pool.submit(get_visitor).result()


def test_there_must_be_a_context_to_copy():
    with pytest.raises(RuntimeError, match="can only be used when a request context is active"):
        copy_current_request_context(get_visitor)


# Attacks


def test_markup_in_a_name_is_not_read_as_a_page(client):
    assert client.get("/hello?name=<script>").mimetype == "application/json"
    assert client.get("/helper?name=<script>").mimetype == "application/json"


def test_a_changed_session_cookie_is_an_empty_session(client):
    client.get("/count")
    cookie = client.get_cookie("session").value
    client.set_cookie("session", "x" + cookie)
    assert client.get("/count").json["session"] == 1


@pytest.mark.parametrize("path", ["/", "/hello", "/count", "/side-by-side", "/helper"])
def test_other_methods_are_refused(client, path):
    assert client.post(path).status_code == 405


def test_the_key_is_new_at_each_start_unless_the_environment_sets_it(monkeypatch):
    start = partial(secret_key_of_a_new_start, lesson, monkeypatch)
    keys = {start(), start(), start(FLASK_SECRET_KEY="")}
    assert [len(key) for key in keys] == [64, 64, 64]
    assert start(FLASK_SECRET_KEY="0123") == "0123"
