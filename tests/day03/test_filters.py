"""Jinja's own filters: a table of examples, and a receipt that its template makes.

Begin with test_the_page_shows_what_a_filter_does.
"""

import html
import re
from pathlib import Path

import pytest
from jinja2 import TemplateSyntaxError, UndefinedError
from markupsafe import escape

from day03.filters import app as lesson
from day03.filters import first
from day03.filters.app import app
from day03.filters.examples import EXAMPLES
from tests.helpers import page


@pytest.fixture
def client():
    return app.test_client()


@pytest.fixture(scope="module")
def index():
    """Give the page of all examples, parsed once for several tests; its links begin with /below."""
    return page(app.test_client().get("/", base_url="http://localhost/below"))


def test_the_page_shows_what_a_filter_does(index):
    row = index.select("tbody tr")[0]
    assert [cell.text for cell in row.select("th, td")] == [
        "capitalize",
        "text = 'hELLO wORLD'",
        "text|capitalize",
        "Hello world",
    ]


def test_the_examples_of_one_filter_come_as_json(client):
    response = client.get("/filters/lower")
    assert response.status_code == 200
    assert response.json == [
        {"input": "text = 'Green TEA'", "expression": "text|lower", "result": "green tea"}
    ]


def test_the_receipt_counts_and_adds_what_was_ordered(client):
    response = client.get("/receipt?guest=ann+lee&drink=tea&drink=cocoa")
    found = page(response)
    assert found.select_one("main p").text == "For Ann Lee"
    assert [each.text for each in found.select("dd")] == ["2: Tea, cocoa", "cocoa", "7.00 EUR"]


def test_without_a_guest_the_receipt_has_a_default(client):
    assert page(client.get("/receipt")).select_one("main p").text == "For our guest"


def test_a_drink_that_is_not_on_the_list_is_400(client):
    response = client.get("/receipt?drink=beer")
    assert response.status_code == 400
    assert "We have tea, coffee, cocoa." in response.text


def test_the_template_of_the_first_program_changes_plain_values():
    found = page(first.app.test_client().get("/"))
    assert found.h1.text == "For Ann Lee"
    assert [each.text for each in found.select("main p")] == ["2 drinks: tea, cocoa", "7 EUR"]


# The table of the notes

NOTES = (Path(lesson.__file__).parent / "README.md").read_text("utf-8")
CELL = r"(?:[^|\\\n]|\\\|)+"
ROWS = re.findall(rf"^\| ({CELL}) \| {CELL} \| `({CELL})` \| `({CELL})` \|$", NOTES, re.MULTILINE)


def test_the_table_of_the_notes_has_every_filter_of_the_examples():
    named = {name for names, _, _ in ROWS for name in re.findall(r"`(\w+)`", names)}
    assert len(ROWS) == NOTES.count("\n| `"), "a row has another form than the test reads"
    assert {*EXAMPLES} - {"chain"} <= named
    assert named <= {*app.jinja_env.filters}


@pytest.mark.parametrize(("names", "example", "result"), ROWS)
def test_an_example_in_the_table_of_the_notes_has_this_result(names, example, result):
    expression = example.replace(r"\|", "|")
    assert any(f"|{name}" in expression for name in re.findall(r"`(\w+)`", names))
    template = app.jinja_env.from_string("{{ " + expression + " }}")
    assert html.unescape(template.render()) == result


# The examples of the lesson


# What each example of the lesson gives, in its order. An iterator prints its place in memory,
# which differs from run to run.
RESULTS = {
    "capitalize": [("text|capitalize", "Hello world")],
    "lower": [("text|lower", "green tea")],
    "upper": [("text|upper", "GREEN TEA"), ("answer|upper", "TRUE")],
    "title": [("text|title", "World It's Foo-Bar")],
    "trim": [("'[' ~ text|trim ~ ']'", "[green tea]"), ("text|trim('*')", "2 * 3")],
    "reverse": [
        ("text|reverse", "aet"),
        ("numbers|reverse", "<list_reverseiterator object at ...>"),
        ("numbers|reverse|list", "[3, 2, 1]"),
    ],
    "format": [
        ("text|format('王', 7)", "王: 7 cups"),
        ("text|format(2.5)", "2.50 EUR"),
        ("text|format('seven')", TypeError),
        ("text|format(7)", TypeError),
    ],
    "striptags": [
        ("text|striptags", "Green tea"),
        ("text|striptags", "5 3"),
        ("text|striptags", "ipt>alert(1)"),
        ("text|striptags", "<script>"),
    ],
    "first": [
        ("numbers|first", "1"),
        ("numbers|first", ""),
        ("text|first", "t"),
        ("prices|first", "tea"),
    ],
    "last": [
        ("numbers|last", "4"),
        ("numbers|last", ""),
        ("text|last", "a"),
        ("prices|last", "cocoa"),
    ],
    "length": [
        ("numbers|length", "4"),
        ("numbers|count", "4"),
        ("text|length", "5"),
        ("prices|length", "2"),
        ("number|length", TypeError),
    ],
    "sum": [
        ("numbers|sum", "10"),
        ("numbers|sum", "0"),
        ("drinks|sum(attribute='price')", "7"),
        ("words|sum", TypeError),
        ("words|sum(start='')", TypeError),
    ],
    "join": [
        ("words|join", "greentea"),
        ("numbers|join(', ')", "1, 2, 3"),
        ("drinks|join(' and ', attribute='name')", "tea and cocoa"),
    ],
    "default": [
        ("owner|default('no owner')", "no owner"),
        ("owner|default('no owner')", "Ann"),
        ("owner|default('no owner')", ""),
        ("owner|default('no owner')", "None"),
        ("owner|default('no owner', true)", "no owner"),
        ("cups|default('none', true)", "none"),
    ],
    "chain": [
        ("text|trim|upper", "HELLO"),
        ("text|title|reverse", "aeT"),
        ("text|reverse|title", "Aet"),
        ("text ~ 'pot'|upper", "teaPOT"),
        ("(text ~ 'pot')|upper", "TEAPOT"),
    ],
}


PAIRS = [
    pytest.param(expression, values, expected, id=f"{name}-{number}")
    for name, results in RESULTS.items()
    for number, ((expression, values), (_, expected)) in enumerate(
        zip(EXAMPLES[name], results, strict=True)
    )
]


def without_address(text):
    """Return the text with dots in place of a place in memory."""
    return re.sub("0x[0-9a-fA-F]+", "...", text)


def matches(result, expected):
    """Tell whether a row shows what it should: a text, or the name of an exception."""
    if expected is TypeError:
        return result.startswith("TypeError: ")
    return without_address(result) == expected


@pytest.mark.parametrize(("expression", "values", "expected"), PAIRS)
def test_a_template_prints_what_the_table_says(expression, values, expected):
    template = app.jinja_env.from_string("{{ " + expression + " }}")
    if expected is TypeError:
        with pytest.raises(TypeError):
            template.render(**values)
    else:
        assert without_address(html.unescape(template.render(**values))) == expected


@pytest.mark.parametrize("name", RESULTS)
def test_the_examples_of_a_filter_are_sent_as_json(client, name):
    response = client.get(f"/filters/{name}")
    assert [row["expression"] for row in response.json] == [row[0] for row in RESULTS[name]]
    for row, (_, expected) in zip(response.json, RESULTS[name], strict=True):
        assert matches(row["result"], expected), row


def test_the_page_is_a_table_of_all_examples_and_escapes_them(index):
    assert [head.text for head in index.select("thead th")] == [
        "Filter",
        "Input",
        "Expression",
        "Result",
    ]
    assert [name.text for name in index.select("tbody th")] == list(RESULTS)
    assert [int(name["rowspan"]) for name in index.select("tbody th")] == [
        len(results) for results in RESULTS.values()
    ]
    rows = [[cell.text for cell in row.select("td")] for row in index.select("tbody tr")]
    wanted = [each for results in RESULTS.values() for each in results]
    for row, (expression, expected) in zip(rows, wanted, strict=True):
        assert row[1] == expression
        assert matches(row[2], expected), row
    assert "text = '<scr<script>ipt>alert(1)</script>'" in [row[0] for row in rows]


@pytest.mark.parametrize("name", ["nothing", "Title", "__class__", "%00"])
def test_a_filter_without_examples_is_404(client, name):
    response = client.get(f"/filters/{name}")
    assert response.status_code == 404
    assert "There are examples for capitalize, lower," in response.text


@pytest.mark.parametrize(
    ("expression", "error"),
    [("1 / 0", ZeroDivisionError), ("owner.name", UndefinedError), ("1 +", TemplateSyntaxError)],
)
def test_only_a_type_error_is_shown_as_a_result(expression, error):
    assert lesson.evaluate("1 + 'a'", {}).startswith("TypeError: ")
    with pytest.raises(error):
        lesson.evaluate(expression, {})


# The receipt


@pytest.mark.parametrize(
    ("query", "guest", "drinks"),
    [
        ("", "our guest", ["0: ", "nothing yet", "0.00 EUR"]),
        ("guest=+&drink=tea", "our guest", ["1: Tea", "tea", "4.00 EUR"]),
        (
            "guest=+ann+lee+&drink=tea&drink=cocoa",
            "Ann Lee",
            ["2: Tea, cocoa", "cocoa", "7.00 EUR"],
        ),
        ("guest=王&drink=tea&drink=tea", "王", ["2: Tea, tea", "tea", "8.00 EUR"]),
        ("guest=<b>&drink=coffee", "&lt;B&gt;", ["1: Coffee", "coffee", "5.00 EUR"]),
    ],
)
def test_the_receipt_is_made_by_its_template(client, query, guest, drinks):
    response = client.get("/receipt", query_string=query)
    assert re.findall("<p>(.*)</p>", response.text) == [f"For {guest}"]
    assert re.findall("<dd>(.*)</dd>", response.text) == drinks
    file = Path(lesson.__file__).parent / "templates/receipt.html"
    assert f"<pre><code>{escape(file.read_text('utf-8'))}</code></pre>" in response.text


@pytest.mark.parametrize("query", ["drink=tea&drink=Tea", "drink=", "drink=%00"])
def test_one_drink_that_is_not_on_the_list_refuses_the_order(client, query):
    assert client.get("/receipt", query_string=query).status_code == 400


def test_the_links_lead_to_the_pages(client, index):
    links = [link["href"] for link in index.select("a")]
    assert links[3:] == [f"/below/filters/{name}" for name in RESULTS]
    assert "For Ann Lee" in client.get(links[1].removeprefix("/below")).text
    assert client.get(links[2].removeprefix("/below")).status_code == 200
