"""Facts about Flask and its extensions that the notes state.

The lessons themselves are tested in the other files.
"""

import json
import os
import runpy
import tomllib
from pathlib import Path

import pytest
from flask import (
    Blueprint,
    Flask,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from jinja2 import TemplateNotFound
from werkzeug.routing import BaseConverter, BuildError

from tests.day01.helpers import app_with, body, status_codes, url_of

# The application object and its folders


@pytest.fixture
def other_folder(tmp_path, monkeypatch):
    """Make a folder with a static file the current one."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.txt").write_text("from elsewhere", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_application_is_built_from_a_name_and_not_without():
    with pytest.raises(TypeError, match="import_name"):
        Flask()
    shop = Flask("shop")
    shop.get("/")(lambda: "open")
    assert body(shop, "/") == "open"


def test_an_executed_file_gives_its_own_name_to_the_application(tmp_path):
    shop = tmp_path / "corner_shop.py"
    shop.write_text("from flask import Flask\n\napp = Flask(__name__)\n", "utf-8")
    made = runpy.run_path(str(shop), run_name="__main__")["app"]
    assert made.import_name == "__main__"
    assert made.name == "corner_shop"


def test_a_wrong_name_silently_means_the_current_folder(other_folder):
    lost = Flask("no_such_module")
    assert Path(lost.root_path) == Path.cwd()
    assert body(lost, "/static/a.txt") == "from elsewhere"
    with lost.test_request_context(), pytest.raises(TemplateNotFound):
        render_template("index.html")


def test_a_prefix_must_begin_with_a_slash():
    with pytest.raises(ValueError, match="must start with a slash"):
        Flask("shop", static_url_path="python")


@pytest.mark.parametrize(
    ("arguments", "prefix"),
    [
        ({}, "/static"),
        ({"static_folder": "assets"}, "/assets"),
        ({"static_folder": "files/assets"}, "/assets"),
        ({"static_folder": "assets", "static_url_path": "/static"}, "/static"),
    ],
)
def test_the_url_path_follows_the_folder_unless_it_is_given(arguments, prefix, other_folder):
    folder = other_folder / arguments.get("static_folder", "static")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "style.css").write_text("body {}", "utf-8")
    shop = Flask("no_such_module", **arguments)
    assert shop.static_url_path == prefix
    assert body(shop, f"{prefix}/style.css") == "body {}"


def test_a_misspelt_argument_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'tempalte_folder'"):
        Flask("shop", tempalte_folder="templates")


def test_all_three_arguments_work_together(other_folder):
    (other_folder / "pages").mkdir()
    (other_folder / "pages" / "index.html").write_text("{{ 6 * 7 }}", "utf-8")
    (other_folder / "static").rename(other_folder / "files")
    shop = Flask(
        "no_such_module",
        template_folder="pages",
        static_folder="files",
        static_url_path="/python",
    )
    with shop.test_request_context():
        assert render_template("index.html") == "42"
    assert body(shop, "/python/a.txt") == "from elsewhere"
    assert body(shop, "/static/a.txt") == 404
    assert body(shop, "/files/a.txt") == 404


# What a view may return


@pytest.mark.parametrize(
    ("value", "status", "mimetype", "body"),
    [
        ("text", 200, "text/html", b"text"),
        (b"bytes", 200, "text/html", b"bytes"),
        ({"a": 1}, 200, "application/json", b'{"a":1}\n'),
        ([1, 2], 200, "application/json", b"[1,2]\n"),
        (("made", 201), 201, "text/html", b"made"),
        (("text", {"Content-Type": "text/plain"}), 200, "text/plain", b"text"),
    ],
)
def test_what_a_view_may_return(value, status, mimetype, body):
    app = Flask("shop")

    @app.get("/")
    def index():
        return value

    response = app.test_client().get("/")
    assert (response.status_code, response.mimetype) == (status, mimetype)
    assert response.data == body


def test_a_view_without_return_is_refused():
    app = Flask("shop")
    app.testing = True

    @app.get("/")
    def index():
        pass

    with pytest.raises(TypeError, match="either returned None or ended without a return"):
        app.test_client().get("/")


# Settings


@pytest.fixture
def shop(tmp_path):
    """Give a bare application whose root folder is ``tmp_path``."""
    return Flask("shop", root_path=str(tmp_path))


def test_the_settings_are_a_dictionary(shop):
    assert isinstance(shop.config, dict)
    shop.config["GREETING"] = "Hello"
    shop.config.update(CURRENCY="EUR")
    shop.config.from_mapping({"PAGE_SIZE": 10, "small": 1}, TITLE="Shop")
    assert shop.config["GREETING"] == "Hello"
    assert shop.config["CURRENCY"] == "EUR"
    assert (shop.config["PAGE_SIZE"], shop.config["TITLE"]) == (10, "Shop")
    assert "small" not in shop.config


def test_debug_of_the_application_is_a_setting(shop):
    assert shop.debug is False
    shop.config["DEBUG"] = True
    assert shop.debug is True


def test_a_relative_name_is_looked_up_beside_the_application(shop, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    (here / "only_here.cfg").write_text("PLACE = 'working folder'", "utf-8")
    (tmp_path / "shop.cfg").write_text("PLACE = 'root folder'", "utf-8")
    monkeypatch.chdir(here)
    with pytest.raises(FileNotFoundError, match="Unable to load configuration file"):
        shop.config.from_pyfile("only_here.cfg")
    assert shop.config.from_pyfile("shop.cfg") is True
    assert shop.config["PLACE"] == "root folder"
    assert shop.config.from_pyfile(here / "only_here.cfg") is True
    assert shop.config["PLACE"] == "working folder"


def test_silent_makes_a_missing_file_no_error(shop):
    assert shop.config.from_pyfile("local.cfg", silent=True) is False
    assert shop.config.from_file("local.toml", load=tomllib.load, text=False, silent=True) is False
    with pytest.raises(FileNotFoundError):
        shop.config.from_file("local.toml", load=tomllib.load, text=False)


def test_silent_does_not_hide_an_error_in_the_file(shop, tmp_path):
    (tmp_path / "local.cfg").write_text("DEBUG = true", "utf-8")
    with pytest.raises(NameError, match="'true'"):
        shop.config.from_pyfile("local.cfg", silent=True)


@pytest.mark.parametrize("text", ["DEBUG=true", "[shop]\nDEBUG=True"])
def test_a_settings_file_that_is_not_python_is_refused(shop, tmp_path, text):
    (tmp_path / "shop.cfg").write_text(text, "utf-8")
    with pytest.raises(NameError):
        shop.config.from_pyfile("shop.cfg")


def test_a_settings_file_is_executed_and_only_upper_case_counts(shop, tmp_path):
    trace = tmp_path / "trace.txt"
    text = f"open({str(trace)!r}, 'w').close()\nDEBUG=True\nsize = 6\nSIZE = size * 7\n"
    (tmp_path / "shop.cfg").write_text(text, "utf-8")
    shop.config.from_pyfile("shop.cfg")
    assert trace.exists()
    assert shop.debug is True
    assert shop.config["SIZE"] == 42
    assert "size" not in shop.config


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        (
            "shop.toml",
            'SIZE = 42\nsize = 6\nCALL = "open(1)"',
            {"load": tomllib.load, "text": False},
        ),
        ("shop.json", '{"SIZE": 42, "size": 6, "CALL": "open(1)"}', {"load": json.load}),
    ],
)
def test_a_data_file_is_read_and_only_upper_case_counts(shop, tmp_path, name, text, options):
    (tmp_path / name).write_text(text, "utf-8")
    assert shop.config.from_file(name, **options) is True
    assert shop.config["SIZE"] == 42
    assert shop.config["CALL"] == "open(1)"
    assert "size" not in shop.config


@pytest.mark.skipif(os.name == "nt", reason="Windows has variables in upper case")
def test_names_in_lower_case_stay_when_set_by_hand_or_by_the_environment(shop, monkeypatch):
    monkeypatch.setenv("FLASK_a", "1")
    shop.config.from_prefixed_env()
    shop.config["b"] = 2
    shop.config.update(c=3)
    assert [shop.config[name] for name in "abc"] == [1, 2, 3]


def test_a_secret_of_digits_needs_quotes(shop, monkeypatch):
    @shop.get("/")
    def index():
        session["visits"] = 1
        return "signed"

    shop.testing = True
    monkeypatch.setenv("FLASK_SECRET_KEY", "2718281828")
    shop.config.from_prefixed_env()
    with pytest.raises(TypeError, match="expected bytes"):
        shop.test_client().get("/")
    monkeypatch.setenv("FLASK_SECRET_KEY", '"2718281828"')
    shop.config.from_prefixed_env()
    assert shop.test_client().get("/").text == "signed"


# Routes


@pytest.mark.parametrize("methods", [["POST"], ["post"], ("POST",), {"Post"}])
def test_methods_are_a_list_in_upper_or_lower_case(methods):
    cafe = Flask("cafe")
    cafe.route("/tea", methods=methods)(lambda: "tea")
    assert status_codes(cafe, "/tea", "POST GET HEAD") == {"POST": 200, "GET": 405, "HEAD": 405}


def test_methods_as_plain_text_are_refused_at_once():
    with pytest.raises(TypeError, match="must be a list of strings"):
        Flask("cafe").route("/tea", methods="POST")(lambda: "tea")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_each_method_has_a_shortcut_that_takes_no_list(method):
    cafe = Flask("cafe")
    getattr(cafe, method)("/tea", endpoint="tea")(lambda: "tea")
    (rule,) = cafe.url_map.iter_rules("tea")
    assert rule.methods - {"HEAD", "OPTIONS"} == {method.upper()}
    with pytest.raises(TypeError, match="Use the 'route' decorator"):
        getattr(cafe, method)("/more", methods=["POST"])


def test_branch_for_post_with_get_as_the_default_handles_head():
    bistro = Flask("bistro")

    @bistro.route("/order", methods=["GET", "POST"])
    def order():
        if request.method == "POST":
            return "Your soup is on the way."
        return "What would you like?"

    assert status_codes(bistro, "/order", "GET HEAD POST") == {"GET": 200, "HEAD": 200, "POST": 200}


def test_of_two_views_for_one_path_and_method_only_the_first_is_called():
    bistro = Flask("bistro")

    @bistro.get("/soup")
    def soup():
        return "first"

    @bistro.get("/soup")
    def better_soup():
        return "second"

    assert bistro.test_client().get("/soup").text == "first"
    rules = [rule for rule in bistro.url_map.iter_rules() if rule.rule == "/soup"]
    assert [rule.endpoint for rule in rules] == ["soup", "better_soup"]
    assert [rule.methods for rule in rules] == [{"GET", "HEAD", "OPTIONS"}] * 2


def test_two_views_of_one_name_are_refused_when_the_program_starts():
    bistro = Flask("bistro")

    @bistro.get("/")
    def index():
        return "first"

    with pytest.raises(AssertionError, match="overwriting an existing endpoint function: index"):

        @bistro.get("/home")
        def index():
            return "second"


def test_route_registers_the_function_and_gives_the_same_one_back():
    bistro = Flask("bistro")

    def soup():
        return "soup"

    assert bistro.get("/soup")(soup) is soup
    assert bistro.view_functions["soup"] is soup


def test_without_wraps_two_decorated_views_have_the_same_endpoint():
    bistro = Flask("bistro")

    def loud(view):
        def wrapper():
            return view().upper()

        return wrapper

    bistro.get("/hello")(loud(lambda: "hello"))
    assert bistro.test_client().get("/hello").text == "HELLO"
    assert "wrapper" in bistro.view_functions
    # A new app: after its first request an app takes no more routes.
    bistro = Flask("bistro")
    bistro.get("/hello")(loud(lambda: "hello"))
    with pytest.raises(AssertionError, match="overwriting an existing endpoint function: wrapper"):
        bistro.get("/bye")(loud(lambda: "bye"))


# Converters


def test_an_argument_of_a_converter_cannot_be_negative():
    with pytest.raises(ValueError, match="converter argument"):
        Flask("shop").get("/floors/<int(signed=True, min=-2):floor>")(str)


@pytest.mark.parametrize(("number", "status"), [("18600000000", 200), ("19900000000", 404)])
def test_a_second_digit_up_to_8_excludes_numbers_in_use(number, status):
    class OldMobile(BaseConverter):
        regex = "1[3-8][0-9]{9}"

    client = app_with("/<mobile:value>", mobile=OldMobile).test_client()
    assert client.get(f"/{number}").status_code == status


def test_backslash_d_matches_the_digits_of_other_scripts():
    class LooseMobile(BaseConverter):
        regex = r"1[3-9]\d{9}"

    client = app_with("/<mobile:value>", mobile=LooseMobile).test_client()
    assert client.get("/138٠٠٠٠٠٠٠٠").text == "str 138٠٠٠٠٠٠٠٠"


def test_any_other_error_in_to_python_is_a_500():
    class Careless(BaseConverter):
        def to_python(self, value):
            raise TypeError(value)

    small = app_with("/<careless:value>", careless=Careless)
    assert small.test_client().get("/x").status_code == 500


def test_methods_nested_in_init_are_never_called():
    class Nested(BaseConverter):
        regex = "[0-9]+"

        def __init__(self, url_map):
            super().__init__(url_map)

            def to_python(self, value):
                raise AssertionError("never reached")

            def to_url(self, value):
                raise AssertionError("never reached")

    assert "to_python" not in Nested.__dict__
    small = app_with("/<nested:value>", nested=Nested)
    assert small.test_client().get("/7").text == "str 7"
    assert url_of(small, "show", value="7") == "/7"


def test_one_object_is_made_for_each_rule_and_none_for_a_request():
    made = []

    class Counted(BaseConverter):
        def __init__(self, url_map):
            super().__init__(url_map)
            made.append(self)

    small = app_with("/<counted:value>", counted=Counted)
    assert len(made) == 1
    client = small.test_client()
    small.add_url_rule("/second/<counted:value>", "second", lambda value: value)
    assert len(made) == 2
    assert [client.get("/a").status_code, client.get("/second/b").status_code] == [200, 200]
    assert url_of(small, "show", value="c") == "/c"
    assert len(made) == 2


# URLs and redirects


def test_view_that_builds_a_url_and_returns_nothing_is_500(caplog):
    garden = Flask("garden")

    @garden.get("/bed")
    def bed():
        url_for("bed")

    @garden.get("/wrong")
    def wrong():
        return redirect(url_for("nowhere"))

    assert garden.test_client().get("/bed").status_code == 500
    assert garden.test_client().get("/wrong").status_code == 500
    assert [record.exc_info[0] for record in caplog.records] == [TypeError, BuildError]


def test_outside_of_a_context_url_for_does_not_know_the_app():
    with pytest.raises(RuntimeError, match="Working outside of application context"):
        url_for("plant", plant_id=7)


def test_outside_of_a_request_url_for_needs_a_server_name_and_gives_the_full_url():
    garden = Flask("garden")
    garden.add_url_rule("/beds", endpoint="beds")
    with garden.app_context(), pytest.raises(RuntimeError, match="without 'SERVER_NAME'"):
        url_for("beds")
    garden.config["SERVER_NAME"] = "garden.example"
    with garden.app_context():
        assert url_for("beds") == "http://garden.example/beds"


def test_endpoint_in_a_blueprint_has_its_name_and_a_dot_in_front():
    herbs = Blueprint("herbs", "herbs")
    herbs.add_url_rule("/basil", endpoint="basil")
    garden = Flask("garden")
    garden.register_blueprint(herbs)
    with garden.test_request_context():
        assert url_for("herbs.basil") == "/basil"
        with pytest.raises(BuildError):
            url_for("basil")


def test_redirect_to_test_needs_an_endpoint_of_that_name():
    garden = Flask("garden")

    @garden.get("/")
    def index():
        return redirect(url_for("test"))

    with garden.test_request_context(), pytest.raises(BuildError, match="endpoint 'test'"):
        index()

    @garden.get("/test")
    def test():
        return "here"

    assert garden.test_client().get("/").location == "/test"


def test_second_function_index_is_refused_when_the_program_starts():
    garden = Flask("garden")
    garden.get("/", endpoint="index")(lambda: "first")
    with pytest.raises(AssertionError, match="overwriting an existing endpoint function: index"):
        garden.get("/home", endpoint="index")(lambda: "second")


# The body of a request


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(("content_type", "form"), [(FORM, {"a": "1"}), ("text/plain", {})])
def test_content_type_decides_whether_the_same_bytes_are_a_form(content_type, form):
    with Flask("small").test_request_context(method="POST", data=b"a=1", content_type=content_type):
        assert request.form.to_dict() == form
