"""Templates that choose with ``if`` and repeat with ``for``.

Each test asks for a page of the lesson with Flask's test client and looks at the HTML that comes
back. Begin with test_the_page_greets_by_name.
"""

import pytest

from day03.control_flow import first
from day03.control_flow.app import app
from tests.day03.helpers import lines, texts
from tests.helpers import page


@pytest.fixture
def client():
    return app.test_client()


def test_the_first_program_lists_the_items_or_says_that_there_are_none():
    client = first.app.test_client()
    assert texts(client.get("/?item=tea&item=<b>"), "li") == ["tea", "<b>"]
    assert texts(client.get("/"), "main p") == ["Nothing to buy."]
    assert texts(client.get("/?item=tea"), "main p") == []


def test_the_page_greets_by_name(client):
    response = client.get("/?name=Ann")
    assert response.status_code == 200
    assert "Hello Ann." in response.text


def test_without_a_name_another_branch_is_shown(client):
    response = client.get("/")
    assert "Hello, stranger." in response.text
    assert "The name is empty." not in response.text


def test_the_shopping_list_repeats_a_line_for_each_item(client):
    response = client.get("/shopping?item=tea&item=milk")
    assert texts(response, "li") == ["First: tea (1 of 2)", "Last: milk (2 of 2)"]


def test_an_empty_list_shows_the_else_branch(client):
    assert texts(client.get("/shopping"), "li") == ["Nothing to buy."]


def test_only_teas_up_to_the_limit_are_listed(client):
    assert texts(client.get("/teas/15"), "li") == ["1 Sencha", "2 Jasmine"]


# Edges


GREETINGS = {"<p>Hello, stranger.</p>", "<p>The name is empty.</p>"}


@pytest.mark.parametrize(
    ("query", "greeting"),
    [
        ("", "<p>Hello, stranger.</p>"),
        ("?name=", "<p>The name is empty.</p>"),
        ("?name=Ann", "<p>Hello Ann.</p>"),
        ("?name=None", "<p>Hello None.</p>"),
        ("?name=0", "<p>Hello 0.</p>"),
        ("?name=%3Cb%3EAnn", "<p>Hello &lt;b&gt;Ann.</p>"),
    ],
)
def test_exactly_one_branch_is_shown(client, query, greeting):
    shown = lines(client.get(f"/{query}"))
    assert [line for line in shown if "Hello" in line or line in GREETINGS] == [greeting]


@pytest.mark.parametrize("path", ["/", "/shopping", "/teas/15", "/sums", "/spaces"])
def test_every_page_is_a_whole_html_document(client, path):
    text = client.get(path).text
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert text.endswith("</html>")
    assert text.count("<h1>") == text.count("<title>") == text.count("<main>") == 1


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
def test_a_loop_gives_the_number_the_place_and_a_class_in_turn(client, items, expected):
    with app.test_request_context():
        path = app.url_for("shopping", item=items)
    wanted = ["<ul>"]
    for shade, place, text in expected:
        wanted += [f'<li class="{shade}">', f"{place}:", text, "</li>"]
    assert lines(client.get(path)) == [*wanted, "</ul>"]


@pytest.mark.parametrize(
    ("limit", "items"),
    [
        (7, ["No tea is that cheap."]),
        (8, ["1 Jasmine"]),
        (15, ["1 Sencha", "2 Jasmine"]),
        (30, ["1 Sencha", "2 Pu&#39;er, aged ten years", "3 Jasmine"]),
    ],
)
def test_a_condition_in_the_for_line_comes_before_the_count(client, limit, items):
    expected = [f"<li>{item}</li>" for item in items]
    assert lines(client.get(f"/teas/{limit}")) == ["<ul>", *expected, "</ul>"]


@pytest.mark.parametrize("path", ["/teas/", "/teas/-1", "/teas/x", "/teas/" + "9" * 5000])
def test_a_limit_that_is_not_a_number_is_404(client, path):
    assert client.get(path).status_code == 404


def test_what_a_loop_sets_is_lost_and_what_a_namespace_holds_is_kept(client):
    assert lines(client.get("/sums")) == [
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


def test_a_minus_removes_the_white_space_on_its_side(client):
    text = client.get("/spaces").text
    assert "<p>\n\n  Sencha\n\n  Pu&#39;er\n\n  Jasmine\n\n</p>\n" in text
    assert "<p>\n  Sencha\n  Pu&#39;er\n  Jasmine\n</p>\n" in text
    assert "<p>SenchaPu&#39;erJasmine</p>\n" in text


def test_the_first_page_links_to_all_others(client):
    links = [link["href"] for link in page(client.get("/")).select("a")]
    assert links == ["/shopping?item=tea&item=milk&item=sugar", "/teas/15", "/sums", "/spaces"]
