"""Templates with gaps, and the values that fill them.

Begin with test_the_page_shows_the_values_of_the_view.
"""

from pathlib import Path

import pytest
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateNotFound, UndefinedError
from markupsafe import escape

from day03.template_variables import app as lesson
from day03.template_variables import first
from day03.template_variables.app import app, read_source
from tests.helpers import page

TEMPLATES = Path(lesson.__file__).parent / "templates"


@pytest.fixture
def client():
    return app.test_client()


def heading(response):
    return page(response).h1.text


def test_the_first_program_fills_one_gap():
    client = first.app.test_client()
    assert heading(client.get("/hello/Ann")) == "Hello, Ann!"
    assert heading(client.get("/hello/<b>")) == "Hello, <b>!"


def test_the_page_shows_the_values_of_the_view(client):
    response = client.get("/")
    assert response.status_code == 200
    assert heading(response) == "The Samovar"


def test_a_visitor_is_greeted_by_name(client):
    assert heading(client.get("/hello/Ann")) == "Hello, Ann!"


def test_without_a_name_the_default_is_used(client):
    assert heading(client.get("/hello")) == "Hello, stranger!"


def test_of_a_list_of_templates_the_first_that_exists_is_rendered(client):
    assert heading(client.get("/today")) == "Open from 9 to 18"


def test_a_missing_template_is_a_500(client):
    assert client.get("/missing-template").status_code == 500


# Values


def test_the_page_shows_every_kind_of_value(client):
    found = page(client.get("/"))
    names = [name.text for name in found.select("dt")]
    shown = dict(zip(names, [value.text for value in found.select("dd")], strict=True))
    assert shown.pop("A key, and the method of the same name").startswith(
        "2, but <built-in method items of dict object at 0x"
    )
    assert shown == {
        "A text, a number": "The Samovar, 1924",
        "From a list, by its index": "tea, coffee, and the last: cocoa",
        "From a dict, by its key": "7, or 7",
        "From an object, by its attribute": "Keemun from Anhui",
        "Numbers, added": "9",
        "Texts, joined": "teapot",
        "Text and number, joined": "since 1924",
        "A name without a value": "[]",
    }


@pytest.mark.parametrize(
    ("path", "template"), [("/", "index"), ("/hello/Ann", "hello"), ("/today", "today")]
)
def test_a_page_shows_its_template_as_text(client, path, template):
    written = (TEMPLATES / f"{template}.html").read_text("utf-8")
    assert f"<pre><code>{escape(written)}</code></pre>" in client.get(path).text


def test_strict_undefined_makes_each_unknown_name_an_error(client, monkeypatch):
    monkeypatch.setattr(app.jinja_env, "undefined", StrictUndefined)
    monkeypatch.setitem(app.config, "TESTING", True)
    with pytest.raises(UndefinedError, match="'owner' is undefined"):
        client.get("/")
    assert heading(client.get("/hello/Ann")) == "Hello, Ann!"


# URLs


@pytest.mark.parametrize(
    ("path", "greeting"),
    [
        ("/hello", "Hello, stranger!"),
        ("/hello/Ann", "Hello, Ann!"),
        ("/hello/%E7%8E%8B", "Hello, 王!"),
        ("/hello/{{ 7*7 }}", "Hello, {{ 7*7 }}!"),
    ],
)
def test_one_view_greets_with_and_without_a_name(client, path, greeting):
    assert heading(client.get(path)) == greeting


def test_a_name_is_escaped(client):
    assert "<h1>Hello, &lt;b&gt;Ann!</h1>" in client.get("/hello/<b>Ann").text


@pytest.mark.parametrize("path", ["/hello/", "/hello/Ann/", "/hello/Ann/Lee"])
def test_neither_rule_has_a_slash_at_the_end(client, path):
    assert client.get(path).status_code == 404


def test_url_for_chooses_the_rule_by_the_values_it_gets(client):
    with app.test_request_context():
        assert app.url_for("hello") == "/hello"
        assert app.url_for("hello", name="Ann") == "/hello/Ann"
    found = page(client.get("/today", base_url="http://x/below"))
    links = [link["href"] for link in found.select("a")]
    assert links == ["/below/", "/below/hello", "/below/hello/Ann", "/below/today"]


# Templates that are missing


def test_a_holiday_template_comes_before_that_of_other_days(client, monkeypatch, tmp_path):
    holiday = '{% extends "base.html" %}{% block page %}<h1>Closed</h1>{% endblock %}'
    (tmp_path / "holiday.html").write_text(holiday, "utf-8")
    both = ChoiceLoader([FileSystemLoader(tmp_path), app.jinja_loader])
    monkeypatch.setattr(app, "jinja_loader", both)
    monkeypatch.setattr(app.jinja_env, "cache", {})
    response = client.get("/today")
    assert heading(response) == "Closed"
    assert f"<pre><code>{escape(holiday)}</code></pre>" in response.text


@pytest.mark.parametrize(
    "name",
    ["nothing.html", "../app.py", "templates/hello.html", "", ["a.html", "b.html"]],
)
def test_the_source_of_a_missing_template_is_not_found(name):
    with pytest.raises(TemplateNotFound):
        read_source(name)


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("/missing-template", TemplateNotFound, "nothing.html"),
        ("/missing-value", UndefinedError, "'owner' is undefined"),
    ],
)
def test_the_mistakes_are_a_500_and_the_log_names_them(
    client, monkeypatch, caplog, path, error, message
):
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    response = client.get(path)
    assert response.status_code == 500
    assert message not in response.text
    _, raised, _ = caplog.records[-1].exc_info
    assert isinstance(raised, error)
    assert str(raised) == message
