"""Facts about Flask and its extensions that the notes state: sessions, hooks and commands.

The lessons themselves are tested in the other files.
"""

import importlib.metadata
import importlib.util
import random
from base64 import urlsafe_b64encode
from types import ModuleType

import click
import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    session,
)
from flask.cli import AppGroup, with_appcontext
from packaging.version import Version

# The change log of Flask 3.2 announces that a request never uses a context that is already active.
BEFORE_3_2 = Version(importlib.metadata.version("flask")) < Version("3.2.dev0")

# Sessions


KEY = "a key that only the tests know"


@pytest.mark.parametrize(("key", "status"), [("12345", 500), ("a12345", 200)])
def test_a_key_of_digits_in_the_environment_is_a_number_and_signs_nothing(monkeypatch, key, status):
    monkeypatch.setenv("FLASK_SECRET_KEY", key)
    app = Flask(__name__)
    app.config.from_prefixed_env()

    @app.get("/")
    def index():
        session["n"] = 1
        return "ok"

    assert app.test_client().get("/").status_code == status


def test_session_is_not_a_module_but_a_dictionary():
    assert not isinstance(session, ModuleType)
    with pytest.raises(RuntimeError, match="outside of request context"):
        session.get("name")
    shop = Flask("shop")
    shop.secret_key = KEY
    with shop.test_request_context():
        assert isinstance(session, dict)
        assert isinstance(session._get_current_object(), dict)


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_reading_finds_nothing_and_writing_is_an_error(key):
    shop = Flask("shop")
    shop.secret_key = key
    with shop.test_request_context():
        assert session.get("name") is None
        with pytest.raises(RuntimeError, match="no secret key was set"):
            session["name"] = "Ann"
    shop.secret_key = "asdfgh"
    with shop.test_request_context():
        session["name"] = "Ann"
        assert session["name"] == "Ann"


def test_pop_without_a_default_fails_the_second_time():
    shop = Flask("shop")
    shop.secret_key = KEY

    @shop.post("/login")
    def login():
        session["username"] = "Ann"
        return {}

    @shop.post("/logout")
    def logout():
        return [session.pop("username")]

    client = shop.test_client()
    client.post("/login")
    assert client.post("/logout").json == ["Ann"]
    assert client.post("/logout").status_code == 500


def test_a_new_value_is_noticed_and_json_changes_some_types():
    shop = Flask("shop")
    shop.secret_key = KEY

    @shop.post("/")
    def write():
        session["cart"] = [*session.get("cart", []), "tea"]
        session["pair"] = (1, 2)
        session["by_number"] = {1: "one"}
        return {}

    @shop.get("/")
    def types():
        return [session["cart"], type(session["pair"]).__name__, list(session["by_number"])]

    client = shop.test_client()
    client.post("/")
    client.post("/")
    assert client.get("/").json == [["tea", "tea"], "tuple", ["1"]]


def test_a_cookie_above_the_limit_is_sent_with_a_warning():
    shop = Flask("shop")
    shop.secret_key = KEY
    # Letters that cannot be compressed.
    noise = urlsafe_b64encode(random.Random(1).randbytes(4000)).decode()

    @shop.get("/<int:letters>")
    def index(letters):
        session["notes"] = noise[:letters]
        return "saved"

    client = shop.test_client()
    response = client.get("/3900")
    assert 3900 < len(response.headers["Set-Cookie"]) <= 4093
    with pytest.warns(UserWarning, match="'session' cookie is too large.*limit is 4093"):
        response = client.get("/4200")
    assert response.text == "saved"
    assert len(response.headers["Set-Cookie"]) > 4093


def test_the_warning_begins_beyond_4093_bytes():
    def set_cookie(size):
        response = Response()
        response.set_cookie("session", "x" * (size - len("session=; Path=/")))
        assert len(response.headers["Set-Cookie"]) == size

    set_cookie(4093)  # a warning would be an error
    with pytest.warns(UserWarning, match="too large.*limit is 4093"):
        set_cookie(4094)


# Contexts


def test_flask_3_1_uses_an_active_app_context_for_a_request_too():
    shop = Flask("shop")

    @shop.get("/")
    def index():
        g.requests = g.get("requests", 0) + 1
        return {"g": g.requests}

    client = shop.test_client()
    with shop.app_context():
        counts = [client.get("/").json["g"] for _ in range(3)]
        assert counts == ([1, 2, 3] if BEFORE_3_2 else [1, 1, 1])
        assert ("requests" in g) == BEFORE_3_2
    assert [client.get("/").json["g"] for _ in range(3)] == [1, 1, 1]


# Hooks


@pytest.fixture
def bare():
    """Give an app without hooks."""
    return Flask("bare")


def test_the_hooks_of_two_on_a_blueprint_keep_the_same_order(bare):
    steps = []
    shop = Blueprint("shop", __name__)
    for owner, name in [(shop, "shop 1"), (bare, "app 1"), (shop, "shop 2"), (bare, "app 2")]:
        owner.before_request(lambda name=name: steps.append(f"before {name}"))
        owner.after_request(lambda response, name=name: steps.append(f"after {name}") or response)
        owner.teardown_request(lambda error, name=name: steps.append(f"teardown {name}"))
    shop.get("/")(lambda: "tea")
    bare.register_blueprint(shop)
    bare.test_client().get("/")
    inwards = ["app 1", "app 2", "shop 1", "shop 2"]
    outwards = ["shop 2", "shop 1", "app 2", "app 1"]
    assert steps == [
        *(f"before {name}" for name in inwards),
        *(f"after {name}" for name in outwards),
        *(f"teardown {name}" for name in outwards),
    ]


@pytest.mark.parametrize("value", ["", b"", {}, []])
def test_every_value_but_none_is_a_response(bare, value):
    seen = []
    bare.before_request(lambda: value)
    bare.before_request(lambda: seen.append("later hook"))
    bare.get("/")(lambda: seen.append("view") or "tea")
    assert bare.test_client().get("/").status_code == 200
    assert seen == []


def test_an_after_hook_must_return_a_response(bare):
    bare.testing = True
    bare.get("/")(lambda: "tea")
    bare.after_request(lambda response: None)
    with pytest.raises(TypeError):
        bare.test_client().get("/")


def test_an_after_hook_may_return_another_response(bare):
    bare.get("/")(lambda: "tea")
    bare.after_request(lambda response: Response("coffee", 202))
    response = bare.test_client().get("/")
    assert (response.status_code, response.text) == (202, "coffee")


def test_teardown_gets_none_after_success_and_after_a_handled_error(bare):
    seen = []
    bare.teardown_request(seen.append)
    bare.register_error_handler(LookupError, lambda error: ("Not here.", 404))
    bare.add_url_rule("/good", "good", lambda: "tea")
    bare.add_url_rule("/handled", "handled", lambda: {}["tea"])
    bare.add_url_rule("/aborted", "aborted", lambda: abort(404))
    bare.add_url_rule("/boom", "boom", lambda: 1 / 0)
    client = bare.test_client()
    paths = ["/good", "/handled", "/aborted", "/nowhere", "/boom"]
    codes = [client.get(path).status_code for path in paths]
    assert codes == [200, 404, 404, 404, 500]
    assert seen[:4] == [None] * 4
    assert isinstance(seen[4], ZeroDivisionError)


def test_what_a_teardown_hook_returns_is_ignored_and_what_it_raises_escapes(bare):
    bare.get("/")(lambda: "tea")
    bare.teardown_request(lambda error: "coffee")
    client = bare.test_client()
    assert client.get("/").text == "tea"

    late = Flask("late")
    late.get("/")(lambda: "tea")
    late.teardown_request(lambda error: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        late.test_client().get("/")


def test_a_teardown_hook_must_take_an_argument(bare):
    bare.get("/")(lambda: "tea")
    bare.teardown_request(lambda: None)
    with pytest.raises(TypeError, match="argument"):
        bare.test_client().get("/")


def test_before_first_request_is_gone():
    assert not hasattr(Flask("old"), "before_first_request")
    assert not hasattr(Blueprint("old", __name__), "before_app_first_request")


def test_start_up_work_in_an_app_context(bare):
    with bare.app_context():
        bare.config["READY"] = current_app.name
    assert bare.config["READY"] == "bare"


def test_a_header_refuses_line_breaks():
    with pytest.raises(ValueError, match="must not contain newline"):
        Response(headers={"X-Sent-ID": "7\r\nSet-Cookie: session=mine"})


# Commands


def test_in_the_test_runner_only_groups_of_flask_have_an_app_context():
    shop = Flask("shop")
    groups = {"ours": AppGroup("ours"), "plain": click.Group("plain")}
    for group in groups.values():
        shop.cli.add_command(group)
        group.command("name")(lambda: click.echo(current_app.name))
    groups["plain"].command("fixed")(with_appcontext(lambda: click.echo(current_app.name)))
    runner = shop.test_cli_runner()
    assert runner.invoke(args=["ours", "name"]).output == "shop\n"
    assert runner.invoke(args=["plain", "fixed"]).output == "shop\n"
    failed = runner.invoke(args=["plain", "name"])
    assert isinstance(failed.exception, RuntimeError)
    assert "Working outside of application context" in str(failed.exception)


def test_the_module_that_flask_script_imports_is_gone():
    assert importlib.util.find_spec("flask._compat") is None
