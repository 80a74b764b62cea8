"""The fixtures of the shop's tests: apps, and the clients that use them."""

import os
import shutil
from functools import partial

import pytest
from sqlalchemy import delete

from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods, User
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


@pytest.fixture(scope="module", params=["embedded", *ON_SERVERS])
def stack(request, tmp_path_factory):
    """Give the settings of a stack, whose database has its tables."""
    folder = tmp_path_factory.mktemp("shop")
    with settings_of(request.param, folder) as settings:
        if request.param == "embedded":
            shutil.copy(request.getfixturevalue("migrated_file"), folder)
        else:
            migrate(settings)
        yield settings


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def first_worker(build):
    return build()


@pytest.fixture(scope="module")
def second_worker(build):
    return build()


@pytest.fixture
def app(first_worker):
    """Give the shop. Users, goods, carts and counters are deleted afterwards."""
    yield first_worker
    with first_worker.app_context():
        for model in CartItem, Goods, User:
            db.session.execute(delete(model))
        db.session.commit()
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
