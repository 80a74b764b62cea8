from importlib.metadata import version

import pytest
from flask import Flask, render_template_string
from jinja2 import TemplateAssertionError
from markupsafe import Markup

from day03.custom_filters import app as lesson
from day03.custom_filters.app import app

SEVEN = [1, 2, 3, 4, 5, 6, 7]


def rendered(source, of=app, **variables):
    with of.app_context():
        return render_template_string(source, **variables)


def lines(client, path):
    response = client.get(path)
    assert response.status_code == 200
    return [line.strip() for line in response.text.splitlines()]


@pytest.mark.point("D3-22")
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


@pytest.mark.point("D3-22")
def test_templates_know_the_registered_name_and_python_the_functions_own():
    assert lesson.format_price(480) == "¥4.80"
    assert app.jinja_env.filters["price"] is lesson.format_price
    with pytest.raises(TemplateAssertionError, match="No filter named 'format_price'"):
        rendered("{{ 480|format_price }}")


@pytest.mark.point("D3-22", "D3-21")
def test_empty_parentheses_register_the_functions_own_name():
    assert app.jinja_env.filters["every_second"] is lesson.every_second


@pytest.mark.point("D3-22")
@pytest.mark.skipif(not version("flask").startswith("3.1."), reason="later releases accept it")
def test_the_decorator_without_parentheses_registers_nothing():
    shop = Flask("shop")

    @shop.template_filter
    def twice(value):
        return value * 2

    assert "twice" not in shop.jinja_env.filters
    with pytest.raises(TemplateAssertionError, match="No filter named 'twice'"):
        rendered("{{ 2|twice }}", shop)
    assert twice(2) == 2, "the name does not stand for the function any more"


@pytest.mark.point("D3-20")
def test_add_template_filter_takes_the_function_and_the_name():
    assert app.jinja_env.filters["middle"] is lesson.median
    assert rendered("{{ [9, 1, 5]|middle }}") == "5"
    assert "median" not in app.jinja_env.filters


@pytest.mark.point("D3-20")
def test_without_a_name_add_template_filter_uses_the_functions_own():
    assert app.jinja_env.filters["from_end_by_three"] is lesson.from_end_by_three


@pytest.mark.point("D3-21", "D3-23")
@pytest.mark.parametrize(
    ("values", "every_second", "from_end"),
    [
        (SEVEN, [1, 3, 5, 7], [7, 4, 1]),
        ([3, 1, 2], [3, 2], [2]),
        ([], [], []),
    ],
)
def test_slices_leave_items_out_and_sort_nothing(values, every_second, from_end):
    assert rendered("{{ v|every_second }}", v=values) == str(every_second)
    assert rendered("{{ v|from_end_by_three }}", v=values) == str(from_end)


@pytest.mark.point("D3-21")
def test_the_sample_as_printed_cannot_even_be_compiled():
    with pytest.raises(IndentationError):
        compile("def do_listreverse(ls):\nreturn ls[::2]\n", "sample", "exec")


@pytest.mark.point("D3-23")
def test_two_functions_of_one_name_make_two_filters_but_only_the_last_can_be_called():
    shop = Flask("shop")

    @shop.template_filter("first")
    def cut(values):
        return values[::2]

    first = cut

    @shop.template_filter("second")
    def cut(values):
        return values[::-3]

    assert rendered("{{ v|first }} {{ v|second }}", shop, v=SEVEN) == "[1, 3, 5, 7] [7, 4, 1]"
    assert cut is not first
    assert cut(SEVEN) == [7, 4, 1]


def test_a_name_used_again_replaces_even_a_built_in_filter():
    shop = Flask("shop")
    assert rendered("{{ [3, 1, 2]|sort }}", shop) == "[1, 2, 3]"
    shop = Flask("shop")
    shop.add_template_filter(lesson.every_second, "sort")
    assert rendered("{{ [3, 1, 2]|sort }}", shop) == "[3, 2]"


def test_the_index_shows_every_filter(client):
    page = lines(client, "/")
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
        assert line in page


def test_the_unsafe_filter_lets_a_script_of_the_text_and_of_the_word_through(client):
    page = client.get("/reviews-unsafe?word=welcome").text
    assert "<script>alert('tea')</script>" in page
    assert lesson.highlight_unsafe("a <i>b", "<i>") == "a <mark><i></mark>b"


def test_the_safe_filter_lets_only_its_own_tag_through(client):
    page = client.get("/reviews").text
    assert "<script" not in page
    assert (
        "<p>Cold <mark>tea</mark>, warm welcome "
        "&lt;script&gt;alert(&#39;<mark>tea</mark>&#39;)&lt;/script&gt;</p>"
    ) in page


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
def test_highlight_escapes_text_and_word_whatever_they_are(text, word, markup):
    result = lesson.highlight(text, word)
    assert isinstance(result, Markup)
    assert result == markup
    assert rendered("{{ t|highlight(w) }}", t=text, w=word) == markup


@pytest.mark.parametrize("path", ["/reviews", "/reviews-unsafe"])
@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("", "<p>The green <mark>tea</mark> is fresh {amp} strong.</p>"),
        ("?word=green", "<p>The <mark>green</mark> tea is fresh {amp} strong.</p>"),
        ("?word=nothing", "<p>The green tea is fresh {amp} strong.</p>"),
    ],
)
def test_the_word_comes_from_the_address(client, path, query, line):
    amp = "&amp;" if path == "/reviews" else "&"
    assert line.format(amp=amp) in lines(client, path + query)


@pytest.mark.parametrize("query", ["?word=", "?word=%3Ci%3E", "?word=%22", "?word=%ff"])
def test_no_word_breaks_the_page(client, query):
    page = client.get(f"/reviews{query}")
    assert page.status_code == 200
    assert "<i>" not in page.text
    assert 'value="""' not in page.text
