import pytest
from flask import Flask, current_app, render_template_string
from jinja2.exceptions import UndefinedError

from day03.template_globals.app import TYPED, app


def render(template, **values):
    with app.test_request_context("/some/where?a=1", method="PUT"):
        return render_template_string(template, **values)


@pytest.mark.point("D3-48")
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
    assert render(template) == expected


@pytest.mark.point("D3-48")
def test_current_app_and_pythons_functions_are_unknown():
    assert render("{{ current_app is defined }}") == "False"
    with pytest.raises(UndefinedError, match="'len' is undefined"):
        render("{{ len('tea') }}")
    assert render("{{ 'tea'|length }}") == "3"


@pytest.mark.point("D3-48")
def test_without_an_application_nothing_is_rendered():
    assert not current_app
    with pytest.raises(RuntimeError, match="Working outside of application context"):
        render_template_string("tea")


@pytest.mark.point("D3-48", "D3-50")
def test_outside_of_a_request_there_is_no_request():
    with Flask("other").app_context():
        assert render_template_string("{{ config.DEBUG }}") == "False"
        with pytest.raises(RuntimeError, match="Working outside of request context"):
            render_template_string("{{ request.path }}")


@pytest.mark.point("D3-48", "D3-50")
def test_the_page_needs_no_value_from_its_view(client):
    page = client.get("/?name=Ann").text
    assert "<h1>The Teapot</h1>" in page
    assert "Hello Ann, you asked for / by GET." in page
    assert "0 things are in your session, 0 messages wait for you." in page
    assert "Open from 9 to 17. A pot of tea costs 4.90 EUR." in page
    assert "Hello stranger," in client.get("/").text


def test_what_is_in_g_is_gone_with_the_request(client):
    assert "Hello Ann" in client.get("/?name=Ann").text
    assert "Ann" not in client.get("/").text


def test_a_value_of_the_view_overrules_the_context_processor():
    assert render("{{ opening_hours }}", opening_hours="never") == "never"


def test_names_are_escaped_like_any_value(client):
    page = client.get("/", query_string={"name": "<script>alert(1)</script>"}).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.point("D3-51")
def test_links_are_built_by_name_and_lead_somewhere(client):
    page = client.get("/").text
    for link, heading in [
        ("/tea/green", "<h1>green tea</h1>"),
        ("/tea/black?milk=yes", "<h1>black tea with milk</h1>"),
    ]:
        assert f'href="{link}"' in page
        assert heading in client.get(link).text
    assert 'href="/"' in client.get("/tea/green").text


@pytest.mark.point("D3-51")
def test_url_for_takes_no_second_value_without_a_name():
    assert render("{{ url_for('tea', name='oolong', cups=2) }}") == "/tea/oolong?cups=2"
    with pytest.raises(TypeError, match="positional"):
        render("{{ url_for('tea', 'oolong') }}")


@pytest.mark.point("D3-49")
def test_config_holds_the_secret_key_too():
    assert render("{{ config.SECRET_KEY }}") == app.config["SECRET_KEY"]


@pytest.mark.point("D3-49")
def test_text_used_as_a_template_is_executed(client):
    assert client.get("/greet-unsafe/ann").text == "Hello Ann"
    assert client.get("/greet-unsafe/sum").text == "Hello 49"
    assert client.get("/greet-unsafe/key").text == f"Hello {app.config['SECRET_KEY']}"


@pytest.mark.point("D3-49")
@pytest.mark.parametrize("typed", [*TYPED.values(), "{% for x in y %}", "{{", "{# #}"])
def test_text_used_as_a_value_stays_text(client, typed):
    assert client.get("/greet", query_string={"name": typed}).text == f"Hello {typed}"


def test_the_danger_takes_no_text_of_the_visitor(client):
    assert client.get("/greet-unsafe/{{ 6 * 6 }}").status_code == 404


def test_the_key_is_long_and_random():
    assert len(app.config["SECRET_KEY"]) >= 32
