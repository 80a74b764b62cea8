from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment
from jinja2.exceptions import TemplateAssertionError, TemplateNotFound

from day03.template_reuse.app import PLANTS, app


def text_of(client, path):
    """Return the page without the white space between its lines."""
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.text.split())


def render(template, **files):
    environment = Environment(loader=DictLoader(files), autoescape=True)
    return environment.from_string(template).render(word="tea")


@pytest.mark.point("D3-45")
def test_a_child_fills_the_blocks_and_the_parent_gives_the_rest(client):
    page = text_of(client, "/plants/fern")
    assert page.startswith("<!doctype html>")
    assert "<title>Fern</title>" in page
    assert "<h1>Fern</h1>" in page
    assert "The greenhouse" not in page
    assert "Nothing grows here yet." not in page


@pytest.mark.point("D3-45")
def test_the_parent_alone_shows_what_is_in_its_blocks(client):
    page = text_of(client, "/bare")
    assert "<title>The greenhouse</title>" in page
    assert "<h1>The greenhouse</h1> <p>Nothing grows here yet.</p>" in page


@pytest.mark.point("D3-45")
def test_super_adds_to_the_parents_block(client):
    footer = text_of(client, "/plants/ivy").split("<footer>")[1]
    assert footer.startswith(" <p>Open from nine to five.</p> <p>Ask us about your ivy.</p>")
    assert "Ask us" not in text_of(client, "/")


@pytest.mark.point("D3-45")
def test_text_outside_of_all_blocks_is_lost(client):
    page = text_of(client, "/outside")
    assert "This one stands in a block." in page
    assert "outside of all blocks" not in page


@pytest.mark.point("D3-45")
def test_a_block_name_is_used_once_and_self_prints_it_again():
    assert render("{% block a %}1{% endblock %}{{ self.a() }}") == "11"
    with pytest.raises(TemplateAssertionError, match="defined twice"):
        render("{% block a %}1{% endblock %}{% block a %}2{% endblock %}")


@pytest.mark.point("D3-41", "D3-47")
def test_an_included_template_is_rendered_whole_and_sees_the_values_of_the_page(client):
    menu = '<a href="/">All plants</a>'
    assert menu in text_of(client, "/")
    plant = text_of(client, "/plants/cactus")
    assert f"{menu} <span>You are looking at: Cactus</span>" in plant
    assert "You are looking at" not in text_of(client, "/")


@pytest.mark.point("D3-41")
def test_without_context_hides_the_values_of_the_page():
    assert render("{% include 'x' %}", x="<{{ word }}>") == "<tea>"
    assert render("{% include 'x' without context %}", x="<{{ word }}>") == "<>"


@pytest.mark.point("D3-42")
@pytest.mark.parametrize(
    "template",
    ["{% include 'x' %}", "{% import 'x' as x %}", "{% extends 'x' %}", "{% include ['x', 'y'] %}"],
)
def test_a_missing_file_is_an_error(template):
    with pytest.raises(TemplateNotFound):
        render(template)


@pytest.mark.point("D3-42")
def test_a_page_that_includes_a_missing_file_is_500(client, monkeypatch):
    assert client.get("/missing").status_code == 500
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", True)
    with pytest.raises(TemplateNotFound, match="_no_such_file"):
        client.get("/missing")


@pytest.mark.point("D3-43")
def test_ignore_missing_skips_and_takes_the_first_that_is_there(client):
    assert render("[{% include 'x' ignore missing %}]") == "[]"
    both = {"x": "first", "y": "second"}
    assert render("{% include ['x', 'y'] ignore missing %}", **both) == "first"
    assert render("{% include ['x', 'y'] ignore missing %}", y="second") == "second"
    assert "It is autumn" in text_of(client, "/")


@pytest.mark.point("D3-43")
def test_the_index_does_without_either_notice():
    folder = Path(app.root_path, app.template_folder)
    files = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    del files["_season.html"]
    environment = app.jinja_env.overlay(loader=DictLoader(files))
    with app.test_request_context():
        page = environment.get_template("index.html").render(plants=PLANTS)
    assert "It is autumn" not in page
    assert "Fern" in page


@pytest.mark.point("D3-44", "D3-46")
def test_one_page_inherits_includes_and_calls_a_macro(client):
    page = text_of(client, "/")
    assert "<footer> <p>Open from nine to five.</p> </footer>" in page
    assert "It is autumn" in page
    for key, plant in PLANTS.items():
        assert f'<a href="/plants/{key}">{plant["name"]}</a>' in page
        care = f"<dd>{plant['light']}</dd> <dt>Water</dt> <dd>{plant['water']}</dd>"
        assert f'<dl aria-label="Care of {plant["name"]}"> <dt>Light</dt> {care} </dl>' in page


@pytest.mark.point("D3-46")
def test_a_macro_has_defaults_for_what_is_not_passed(client):
    assert '<dl aria-label="Care">' in text_of(client, "/plants/fern")


def test_an_unknown_plant_is_404(client):
    assert client.get("/plants/rose").status_code == 404
    assert client.get("/plants/%00").status_code == 404
