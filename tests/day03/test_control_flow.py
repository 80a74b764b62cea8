import pytest
from flask import Flask, render_template_string
from jinja2 import TemplateSyntaxError

from day03.control_flow.app import app


def rendered(source, of=app, **variables):
    with of.app_context():
        return render_template_string(source, **variables)


def lines(client, path):
    """Return the lines of the page's content that hold anything."""
    response = client.get(path)
    assert response.status_code == 200
    content = response.text.partition("</h1>")[2].partition("</main>")[0]
    return [line.strip() for line in content.splitlines() if line.strip()]


GREETINGS = {"<p>Hello, whoever you are.</p>", "<p>The name is empty.</p>"}


@pytest.mark.point("D3-24", "S2-25")
@pytest.mark.parametrize(
    ("query", "greeting"),
    [
        ("", "<p>Hello, whoever you are.</p>"),
        ("?name=", "<p>The name is empty.</p>"),
        ("?name=Ann", "<p>Hello Ann.</p>"),
        ("?name=None", "<p>Hello None.</p>"),
        ("?name=0", "<p>Hello 0.</p>"),
        ("?name=%3Cb%3EAnn", "<p>Hello &lt;b&gt;Ann.</p>"),
    ],
)
def test_exactly_one_branch_is_shown(client, query, greeting):
    page = lines(client, f"/{query}")
    assert [line for line in page if "Hello" in line or line in GREETINGS] == [greeting]


@pytest.mark.point("S2-25")
@pytest.mark.parametrize("path", ["/", "/shopping", "/teas/15", "/sums", "/spaces"])
def test_every_page_has_its_whole_skeleton(client, path):
    page = client.get(path).text
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert page.endswith("</html>")
    assert page.count("<h1>") == page.count("<title>") == page.count("<main>") == 1


@pytest.mark.point("D3-24")
@pytest.mark.parametrize(
    "source",
    [
        "{% if name %}Hello",
        "{% if false %}Hello",
        "{% if a %}A{% else if b %}B{% endif %}",
        "{% endif %}",
        "{% for n in [1] %}{{ n }}",
    ],
)
def test_a_block_that_is_not_closed_by_name_is_a_syntax_error(source):
    with pytest.raises(TemplateSyntaxError):
        rendered(source)


@pytest.mark.point("D3-24")
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% if name %}Hello", "looking for the following tags: 'elif' or 'else' or 'endif'"),
        ("{% if a %}A{% else if b %}B{% endif %}", "'end of statement block', got 'if'"),
        ("{% for n in [1] %}{% break %}{% endfor %}", "Encountered unknown tag 'break'"),
        ("{% for n in [1] %}{% continue %}{% endfor %}", "Encountered unknown tag 'continue'"),
    ],
)
def test_the_error_says_what_is_missing_or_unknown(source, message):
    with pytest.raises(TemplateSyntaxError, match=message):
        rendered(source)


@pytest.mark.point("D3-24")
@pytest.mark.parametrize("value", ["", 0, [], None, {}, False])
def test_what_is_empty_counts_as_false(value):
    assert rendered("{% if v %}yes{% else %}no{% endif %}", v=value) == "no"
    assert rendered("{% if v %}yes{% else %}no{% endif %}") == "no"


@pytest.mark.parametrize(
    ("test", "value", "answer"),
    [
        ("none", None, "True"),
        ("none", "", "False"),
        ("defined", None, "True"),
        ("even", 2, "True"),
        ("even", 3, "False"),
        ("string", "x", "True"),
        ("not string", "x", "False"),
    ],
)
def test_tests_answer_yes_or_no(test, value, answer):
    assert rendered("{{ v is " + test + " }}", v=value) == answer


def test_a_name_that_nobody_handed_over_is_undefined_and_not_none():
    assert rendered("{{ v is defined }} {{ v is none }}") == "False False"


@pytest.mark.point("D3-25")
@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["tea"], [("light", "First", "tea (1 of 1)")]),
        (["a", "b"], [("light", "First", "a (1 of 2)"), ("dark", "Last", "b (2 of 2)")]),
        (
            ["a", "<b>", "", "a"],
            [
                ("light", "First", "a (1 of 4)"),
                ("dark", "Then", "&lt;b&gt; (2 of 4)"),
                ("light", "Then", "(3 of 4)"),
                ("dark", "Last", "a (4 of 4)"),
            ],
        ),
    ],
)
def test_a_loop_knows_its_place(client, items, expected):
    with app.test_request_context():
        path = app.url_for("shopping", item=items)
    wanted = ["<ul>"]
    for shade, place, text in expected:
        wanted += [f'<li class="{shade}">', f"{place}:", text, "</li>"]
    assert lines(client, path) == [*wanted, "</ul>"]


@pytest.mark.point("D3-25")
def test_an_empty_list_prints_the_else(client):
    assert lines(client, "/shopping") == ["<ul>", "<li>Nothing to buy.</li>", "</ul>"]


@pytest.mark.point("D3-25")
@pytest.mark.parametrize(
    ("limit", "items"),
    [
        (7, ["None is that cheap."]),
        (8, ["1 Jasmine"]),
        (15, ["1 Sencha", "2 Jasmine"]),
        (30, ["1 Sencha", "2 Pu&#39;er, aged ten years", "3 Jasmine"]),
    ],
)
def test_a_condition_in_the_for_line_leaves_out_before_counting(client, limit, items):
    expected = [f"<li>{item}</li>" for item in items]
    assert lines(client, f"/teas/{limit}") == ["<ul>", *expected, "</ul>"]


@pytest.mark.parametrize("path", ["/teas/", "/teas/-1", "/teas/x", "/teas/" + "9" * 5000])
def test_a_limit_that_is_no_number_is_not_found(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.point("D3-25")
def test_a_loop_forgets_what_it_set_and_a_namespace_keeps_it(client):
    assert lines(client, "/sums") == [
        "<p>In the loop: 12</p>",
        "<p>In the loop: 30</p>",
        "<p>In the loop: 8</p>",
        "<p>After the loop: 0</p>",
        "<p>In the loop, kept: 12</p>",
        "<p>In the loop, kept: 42</p>",
        "<p>In the loop, kept: 50</p>",
        "<p>After the loop, kept: 50</p>",
        "<p>With the filter: 50</p>",
    ]


@pytest.mark.point("D3-25")
def test_the_variable_of_the_loop_is_gone_after_it_and_what_an_if_set_is_not():
    assert rendered("{% for n in [1] %}{% endfor %}[{{ n }}{{ loop }}]") == "[]"
    assert rendered("{% if true %}{% set n = 5 %}{% endif %}{{ n }}") == "5"


@pytest.mark.point("D3-25")
@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"v": [1, 2]}, "12"),
        ({"v": {"a": 1, "b": 2}}, "ab"),
        ({"v": "ab"}, "ab"),
        ({"v": (n for n in [1, 2])}, "12"),
        ({"v": []}, "nothing"),
        ({}, "nothing"),
    ],
)
def test_for_runs_over_whatever_python_runs_over_and_over_nothing(values, text):
    assert rendered("{% for n in v %}{{ n }}{% else %}nothing{% endfor %}", **values) == text


@pytest.mark.point("D3-25")
def test_for_over_none_is_a_type_error():
    with pytest.raises(TypeError, match="not iterable"):
        rendered("{% for n in v %}{% else %}nothing{% endfor %}", v=None)


@pytest.mark.point("D3-25")
def test_break_comes_with_an_extension():
    shop = Flask("shop")
    shop.jinja_env.add_extension("jinja2.ext.loopcontrols")
    source = "{% for n in [1, 2, 3] %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}"
    assert rendered(source, shop) == "1"
    assert rendered(source.replace("break", "continue"), shop) == "13"


def test_index_counts_from_one_and_index0_from_zero():
    source = "{% for n in 'ab' %}{{ loop.index }}{{ loop.index0 }} {% endfor %}"
    assert rendered(source) == "10 21 "


def test_a_minus_takes_the_white_space_on_its_side(client):
    page = client.get("/spaces").text
    assert "<p>\n\n  Sencha\n\n  Pu&#39;er\n\n  Jasmine\n\n</p>\n" in page
    assert "<p>\n  Sencha\n  Pu&#39;er\n  Jasmine\n</p>\n" in page
    assert "<p>SenchaPu&#39;erJasmine</p>\n" in page


def test_the_first_page_links_to_all_others(client):
    page = client.get("/").text
    for path in ["/shopping?item=tea&amp;item=milk&amp;item=sugar", "/teas/15", "/sums", "/spaces"]:
        assert f'href="{path}"' in page
