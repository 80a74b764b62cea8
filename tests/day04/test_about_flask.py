"""Facts about Flask and its extensions that the notes state.

The lessons themselves are tested in the other files. Here are blueprints, exceptions, sessions and
the test client; test_about_flask_extensions.py and test_about_flask_python.py have the rest.
"""

import json
from urllib.request import Request, urlopen

import pytest
import requests
from flask import Blueprint, Flask, abort, render_template, request, session, url_for
from jinja2 import TemplateNotFound
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from tests.helpers import serving

# Blueprints


def part(name="part", **options):
    """Make a blueprint with one view at ``/p`` that tells its endpoint."""
    blueprint = Blueprint(name, __name__, **options)
    blueprint.add_url_rule("/p", "view", lambda: name)
    return blueprint


def folder(path, **files):
    """Make a folder with files and return it."""
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / f"{name}.txt").write_text(text, "utf-8")
    return path


def test_a_blueprint_serves_nothing_until_it_is_registered():
    app, blueprint = Flask(__name__), part()
    assert app.test_client().get("/p").status_code == 404
    app = Flask(__name__)
    app.register_blueprint(blueprint)
    assert app.test_client().get("/p").text == "part"


def test_the_prefix_at_registration_replaces_the_one_in_the_constructor():
    app, blueprint = Flask(__name__), part(url_prefix="/inbp")
    app.register_blueprint(blueprint, url_prefix="/reg")
    assert app.test_client().get("/reg/p").status_code == 200
    for path in ("/inbp/p", "/reg/inbp/p", "/inbp/reg/p", "/p"):
        assert app.test_client().get(path).status_code == 404


def test_the_prefix_of_the_constructor_holds_where_no_other_is_given():
    app = Flask(__name__)
    app.register_blueprint(part(url_prefix="/inbp"))
    assert app.test_client().get("/inbp/p").status_code == 200
    assert app.test_client().get("/p").status_code == 404


def test_a_dot_in_the_name_is_refused():
    with pytest.raises(ValueError, match="'name' may not contain a dot"):
        Blueprint("app.users", __name__)
    with pytest.raises(ValueError, match="'name' may not be empty"):
        Blueprint("", __name__)
    with pytest.raises(ValueError, match="'endpoint' may not contain a dot"):
        Blueprint("users", __name__).add_url_rule("/", "a.b", lambda: "")


def test_outside_of_a_part_the_dot_means_the_app():
    app = Flask(__name__)
    app.add_url_rule("/", "index", lambda: url_for(".index"))
    assert app.test_client().get("/").text == "/"


def test_a_view_that_comes_after_the_registration_is_refused():
    app, blueprint = Flask(__name__), part()
    app.register_blueprint(blueprint)
    with pytest.raises(AssertionError, match="can no longer be called on the blueprint 'part'"):
        blueprint.get("/late")(lambda: "")
    with pytest.raises(AssertionError, match="'before_request' can no longer be called"):
        blueprint.before_request(lambda: None)


def test_twice_under_one_name_is_refused():
    app, blueprint = Flask(__name__), part()
    app.register_blueprint(blueprint)
    with pytest.raises(
        ValueError, match="The name 'part' is already registered for this blueprint"
    ):
        app.register_blueprint(blueprint, url_prefix="/again")
    message = "The name 'part' is already registered for a different blueprint"
    with pytest.raises(ValueError, match=message):
        app.register_blueprint(part(), url_prefix="/other")
    app.register_blueprint(blueprint, url_prefix="/again", name="again")
    assert app.test_client().get("/again/p").text == "part"


def test_without_a_template_of_the_app_the_part_that_came_first_wins(tmp_path):
    def winner(*names):
        app = Flask(__name__, root_path=str(tmp_path / "app"))
        for name in names:
            app.register_blueprint(part(name, template_folder=tmp_path / name))
        with app.app_context():
            return render_template("page.txt")

    folder(tmp_path / "a", page="of a")
    folder(tmp_path / "b", page="of b")
    assert winner("a", "b") == "of a"
    assert winner("b", "a") == "of b"
    folder(tmp_path / "app" / "templates", page="of the app")
    assert winner("a", "b") == "of the app"


def test_a_part_that_names_no_folders_has_none(tmp_path):
    folder(tmp_path / "templates", page="page")
    folder(tmp_path / "static", page="page")
    named = {"template_folder": "templates", "static_folder": "static"}
    for options, expected in (({}, None), (named, "page")):
        blueprint = part(root_path=str(tmp_path), url_prefix="/part", **options)
        app = Flask(__name__)
        app.register_blueprint(blueprint)
        with app.test_request_context("/part/p"), app.test_client() as client:
            if expected:
                assert render_template("page.txt") == "page"
                assert url_for(".static", filename="page.txt") == "/part/static/page.txt"
                response = client.get("/part/static/page.txt")
                assert response.text == "page"
                response.close()
            else:
                with pytest.raises(TemplateNotFound):
                    render_template("page.txt")
                with pytest.raises(BuildError):
                    url_for(".static", filename="page.txt")
                assert client.get("/part/static/page.txt").status_code == 404


@pytest.mark.parametrize(
    ("app_options", "options", "path", "status"),
    [
        ({}, {}, "/static/page.txt", 404),
        ({}, {"static_url_path": "/part-static"}, "/part-static/page.txt", 200),
        ({}, {"url_prefix": "/part"}, "/part/static/page.txt", 200),
        ({"static_folder": None}, {}, "/static/page.txt", 200),
    ],
)
def test_a_path_of_its_own_brings_the_file_back(tmp_path, app_options, options, path, status):
    folder(tmp_path / "static", page="page")
    app = Flask(__name__, **app_options)
    app.register_blueprint(part(root_path=str(tmp_path), static_folder="static", **options))
    with app.test_request_context():
        assert url_for("part.static", filename="page.txt") == path
    with app.test_client().get(path) as response:
        assert response.status_code == status


def test_before_hooks_run_from_the_app_inwards_and_after_hooks_outwards():
    app, outer, inner = Flask(__name__), part("outer"), part("inner", url_prefix="/in")
    log = []
    for each in (inner, outer, app):
        each.before_request(lambda each=each: log.append(each.name))
        each.after_request(lambda response, each=each: log.append(each.name) or response)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    assert app.test_client().get("/in/p").text == "inner"
    assert log == [app.name, "outer", "inner", "inner", "outer", app.name]


def test_a_handler_for_the_code_beats_one_for_the_class_even_from_the_app():
    app, blueprint = Flask(__name__), part()
    blueprint.add_url_rule("/gone", "gone", lambda: abort(404))
    blueprint.add_url_rule("/no", "no", lambda: abort(403))
    blueprint.register_error_handler(HTTPException, lambda error: ("part, class", error.code))
    app.register_error_handler(404, lambda error: ("app, code", 404))
    app.register_error_handler(HTTPException, lambda error: ("app, class", error.code))
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert client.get("/gone").text == "app, code"
    assert client.get("/no").text == "part, class"
    assert client.get("/nothing").text == "app, code"


# Exceptions and sessions in a test


def test_without_an_error_page_of_ones_own_the_500_is_the_stock_page():
    app = Flask("plain")
    app.add_url_rule("/boom", view_func=lambda: 1 / 0)
    response = app.test_client().get("/boom")
    assert response.status_code == 500
    assert "<h1>Internal Server Error</h1>" in response.text


@pytest.mark.parametrize("kind", [Exception, 500])
def test_a_handler_for_every_exception_keeps_them_from_the_test(kind):
    app = Flask("greedy")
    app.testing = True
    app.add_url_rule("/boom", view_func=lambda: 1 / 0)
    app.register_error_handler(kind, lambda error: ("sorry", 500))
    if kind is Exception:
        assert app.test_client().get("/boom").text == "sorry"
    else:
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/boom")


def test_a_session_transaction_needs_a_key_and_cookies():
    app = Flask("keyless")
    with pytest.raises(RuntimeError), app.test_client().session_transaction():
        pass
    app.secret_key = "a key"
    without = app.test_client(use_cookies=False)
    with pytest.raises(TypeError, match="Cookies are disabled"), without.session_transaction():
        pass


# The test client, and clients over the network

LOGIN = {"name": "ann", "password": "green tea"}


@pytest.fixture
def app():
    """Build a small login, which takes JSON and forms."""
    app = Flask("login")
    app.secret_key = "a key"

    @app.post("/login")
    def login():
        session["name"] = (request.form or request.json)["name"]
        return {"code": "welcome", "host": request.host}

    @app.get("/")
    def index():
        return f"Hello {session.get('name', 'stranger')}"

    return app


@pytest.fixture
def client(app):
    return app.test_client()


def test_urllib2_is_gone_and_two_others_reach_the_server(app):
    with pytest.raises(ModuleNotFoundError):
        import urllib2  # noqa: F401
    body, headers = json.dumps(LOGIN).encode(), {"Content-Type": "application/json"}
    with serving(app) as server:
        url = f"{server.url}/login"
        with urlopen(Request(url, body, headers), timeout=60) as response:
            assert json.load(response)["code"] == "welcome"
        assert requests.post(url, json=LOGIN, timeout=60).json()["code"] == "welcome"


def test_a_client_is_made_by_a_call(app):
    with pytest.raises(AttributeError, match="'function' object has no attribute 'post'"):
        app.test_client.post("/login", json=LOGIN)
    client = app.test_client()
    assert client.post("/login", json=LOGIN).status_code == 200


def test_the_body_is_a_named_argument(client):
    with pytest.raises(TypeError, match="unhashable type: 'dict'"):
        client.post("/login", LOGIN)
    assert client.post("/login", data=LOGIN).status_code == 200
    assert client.post("/login", json=LOGIN).status_code == 200
    # The second argument is the URL before the path.
    assert client.post("/login", "http://shop.example", data=LOGIN).json["host"] == "shop.example"


def test_the_body_of_a_response_is_bytes_and_bytes_cannot_load_themselves(client):
    response = client.post("/login", json=LOGIN)
    assert type(response.data) is bytes
    assert response.text == response.data.decode()
    with pytest.raises(AttributeError, match="'bytes' object has no attribute 'loads'"):
        response.data.loads()
    assert json.loads(response.data) == response.json == response.get_json()
    assert client.get("/").json is None


def test_a_client_keeps_cookies_and_another_has_none(app, client):
    client.post("/login", json=LOGIN)
    assert client.get("/").text == "Hello ann"
    assert app.test_client().get("/").text == "Hello stranger"


def test_within_with_the_session_can_be_read_after_the_request(app):
    with app.test_client() as client:
        client.post("/login", json=LOGIN)
        assert session["name"] == "ann"
    with pytest.raises(RuntimeError, match="outside of request context"):
        session.get("name")
