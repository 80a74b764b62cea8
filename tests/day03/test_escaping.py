"""The text of a visitor in five places of a page, with and without protection.

A page of the lesson has two sections: ``danger`` shows the attack, ``defence`` the protection.
Begin with test_a_comment_becomes_markup_only_on_the_unsafe_side.
"""

import json
import re
from pathlib import Path

import pytest
from markupsafe import Markup, escape

from day03.escaping import app as lesson
from day03.escaping import first
from day03.escaping.app import app, check_url, strong, strong_unsafe
from tests.helpers import page

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def client():
    return app.test_client()


def printed(client, path, text, tag):
    """Return the elements of this name in the two sections of the page for a text."""
    response = client.get(path, query_string={"text": text})
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    found = page(response)
    return found.select(f"#danger {tag}"), found.select(f"#defence {tag}")


def test_the_first_program_prints_a_script_as_text():
    found = page(first.app.test_client().get("/", query_string={"text": SCRIPT}))
    assert found.select("script") == []
    assert found.select_one("main p").text == SCRIPT


def test_a_comment_becomes_markup_only_on_the_unsafe_side(client):
    danger, defence = printed(client, "/", "<em>tea</em>", "em")
    assert [element.text for element in danger] == ["tea"]
    assert defence == []


def test_a_script_in_a_comment_is_shown_as_text_on_the_safe_side(client):
    _, [paragraph] = printed(client, "/", SCRIPT, "p")
    assert paragraph.text == SCRIPT


def test_a_value_in_quotes_is_one_attribute(client):
    danger, defence = printed(client, "/attribute", "green tea", "input")
    assert danger[0].attrs == {"value": "green", "tea": ""}
    assert defence[0].attrs == {"value": "green tea"}


def test_a_text_in_a_script_is_written_with_tojson(client):
    _, [script] = printed(client, "/script", 'the "best" tea', "script")
    assert r'textContent = "the \"best\" tea";' in script.text


def test_only_urls_of_the_web_become_links():
    assert check_url("https://example.com/") == "https://example.com/"
    assert check_url("javascript:alert(1)") == "about:blank"


# Attacks


@pytest.mark.parametrize("path", ["/", "/python"])
@pytest.mark.parametrize(
    ("attack", "tag", "attributes", "inside"),
    [
        (SCRIPT, "script", {}, "alert(1)"),
        ("<img src=x onerror=alert(1)>", "img", {"src": "x", "onerror": "alert(1)"}, ""),
        ("<em>tea</em>", "em", {}, "tea"),
    ],
)
def test_markup_of_a_comment_is_real_on_one_side_only(
    client, path, attack, tag, attributes, inside
):
    [danger], defence = printed(client, path, attack, tag)
    assert (danger.attrs, danger.text) == (attributes, inside)
    assert defence == []
    _, [defence] = printed(client, path, attack, "p")
    assert defence.text == attack


@pytest.mark.parametrize(
    ("attack", "attributes"),
    [
        (
            "x onfocus=alert(1) autofocus",
            {"value": "x", "onfocus": "alert(1)", "autofocus": ""},
        ),
        (
            '" onfocus=alert(1) autofocus x="',
            {"value": '"', "onfocus": "alert(1)", "autofocus": "", "x": '"'},
        ),
        ("x\tonclick=alert(1)", {"value": "x", "onclick": "alert(1)"}),
    ],
)
def test_a_value_without_quotes_becomes_attributes(client, attack, attributes):
    danger, defence = printed(client, "/attribute", attack, "input")
    assert [found.attrs for found in danger] == [attributes]
    assert [found.attrs for found in defence] == [{"value": attack}]


@pytest.mark.parametrize("text", ["><script>alert(1)</script>", "'>", '">', "a > b & c"])
def test_a_value_in_quotes_stays_the_value(client, text):
    found = page(client.get("/attribute", query_string={"text": text}))
    assert [field.attrs for field in found.select("#defence input")] == [{"value": text}]
    assert found.select("#defence script") == []
    assert found.select_one("form input")["value"] == text


def test_a_quote_in_the_text_ends_the_string_of_a_script_with_safe(client):
    attack = '"; alert(1); "'
    danger, defence = printed(client, "/script", attack, "script")
    assert [script.text.strip() for script in danger] == [
        'document.getElementById("danger-text").textContent = ""; alert(1); "";'
    ]
    assert [script.text.strip() for script in defence] == [
        r'document.getElementById("defence-text").textContent = "\"; alert(1); \"";'
    ]


def test_an_end_tag_in_the_text_ends_a_script_with_safe_and_another_begins(client):
    danger, defence = printed(client, "/script", f"</script>{SCRIPT}", "script")
    assert [script.text for script in danger][1:] == ["alert(1)"]
    assert len(defence) == 1


@pytest.mark.parametrize(
    "text", [f"</script>{SCRIPT}", '"', "'", "\\", "a\nb", "<!--<script>", "&lt;", "王", ""]
)
def test_tojson_writes_a_literal_of_the_same_text(client, text):
    response = client.get("/script", query_string={"text": text})
    # Cut out by its place, since the unsafe section may contain end tags of its own.
    literal = re.search(r'"defence-text"\)\.textContent = (.*);$', response.text, re.MULTILINE)[1]
    assert json.loads(literal) == text
    assert not set("<>&'") & set(literal)


@pytest.mark.parametrize(
    "attack",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "javascript:'https://example.com/';alert(1)",
        "//evil.example",
        "httpx://evil.example",
        "https:evil.example",
        "",
    ],
)
def test_escaping_does_not_disarm_a_url_but_a_check_of_it_does(client, attack):
    danger, defence = printed(client, "/link", attack, "a")
    assert [link["href"] for link in danger] == [attack]
    assert [link["href"] for link in defence] == ["about:blank"]


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://example.com/?a=1&b=2", 'https://x/"onclick="y']
)
def test_urls_of_the_web_are_linked_and_stay_in_their_quotes(client, url):
    _, defence = printed(client, "/link", url, "a")
    assert [link.attrs for link in defence] == [{"href": url}]
    assert check_url(url) == url


def test_markup_escapes_what_is_put_into_it_and_an_f_string_comes_too_early():
    assert strong_unsafe("<b>") == "<strong><b></strong>"
    assert strong("<b>") == "<strong>&lt;b&gt;</strong>"
    assert strong(Markup("<b>")) == "<strong><b></strong>"


# Files and pages


def test_the_ending_of_the_file_decides_what_is_escaped(client):
    assert client.get("/endings", query_string={"text": "<b>&\"'"}).json == {
        "htm": "&lt;b&gt;&amp;&#34;&#39;",
        "html": "&lt;b&gt;&amp;&#34;&#39;",
        "xhtml": "&lt;b&gt;&amp;&#34;&#39;",
        "xml": "&lt;b&gt;&amp;&#34;&#39;",
        "svg": "&lt;b&gt;&amp;&#34;&#39;",
        "render_template_string": "&lt;b&gt;&amp;&#34;&#39;",
        "txt": "<b>&\"'",
        "js": "<b>&\"'",
        "html.j2": "<b>&\"'",
    }
    folder = Path(lesson.__file__).parent / "templates/endings"
    files = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert files == {f"note.{ending}": "{{ text }}\n" for ending in lesson.ENDINGS}


PAGES = {
    "/": "comment",
    "/attribute": "attribute",
    "/script": "script",
    "/link": "link",
    "/python": "python",
}


@pytest.mark.parametrize(("path", "template"), PAGES.items())
def test_a_page_shows_its_template_as_text(client, path, template):
    file = Path(lesson.__file__).parent / f"templates/{template}.html"
    shown = f"<pre><code>{escape(file.read_text('utf-8'))}</code></pre>"
    assert shown in client.get(path).text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_harmless_until_the_link_to_its_attack_is_followed(client, path):
    response = client.get(path, base_url="http://localhost/below")
    links = [link["href"] for link in page(response).select("a")]
    assert links[:6] == [f"/below{each}" for each in [*PAGES, "/endings"]]
    attack = links[6].removeprefix("/below")
    assert attack.startswith(f"{path}?text=")
    assert "alert" in attack
    assert "alert" not in response.text.replace(links[6], "")
    attacked = client.get(attack)
    assert attacked.status_code == 200
    assert "alert(1)" in str(page(attacked).select_one("#danger"))


@pytest.mark.parametrize("query", ["text=%00", "text=%ff", "text=a&text=b"])
@pytest.mark.parametrize("path", [*PAGES, "/endings"])
def test_any_text_gets_a_page(client, path, query):
    assert client.get(path, query_string=query).status_code == 200
