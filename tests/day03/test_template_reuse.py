"""Parts that pages share: inheritance, ``include`` and macros.

Begin with test_a_child_fills_the_blocks_of_its_parent.
"""

from pathlib import Path

import pytest
from jinja2 import DictLoader
from jinja2.exceptions import TemplateNotFound

from day03.template_reuse import first
from day03.template_reuse.app import PLANTS, app
from tests.helpers import page


@pytest.fixture
def client():
    return app.test_client()


def text_of(client, path):
    """Return the HTML of a page, with single spaces between its lines."""
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.text.split())


def test_a_child_fills_the_blocks_of_its_parent(client):
    found = page(client.get("/plants/fern"))
    assert found.title.text == found.h1.text == "Fern"
    assert [each.text for each in found.select("dd")] == ["shade", "every two days"]


def test_the_parent_alone_shows_what_is_in_its_blocks(client):
    found = page(client.get("/bare"))
    assert found.title.text == found.h1.text == "The greenhouse"
    assert found.select_one("main p").text == "Nothing grows here yet."


def test_every_page_includes_the_menu(client):
    for path in ["/", "/plants/ivy", "/bare"]:
        assert page(client.get(path)).select_one("nav a").text == "All plants"


def test_one_macro_shows_the_care_of_each_plant(client):
    names = [each["aria-label"] for each in page(client.get("/")).select("dl")]
    assert names == ["Care of Fern", "Care of Cactus", "Care of Ivy"]


def test_an_unknown_plant_is_404(client):
    assert client.get("/plants/rose").status_code == 404


# Inheritance


def test_a_child_fills_the_blocks_and_the_parent_gives_the_rest(client):
    text = text_of(client, "/plants/fern")
    assert text.startswith("<!doctype html>")
    assert "<footer> <p>Open from nine to five.</p>" in text
    assert "The greenhouse" not in text
    assert "Nothing grows here yet." not in text


def test_super_adds_to_the_parents_block(client):
    footer = text_of(client, "/plants/ivy").split("<footer>")[1]
    assert footer.startswith(" <p>Open from nine to five.</p> <p>Ask us about your ivy.</p>")
    assert "Ask us" not in text_of(client, "/")


def test_text_outside_of_all_blocks_is_lost(client):
    text = text_of(client, "/outside")
    assert "This one is in a block." in text
    assert "outside of all blocks" not in text


# Include


def test_an_included_template_is_rendered_whole_and_sees_the_values_of_the_page(client):
    menu = '<a href="/">All plants</a>'
    assert menu in text_of(client, "/")
    plant = text_of(client, "/plants/cactus")
    assert f"{menu} <span>You are looking at: Cactus</span>" in plant
    assert "You are looking at" not in text_of(client, "/")


def test_a_page_that_includes_a_missing_file_is_500(client, monkeypatch):
    assert client.get("/missing").status_code == 500
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", True)
    with pytest.raises(TemplateNotFound, match="_no_such_file"):
        client.get("/missing")


@pytest.mark.parametrize(
    ("notices", "shown"),
    [
        ({}, []),
        ({"_season.html": "<p>Autumn</p>"}, ["Autumn"]),
        ({"_season.html": "<p>Autumn</p>", "_holiday.html": "<p>Closed</p>"}, ["Closed"]),
    ],
)
def test_the_first_notice_that_exists_is_shown(notices, shown):
    folder = Path(app.root_path, app.template_folder)
    files = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    del files["_season.html"]
    environment = app.jinja_env.overlay(loader=DictLoader(files | notices))
    with app.test_request_context():
        found = page(environment.get_template("index.html").render(plants=PLANTS))
    assert [each.text for each in found.select("main > p")] == shown
    assert [each.text for each in found.select("h2")] == ["Fern", "Cactus", "Ivy"]


# All three


def test_one_page_inherits_includes_and_calls_a_macro(client):
    text = text_of(client, "/")
    assert "<footer> <p>Open from nine to five.</p> </footer>" in text
    assert "It is autumn" in text
    for key, plant in PLANTS.items():
        assert f'<a href="/plants/{key}">{plant["name"]}</a>' in text
        care = f"<dd>{plant['light']}</dd> <dt>Water</dt> <dd>{plant['water']}</dd>"
        assert f'<dl aria-label="Care of {plant["name"]}"> <dt>Light</dt> {care} </dl>' in text


def test_the_page_with_all_three_has_ten_lines_as_the_notes_say():
    folder = Path(app.root_path)
    lines = (folder / "templates" / "index.html").read_text("utf-8").splitlines()
    notes = (folder / "README.md").read_text("utf-8")
    assert "`index.html` uses all three in ten lines" in notes
    assert len(lines) == 10
    for tool in ["{% extends ", "{% include ", "{{ care("]:
        assert any(line.startswith(tool) for line in lines)


def test_the_first_program_fills_the_frame_of_its_parent():
    found = page(first.app.test_client().get("/"))
    assert found.title.text == found.select_one("main h1").text == "Fern"
    assert found.footer.text == "Open from nine to five."


def test_a_macro_has_defaults_for_what_is_not_passed(client):
    assert '<dl aria-label="Care">' in text_of(client, "/plants/fern")


def test_a_plant_with_a_nul_byte_in_its_name_is_404(client):
    assert client.get("/plants/%00").status_code == 404
