import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Blueprint, Flask, Response, abort, g
from werkzeug.exceptions import NotFound

from day02.request_hooks.app import create_app
from day02.request_hooks.request_id import accepted
from day02.request_hooks.start_up import first_time_only

HEX = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


def last(client):
    """Return the record of the last request."""
    return client.get("/steps").json[-1]


BEFORE = ["app before 1", "app before 2"]
AFTER = ["app after 2", "app after 1"]
TEARDOWN = ["app teardown 2", "app teardown 1"]


@pytest.mark.point("D2-56")
def test_before_runs_as_registered_and_the_rest_the_other_way_round(client):
    assert client.get("/kitchen/tea").status_code == 200
    kitchen = ["kitchen before", "view", "kitchen after"]
    assert last(client) == {
        "path": "/kitchen/tea",
        "error": None,
        "steps": [*BEFORE, *kitchen, *AFTER, "kitchen teardown", *TEARDOWN],
    }


@pytest.mark.point("D2-56")
def test_the_hooks_of_a_blueprint_run_for_its_own_views_only(client):
    assert "X-Served-By" not in client.get("/").headers
    assert last(client)["steps"] == [*BEFORE, *AFTER, *TEARDOWN]
    assert client.get("/kitchen/tea").headers["X-Served-By"] == "kitchen"


@pytest.mark.point("D2-58")
def test_the_hooks_of_the_app_run_for_unknown_addresses_too(client):
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "X-Request-ID" in response.headers
    assert last(client) == {
        "path": "/nowhere",
        "error": None,
        "steps": [*BEFORE, *AFTER, *TEARDOWN],
    }


@pytest.mark.point("D2-58")
@pytest.mark.parametrize(
    ("door", "status", "text"), [("closed", 403, "Come back tomorrow.\n"), ("silent", 200, "")]
)
def test_anything_but_none_is_the_answer_and_skips_what_was_to_come(client, door, status, text):
    response = client.get("/kitchen/tea", query_string={"door": door})
    assert (response.status_code, response.text) == (status, text)
    steps = [*BEFORE, "kitchen after", *AFTER, "kitchen teardown", *TEARDOWN]
    assert last(client)["steps"] == steps


@pytest.mark.point("D2-58")
def test_an_earlier_answer_skips_the_later_before_hooks():
    app, ran = Flask("door"), []
    app.before_request(lambda: ran.append(1))
    app.before_request(lambda: "no")
    app.before_request(lambda: ran.append(2))
    assert app.test_client().get("/").text == "no"
    assert ran == [1]


@pytest.mark.point("D2-61")
def test_a_hook_hands_something_to_the_view_through_g(client):
    assert client.get("/kitchen/tea?name=Ann").text == "Tea for Ann.\n"
    assert client.get("/kitchen/tea").text == "Tea for stranger.\n"
    assert client.get("/kitchen/tea?name=<b>").text == "Tea for &lt;b&gt;.\n"


@pytest.mark.point("D2-59", "D2-60")
def test_in_production_a_failed_request_passes_the_after_hooks_with_its_500(client):
    response = client.get("/kitchen/boom")
    assert response.status_code == 500
    assert response.headers["X-Served-By"] == "kitchen"
    assert "X-Request-ID" in response.headers
    record = last(client)
    assert record["error"] == "ZeroDivisionError('division by zero')"
    kitchen = ["kitchen before", "view", "kitchen after"]
    assert record["steps"] == [*BEFORE, *kitchen, *AFTER, "kitchen teardown", *TEARDOWN]


@pytest.mark.point("D2-59", "D2-60")
@pytest.mark.parametrize("setting", ["TESTING", "DEBUG", "PROPAGATE_EXCEPTIONS"])
def test_where_exceptions_are_passed_on_the_after_hooks_are_skipped(setting):
    client = create_app({setting: True}).test_client()
    with pytest.raises(ZeroDivisionError):
        client.get("/kitchen/boom")
    record = last(client)
    assert record["error"] == "ZeroDivisionError('division by zero')"
    assert record["steps"] == [*BEFORE, "kitchen before", "view", "kitchen teardown", *TEARDOWN]


@pytest.mark.point("D2-60")
def test_a_handled_error_reaches_the_teardown_as_none():
    app, seen = Flask("handled"), []
    app.teardown_request(seen.append)
    app.register_error_handler(ZeroDivisionError, lambda error: ("mended", 418))
    app.add_url_rule("/zero", "zero", view_func=lambda: f"{1 / 0}")
    app.add_url_rule("/gone", "gone", view_func=lambda: abort(410))
    assert app.test_client().get("/zero").status_code == 418
    assert app.test_client().get("/gone").status_code == 410
    assert seen == [None, None]


@pytest.mark.point("D2-60")
def test_a_teardown_that_fails_escapes_and_its_return_value_is_ignored():
    app = Flask("careless")
    app.teardown_request(lambda error: "ignored")
    app.add_url_rule("/", view_func=lambda: "fine")
    assert app.test_client().get("/").text == "fine"

    app = Flask("failing")

    @app.teardown_request
    def fail(error):
        raise RuntimeError("too late")

    app.add_url_rule("/", view_func=lambda: "fine")
    with pytest.raises(RuntimeError, match="too late"):
        app.test_client().get("/")


@pytest.mark.point("D2-59")
def test_an_after_hook_that_returns_nothing_fails_every_request():
    app = Flask("forgetful")
    app.after_request(lambda response: None)
    app.add_url_rule("/", view_func=lambda: "fine")
    with pytest.raises(TypeError):
        app.test_client().get("/")


@pytest.mark.point("D2-57")
def test_the_old_decorators_are_gone():
    assert not hasattr(Flask("old"), "before_first_request")
    assert not hasattr(Blueprint("old", __name__), "before_app_first_request")


@pytest.mark.point("D2-57")
def test_start_up_work_is_done_once_for_each_app():
    app = create_app({"WOOD": 3})
    client = app.test_client()
    assert [client.get("/").json for _ in range(3)] == [{"lit": 1, "wood": 3}] * 3
    assert create_app().test_client().get("/").json == {"lit": 1, "wood": 12}


@pytest.mark.point("D2-57")
def test_first_requests_that_arrive_together_wait_for_the_one():
    started, go_on, done = threading.Event(), threading.Event(), []

    def work():
        started.set()
        go_on.wait(10)
        done.append(1)

    hook = first_time_only(work)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(hook)
        assert started.wait(10)
        others = [pool.submit(lambda: (hook(), list(done))[1]) for _ in range(3)]
        go_on.set()
        assert first.result(10) is None
        assert [other.result(10) for other in others] == [[1]] * 3
    assert done == [1]


@pytest.mark.point("D2-57")
def test_a_first_time_that_fails_is_tried_again():
    tries = []

    def work():
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no matches")

    hook = first_time_only(work)
    with pytest.raises(OSError, match="no matches"):
        hook()
    assert hook() is hook() is None
    assert len(tries) == 2


def test_every_answer_has_an_id_of_its_own_and_a_time(client):
    answers = [client.get("/kitchen/tea") for _ in range(2)]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert all(HEX.fullmatch(each) for each in ids)
    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"app;dur=\d+\.\d", a.headers["Server-Timing"]) for a in answers)


def test_the_log_has_a_line_for_each_request_under_its_id(client):
    client.get("/kitchen/tea", headers={"X-Request-ID": "order-7"})
    client.get("/nowhere?request_id=order-8")
    log = client.get("/log")
    assert log.mimetype == "text/plain"
    assert log.text == "order-7 kitchen.tea 200\norder-8 None 404\n"


@pytest.mark.parametrize("sent", ["a", "order-7", "A" * 64, "0" * 32])
def test_a_harmless_id_is_kept(client, sent):
    response = client.get("/", headers={"X-Request-ID": sent})
    assert response.headers["X-Request-ID"] == sent


@pytest.mark.parametrize(
    "sent", ["", "A" * 65, "a b", "a\nb", "a\r\nSet-Cookie: x=y", "ä", "a\n", "<b>", "a_b", "\0"]
)
def test_any_other_id_is_replaced(client, sent):
    assert HEX.fullmatch(accepted(sent))
    response = client.get("/", query_string={"request_id": sent})
    assert response.status_code == 200
    assert HEX.fullmatch(response.headers["X-Request-ID"])
    assert len(client.get("/log").text.splitlines()) == 1


def test_an_unread_id_forges_a_line_of_the_log_and_brings_the_view_down(client):
    forged = {"request_id": "8 careless 200\nboss"}
    assert client.get("/careless", query_string=forged).status_code == 500
    lines = client.get("/log").text.splitlines()
    assert lines[:2] == ["8 careless 200", "boss careless 200"]
    assert HEX.match(lines[2])
    assert len(lines) == 3


def test_an_unread_id_cannot_add_a_header_of_its_own(client):
    forged = {"request_id": "x\r\nSet-Cookie: a=b"}
    assert "Set-Cookie" not in client.get("/careless", query_string=forged).headers


def test_the_records_are_few_and_each_app_has_its_own(client):
    for _ in range(30):
        client.get("/")
    assert len(client.get("/steps").json) == 5
    assert len(client.get("/log").text.splitlines()) == 20
    assert create_app().test_client().get("/steps").json == []


def test_a_hook_may_return_another_response_and_g_ends_with_the_request():
    app = Flask("other")
    app.before_request(lambda: g.setdefault("seen", []).append(1))
    app.after_request(lambda response: Response(f"instead {len(g.seen)}", 202))
    app.add_url_rule("/", view_func=lambda: "fine")
    client = app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["instead 1", "instead 1"]


def test_a_missing_page_is_not_an_error_for_the_teardown(client):
    with pytest.raises(NotFound):
        abort(404)
    client.get("/nowhere")
    assert last(client)["error"] is None
