"""Names that every template knows, names of your own, and text that is used as a template.

Begin with test_the_page_shows_the_settings_of_the_app.
"""

from runpy import run_path

import pytest
from flask import render_template_string

from day03.template_globals import app as lesson
from day03.template_globals import first
from day03.template_globals.app import TEXTS, app
from tests.helpers import page


@pytest.fixture
def client():
    return app.test_client()


def rendered(template, **values):
    """Return what a template of this text prints in a request of its own."""
    with app.test_request_context("/some/where?a=1", method="PUT"):
        return render_template_string(template, **values)


def test_the_page_shows_the_settings_of_the_app(client):
    response = client.get("/")
    assert response.status_code == 200
    assert page(response).h1.text == "The Teapot"


def test_the_page_greets_the_visitor_in_g(client):
    assert "Hello Ann," in client.get("/?name=Ann").text
    assert "Hello stranger," in client.get("/").text


def test_a_context_processor_gives_every_template_a_value_and_a_function(client):
    assert "Open from 9 to 17. A pot of tea costs 4.90 EUR." in client.get("/").text


def test_links_are_built_by_endpoint_and_lead_to_pages(client):
    index = client.get("/").text
    for link, heading in [
        ("/tea/green", "<h1>green tea</h1>"),
        ("/tea/black?milk=yes", "<h1>black tea with milk</h1>"),
    ]:
        assert f'href="{link}"' in index
        assert heading in client.get(link).text
    assert 'href="/"' in client.get("/tea/green").text


def test_below_a_mount_the_links_begin_with_it(client):
    def links(path):
        found = page(client.get(path, base_url="http://localhost/below"))
        return [link["href"] for link in found.select("a")]

    assert links("/") == ["/below/tea/green", "/below/tea/black?milk=yes"]
    assert links("/tea/green") == ["/below/"]


def test_the_template_of_the_first_program_gets_nothing_from_its_view():
    found = page(first.app.test_client().get("/?a=1"))
    assert found.h1.text == "The Teapot"
    assert found.select_one("main p").text == "You sent GET for the path /."


def test_text_of_a_visitor_is_shown_and_not_executed(client):
    response = client.get("/greet", query_string={"name": "{{ 7 * 7 }}"})
    assert response.text == "Hello {{ 7 * 7 }}"


# Which names there are


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ config.SHOP_NAME }}", "The Teapot"),
        ("{{ request.path }} {{ request.method }} {{ request.args.a }}", "/some/where PUT 1"),
        ("{{ session|length }}", "0"),
        ("{{ g.nothing }}", ""),
        ("{{ url_for('index') }}", "/"),
        ("{{ get_flashed_messages() }}", "[]"),
        ("{{ opening_hours }} {{ price(5) }}", "9 to 17 0.05 EUR"),
    ],
)
def test_every_template_knows_these_names(template, expected):
    assert rendered(template) == expected


def test_the_page_needs_no_value_from_its_view(client):
    text = client.get("/?name=Ann").text
    assert "Hello Ann, you asked for / by GET." in text
    assert "0 things are in your session, 0 messages wait for you." in text


def test_what_is_in_g_is_gone_with_the_request(client):
    assert "Hello Ann" in client.get("/?name=Ann").text
    assert "Ann" not in client.get("/").text


def test_a_value_of_the_view_overrules_the_context_processor():
    assert rendered("{{ opening_hours }}", opening_hours="never") == "never"


def test_url_for_adds_other_values_to_the_query_string():
    assert rendered("{{ url_for('tea', name='oolong', cups=2) }}") == "/tea/oolong?cups=2"


# Attacks


@pytest.mark.parametrize("path", ["/?name=<script>alert(1)</script>", "/tea/<script>alert(1)"])
def test_names_are_escaped_like_any_value(client, path):
    text = client.get(path).text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_config_holds_the_secret_key_too():
    assert rendered("{{ config.SECRET_KEY }}") == app.config["SECRET_KEY"]


def test_text_used_as_a_template_is_executed(client):
    assert client.get("/greet-unsafe/ann").text == "Hello Ann"
    assert client.get("/greet-unsafe/sum").text == "Hello 49"
    assert client.get("/greet-unsafe/key").text == f"Hello {app.config['SECRET_KEY']}"


@pytest.mark.parametrize("text", [*TEXTS.values(), "{% for x in y %}", "{{", "{# #}"])
def test_text_used_as_a_value_stays_text(client, text):
    assert client.get("/greet", query_string={"name": text}).text == f"Hello {text}"


def test_the_unsafe_page_takes_no_text_of_the_visitor(client):
    assert client.get("/greet-unsafe/{{ 6 * 6 }}").status_code == 404


def test_the_key_is_random_unless_the_environment_gives_one(monkeypatch):
    def key():
        return run_path(lesson.__file__)["app"].secret_key

    keys = {key(), key()}
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    keys.add(key())
    assert [len(each) for each in keys] == [64, 64, 64]
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the administrator")
    assert key() == "from the administrator"
