"""The fixtures of the shop's tests: apps, and the clients that use them."""

import os
import shutil
from contextlib import contextmanager
from functools import partial

import pytest

from day06_project.shop.extensions import db
from tests.day06_project.helpers import Shopper, age, forget_failures
from tests.day06_project.small_redis import SmallRedis
from tests.day06_project.stacks import ON_SERVERS, closing_apps, migrate, settings_of

# Settings of the person who runs the tests; the lessons read them.
for name in (
    *("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "TEST_DATABASE_URL", "TEST_REDIS_URL"),
    *("INSTANCE_PATH", "COOKIE_SECURE", "TRUSTED_HOSTS", "TRUSTED_PROXIES"),
    *("LOG_LEVEL", "LOG_FILE"),
):
    os.environ.pop(name, None)


# Apps


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    """Give an SQLite file with the tables that the migrations make."""
    folder = tmp_path_factory.mktemp("migrated")
    with settings_of("embedded", folder) as settings:
        migrate(settings)
    return folder / "shop.db"


@pytest.fixture(scope="session")
def prepared_stack(tmp_path_factory, migrated_file):
    """Give a context manager for the settings of a stack, whose database has its tables."""

    @contextmanager
    def prepare(name):
        folder = tmp_path_factory.mktemp("shop")
        with settings_of(name, folder) as settings:
            if name == "embedded":
                shutil.copy(migrated_file, folder)
            else:
                migrate(settings)
            yield settings

    return prepare


def pytest_generate_tests(metafunc):
    """Run the tests of the shop on files, and in the second half on the servers, too."""
    chosen = any(
        mark.args[0] == "stack" for mark in metafunc.definition.iter_markers("parametrize")
    )
    if "stack" in metafunc.fixturenames and not chosen:
        servers = ON_SERVERS if metafunc.config.getoption("--all") else []
        metafunc.parametrize("stack", ["embedded", *servers], indirect=True)


@pytest.fixture(scope="session")
def stack(request, prepared_stack):
    """Give the settings of the stack that the tests share; ``app`` deletes their data."""
    with prepared_stack(request.param) as settings:
        yield settings


@pytest.fixture(scope="session")
def build(stack):
    """Give a function that builds a shop on the stack, like one more worker."""
    with closing_apps() as built:
        yield lambda **settings: built("testing", **stack | settings)


@pytest.fixture(scope="module")
def build_empty(tmp_path_factory):
    """Give a function that builds a shop without tables, in a folder of its own."""
    with closing_apps() as built:
        yield lambda environment="testing", **settings: built(
            environment, **{"DATA_FOLDER": tmp_path_factory.mktemp("empty")} | settings
        )


@pytest.fixture(scope="session")
def first_worker(build):
    return build()


@pytest.fixture(scope="session")
def second_worker(build):
    return build()


@pytest.fixture
def app(first_worker):
    """Give the shop. Users, goods, carts and counters are deleted afterwards."""
    yield first_worker
    with first_worker.app_context(), db.engine.begin() as connection:
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())
    forget_failures(first_worker)


@pytest.fixture
def workers(app, second_worker):
    """Give two shops on the same stack."""
    return [app, second_worker]


@pytest.fixture
def small_redis():
    """Give a Redis server with the few commands that the shop needs."""
    with SmallRedis() as server:
        yield server


# Clients


@pytest.fixture
def visitor(app):
    """Give a client that is not logged in."""
    return Shopper(app)


@pytest.fixture
def ada(app):
    """Give a client that is logged in."""
    return Shopper(app).logged_in("ada")


@pytest.fixture
def bob(app):
    """Give a second client that is logged in."""
    return Shopper(app).logged_in("bob")


@pytest.fixture
def later(app):
    """Give a function that makes what the shop's store keeps older, instead of waiting."""
    return partial(age, app.extensions["store"])


@pytest.fixture
def problem():
    """Give a function that checks a response for problem details, and returns them."""

    def check(response, status):
        assert response.status_code == status
        assert response.content_type == "application/problem+json"
        assert response.headers["X-Request-ID"] == response.json["request_id"]
        assert response.json["status"] == status
        assert response.json["instance"] == response.request.path
        assert {"type", "title", "detail"} <= set(response.json)
        return response.json

    return check
