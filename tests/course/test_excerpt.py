"""Of a body, a message shows the part that matters."""

import pytest

from course.grading.judge import excerpt

TOKEN = "IjEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz.Zabc.k3Tz"
FIELDS = f"""
<form method="post"><input name="csrf_token" type="hidden" value="{TOKEN}">
<label for="seats">Seats</label> <input id="seats" name="seats" type="text" value="">
<select name="day"><option value="Friday">Friday</option></select></form>"""
PAGE = f"""<!doctype html><html><head><title>Tea</title></head><body><nav>{"menu " * 100}</nav>
<main><h1>Tea</h1>{FIELDS}<p>{"long " * 100}</p>
<p>Open from nine to five.</p></main></body></html>"""


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        (
            '<input name="seats" type="number">',
            '<input id="seats" name="seats" type="text" value="">',
        ),
        ('<option value="Friday">', '<option value="Friday">Friday</option>'),
        ("<h1>Coffee</h1>", "<h1>Tea</h1>"),
    ],
)
def test_of_a_page_the_nearest_element_is_shown(wanted, part):
    assert excerpt.of_page(PAGE, wanted) == part


def test_where_a_field_is_missing_the_form_is_shown():
    assert excerpt.of_page(PAGE, '<input name="rules" type="checkbox">').startswith(
        '<form method="post"> <input name="csrf_token" type="hidden" value="…"> <label for="seats">'
    )


def test_of_a_long_page_the_place_is_shown_that_looks_most_like_it():
    shown = excerpt.of_page(PAGE, "Open from nine to six.")
    assert "Open from nine to five." in shown
    assert "menu" not in shown
    assert len(shown) <= excerpt.LENGTH


def test_where_nothing_looks_like_it_the_page_is_shown_without_its_frame():
    assert excerpt.of_page(PAGE, "?").startswith('<h1>Tea</h1> <form method="post">')


def test_of_a_long_text_the_place_is_shown_that_looks_most_like_it():
    text = "first\n" + "x y " * 500 + '{"colour": "red"} ' + "z " * 500
    assert '"colour": "red"' in excerpt.of_text(text, '"colour": "blue"')
    assert excerpt.of_text(text, "").startswith("first x y")
