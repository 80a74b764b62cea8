"""The handler when a message comes again: WeChat's retries, and requests that were recorded.

Begin with test_a_retry_has_the_same_response_and_is_not_acted_on. Waiting threads are tested with
events: each test says what happens first, and no test measures time.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from day05_wechat.handler import memory as lesson
from day05_wechat.handler.app import create_app
from day05_wechat.handler.bot import on as bot
from day05_wechat.handler.dispatcher import Dispatcher
from day05_wechat.handler.freshness import Bodies, is_fresh
from day05_wechat.handler.memory import Memory, identity
from day05_wechat.handler.service import Service
from day05_wechat.messages.app import parse
from tests.day05_wechat.helpers import TOKEN, WAIT, event_message, post, signed, text_message

NOW = 1_700_000_000


@pytest.fixture
def counted():
    """An app that counts what it acts on, with the list of it."""
    acted = []
    on = Dispatcher()

    @on()
    def act(message):
        acted.append(message.get("Content") or message.get("Event"))
        return f"number {len(acted)}"

    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    app.acted = acted
    return app


def test_a_retry_has_the_same_response_and_is_not_acted_on(counted):
    message = text_message("hello")
    first, second, third = (post(counted, message) for _ in range(3))
    assert first.data == second.data == third.data
    assert first.content_type == second.content_type
    assert counted.acted == ["hello"]


def test_another_message_is_acted_on(counted):
    post(counted, text_message("hello"))
    post(counted, text_message("hello"))
    assert counted.acted == ["hello", "hello"]


def test_silence_is_remembered_too():
    calls = []
    on = Dispatcher()
    on()(calls.append)
    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    message = text_message()
    assert [post(app, message).text for _ in range(2)] == ["success", "success"]
    assert len(calls) == 1


def test_a_function_that_fails_is_called_again_by_the_retry():
    tries = []
    on = Dispatcher()

    @on()
    def fail_once(message):
        tries.append(message)
        if len(tries) == 1:
            raise LookupError
        return "done"

    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    message = text_message()
    assert post(app, message).status_code == 500
    assert parse(post(app, message).data)["Content"] == "done"


def test_two_apps_do_not_share_their_memory():
    service, other = Service(bot), Service(bot)
    service.reply(text_message())
    assert len(service.last) == 1
    assert not other.last


# Which messages are the same


def test_a_message_is_known_by_its_number_even_if_something_else_differs(counted):
    message = text_message("hello")
    post(counted, message)
    post(counted, message | {"CreateTime": "1700000005"})
    assert counted.acted == ["hello"]


def test_two_senders_may_have_the_same_number(counted):
    for sender in ("oUser-1", "oUser-2", "oUser-1"):
        post(counted, text_message(FromUserName=sender, MsgId="7"))
    assert len(counted.acted) == 2


def test_events_are_told_apart_by_sender_time_name_and_key(counted):
    click = event_message("CLICK", EventKey="tea")
    messages = [
        click,
        click | {"EventKey": "coffee"},
        click | {"Event": "VIEW"},
        click | {"FromUserName": "oUser-2"},
        click | {"CreateTime": "1600000001"},
    ]
    for message in [*messages, *reversed(messages)]:
        post(counted, message)
    assert len(counted.acted) == len(messages)


def test_an_event_is_known_even_if_something_else_differs(counted):
    scan = event_message("SCAN", EventKey="42", Ticket="one")
    post(counted, scan)
    post(counted, scan | {"Ticket": "two"})
    assert counted.acted == ["SCAN"]


def test_messages_without_a_number_are_told_apart_by_what_they_say(counted):
    for content in ("a", "b", "a"):
        post(counted, text_message(content, MsgId=""))
    assert counted.acted == ["a", "b"]


def test_a_nested_field_can_be_part_of_the_identity():
    keys = [{"a": ["b"]}, {"a": ["b"]}, {"a": ["c"]}]
    click = event_message("CLICK")
    assert len({identity(click | {"EventKey": key}) for key in keys}) == 2


# A retry that comes while the first request is answered


@pytest.fixture
def patient(monkeypatch):
    """Let a retry wait as long as a slow machine needs."""
    for name in ("SECONDS_UNTIL_RETRY", "SECONDS_OF_LAST_TRY"):
        monkeypatch.setattr(lesson, name, WAIT)


@pytest.mark.usefixtures("patient")
def test_a_retry_waits_for_the_first_request():
    started, go_on = threading.Event(), threading.Event()
    acted = []
    on = Dispatcher()

    @on()
    def slow(message):
        acted.append(message)
        started.set()
        assert go_on.wait(WAIT)
        return "done"

    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    message = text_message()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(post, app, message)
        assert started.wait(WAIT)
        retries = [pool.submit(post, app, message) for _ in range(2)]
        assert app.test_client().get("/").status_code == 200  # others do not wait
        go_on.set()
        responses = [future.result(WAIT) for future in (first, *retries)]
    assert {parse(response.data)["Content"] for response in responses} == {"done"}
    assert len(acted) == 1


@pytest.mark.usefixtures("patient")
def test_many_threads_with_one_message_act_once():
    acted = []
    memory = Memory()
    barrier = threading.Barrier(8)

    def work():
        barrier.wait(WAIT)
        return memory.once(("a",), lambda: acted.append(1) or len(acted))

    with ThreadPoolExecutor(8) as pool:
        results = [future.result(WAIT) for future in [pool.submit(work) for _ in range(8)]]
    assert results == [1] * 8


def test_other_messages_do_not_wait():
    memory = Memory()
    assert memory.once(("a",), lambda: memory.once(("b",), lambda: "inner")) == "inner"


def test_a_retry_that_waits_too_long_gets_nothing(monkeypatch):
    monkeypatch.setattr(lesson, "SECONDS_UNTIL_RETRY", 0)
    memory = Memory()
    started, go_on = threading.Event(), threading.Event()

    def slow():
        started.set()
        assert go_on.wait(WAIT)
        return "done"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(memory.once, ("a",), slow)
        assert started.wait(WAIT)
        assert memory.once(("a",), pytest.fail) is None
        go_on.set()
        assert first.result(WAIT) == "done"
    assert memory.once(("a",), pytest.fail) == "done"


def test_only_the_last_try_gives_up_before_wechat_does(monkeypatch):
    """A second try that takes too long is repeated; after the third, the error would be shown."""
    waited = []
    memory = Memory()
    monkeypatch.setattr(memory._ended, "wait_for", lambda _, seconds: waited.append(seconds))

    def work():
        return [memory.once(("a",), pytest.fail) for _ in range(3)]

    assert memory.once(("a",), work) == [None, None, None]
    assert waited[0] == 5
    assert all(4 < seconds < 5 for seconds in waited[1:])
    assert len(waited) == 3


def test_an_error_is_not_remembered():
    memory = Memory()
    tries = iter([TimeoutError("slow friend"), "done"])

    def work():
        result = next(tries)
        if isinstance(result, Exception):
            raise result
        return result

    with pytest.raises(TimeoutError, match="slow friend"):
        memory.once(("a",), work)
    assert memory.once(("a",), work) == "done"


@pytest.mark.usefixtures("patient")
def test_a_retry_that_waited_for_an_error_acts_in_its_place():
    memory = Memory()
    started, go_on = threading.Event(), threading.Event()

    def fail():
        started.set()
        assert go_on.wait(WAIT)
        raise LookupError("no tea")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memory.once, ("a",), fail)
        assert started.wait(WAIT)
        second = pool.submit(memory.once, ("a",), lambda: "done")
        while not (memory._ended._waiters or second.done()):  # until the second one waits
            time.sleep(0)
        go_on.set()
        with pytest.raises(LookupError, match="no tea"):
            first.result(WAIT)
        assert second.result(WAIT) == "done"


def test_the_memory_is_bounded_and_forgets_the_oldest():
    memory = Memory(size=2)
    for key in "abc":
        memory.once((key,), lambda key=key: key)
    assert list(memory._replies) == [("b",), ("c",)]
    assert memory.once(("c",), pytest.fail) == "c"
    assert memory.once(("a",), lambda: "again") == "again"


# Recorded requests


def test_by_default_a_recorded_request_works_for_ever_and_for_any_body(counted):
    url = signed(timestamp="1", nonce="2")
    assert post(counted, text_message("hello"), url).status_code == 200
    assert post(counted, text_message("forged"), url).status_code == 200
    assert counted.acted == ["hello", "forged"]


@pytest.fixture
def strict(monkeypatch):
    """An app that takes signatures of the last 300 seconds; its clock stands still at NOW."""
    monkeypatch.setattr(time, "time", lambda: NOW + 0.5)
    return create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_FRESH_SECONDS": 300})


@pytest.mark.parametrize(
    "timestamp",
    ["1", str(NOW - 300), str(NOW + 301), "9" * 400, "9" * 5000, "x", "-1"],
    ids=["long ago", "too old", "too new", "far away", "absurd", "no number", "negative"],
)
def test_an_old_signature_is_forbidden_if_the_setting_says_so(strict, timestamp):
    assert post(strict, text_message(), signed(timestamp=timestamp)).status_code == 403
    url = signed(timestamp=timestamp, echostr="3")
    assert strict.test_client().get(url).status_code == 403


def test_a_signature_serves_for_one_body_and_its_retries(strict):
    url, message = signed(timestamp=str(NOW - 20)), text_message("hello")
    first = post(strict, message, url)
    assert first.status_code == 200
    assert post(strict, message, url).data == first.data
    assert post(strict, text_message("forged"), url).status_code == 403
    assert post(strict, text_message("fresh"), signed(str(NOW), "8")).status_code == 200
    assert strict.test_client().get(signed(str(NOW + 20), echostr="3")).text == "3"


def test_signatures_are_remembered_up_to_a_number():
    bodies = Bodies(size=2)
    assert [bodies.fits(signature, b"a") for signature in "abc"] == [True] * 3
    assert not bodies.fits("c", b"b")
    assert bodies.fits("a", b"b")  # forgotten


def test_fresh_is_so_many_seconds_on_either_side(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert [is_fresh(text, 10) for text in ("989", "990", "1010", "1011")] == [
        False,
        True,
        True,
        False,
    ]
