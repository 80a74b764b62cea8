"""The store of the shop: texts and counters that end, in a file or in Redis.

Begin with test_a_text_is_taken_once. Redis is the small server of small_redis.py; the second half
tries a real one, too.
"""

import sqlite3
import time
from contextlib import closing
from functools import partial
from types import SimpleNamespace

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from day06_project.shop.libs import store as module
from day06_project.shop.libs.store import FileStore, RedisStore, connect, make_store
from tests.day06_project.helpers import age, at_once
from tests.day06_project.stacks import own_keys, variable


@pytest.fixture
def file_store(tmp_path):
    return make_store({"REDIS_URL": "", "DATA_FOLDER": tmp_path})


@pytest.fixture
def small_store(small_redis):
    store = make_store({"REDIS_URL": small_redis.url, "REDIS_PREFIX": "shop:"})
    yield store
    store.client.close()


@pytest.fixture
def real_store():
    url = variable("COURSE_TEST_REDIS")
    with own_keys(url) as prefix:
        store = make_store({"REDIS_URL": url, "REDIS_PREFIX": prefix})
        yield store
        store.client.close()


@pytest.fixture(
    params=["file_store", "small_store", pytest.param("real_store", marks=pytest.mark.second_half)]
)
def store(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def later(request, store, monkeypatch):
    """Give a function that moves the clock of the store; only that of a real Redis runs."""
    if isinstance(store, FileStore):
        clock = SimpleNamespace(now=time.time())
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: clock.now))
        return lambda seconds: setattr(clock, "now", clock.now + seconds)
    if "small_redis" in request.fixturenames:
        return request.getfixturevalue("small_redis").later
    return partial(age, store)


def test_a_counter_tells_when_it_ends(store, later):
    store.count("logins", 300)
    assert 298 <= store.seconds_left("logins") <= 300
    later(200)
    store.count("logins", 300)
    assert 98 <= store.seconds_left("logins") <= 100
    later(150)
    assert store.seconds_left("logins") == 1


def test_a_text_is_taken_once(store):
    store.put("a", "one", 60)
    store.put("a", "two", 60)
    assert [store.take("a"), store.take("a"), store.take("b")] == ["two", None, None]


def test_a_counter_counts_and_may_be_taken_away(store):
    assert [store.count("n", 60) for _ in range(3)] == [1, 2, 3]
    assert store.count("n", 60, by=-1) == 2
    store.take("n")
    assert store.count("n", 60) == 1


def test_keys_are_kept_apart(store):
    store.put("a", "one", 60)
    store.put("b", "two", 60)
    assert (store.count("n", 60), store.count("m", 60)) == (1, 1)
    assert (store.take("b"), store.take("a")) == ("two", "one")


def test_a_text_ends(store, later):
    store.put("a", "one", 100)
    store.put("b", "two", 1000)
    later(500)
    assert [store.take("a"), store.take("b")] == [None, "two"]


def test_a_counter_ends_and_counting_does_not_prolong_it(store, later):
    assert store.count("n", 100) == 1
    later(60)
    assert store.count("n", 100) == 2
    later(60)
    assert store.count("n", 100) == 1
    later(60)
    assert store.count("n", 100) == 2


@pytest.mark.parametrize("store", ["file_store", "small_store"], indirect=True)
def test_the_last_second_still_counts(store, later):
    for key in "a", "b":
        store.put(key, "text", 100)
    store.count("n", 100)
    later(99)
    assert (store.take("a"), store.count("n", 100)) == ("text", 2)
    later(1)
    assert (store.take("b"), store.count("n", 100)) == (None, 1)


def test_of_many_that_take_a_text_one_gets_it(store):
    for _ in range(3):
        store.put("a", "one", 60)
        taken = at_once(lambda _: store.take("a"), range(8))
        assert sorted(taken, key=str) == [None] * 7 + ["one"]


def test_of_many_that_count_each_gets_another_number(store):
    assert sorted(at_once(lambda _: store.count("n", 60), range(8))) == list(range(1, 9))


# The file


def test_without_redis_the_store_is_a_file(file_store, tmp_path):
    file_store.ping()
    assert (tmp_path / "store.db").exists()


def test_what_has_ended_is_deleted_from_the_file(file_store):
    file_store.put("old", "text", 0)
    file_store.put("new", "text", 60)
    with closing(sqlite3.connect(file_store.path)) as connection:
        assert connection.execute("SELECT key FROM entries").fetchall() == [("new",)]


def test_the_file_is_never_read_from_end_to_end(file_store, monkeypatch):
    """Or else each new session would cost more than the one before."""
    seen = []

    def connect(path):
        connection = sqlite3.connect(path)
        connection.set_trace_callback(seen.append)
        return connection

    file_store.ping()
    monkeypatch.setattr(module, "sqlite3", SimpleNamespace(connect=connect))
    for call in (
        lambda: file_store.put("a", "text", 60),
        lambda: file_store.get("a"),
        lambda: file_store.take("a"),
        lambda: file_store.count("n", 60),
    ):
        call()
    words = "DELETE", "REPLACE", "SELECT", "INSERT"
    queries = [query for query in seen if query.strip().startswith(words)]
    assert len(queries) == 5
    with closing(sqlite3.connect(file_store.path)) as connection:
        for query in queries:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
            assert not [step for *_, step in plan if step.startswith("SCAN")], query


def test_a_text_can_be_read_and_stays(file_store, monkeypatch):
    file_store.put("a", "one", 60)
    assert [file_store.get("a"), file_store.get("a"), file_store.get("b")] == ["one", "one", None]
    clock = SimpleNamespace(time=lambda: time.time() + 61)
    monkeypatch.setattr(module, "time", clock)
    assert file_store.get("a") is None


def test_a_file_that_cannot_be_used_is_an_error(tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        FileStore(tmp_path / "not there" / "store.db").ping()


# Redis


def test_the_prefix_keeps_the_keys_of_others_apart(small_store):
    small_store.put("a", "mine", 60)
    small_store.count("n", 60)
    assert sorted(small_store.client.keys("*")) == [b"shop:a", b"shop:n"]
    other = RedisStore(small_store.client, "other:")
    assert other.take("a") is None
    assert small_store.take("a") == "mine"


def test_a_server_that_does_not_listen_is_an_error(small_store, small_redis):
    small_store.ping()
    small_redis.stop()
    try:
        with pytest.raises(RedisError):
            small_store.ping()
    finally:
        small_redis.start()


def test_a_client_waits_a_second_and_tries_twice():
    with closing(connect("redis://127.0.0.1")) as client:
        options = client.connection_pool.connection_kwargs
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 1
    calls = []

    def fail():
        calls.append("call")
        raise RedisConnectionError

    with pytest.raises(RedisConnectionError):
        options["retry"].call_with_retry(fail, lambda error: None)
    assert len(calls) == 2
