"""Filters of your own, and a filter that makes markup and escapes what it is given.

A filter is a function, so most tests call it: from a template, or directly.
Begin with test_the_price_filter_is_a_plain_function.
"""

import pytest
from flask import render_template_string
from jinja2 import TemplateAssertionError
from markupsafe import Markup

from day03.custom_filters import app as lesson
from day03.custom_filters import first
from day03.custom_filters.app import app
from tests.day03.helpers import lines
from tests.helpers import page


@pytest.fixture
def client():
    return app.test_client()


def rendered(source, **variables):
    """Return what a template of this text prints."""
    with app.app_context():
        return render_template_string(source, **variables)


def test_the_first_program_registers_one_filter():
    assert page(first.app.test_client().get("/")).select_one("main p").text == "¥1,234.56"
    assert first.format_price(480) == "¥4.80"


def test_the_price_filter_is_a_plain_function():
    assert lesson.format_price(480) == "¥4.80"


def test_a_template_writes_the_filter_after_a_pipe():
    assert rendered("{{ cents|price }}", cents=480) == "¥4.80"


def test_the_page_shows_every_filter(client):
    shown = lines(client.get("/"))
    for line in [
        "<h2>123456 cents</h2>",
        "<li>price: ¥1,234.56</li>",
        "<li>with a sign: €1,234.56</li>",
        "<li>without cents: ¥1,235</li>",
        "<h2>4 1 7 3 6 2 5</h2>",
        "<li>every_second: 4 7 6 5</li>",
        "<li>from_end_by_three: 5 3 4</li>",
        "<li>sort: 1 2 3 4 5 6 7</li>",
        "<li>middle: 4</li>",
        '<p><a href="/reviews">Reviews</a></p>',
    ]:
        assert line in shown


def test_a_word_is_marked_in_every_review(client):
    reviews = page(client.get("/reviews?word=tea")).select("main p:has(mark)")
    assert [review.mark.text for review in reviews] == ["tea", "tea"]


@pytest.mark.parametrize("path", ["/reviews", "/reviews-unsafe"])
@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("", "<p>The green <mark>tea</mark> is fresh {amp} strong.</p>"),
        ("?word=green", "<p>The <mark>green</mark> tea is fresh {amp} strong.</p>"),
        ("?word=nothing", "<p>The green tea is fresh {amp} strong.</p>"),
    ],
)
def test_the_word_comes_from_the_query_string(client, path, query, line):
    amp = "&amp;" if path == "/reviews" else "&"
    assert line.format(amp=amp) in lines(client.get(path + query))


# How filters get their names


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("480|price", "¥4.80"),
        ("0|price", "¥0.00"),
        ("5|price", "¥0.05"),
        ("-480|price", "¥-4.80"),
        ("123456789|price", "¥1,234,567.89"),
        ("480|price('€')", "€4.80"),
        ("480|price('€', 0)", "€5"),
        ("480|price(digits=1)", "¥4.8"),
        ("480|price(digits=1, sign='$')", "$4.8"),
    ],
)
def test_a_filter_takes_the_value_first_and_then_its_arguments(call, text):
    assert rendered("{{ " + call + " }}") == text


def test_templates_know_the_registered_name_and_python_the_functions_own():
    assert app.jinja_env.filters["price"] is lesson.format_price
    with pytest.raises(TemplateAssertionError, match="No filter named 'format_price'"):
        rendered("{{ 480|format_price }}")


def test_empty_parentheses_register_the_functions_own_name():
    assert app.jinja_env.filters["every_second"] is lesson.every_second


def test_add_template_filter_takes_the_function_and_the_name():
    assert app.jinja_env.filters["middle"] is lesson.median
    assert rendered("{{ [9, 1, 5]|middle }}") == "5"
    assert "median" not in app.jinja_env.filters


def test_without_a_name_add_template_filter_uses_the_functions_own():
    assert app.jinja_env.filters["from_end_by_three"] is lesson.from_end_by_three


@pytest.mark.parametrize(
    ("values", "every_second", "from_end"),
    [
        ([1, 2, 3, 4, 5, 6, 7], [1, 3, 5, 7], [7, 4, 1]),
        ([3, 1, 2], [3, 2], [2]),
        ([], [], []),
    ],
)
def test_slices_leave_items_out_and_sort_nothing(values, every_second, from_end):
    assert rendered("{{ v|every_second }}", v=values) == str(every_second)
    assert rendered("{{ v|from_end_by_three }}", v=values) == str(from_end)


# Markup


def test_the_unsafe_filter_prints_scripts_from_the_text_and_the_word(client):
    text = client.get("/reviews-unsafe?word=welcome").text
    assert "<script>alert('tea')</script>" in text
    assert lesson.highlight_unsafe("a <i>b", "<i>") == "a <mark><i></mark>b"


def test_the_safe_filter_prints_only_its_own_tag_as_markup(client):
    text = client.get("/reviews").text
    assert "<script" not in text
    assert (
        "<p>Cold <mark>tea</mark>, warm welcome "
        "&lt;script&gt;alert(&#39;<mark>tea</mark>&#39;)&lt;/script&gt;</p>"
    ) in text


@pytest.mark.parametrize(
    ("text", "word", "markup"),
    [
        ("green tea", "tea", "green <mark>tea</mark>"),
        ("tea, tea", "tea", "<mark>tea</mark>, <mark>tea</mark>"),
        ("<b>", "x", "&lt;b&gt;"),
        ("<b>", "<", "<mark>&lt;</mark>b&gt;"),
        ("<b>", "<b>", "<mark>&lt;b&gt;</mark>"),
        ("a & b", "&", "a <mark>&amp;</mark> b"),
        ("a & b", "amp", "a &amp; b"),
        ("<b>", "", "&lt;b&gt;"),
        ("", "x", ""),
        ("a {} b", "{}", "a <mark>{}</mark> b"),
    ],
)
def test_highlight_escapes_text_and_word(text, word, markup):
    result = lesson.highlight(text, word)
    assert isinstance(result, Markup)
    assert result == markup
    assert rendered("{{ t|highlight(w) }}", t=text, w=word) == markup


@pytest.mark.parametrize("word", ["", '"', '"><i>', "x onfocus=alert(1) autofocus"])
def test_the_word_stays_in_the_value_of_its_field(client, word):
    found = page(client.get("/reviews", query_string={"word": word}))
    assert found.select_one("#word").attrs == {"id": "word", "name": "word", "value": word}
    assert found.select("i") == []


def test_a_word_that_is_not_utf8_is_not_found_in_any_review(client):
    assert page(client.get("/reviews?word=%ff")).select("mark") == []
