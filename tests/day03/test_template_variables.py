import re
from pathlib import Path

import pytest
from flask import Flask, render_template
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateNotFound, UndefinedError
from markupsafe import escape

from day03.template_variables import app as lesson
from day03.template_variables.app import app, source

TEMPLATES = Path(lesson.__file__).parent / "templates"


def rendered(template, **values):
    """Return what a template with this text prints."""
    return app.jinja_env.from_string(template).render(**values)


def heading(response):
    return re.search("<h1>(.*)</h1>", response.text)[1]


def entries(response):
    """Return the page's definition list as a dict."""
    return dict(re.findall(r"<dt>(.*)</dt>\s*<dd>(.*)</dd>", response.text))


@pytest.fixture
def shop(tmp_path):
    """Give an app with its templates in a temporary folder."""
    return Flask("shop", root_path=tmp_path, template_folder=tmp_path)


@pytest.mark.point("D3-01", "S2-23")
def test_a_template_file_is_rendered_with_its_variables(shop, tmp_path):
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "welcome.html").write_text("<p>Dear {{ who }},</p>", "utf-8")

    @shop.get("/<who>")
    def welcome(who):
        return render_template("mail/welcome.html", who=who)

    response = shop.test_client().get("/王")
    assert response.text == "<p>Dear 王,</p>"
    assert response.mimetype == "text/html"


@pytest.mark.point("D3-01", "D3-04", "D3-05", "D3-06")
def test_the_page_shows_every_kind_of_value(client):
    shown = entries(client.get("/"))
    assert shown.pop("A key, and the method of the same name").startswith(
        "2, but &lt;built-in method items of dict object at 0x"
    )
    assert shown == {
        "A text, a number": "The Samovar, 1924",
        "From a list, by its index": "tea, coffee, and at the end cocoa",
        "From a dict, by its key": "7, or 7",
        "From an object, by its attribute": "Keemun from Anhui",
        "Numbers, added": "9",
        "Texts, joined": "teapot",
        "Text and number, joined": "since 1924",
        "A name that nobody gave": "[]",
    }


@pytest.mark.parametrize(
    ("path", "template"), [("/", "index"), ("/hello/Ann", "hello"), ("/today", "today")]
)
def test_the_source_stands_beside_the_result_as_text(client, path, template):
    written = (TEMPLATES / f"{template}.html").read_text("utf-8")
    assert f"<pre><code>{escape(written)}</code></pre>" in client.get(path).text


@pytest.mark.point("S2-24")
@pytest.mark.parametrize(
    ("path", "greeting"),
    [
        ("/hello", "Hello, stranger!"),
        ("/hello/Ann", "Hello, Ann!"),
        ("/hello/%E7%8E%8B", "Hello, 王!"),
        ("/hello/<b>Ann", "Hello, &lt;b&gt;Ann!"),
        ("/hello/{{ 7*7 }}", "Hello, {{ 7*7 }}!"),
    ],
)
def test_one_view_greets_with_and_without_a_name(client, path, greeting):
    assert heading(client.get(path)) == greeting


@pytest.mark.point("S2-24")
@pytest.mark.parametrize("path", ["/hello/", "/hello/Ann/", "/hello/Ann/Lee"])
def test_neither_rule_fits_a_slash_at_the_end(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.point("S2-24")
def test_url_for_chooses_the_rule_by_the_values_it_gets(client):
    with app.test_request_context():
        assert app.url_for("hello") == "/hello"
        assert app.url_for("hello", name="Ann") == "/hello/Ann"
    links = re.findall('href="(.*?)"', client.get("/today", base_url="http://x/below").text)
    assert links == ["/below/", "/below/hello", "/below/hello/Ann", "/below/today"]


@pytest.mark.point("D3-02")
def test_a_positional_dict_is_refused(shop, tmp_path):
    (tmp_path / "hello.html").write_text("{{ name }}", "utf-8")
    with shop.app_context():
        with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
            render_template("hello.html", {"name": "Ann"})
        assert render_template("hello.html", name="Ann") == "Ann"


@pytest.mark.point("D3-03")
def test_two_stars_unpack_a_dict_beside_other_arguments(shop, tmp_path):
    (tmp_path / "hello.html").write_text("{{ name }} {{ cups }} {{ table }}", "utf-8")
    data = {"name": "Ann", "cups": 2}
    with shop.app_context():
        assert render_template("hello.html", **data, table=7) == "Ann 2 7"


@pytest.mark.point("D3-04")
@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("text", "tea"),
        ("number", "1.5"),
        ("words", "[&#39;a&#39;, &#39;b&#39;]"),
        ("words[0]", "a"),
        ("words[-1]", "b"),
        ("words.0", "a"),
        ("order['table']", "7"),
        ("order.table", "7"),
        ("order['items']", "2"),
        ("special.name", "Keemun"),
        ("special['name']", "Keemun"),
        ("unknown", ""),
        ("words[9]", ""),
        ("words.nothing", ""),
        ("order['nothing']", ""),
        ("order.nothing", ""),
        ("special.nothing", ""),
    ],
)
def test_what_an_expression_prints(expression, printed):
    values = {
        "text": "tea",
        "number": 1.5,
        "words": ["a", "b"],
        "order": {"table": 7, "items": 2},
        "special": lesson.Tea("Keemun", "Anhui"),
    }
    assert rendered("{{ " + expression + " }}", **values) == printed


@pytest.mark.point("D3-04")
@pytest.mark.parametrize("key", ["items", "keys", "values", "get", "pop", "update"])
def test_a_point_finds_the_method_of_a_dict_before_the_key(key):
    values = {key: "the value"}
    assert rendered(f"{{{{ d.{key} }}}}", d=values).startswith(f"&lt;built-in method {key} of")
    assert rendered(f"{{{{ d['{key}'] }}}}", d=values) == "the value"


@pytest.mark.point("D3-04")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ owner.name }}", "'owner' is undefined"),
        ("{{ owner['name'] }}", "'owner' is undefined"),
        ("{{ owner() }}", "'owner' is undefined"),
        ("{{ owner + 1 }}", "'owner' is undefined"),
        ("{{ 'a' + owner }}", "'owner' is undefined"),
        ("{{ order.owner.name }}", "'dict object' has no attribute 'owner'"),
    ],
)
def test_a_step_beyond_an_unknown_is_an_error(text, message):
    with pytest.raises(UndefinedError, match=message):
        rendered(text, order={})


@pytest.mark.point("D3-04")
def test_strict_undefined_makes_each_unknown_name_an_error(client, monkeypatch):
    monkeypatch.setattr(app.jinja_env, "undefined", StrictUndefined)
    assert rendered("{{ name }}", name="Ann") == "Ann"
    for text in ["{{ owner }}", "{{ d['x'] }}", "{{ l[9] }}"]:
        with pytest.raises(UndefinedError):
            rendered(text, d={}, l=[])
    monkeypatch.setitem(app.config, "TESTING", True)
    with pytest.raises(UndefinedError, match="'owner' is undefined"):
        client.get("/")
    assert heading(client.get("/hello/Ann")) == "Hello, Ann!"


@pytest.mark.point("D3-05")
@pytest.mark.parametrize(("text", "printed"), [("{{ l[0] + l[1] }}", "3"), ("{{ l[1,2] }}", "")])
def test_one_index_at_a_time(text, printed):
    assert rendered(text, l=[1, 2]) == printed


@pytest.mark.point("D3-06")
@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ('"python" + "x"', "pythonx"),
        ('1 ~ "a"', "1a"),
        ('"a" ~ 1', "a1"),
        ('"a" ~ unknown', "a"),
        ('"Sum: " ~ (1 + 2)', "Sum: 3"),
    ],
)
def test_texts_are_joined_with_plus_and_anything_with_the_tilde(expression, printed):
    assert rendered("{{ " + expression + " }}") == printed


@pytest.mark.point("D3-06")
@pytest.mark.parametrize("expression", ['1 + "a"', '"a" + 1', '"Sum: " ~ 1 + 2'])
def test_plus_does_not_join_text_and_number(expression):
    with pytest.raises(TypeError):
        rendered("{{ " + expression + " }}")


@pytest.mark.point("D3-01")
def test_the_first_template_that_is_there_is_rendered(client, monkeypatch, tmp_path):
    assert heading(client.get("/today")) == "Open from 9 to 18"
    holiday = '{% extends "base.html" %}{% block page %}<h1>Closed</h1>{% endblock %}'
    (tmp_path / "holiday.html").write_text(holiday, "utf-8")
    both = ChoiceLoader([FileSystemLoader(tmp_path), app.jinja_loader])
    monkeypatch.setattr(app, "jinja_loader", both)
    monkeypatch.setattr(app.jinja_env, "cache", {})
    response = client.get("/today")
    assert heading(response) == "Closed"
    assert f"<pre><code>{escape(holiday)}</code></pre>" in response.text


@pytest.mark.point("D3-01")
@pytest.mark.parametrize(
    "name",
    ["nothing.html", "../app.py", "templates/hello.html", "", ["a.html", "b.html"]],
)
def test_a_template_that_is_not_there_is_not_found(name):
    with app.app_context(), pytest.raises(TemplateNotFound):
        render_template(name)
    with pytest.raises(TemplateNotFound):
        source(name)


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("/missing-template", TemplateNotFound, "nothing.html"),
        ("/missing-value", UndefinedError, "'owner' is undefined"),
    ],
)
@pytest.mark.point("D3-01", "D3-04")
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
