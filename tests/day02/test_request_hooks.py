"""Hooks: functions that run before and after every view.

Begin with test_the_order_of_hooks_around_a_view_of_a_blueprint.
"""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import g

from day02.request_hooks import first
from day02.request_hooks.app import create_app
from day02.request_hooks.request_id import check_id
from day02.request_hooks.start_up import run_once

APP_AFTER = ["app after 2", "app after 1"]
APP_TEARDOWN = ["app teardown 2", "app teardown 1"]


@pytest.fixture
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


def last(client):
    """Return the record of the request before this one."""
    return client.get("/steps").json[-1]


def log(client):
    return client.get("/log").text.splitlines()


def test_the_order_of_hooks_around_a_view_of_a_blueprint(client):
    client.get("/kitchen/tea")
    assert last(client) == {
        "path": "/kitchen/tea",
        "error": None,
        "steps": [
            "app before 1",
            "app before 2",
            "kitchen before",
            "view",
            "kitchen after",
            "app after 2",
            "app after 1",
            "kitchen teardown",
            "app teardown 2",
            "app teardown 1",
        ],
    }


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", "Tea for stranger.\n"),
        ("?name=Ann", "Tea for Ann.\n"),
        ("?name=<b>Ann", "Tea for &lt;b&gt;Ann.\n"),
    ],
)
def test_the_view_reads_what_a_hook_put_into_g(client, query, text):
    assert client.get(f"/kitchen/tea{query}").text == text


@pytest.mark.parametrize(
    ("door", "status", "text"), [("closed", 403, "Come back tomorrow.\n"), ("silent", 200, "")]
)
def test_a_before_hook_that_returns_a_value_skips_the_view(client, door, status, text):
    response = client.get(f"/kitchen/tea?door={door}")
    assert (response.status_code, response.text) == (status, text)
    steps = last(client)["steps"]
    assert steps[:2] == ["app before 1", "app before 2"]
    assert "kitchen before" not in steps
    assert "view" not in steps
    # All hooks after the view run.
    assert steps[2:] == ["kitchen after", *APP_AFTER, "kitchen teardown", *APP_TEARDOWN]
    assert response.headers["X-Served-By"] == "kitchen"


@pytest.mark.parametrize("door", ["", "open", "None", "%00", "<b>"])
def test_a_before_hook_that_returns_none_lets_the_request_in(client, door):
    assert client.get(f"/kitchen/tea?door={door}").text == "Tea for stranger.\n"
    assert "view" in last(client)["steps"]


def test_the_stove_is_lit_once_by_the_first_request(client):
    assert [client.get("/").json for _ in range(3)] == [{"wood": 12, "lit": 1}] * 3


def test_the_small_program_has_a_hook_before_and_one_after_the_view():
    client = first.app.test_client()
    for query, visitor in [("?name=Ann", "Ann"), ("", "stranger")]:
        response = client.get(f"/{query}")
        assert response.json == {"visitor": visitor}
        assert response.headers["X-Shop"] == "open"


def test_the_environment_changes_a_setting(monkeypatch):
    monkeypatch.setenv("FLASK_WOOD", "7")
    assert create_app().test_client().get("/").json == {"wood": 7, "lit": 1}


# Which hooks run


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/nothing", 404),
        ("GET", "/kitchen/nothing", 404),
        ("POST", "/", 405),
    ],
)
def test_hooks_of_the_app_run_for_every_request_and_those_of_the_blueprint_do_not(
    client, method, path, status
):
    response = client.open(path, method=method)
    assert response.status_code == status
    assert "X-Request-ID" in response.headers
    assert "X-Served-By" not in response.headers
    assert last(client)["steps"] == ["app before 1", "app before 2", *APP_AFTER, *APP_TEARDOWN]


def test_in_production_after_hooks_run_on_the_500_too(client):
    response = client.get("/kitchen/boom", headers={"X-Request-ID": "order-7"})
    assert response.status_code == 500
    assert "Internal Server Error" in response.text
    assert "ZeroDivisionError" not in response.text
    assert response.headers["X-Request-ID"] == "order-7"
    assert response.headers["X-Served-By"] == "kitchen"
    record = last(client)
    assert record["error"] == "ZeroDivisionError('division by zero')"
    assert record["steps"][2:4] == ["kitchen before", "view"]
    assert record["steps"][4:7] == ["kitchen after", *APP_AFTER]
    assert record["steps"][7:] == ["kitchen teardown", *APP_TEARDOWN]
    assert log(client)[0] == "order-7 kitchen.boom 500"


@pytest.mark.parametrize("name", ["TESTING", "DEBUG", "PROPAGATE_EXCEPTIONS"])
def test_where_exceptions_are_passed_on_after_hooks_are_skipped(name):
    client = create_app({name: True}).test_client()
    with pytest.raises(ZeroDivisionError):
        client.get("/kitchen/boom")
    record = last(client)
    assert record["error"] == "ZeroDivisionError('division by zero')"
    assert [step for step in record["steps"] if "after" in step] == []
    assert record["steps"][4:] == ["kitchen teardown", *APP_TEARDOWN]
    assert not any("kitchen.boom" in line for line in log(client))


def test_each_request_has_its_own_steps(client):
    client.get("/kitchen/tea?name=Ann")
    first = last(client)["steps"]
    client.get("/kitchen/tea")
    assert last(client)["steps"] == first
    assert client.get("/kitchen/tea").text == "Tea for stranger.\n"


def test_g_is_gone_after_the_request(client):
    client.get("/kitchen/tea")
    with pytest.raises(RuntimeError, match="outside of application context"):
        print(g.steps)


def test_each_app_keeps_its_own_record_and_log(client):
    client.get("/kitchen/tea")
    other = create_app().test_client()
    assert other.get("/log").text == ""
    assert [record["path"] for record in other.get("/steps").json] == ["/log"]
    assert [record["path"] for record in client.get("/steps").json] == ["/kitchen/tea"]


def test_record_and_log_forget_the_oldest(client):
    for number in range(30):
        client.get("/", headers={"X-Request-ID": f"order-{number}"})
    assert log(client) == [f"order-{number} index 200" for number in range(10, 30)]
    assert len(client.get("/steps").json) == 5


# Once, at the start


def test_work_at_the_start_knows_the_settings():
    client = create_app({"WOOD": 3}).test_client()
    assert client.get("/").json == {"wood": 3, "lit": 1}


def test_the_guard_runs_the_work_once_even_if_all_come_at_the_same_time():
    runs = []
    all_ready = threading.Barrier(4, timeout=60)
    inside = threading.Event()
    release = threading.Event()

    def work():
        inside.set()
        assert release.wait(60)
        runs.append("done")

    hook = run_once(work)

    def request():
        all_ready.wait()
        hook()
        return list(runs)

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(request) for _ in range(3)]
        all_ready.wait()
        assert inside.wait(60)
        assert not any(job.done() for job in jobs)
        release.set()
        # No request went on before the work was done.
        assert [job.result() for job in jobs] == [["done"]] * 3
    assert runs == ["done"]


def test_the_guard_tries_again_after_a_failure():
    wood = []
    burnt = []
    hook = run_once(lambda: burnt.append(wood.pop()))
    with pytest.raises(IndexError):
        hook()
    wood += ["oak", "beech"]
    assert [hook(), hook(), hook()] == [None] * 3
    assert (wood, burnt) == (["oak"], ["beech"])


# The request id


NEW_ID = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("sent", ["order-7", "a", "A" * 64, "0ff1ce00-cafe-4bad-babe-123456789abc"])
def test_a_valid_id_is_kept(client, sent):
    by_header = client.get("/", headers={"X-Request-ID": sent})
    by_query = client.get("/", query_string={"request_id": sent})
    assert by_header.headers["X-Request-ID"] == by_query.headers["X-Request-ID"] == sent
    assert log(client) == [f"{sent} index 200"] * 2


def test_each_request_without_an_id_gets_a_new_one():
    ids = {check_id("") for _ in range(100)}
    assert len(ids) == 100
    assert all(NEW_ID.fullmatch(each) for each in ids)


def test_the_header_comes_before_the_query_string(client):
    response = client.get("/?request_id=query", headers={"X-Request-ID": "header"})
    assert response.headers["X-Request-ID"] == "header"


def test_the_id_encloses_all_other_hooks(app):
    assert app.before_request_funcs[None][0].__name__ == "start_request"
    assert app.after_request_funcs[None][0].__name__ == "finish_request"


def test_a_response_of_the_door_has_an_id_too(client):
    response = client.get("/?door=closed", headers={"X-Request-ID": "order-7"})
    assert response.status_code == 403
    assert response.headers["X-Request-ID"] == "order-7"
    assert re.fullmatch(r"app;dur=\d+\.\d", response.headers["Server-Timing"])


def test_the_stopwatch_measures_the_other_hooks_and_the_view(monkeypatch):
    ticks = iter([10.0, 10.25])
    monkeypatch.setattr("day02.request_hooks.request_id.perf_counter", lambda: next(ticks))
    response = create_app().test_client().get("/kitchen/tea")
    assert response.headers["Server-Timing"] == "app;dur=250.0"


# Attacks on the log


FORGED = "8 unchecked 200%0aboss"
INVALID_IDS = [
    "order-7\n",
    "order-7\r\nSet-Cookie: session=mine",
    "8 unchecked 200\nboss unchecked 200",
    "order 7",
    "order-7;admin",
    "order_7",
    "\x1b[2J",
    "\u0661\u0662",
    "caf\xe9",
    "A" * 65,
    "<script>",
    "\0",
]


def test_any_other_id_is_replaced(client):
    for sent in INVALID_IDS:
        response = client.get("/kitchen/tea", query_string={"request_id": sent})
        new_id = response.headers["X-Request-ID"]
        assert NEW_ID.fullmatch(new_id), sent
        assert "Set-Cookie" not in response.headers
        assert log(client)[-1] == f"{new_id} kitchen.tea 200"
        # The test client refuses such headers; a server might accept them.
        response = client.get("/", environ_overrides={"HTTP_X_REQUEST_ID": sent})
        assert response.status_code == 200
        assert NEW_ID.fullmatch(response.headers["X-Request-ID"]), sent


@pytest.mark.parametrize(
    ("path", "line"), [("/kitchen/boom", "kitchen.boom 500"), ("/nothing", "None 404")]
)
def test_an_invalid_id_is_replaced_on_error_responses_too(client, path, line):
    response = client.get(path, query_string={"request_id": "order-7\nboss"})
    new_id = response.headers["X-Request-ID"]
    assert NEW_ID.fullmatch(new_id)
    assert log(client) == [f"{new_id} {line}"]


def test_the_unchecked_view_lets_a_client_write_a_line_of_the_log(client):
    response = client.get(f"/unchecked?request_id={FORGED}")
    assert response.status_code == 500
    assert NEW_ID.fullmatch(response.headers["X-Request-ID"])
    forged = ["8 unchecked 200", "boss unchecked 200"]
    assert log(client) == [*forged, f"{response.headers['X-Request-ID']} unchecked 500"]
    # The same text in a view that checks it.
    response = client.get(f"/kitchen/tea?request_id={FORGED}")
    assert response.status_code == 200
    assert log(client)[4:] == [f"{response.headers['X-Request-ID']} kitchen.tea 200"]


def test_the_unchecked_view_echoes_what_has_no_line_break(client):
    response = client.get("/unchecked?request_id=7 admin")
    assert (response.status_code, response.headers["X-Sent-ID"]) == (200, "7 admin")


def test_even_the_unchecked_view_cannot_add_a_header(client):
    response = client.get("/unchecked?request_id=7%0d%0aSet-Cookie: session=mine")
    assert response.status_code == 500
    assert "Set-Cookie" not in response.headers


def test_the_log_is_plain_text(client):
    client.get("/unchecked?request_id=<script>")
    response = client.get("/log")
    assert response.mimetype == "text/plain"
    assert response.text.startswith("<script> unchecked 200\n")


def test_the_log_holds_no_text_of_the_client_but_a_checked_id(client):
    client.open("/x%0aboss index 200", method="GET", headers={"X-Request-ID": "order-7"})
    assert log(client) == ["order-7 None 404"]
