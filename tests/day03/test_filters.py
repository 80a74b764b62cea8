import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, TemplateAssertionError, TemplateRuntimeError
from markupsafe import escape

from day03.filters import app as lesson
from day03.filters.app import app
from day03.filters.examples import EXAMPLES

# What each example of the lesson gives, in its order. An iterator prints its place in memory,
# which nobody knows before.
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
        ("owner|default('nobody')", "nobody"),
        ("owner|default('nobody')", "Ann"),
        ("owner|default('nobody')", ""),
        ("owner|default('nobody')", "None"),
        ("owner|default('nobody', true)", "nobody"),
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


def rendered(template, **values):
    return app.jinja_env.from_string(template).render(**values)


def without_address(text):
    return re.sub("0x[0-9a-fA-F]+", "...", text)


class Table(HTMLParser):
    """Reads the rows of a table as lists of texts."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.in_cell = False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.in_cell = False

    def handle_data(self, data):
        if self.in_cell:
            self.rows[-1][-1] += data


def matches(result, expected):
    """Tell whether a row shows what it should: a text, or the name of an error."""
    if expected is TypeError:
        return result.startswith("TypeError: ")
    return without_address(result) == expected


@pytest.mark.point(
    "D3-09",
    "D3-10",
    "D3-11",
    "D3-12",
    "D3-13",
    "D3-14",
    "D3-15",
    "D3-16",
    "D3-17",
    "D3-18",
    "D3-19",
)
@pytest.mark.parametrize(("expression", "values", "expected"), PAIRS)
def test_a_template_prints_what_the_table_says(expression, values, expected):
    template = "{{ " + expression + " }}"
    if expected is TypeError:
        with pytest.raises(TypeError):
            rendered(template, **values)
    else:
        assert without_address(html.unescape(rendered(template, **values))) == expected


@pytest.mark.parametrize("name", RESULTS)
def test_the_examples_of_a_filter_are_sent_as_json(client, name):
    response = client.get(f"/filters/{name}")
    assert [row["expression"] for row in response.json] == [row[0] for row in RESULTS[name]]
    for row, (_, expected) in zip(response.json, RESULTS[name], strict=True):
        assert matches(row["result"], expected), row


def test_the_page_is_a_table_of_all_examples_and_nothing_is_lost_in_it(client):
    table = Table()
    table.feed(client.get("/").text)
    heads, *rows = table.rows
    assert heads == ["Filter", "Input", "Expression", "Result"]
    wanted = [each for results in RESULTS.values() for each in results]
    assert [row[0] for row in rows if len(row) == 4] == list(RESULTS)
    for row, (expression, expected) in zip(rows, wanted, strict=True):
        assert row[-2] == expression
        assert matches(row[-1], expected), row
    assert rows[0] == ["capitalize", "text = 'hELLO wORLD'", "text|capitalize", "Hello world"]
    assert "text = '<scr<script>ipt>alert(1)</script>'" in [row[-3] for row in rows]


@pytest.mark.parametrize("name", ["nothing", "Title", "__class__", "%00"])
def test_a_filter_without_examples_is_not_found(client, name):
    response = client.get(f"/filters/{name}")
    assert response.status_code == 404
    assert "There are examples for capitalize, lower," in response.text


@pytest.mark.point("D3-10")
@pytest.mark.parametrize(
    ("template", "printed"),
    [("{{ 1.50|upper }}", "1.5"), ("{{ none|lower }}", "none"), ("{{ true|upper }}", "TRUE")],
)
def test_other_values_become_text_first(template, printed):
    assert rendered(template) == printed


@pytest.mark.point("D3-13")
@pytest.mark.parametrize(
    "template", ["{{ n|reverse|join(', ') }}", "{{ n|reverse|list|join(', ') }}"]
)
def test_a_reversed_list_can_be_joined(template):
    assert rendered(template, n=[1, 2, 3]) == "3, 2, 1"


@pytest.mark.point("D3-14")
def test_braces_are_for_the_method_of_the_text():
    assert rendered("{{ '{} cups'.format(7) }}") == "7 cups"
    with pytest.raises(TypeError, match="not all arguments converted"):
        rendered("{{ '{} cups'|format(7) }}")


@pytest.mark.point("D3-15")
def test_striptags_is_no_sanitiser():
    attack = "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert rendered("{{ text|striptags }}", text=attack) == attack
    assert rendered("{{ text|striptags|safe }}", text=attack) == "<script>alert(1)</script>"


@pytest.mark.point("D3-16")
def test_an_end_of_an_empty_list_is_undefined():
    for end in ["first", "last"]:
        assert rendered(f"{{{{ n|{end} is undefined }}}}", n=[]) == "True"
        assert rendered(f"{{{{ n|{end}|default('none') }}}}", n=[]) == "none"
        assert rendered(f"{{{{ n|{end} is undefined }}}}", n=[None]) == "False"


@pytest.mark.point("D3-17")
def test_some_filters_have_two_names():
    filters = app.jinja_env.filters
    assert filters["count"] is filters["length"]
    assert filters["d"] is filters["default"]
    assert 45 < len(filters) < 65


@pytest.mark.point("D3-19")
def test_filters_are_jinjas_own_and_work_without_flask():
    template = Environment(autoescape=True).from_string("{{ text|trim|upper }}")
    assert template.render(text=" hello ") == "HELLO"


def test_a_filter_does_not_lift_the_escaping():
    words = ["<b>", "tea"]
    assert rendered("{{ w|join('<br>') }}", w=words) == "&lt;b&gt;&lt;br&gt;tea"
    assert rendered("{{ w|join('<br>'|safe) }}", w=words) == "&lt;b&gt;<br>tea"
    assert rendered("{{ w|first|upper|reverse }}", w=words) == "&gt;B&lt;"


def test_an_unknown_filter_is_noticed_before_rendering_except_in_an_if():
    with pytest.raises(TemplateAssertionError, match="No filter named 'tilte'"):
        app.jinja_env.from_string("{{ name|tilte }}")
    template = "{% if name %}{{ name|tilte }}{% endif %}"
    assert rendered(template) == ""
    with pytest.raises(TemplateRuntimeError, match="No filter named 'tilte'"):
        rendered(template, name="Ann")


@pytest.mark.point("D3-19")
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


@pytest.mark.parametrize("query", ["drink=beer", "drink=tea&drink=Tea", "drink=", "drink=%00"])
def test_a_drink_that_is_not_on_the_list_is_refused(client, query):
    response = client.get("/receipt", query_string=query)
    assert response.status_code == 400
    assert "We have tea, coffee, cocoa." in response.text


def test_the_links_lead_to_the_pages(client):
    page = client.get("/", base_url="http://localhost/below").text
    links = [html.unescape(link) for link in re.findall('href="(.*?)"', page)]
    assert links[3:] == [f"/below/filters/{name}" for name in RESULTS]
    assert "For Ann Lee" in client.get(links[1].removeprefix("/below")).text
    assert client.get(links[2].removeprefix("/below")).status_code == 200
