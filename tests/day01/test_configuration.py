"""Settings from five sources: of two that set the same name, the later one wins.

Begin with test_the_first_program_takes_the_greeting_from_the_environment.
"""

import runpy
import sys
import tomllib

import pytest
from flask import Flask, current_app, render_template_string
from flask.cli import ScriptInfo

from day01.configuration.app import PUBLIC, Defaults, create_app, format_price


@pytest.fixture
def app():
    return create_app()


def history_of(app, name):
    steps = app.test_client().get(f"/settings/{name}").json
    return {step["after"]: step["value"] for step in steps}


@pytest.mark.parametrize("greeting", [None, "hi"])
def test_the_first_program_takes_the_greeting_from_the_environment(monkeypatch, greeting):
    if greeting:
        monkeypatch.setenv("FLASK_GREETING", greeting)
    monkeypatch.delitem(sys.modules, "day01.configuration.first", raising=False)
    loaded = runpy.run_module("day01.configuration.first")["app"]
    assert loaded.test_client().get("/").json == {"greeting": greeting or "Welcome!"}


def test_the_page_shows_every_source_and_the_price(app):
    page = app.test_client().get("/").text
    assert "<h1>Welcome!</h1>" in page
    assert "4.90 CNY" in page
    rows = page.split("<tbody>")[1].split("</tr>")
    cells = [[cell.split("</td>")[0] for cell in row.split("<td>")[1:]] for row in rows[:5]]
    assert cells[0] == ["Welcome!", "EUR", "10", "None"]
    assert cells[1] == ["Welcome!", "USD", "24", "None"]
    assert cells[4] == ["Welcome!", "CNY", "24", "[&#39;cn&#39;, &#39;fr&#39;]"]
    for name in PUBLIC:
        assert f'href="/settings/{name}"' in page


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("GREETING", ["Welcome!", "Welcome!", "Welcome!", "Welcome!", "Welcome!"]),
        ("CURRENCY", ["EUR", "USD", "CNY", "CNY", "CNY"]),
        ("PAGE_SIZE", [10, 24, 24, 24, 24]),
        ("COUNTRIES", [None, None, ["cn", "fr"], ["cn", "fr"], ["cn", "fr"]]),
    ],
)
def test_a_later_source_wins_over_the_earlier_ones(app, name, values):
    sources = ["Defaults", "shop.cfg", "shop.toml", "environment", "create_app"]
    assert list(history_of(app, name).items()) == list(zip(sources, values, strict=True))
    assert app.config[name] == values[-1]


def test_the_environment_wins_over_the_files_and_the_argument_over_all(monkeypatch):
    monkeypatch.setenv("FLASK_CURRENCY", "GBP")
    assert history_of(create_app(), "CURRENCY")["create_app"] == "GBP"
    steps = history_of(create_app({"CURRENCY": "JPY"}), "CURRENCY")
    assert steps["shop.toml"] == "CNY"
    assert steps["environment"] == "GBP"
    assert steps["create_app"] == "JPY"


def test_each_call_builds_an_application_of_its_own(app):
    other = create_app({"GREETING": "Hi"})
    assert (app.config["GREETING"], other.config["GREETING"]) == ("Welcome!", "Hi")
    assert app.secret_key != other.secret_key


@pytest.mark.parametrize("name", ["currency", "Currency", "NOTHING", "DEBUG", "<b>", "__class__"])
def test_other_names_are_not_found(app, name):
    assert app.test_client().get(f"/settings/{name}").status_code == 404


# The sources


def test_the_secret_key_is_random_unless_the_environment_gives_one(monkeypatch):
    assert len(create_app().secret_key) == 64
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the administrator")
    assert create_app().secret_key == "from the administrator"


@pytest.mark.parametrize("source", [Defaults, Defaults(), "day01.configuration.app.Defaults"])
def test_only_names_in_upper_case_come_from_a_class(source):
    shop = Flask("shop")
    shop.config.from_object(source)
    assert shop.config["PAGE_SIZE"] == 10
    added = shop.config.keys() - Flask("bare").config.keys()
    assert added == {"GREETING", "CURRENCY", "PAGE_SIZE"}
    assert shop.config.get("page_size") is None


def test_a_property_is_evaluated_on_an_instance_only():
    shop = Flask("shop")
    shop.config.from_object(Defaults)
    assert isinstance(shop.config["SECRET_KEY"], property)
    shop.config.from_object("day01.configuration.app.Defaults")
    assert isinstance(shop.config["SECRET_KEY"], property)
    shop.config.from_object(Defaults())
    assert isinstance(shop.config["SECRET_KEY"], str)


def test_the_wrong_file_ends_with_a_name_error(app):
    with pytest.raises(NameError, match="'true'"):
        app.config.from_pyfile("wrong.cfg")


def test_the_shop_finds_its_files_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert create_app().config["PAGE_SIZE"] == 24


def test_toml_is_read_as_bytes(app):
    with pytest.raises(TypeError):
        app.config.from_file("shop.toml", load=tomllib.load)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", 20),
        ("true", True),
        ("True", "True"),
        ("hi", "hi"),
        ("many", "many"),
        ('["de"]', ["de"]),
        ('"20"', "20"),
        ("", ""),
    ],
)
def test_environment_values_are_json_where_they_can_be(monkeypatch, text, value):
    monkeypatch.setenv("FLASK_PAGE_SIZE", text)
    monkeypatch.setenv("PAGE_SIZE", "no prefix")
    got = create_app().config["PAGE_SIZE"]
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize("flag", [None, "0", "1"])
def test_the_flask_command_overrules_debug_in_the_settings(monkeypatch, flag):
    if flag is not None:
        monkeypatch.setenv("FLASK_DEBUG", flag)
    for configured in (True, False):
        app = create_app({"DEBUG": configured})
        assert app.debug is configured
        assert ScriptInfo(create_app=lambda app=app: app).load_app().debug is (flag == "1")


def test_the_flask_command_calls_create_app():
    assert ScriptInfo("day01.configuration.app").load_app().config["CURRENCY"] == "CNY"


# Reading a setting


def test_a_name_in_lower_case_finds_nothing(app):
    assert app.config["CURRENCY"] == "CNY"
    assert app.config.get("currency") is None
    with pytest.raises(KeyError):
        app.config["currency"]


def test_current_app_is_the_app_of_the_context(app):
    with pytest.raises(RuntimeError, match="outside of application context"):
        format_price(4.9)
    other = create_app({"CURRENCY": "GBP"})
    with other.app_context():
        assert format_price(4.9) == "4.90 GBP"
        with app.app_context():
            assert format_price(0) == "0.00 CNY"
        assert current_app.config is other.config
    assert "4.90 GBP" in other.test_client().get("/").text


def test_current_app_in_a_view_is_the_app_itself():
    app = create_app()
    app.add_url_rule("/same", view_func=lambda: [current_app.config is app.config])
    assert app.test_client().get("/same").json == [True]


def test_templates_know_the_settings(app):
    with app.test_request_context():
        assert render_template_string("{{ config.CURRENCY }}") == "CNY"


# Attacks


def test_a_secret_is_never_shown(monkeypatch):
    monkeypatch.setenv("FLASK_SECRET_KEY", "keep-this-secret")
    monkeypatch.setenv("FLASK_MAIL_PASSWORD", "keep-this-secret-too")
    app = create_app()
    assert app.config["MAIL_PASSWORD"] == "keep-this-secret-too"
    client = app.test_client()
    assert client.get("/settings/SECRET_KEY").status_code == 404
    assert client.get("/settings/MAIL_PASSWORD").status_code == 404
    for path in ["/", *(f"/settings/{name}" for name in (*PUBLIC, *app.config))]:
        assert "keep-this-secret" not in client.get(path).text


def test_the_page_escapes_the_settings(monkeypatch):
    monkeypatch.setenv("FLASK_GREETING", "<script>alert(1)")
    monkeypatch.setenv("FLASK_CURRENCY", "<b>")
    page = create_app().test_client().get("/").text
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<h1>&lt;script&gt;alert(1)</h1>" in page
