import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask, Response, render_template, render_template_string
from jinja2 import DictLoader
from markupsafe import Markup, escape

from day03.escaping import app as lesson
from day03.escaping.app import app, strong, strong_unsafe, web_address

SCRIPT = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """Reads HTML and keeps the elements, each with its section and the text it begins with."""

    def __init__(self):
        super().__init__()
        self.section = None
        self.elements = []
        self.texts = []
        self.open = False

    def handle_starttag(self, tag, attrs):
        if tag == "section":
            self.section = dict(attrs)["id"]
        self.elements.append((self.section, tag, dict(attrs)))
        self.texts.append("")
        self.open = tag != "input"  # an element that holds no text

    def handle_data(self, data):
        if self.open:
            self.texts[-1] += data

    def handle_endtag(self, tag):
        self.open = False


def elements(html, tag, section=None):
    """Return attributes and text of the elements of this name, in one section or before all."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return [
        (attributes, text)
        for (where, name, attributes), text in zip(reader.elements, reader.texts, strict=True)
        if name == tag and where == section
    ]


def printed(client, path, text, tag):
    """Return the elements of this name on the two sides of the page for a text."""
    response = client.get(path, query_string={"text": text})
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    return tuple(elements(response.text, tag, side) for side in ("danger", "defence"))


def rendered(template, **values):
    return app.jinja_env.from_string(template).render(**values)


@pytest.mark.point("D3-07", "D3-08")
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
    danger, defence = printed(client, path, attack, tag)
    assert [attrs for attrs, _ in danger] == [attributes]
    assert danger[0][1].strip() == inside
    assert defence == []
    _, defence = printed(client, path, attack, "p" if path == "/" else "strong")
    assert [text.strip() for _, text in defence] == [attack]


@pytest.mark.point("D3-08")
@pytest.mark.parametrize(
    ("attack", "attributes"),
    [
        (
            "x onfocus=alert(1) autofocus",
            {"value": "x", "onfocus": "alert(1)", "autofocus": None},
        ),
        (
            '" onfocus=alert(1) autofocus x="',
            {"value": '"', "onfocus": "alert(1)", "autofocus": None, "x": '"'},
        ),
        ("x\tonclick=alert(1)", {"value": "x", "onclick": "alert(1)"}),
    ],
)
def test_a_value_without_quotes_becomes_attributes(client, attack, attributes):
    danger, defence = printed(client, "/attribute", attack, "input")
    assert [found for found, _ in danger] == [attributes]
    assert [found for found, _ in defence] == [{"value": attack}]


@pytest.mark.point("D3-08")
@pytest.mark.parametrize("text", ["><script>alert(1)</script>", "'>", '">', "a > b & c"])
def test_a_value_in_quotes_stays_the_value(client, text):
    page = client.get("/attribute", query_string={"text": text}).text
    assert elements(page, "input", "defence") == [({"value": text}, "")]
    assert elements(page, "script", "defence") == []
    assert elements(page, "input")[0][0]["value"] == text


@pytest.mark.point("D3-08")
def test_a_script_between_quotes_with_safe_is_left_by_its_own_quote(client):
    attack = '"; alert(1); "'
    danger, defence = printed(client, "/script", attack, "script")
    assert [text.strip() for _, text in danger] == [
        'document.getElementById("careless").textContent = ""; alert(1); "";'
    ]
    assert [text.strip() for _, text in defence] == [
        r'document.getElementById("careful").textContent = "\"; alert(1); \"";'
    ]


@pytest.mark.point("D3-08")
def test_a_script_with_safe_is_ended_by_a_tag_and_another_begins(client):
    danger, defence = printed(client, "/script", f"</script>{SCRIPT}", "script")
    assert [text for _, text in danger][1] == "alert(1)"
    assert len(danger) == 2
    assert len(defence) == 1


@pytest.mark.point("D3-08")
@pytest.mark.parametrize(
    "text", [f"</script>{SCRIPT}", '"', "'", "\\", "a\nb", "<!--<script>", "&lt;", "王", ""]
)
def test_tojson_writes_a_literal_that_says_the_text(client, text):
    page = client.get("/script", query_string={"text": text}).text
    # Cut out by its place, since the left side may have swallowed the tags.
    literal = re.search(r'"careful"\)\.textContent = (.*);$', page, re.MULTILINE)[1]
    assert json.loads(literal) == text
    assert not set("<>&'") & set(literal)


@pytest.mark.point("D3-08")
def test_plain_escaping_in_a_script_is_too_much_and_too_little():
    assert rendered('<script>"{{ text }}"</script>', text='"') == '<script>"&#34;"</script>'
    assert rendered('<script>"{{ text }}"</script>', text="\\") == '<script>"\\"</script>'
    assert rendered("<script>{{ text }}</script>", text="alert(1)") == "<script>alert(1)</script>"


@pytest.mark.point("D3-08")
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
def test_escaping_does_not_cure_an_address_but_a_look_at_it_does(client, attack):
    danger, defence = printed(client, "/link", attack, "a")
    assert [attributes["href"] for attributes, _ in danger] == [attack]
    assert [attributes["href"] for attributes, _ in defence] == ["about:blank"]


@pytest.mark.point("D3-08")
@pytest.mark.parametrize(
    "address", ["https://example.com/", "http://example.com/?a=1&b=2", 'https://x/"onclick="y']
)
def test_addresses_of_the_web_are_linked_and_stay_in_their_quotes(client, address):
    _, defence = printed(client, "/link", address, "a")
    assert [attributes for attributes, _ in defence] == [{"href": address}]
    assert web_address(address) == address


@pytest.mark.point("D3-07")
def test_safe_concerns_one_value_at_one_place():
    page = rendered("{{ text|safe }} {{ text }} {{ other }}", text="<b>", other="<i>")
    assert page == "<b> &lt;b&gt; &lt;i&gt;"


@pytest.mark.point("D3-07")
def test_autoescape_false_concerns_a_region():
    region = (
        "{{ text }} {% autoescape false %}{{ text }} {{ text|e }}{% endautoescape %} {{ text }}"
    )
    assert rendered(region, text="<b>") == "&lt;b&gt; <b> &lt;b&gt; &lt;b&gt;"


@pytest.mark.point("D3-07")
def test_the_ending_of_the_file_decides(client):
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


@pytest.mark.point("D3-07")
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("note.html", "{{ text }}", "&lt;b&gt;"),
        ("note.HTML", "{{ text }}", "<b>"),
        ("note.j2", "{{ text }}", "<b>"),
        ("note.j2", "{{ text|e }}", "&lt;b&gt;"),
    ],
)
def test_capitals_and_other_endings_do_not_escape(name, content, expected):
    shop = Flask("shop")
    shop.jinja_loader = DictLoader({name: content})
    with shop.app_context():
        assert render_template(name, text="<b>") == expected


@pytest.mark.point("D3-07")
def test_a_text_template_is_a_page_until_it_is_sent_as_text():
    shop = Flask("shop")
    shop.jinja_loader = DictLoader({"note.txt": "{{ text }}"})

    @shop.get("/page")
    def as_page():
        return render_template("note.txt", text=SCRIPT)

    @shop.get("/text")
    def as_text():
        return Response(render_template("note.txt", text=SCRIPT), mimetype="text/plain")

    client = shop.test_client()
    careless, careful = client.get("/page"), client.get("/text")
    assert careless.text == careful.text == SCRIPT
    assert (careless.mimetype, careful.mimetype) == ("text/html", "text/plain")


@pytest.mark.point("D3-07", "D3-08")
def test_render_template_string_escapes_values():
    with app.app_context():
        page = render_template_string("<p>{{ text }}</p><p>{{ text|safe }}</p>", text=SCRIPT)
    assert [text for _, text in elements(page, "script")] == ["alert(1)"]
    assert elements(page, "p")[0] == ({}, SCRIPT)


@pytest.mark.point("D3-07")
def test_markup_escapes_what_is_put_into_it_and_an_f_string_comes_too_early():
    assert strong_unsafe("<b>") == "<strong><b></strong>"
    assert strong("<b>") == "<strong>&lt;b&gt;</strong>"
    assert Markup("<i>%s</i>") % "<b>" == "<i>&lt;b&gt;</i>"
    assert Markup("<i>") + "<b>" == "<i>&lt;b&gt;"
    assert "<b>" + Markup("<i>") == "&lt;b&gt;<i>"
    assert strong(Markup("<b>")) == "<strong><b></strong>"
    assert rendered("{{ text }}", text=strong("<b>")) == "<strong>&lt;b&gt;</strong>"


@pytest.mark.point("D3-07")
def test_the_five_characters_and_no_double_escaping():
    assert str(escape("""<>&"'""")) == "&lt;&gt;&amp;&#34;&#39;"
    assert escape(escape("<")) == "&lt;"
    assert rendered("{{ text|e|e }}", text="<") == "&lt;"
    assert isinstance(app.jinja_env.filters["safe"]("<b>"), Markup)


@pytest.mark.point("D3-08")
def test_an_attribute_that_is_a_script_undoes_the_escaping():
    attack = "'); alert(1); ('"
    careless = rendered("""<a onclick="greet('{{ name }}')">""", name=attack)
    careful = rendered('<a data-name="{{ name }}">', name=attack)
    assert "&#39;" in careless
    assert elements(careless, "a") == [({"onclick": "greet(''); alert(1); ('')"}, "")]
    assert elements(careful, "a") == [({"data-name": attack}, "")]


@pytest.mark.point("D3-08")
def test_tojson_in_an_attribute_wants_single_quotes():
    attack = " onfocus=alert(1) autofocus '"
    careless = rendered('<a data-tea="{{ tea|tojson }}">', tea=attack)
    careful = rendered("<a data-tea='{{ tea|tojson }}'>", tea=attack)
    assert elements(careless, "a")[0][0]["onfocus"] == "alert(1)"
    [(attributes, _)] = elements(careful, "a")
    assert list(attributes) == ["data-tea"]
    assert json.loads(attributes["data-tea"]) == attack


PAGES = {
    "/": "comment",
    "/attribute": "attribute",
    "/script": "script",
    "/link": "link",
    "/python": "python",
}


@pytest.mark.parametrize(("path", "template"), PAGES.items())
def test_the_source_stands_beside_the_result_as_text(client, path, template):
    file = Path(lesson.__file__).parent / f"templates/{template}.html"
    shown = f"<pre><code>{escape(file.read_text('utf-8'))}</code></pre>"
    assert shown in client.get(path).text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_harmless_until_the_link_to_its_attack_is_followed(client, path):
    page = client.get(path, base_url="http://localhost/below").text
    links = [attributes["href"] for attributes, _ in elements(page, "a")]
    assert links[:6] == [f"/below{each}" for each in [*PAGES, "/endings"]]
    attack = links[6].removeprefix("/below")
    assert attack.startswith(f"{path}?text=")
    assert "alert" in attack
    assert "alert" not in page.replace(links[6], "")
    answer = client.get(attack)
    assert answer.status_code == 200
    assert "alert(1)" in answer.text.partition("<section")[2].partition("</section>")[0]


@pytest.mark.parametrize("query", ["text=", "text=%00", "text=%ff", "text=a&text=b", "other=1"])
@pytest.mark.parametrize("path", [*PAGES, "/endings"])
def test_any_text_gets_an_answer(client, path, query):
    assert client.get(path, query_string=query).status_code == 200
