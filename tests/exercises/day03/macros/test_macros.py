"""Tests of the exercise: the buttons of a drum machine."""

import random

import pytest
from bs4 import BeautifulSoup

from course.grading import expect, fail

PAGE = "day03/macros/templates/exercise_drums.html"


def buttons(reply):
    """Return the buttons of a page: value, text and class."""
    page = BeautifulSoup(expect(reply, 200).text, "html.parser")
    return [
        (tag.get("value"), " ".join(tag.get_text().split()), " ".join(tag.get("class", [])))
        for tag in page.find_all("button", attrs={"name": "sound"})
    ]


@pytest.fixture
def call(start):
    """Give a function that puts a page of the tests in place, which calls the macro."""

    def run(call):
        text = f'{{% from "exercise_macros.html" import button %}}\n{{{{ {call} }}}}'
        return start(files={PAGE: text}).get("/")

    return run


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("{% macro name(parameters) %} ... {% endmacro %} defines a macro.")
def test_the_macro_writes_a_button(call):
    """A page that calls button(sound, key) has the button of task 1."""
    sound, key = random.choice([("gong", "g"), ("bell", "b"), ("clap", "p")])
    reply = call(f'button("{sound}", "{key}")')
    if (sound, f"{sound} ({key})", "") not in buttons(reply):
        fail(reply, f'<button name="sound" value="{sound}">{sound} ({key})</button>')


@pytest.mark.task(1)
@pytest.mark.needs("test_the_macro_writes_a_button")
@pytest.mark.hint("Write quotation marks around the value of each attribute.")
def test_a_name_stays_in_its_attribute(call):
    """A sound with a space in its name is one value."""
    reply = call('button("hi hat", "h")')
    if ("hi hat", "hi hat (h)", "") not in buttons(reply):
        fail(reply, '<button name="sound" value="hi hat">hi hat (h)</button>')


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.needs("test_the_macro_writes_a_button")
@pytest.mark.hint("A parameter with a default: {% macro button(sound, key, loud=false) %}.")
def test_a_loud_button_has_a_class(call):
    """A page that calls the macro with loud=true has a button with class="loud"."""
    reply = call('button("gong", "g", loud=true)')
    if ("gong", "gong (g)", "loud") not in buttons(reply):
        fail(reply, '<button name="sound" value="gong" class="loud">gong (g)</button>')


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Call the macro in a loop: {% for sound, key in sounds.items() %}.")
def test_each_sound_has_a_button(client):
    """The form has a button for each sound, with its value and its text."""
    reply = client.get("/")
    found = [(value, text) for value, text, _ in buttons(reply)]
    for value, text in [("kick", "kick (k)"), ("snare", "snare (s)"), ("crash", "crash (c)")]:
        if (value, text) not in found:
            fail(reply, f'a button with value="{value}" and the text {text}', wanted="<form")


@pytest.mark.task(3)
@pytest.mark.needs("test_each_sound_has_a_button")
@pytest.mark.hint('loud=sound == "crash" is true for one sound.')
def test_only_the_crash_is_loud(client):
    """The button of crash has the class loud, and no other button has it."""
    reply = client.get("/")
    loud = [value for value, _, kind in buttons(reply) if kind == "loud"]
    if loud != ["crash"]:
        found = ", ".join(map(str, loud)) or "no button"
        fail(reply, f'class="loud" at crash alone; it is at {found}', wanted="crash")
