from html.parser import HTMLParser

import pytest
from flask import render_template_string
from jinja2 import TemplateSyntaxError, UndefinedError

from day03.macros.app import app

ATTACK = "x onfocus=alert(1) autofocus"
FIELD = '{% from "macros.html" import field %}'
PARTS = '{% import "macros.html" as parts %}'


def rendered(source, **variables):
    with app.test_request_context("/here"):
        return render_template_string(source, **variables)


def content(client, path):
    """Return the lines of the page's content that hold anything."""
    response = client.get(path)
    assert response.status_code == 200
    text = response.text.partition("</h1>")[2].partition("</main>")[0]
    return [line.strip() for line in text.splitlines() if line.strip()]


class Tags(HTMLParser):
    """Collect what a browser would see: the attributes of each tag of one name."""

    def __init__(self, name, html):
        super().__init__()
        self.name, self.found = name, []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == self.name:
            self.found.append(dict(attrs))


def inputs(html):
    return Tags("input", html).found


@pytest.mark.point("D3-26", "D3-29", "D3-31")
def test_one_macro_writes_every_field_of_the_form(client):
    page = client.get("/?name=Ann&mail=a@b.example&city=Rome").text
    assert inputs(page) == [
        {"id": "name", "name": "name", "type": "text", "value": "Ann"},
        {"id": "mail", "name": "mail", "type": "email", "value": "a@b.example"},
        {"id": "city", "name": "city", "type": "text", "value": ""},
    ]
    assert [label["for"] for label in Tags("label", page).found] == ["name", "mail", "city"]


@pytest.mark.point("D3-26")
def test_a_macro_returns_markup_and_escapes_its_arguments():
    source = FIELD + "{{ field('n', label) }}|{{ field('n', label) is escaped }}"
    html, _, escaped = rendered(source, label="<b>Bold").rpartition("|")
    assert escaped == "True"
    assert '<label for="n">&lt;b&gt;Bold</label>' in html


@pytest.mark.point("D3-26")
def test_a_macro_in_the_page_is_called_as_often_as_needed(client):
    page = content(client, "/boxes")
    assert "<p><b>12 yuan</b> and <b>8 yuan</b></p>" in page


@pytest.mark.point("D3-27")
def test_a_definition_with_a_bare_name_is_a_syntax_error():
    with pytest.raises(TemplateSyntaxError, match=r"expected token '\('"):
        rendered("{% macro m %}text{% endmacro %}")
    assert rendered("{% macro m() %}text{% endmacro %}{{ m() }}") == "text"


@pytest.mark.point("D3-28")
def test_a_bare_name_prints_the_macro_and_a_call_prints_its_text(client):
    assert "<p>&lt;Macro &#39;yuan&#39;&gt;</p>" in content(client, "/boxes")
    definition = "{% macro m() %}<b>text</b>{% endmacro %}"
    assert rendered(definition + "{{ m }}") == "&lt;Macro &#39;m&#39;&gt;"
    assert rendered(definition + "{{ m() }}") == "<b>text</b>"


@pytest.mark.point("D3-29", "D3-30")
@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ("'python', 'L'", {"name": "python", "value": "", "type": "text"}),
        ("'python', 'L', 'v'", {"name": "python", "value": "v", "type": "text"}),
        ("'python', 'L', 'v', 'email'", {"name": "python", "value": "v", "type": "email"}),
        ("'python', 'L', type='email'", {"name": "python", "value": "", "type": "email"}),
        ("label='L', name='python'", {"name": "python", "value": "", "type": "text"}),
    ],
)
def test_arguments_go_by_position_or_by_keyword_and_have_defaults(arguments, values):
    html = rendered(FIELD + "{{ field(" + arguments + ") }}")
    assert inputs(html) == [{"id": "python"} | values]
    assert ">L</label>" in html


@pytest.mark.point("D3-29")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("m(1, 2, 3)", "takes not more than 2 argument"),
        ("m(c=3)", "takes no keyword argument 'c'"),
    ],
)
def test_too_many_arguments_and_unknown_keywords_are_type_errors(call, message):
    with pytest.raises(TypeError, match=message):
        rendered("{% macro m(a, b) %}{% endmacro %}{{ " + call + " }}")


@pytest.mark.point("D3-29", "D3-31")
def test_a_missing_argument_is_undefined_and_prints_nothing():
    source = "{% macro m(a) %}[{{ a }}{{ a is defined }}]{% endmacro %}{{ m() }}"
    assert rendered(source) == "[False]"
    assert inputs(rendered(FIELD + "{{ field() }}"))[0]["name"] == ""


@pytest.mark.point("D3-30")
def test_without_quotation_marks_the_value_becomes_attributes(client):
    page = client.get("/contact-unsafe", query_string={"name": ATTACK}).text
    assert inputs(page) == [
        {
            "id": "name",
            "name": "name",
            "type": "text",
            "value": "x",
            "onfocus": "alert(1)",
            "autofocus": None,
        }
    ]


@pytest.mark.point("D3-30")
@pytest.mark.parametrize(
    "value", [ATTACK, '" onfocus="alert(1)', "' onfocus='alert(1)", '"><script>alert(1)</script>']
)
@pytest.mark.parametrize("name", ["name", "mail"])
def test_in_quotation_marks_the_whole_value_stays_the_value(client, name, value):
    page = client.get("/", query_string={name: value}).text
    (field,) = [each for each in inputs(page) if each["name"] == name]
    assert set(field) == {"id", "name", "type", "value"}
    assert field["value"] == value
    assert Tags("script", page).found == []


@pytest.mark.point("D3-30")
def test_every_attribute_of_the_macro_is_quoted():
    attack = "x onclick=alert(1)"
    html = rendered(FIELD + "{{ field(a, a, a, a) }}", a=attack)
    assert inputs(html) == [{"id": attack, "name": attack, "type": attack, "value": attack}]
    assert Tags("label", html).found == [{"for": attack}]


def test_an_ordinary_value_works_without_quotation_marks_which_is_the_trap(client):
    page = client.get("/contact-unsafe?name=Ann").text
    assert inputs(page)[0]["value"] == "Ann"


def test_a_call_block_fills_the_gap_that_the_macro_leaves(client):
    page = content(client, "/boxes")
    start = page.index("<h2>One macro, two prices</h2>")
    assert page[start - 1 : start + 3] == [
        "<section>",
        "<h2>One macro, two prices</h2>",
        "<p><b>12 yuan</b> and <b>8 yuan</b></p>",
        "</section>",
    ]


def test_the_gap_is_only_filled_by_a_call_block():
    with pytest.raises(UndefinedError, match="No caller defined"):
        rendered(PARTS + "{{ parts.box('t') }}")


def test_a_macro_hands_values_back_to_the_call_block(client):
    page = content(client, "/boxes")
    start = page.index("<ul>")
    assert page[start : start + 4] == [
        "<ul>",
        "<li>Sencha: <b>12 yuan</b></li>",
        "<li>Jasmine: <b>8 yuan</b></li>",
        "</ul>",
    ]


def test_what_a_call_block_prints_is_escaped():
    html = rendered(PARTS + "{% call parts.box(a) %}<i>{{ a }}</i>{% endcall %}", a="<b>")
    assert "<h2>&lt;b&gt;</h2>" in html
    assert "<i>&lt;b&gt;</i>" in html


@pytest.mark.point("D3-31")
@pytest.mark.parametrize(
    "start",
    [
        '{% import "macros.html" as parts %}{{ parts.field("a", "A") }}',
        '{% from "macros.html" import field %}{{ field("a", "A") }}',
        '{% from "macros.html" import field as input %}{{ input("a", "A") }}',
    ],
)
def test_macros_come_from_another_file_in_three_spellings(start):
    assert inputs(rendered(start)) == [{"id": "a", "name": "a", "type": "text", "value": ""}]


@pytest.mark.point("D3-31")
def test_an_import_sees_the_variables_of_the_page_only_with_context(client):
    assert content(client, "/context") == [
        "<p>Without context: Hello, says nobody on /context</p>",
        "<p>With context: Hello, says Ann on /context</p>",
    ]
    for start, user in [(PARTS, "nobody"), (PARTS.replace(" %}", " with context %}"), "Eve")]:
        text = rendered(start + "{{ parts.signed('Hi') }}", user="Eve")
        assert text == f"Hi, says {user} on /here"


@pytest.mark.point("D3-31")
def test_a_macro_of_the_page_itself_sees_its_variables():
    assert rendered("{% macro m() %}{{ user }}{% endmacro %}{{ m() }}", user="<Eve") == "&lt;Eve"


@pytest.mark.point("D3-31")
def test_what_flask_gives_to_all_templates_is_there_without_context():
    assert rendered(PARTS + "{{ parts.signed('Hi') }}").endswith(" on /here")
    with app.test_request_context():
        macro = app.jinja_env.from_string("{% macro m() %}{{ url_for('boxes') }}{% endmacro %}")
        assert macro.module.m() == "/boxes"


@pytest.mark.point("D3-31")
@pytest.mark.parametrize(
    "start", ['{% from "macros.html" import feild %}{{ feild', PARTS + "{{ parts.feild"]
)
def test_a_wrong_name_is_noticed_when_the_macro_is_called(start):
    assert rendered(start + " }}") == ""
    with pytest.raises(UndefinedError, match="feild"):
        rendered(start + "('name') }}")


def test_the_first_page_links_to_the_others(client):
    page = client.get("/").text
    assert [link["href"] for link in Tags("a", page).found] == ["/boxes", "/context"]
