"""Macros: the functions of the template language, in their own page and from another file.

``inputs`` returns what a browser would see of a form. Begin with test_one_macro_writes_every_field.
"""

import pytest
from flask import render_template_string
from jinja2 import UndefinedError

from day03.macros import first
from day03.macros.app import app
from tests.day03.helpers import lines
from tests.helpers import page

ATTACK = "x onfocus=alert(1) autofocus"
FIELD = '{% from "macros.html" import field %}'
PARTS = '{% import "macros.html" as parts %}'


@pytest.fixture
def client():
    return app.test_client()


def rendered(source, **variables):
    """Return what a template of this text prints, beside the lesson's own templates."""
    with app.test_request_context("/here"):
        return render_template_string(source, **variables)


def inputs(response):
    """Return the attributes of each input element of a page."""
    return [field.attrs for field in page(response).select("input")]


def test_one_macro_writes_every_field(client):
    response = client.get("/")
    assert response.status_code == 200
    assert [field["name"] for field in inputs(response)] == ["name", "mail", "city"]


def test_the_macro_writes_a_label_for_each_field(client):
    labels = page(client.get("/")).select("label")
    assert [(each["for"], each.text) for each in labels] == [
        ("name", "Name"),
        ("mail", "Mail"),
        ("city", "City"),
    ]


def test_the_values_of_the_request_are_filled_in(client):
    response = client.get("/?name=Ann&mail=a@b.example&city=Rome")
    assert inputs(response) == [
        {"id": "name", "name": "name", "type": "text", "value": "Ann"},
        {"id": "mail", "name": "mail", "type": "email", "value": "a@b.example"},
        {"id": "city", "name": "city", "type": "text", "value": ""},
    ]


def test_a_template_imports_the_macro_and_calls_it():
    html = rendered('{% from "macros.html" import field %}{{ field("tea", "Which tea?") }}')
    assert inputs(html) == [{"id": "tea", "name": "tea", "type": "text", "value": ""}]
    assert page(html).label.text == "Which tea?"


def test_a_macro_in_the_page_is_called_as_often_as_needed(client):
    shown = lines(client.get("/boxes"))
    assert "<p><b>12 yuan</b> and <b>8 yuan</b></p>" in shown


# Arguments, call blocks and imports


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
def test_arguments_are_given_by_position_or_by_keyword_and_have_defaults(arguments, values):
    html = rendered(FIELD + "{{ field(" + arguments + ") }}")
    assert inputs(html) == [{"id": "python"} | values]
    assert ">L</label>" in html


def test_a_macro_returns_markup_and_escapes_its_arguments():
    source = FIELD + "{{ field('n', label) }}|{{ field('n', label) is escaped }}"
    html, _, escaped = rendered(source, label="<b>Bold").rpartition("|")
    assert escaped == "True"
    assert '<label for="n">&lt;b&gt;Bold</label>' in html


def test_a_bare_name_prints_the_macro_and_a_call_prints_its_text(client):
    assert "<p>&lt;Macro &#39;yuan&#39;&gt;</p>" in lines(client.get("/boxes"))
    definition = "{% macro m() %}<b>text</b>{% endmacro %}"
    assert rendered(definition + "{{ m }}") == "&lt;Macro &#39;m&#39;&gt;"
    assert rendered(definition + "{{ m() }}") == "<b>text</b>"


def test_a_call_block_gives_the_macro_its_content(client):
    shown = lines(client.get("/boxes"))
    start = shown.index("<h2>One macro, two prices</h2>")
    assert shown[start - 1 : start + 3] == [
        "<section>",
        "<h2>One macro, two prices</h2>",
        "<p><b>12 yuan</b> and <b>8 yuan</b></p>",
        "</section>",
    ]


def test_a_macro_that_wants_a_caller_needs_a_call_block():
    with pytest.raises(UndefinedError, match="No caller defined"):
        rendered(PARTS + "{{ parts.box('t') }}")


def test_a_macro_passes_values_back_to_the_call_block(client):
    shown = lines(client.get("/boxes"))
    start = shown.index("<ul>")
    assert shown[start : start + 4] == [
        "<ul>",
        "<li>Sencha: <b>12 yuan</b></li>",
        "<li>Jasmine: <b>8 yuan</b></li>",
        "</ul>",
    ]


def test_what_a_call_block_prints_is_escaped():
    html = rendered(PARTS + "{% call parts.box(a) %}<i>{{ a }}</i>{% endcall %}", a="<b>")
    assert "<h2>&lt;b&gt;</h2>" in html
    assert "<i>&lt;b&gt;</i>" in html


@pytest.mark.parametrize(
    "start",
    [
        '{% import "macros.html" as parts %}{{ parts.field("a", "A") }}',
        '{% from "macros.html" import field %}{{ field("a", "A") }}',
        '{% from "macros.html" import field as input %}{{ input("a", "A") }}',
    ],
)
def test_macros_come_from_another_file_in_three_ways(start):
    assert inputs(rendered(start)) == [{"id": "a", "name": "a", "type": "text", "value": ""}]


def test_an_import_sees_the_variables_of_the_page_only_with_context(client):
    assert lines(client.get("/context")) == [
        "<p>Without context: Hello, says no one on /context</p>",
        "<p>With context: Hello, says Ann on /context</p>",
    ]
    for start, user in [(PARTS, "no one"), (PARTS.replace(" %}", " with context %}"), "Eve")]:
        text = rendered(start + "{{ parts.signed('Hi') }}", user="Eve")
        assert text == f"Hi, says {user} on /here"


def test_what_flask_gives_to_all_templates_is_there_without_context():
    assert rendered(PARTS + "{{ parts.signed('Hi') }}").endswith(" on /here")


@pytest.mark.parametrize(
    "start", ['{% from "macros.html" import feild %}{{ feild', PARTS + "{{ parts.feild"]
)
def test_a_wrong_name_is_noticed_when_the_macro_is_called(start):
    assert rendered(start + " }}") == ""
    with pytest.raises(UndefinedError, match="feild"):
        rendered(start + "('name') }}")


def test_a_field_without_arguments_has_an_empty_name():
    assert inputs(rendered(FIELD + "{{ field() }}"))[0]["name"] == ""


def test_the_sample_without_quotation_marks_takes_the_next_attribute_as_its_name():
    sample = "{% macro input(name, type='text') %}<input name={{ name }} type={{ type }}>"
    html = rendered(sample + "{% endmacro %}{{ input() }}")
    assert html == "<input name= type=text>"
    assert inputs(html) == [{"name": "type=text"}]


def test_the_first_program_writes_two_fields():
    response = first.app.test_client().get("/")
    assert inputs(response) == [{"id": each, "name": each} for each in ["name", "city"]]
    assert [each["for"] for each in page(response).select("label")] == ["name", "city"]


def test_the_first_page_links_to_the_others(client):
    assert [link["href"] for link in page(client.get("/")).select("a")] == ["/boxes", "/context"]


# Attacks: values that try to become attributes


def test_without_quotation_marks_the_value_becomes_attributes(client):
    response = client.get("/contact-unsafe", query_string={"name": ATTACK})
    assert inputs(response) == [
        {
            "id": "name",
            "name": "name",
            "type": "text",
            "value": "x",
            "onfocus": "alert(1)",
            "autofocus": "",
        }
    ]


def test_an_ordinary_value_works_without_quotation_marks_which_is_the_trap(client):
    response = client.get("/contact-unsafe?name=Ann")
    assert inputs(response)[0]["value"] == "Ann"


@pytest.mark.parametrize(
    "value", [ATTACK, '" onfocus="alert(1)', "' onfocus='alert(1)", '"><script>alert(1)</script>']
)
@pytest.mark.parametrize("name", ["name", "mail"])
def test_in_quotation_marks_the_whole_value_stays_the_value(client, name, value):
    response = client.get("/", query_string={name: value})
    (field,) = [each for each in inputs(response) if each["name"] == name]
    assert set(field) == {"id", "name", "type", "value"}
    assert field["value"] == value
    assert page(response).select("script") == []


def test_every_attribute_of_the_macro_is_quoted():
    attack = "x onclick=alert(1)"
    html = rendered(FIELD + "{{ field(a, a, a, a) }}", a=attack)
    assert inputs(html) == [{"id": attack, "name": attack, "type": attack, "value": attack}]
    assert page(html).label.attrs == {"for": attack}
