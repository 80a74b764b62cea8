"""Tests of the exercise: seats at a tea tasting."""

import html
import random
import re
import string

import pytest

from course.grading import expect, fail, json_of


@pytest.fixture
def guest():
    """Give a form that no solution can know in advance."""
    name = "".join(random.choices(string.ascii_lowercase, k=8)).title()
    return {
        "name": name,
        "seats": random.randrange(1, 5),
        "day": random.choice(["Friday", "Saturday"]),
        "rules": "y",
    }


def token_in(reply):
    """Return the token of a page, or None."""
    for tag in re.findall(r"<input\b[^>]*>", reply.text):
        if re.search(r'name="?csrf_token\b', tag) and (value := re.search(r'value="(.+?)"', tag)):
            return html.unescape(value[1])
    return None


def send(client, form):
    """Send the form as a browser does: with the token of the page, if there is one."""
    token = token_in(client.get("/"))
    return client.post("/", data=form | ({"csrf_token": token} if token else {}))


def guests(client):
    reply = expect(client.get("/guests"), 200)
    value = json_of(reply)
    if not isinstance(value, dict) or not isinstance(value.get("guests"), list):
        fail(reply, 'JSON such as {"guests": [...]}, as in the file you were given')
    return value["guests"]


def messages(reply):
    """Return the messages beside fields; macro ``row`` writes them like this."""
    return re.findall(r'<span class="error"[^>]*>(.*?)</span>', reply.text, re.DOTALL)


def expect_refused(client, form, why):
    reply = send(client, form)
    if reply.status_code != 422:
        fail(reply, f"422 UNPROCESSABLE ENTITY: {why}", wanted='<span class="error">')
    if not messages(reply):
        wanted = f'<input name="{why.partition(":")[0]}">'
        fail(reply, f'a message in <span class="error">, as row(…) draws it: {why}', wanted=wanted)
    kept = [each for each in guests(client) if each.get("name") == form["name"].strip()]
    if kept:
        fail(reply, f"that nothing is kept; /guests lists {kept}")
    return reply


@pytest.mark.task(1)
@pytest.mark.hint("{{ form.hidden_tag() }} writes the token into the form.")
def test_the_form_has_a_token(client):
    """The form contains a hidden field csrf_token."""
    reply = expect(client.get("/"), 200)
    if not token_in(reply):
        fail(reply, 'a form with <input name="csrf_token" type="hidden" value="…">')


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("CSRFProtect(app) checks each POST before its view; then it is 400, not 422.")
def test_without_the_token_nothing_is_kept(client, new_client, guest):
    """A POST without the token, or with the token of another visitor, is 400."""
    client.get("/")
    reply = expect(client.post("/", data=guest), 400)
    foreign = token_in(new_client().get("/")) or "a guess"
    reply = expect(client.post("/", data=guest | {"csrf_token": foreign}), 400)
    if guests(client):
        fail(reply, f"that nothing is kept; /guests lists {guests(client)}")


@pytest.mark.task(2)
@pytest.mark.hint("A field of the class is drawn only where the template draws it: {{ row(…) }}.")
def test_the_form_asks_for_four_things(client):
    """The form has the fields name, seats, day and rules, each of its kind."""
    reply = expect(client.get("/"), 200)
    for pattern, what in [
        (r'<input\b(?=[^>]*name="name")', '<input name="name">'),
        (
            r'<input\b(?=[^>]*name="seats")(?=[^>]*type="number")',
            '<input name="seats" type="number">',
        ),
        (r'<select\b(?=[^>]*name="day")', '<select name="day">'),
        (r'<option\b[^>]*value="Saturday"', '<option value="Saturday">'),
        (
            r'<input\b(?=[^>]*name="rules")(?=[^>]*type="checkbox")',
            '<input name="rules" type="checkbox">',
        ),
    ]:
        if not re.search(pattern, reply.text):
            fail(reply, f"a form with {what}")


PROBE = """
from day03.forms.exercise import SeatForm, create_app

def errors(data):
    app = create_app({"WTF_CSRF_ENABLED": False})
    with app.test_request_context(method="POST", data=data):
        form = SeatForm()
        form.validate()
        return form.errors
"""

WRONG = {
    "name": [("", "no name"), ("   ", "only spaces"), ("x" * 41, "41 characters")],
    "seats": [
        (0, "no seats"),
        (5, "five seats"),
        ("", "nothing"),
        ("two", "a word"),
        (-1, "minus"),
    ],
    "day": [("Monday", "no evening of the tasting"), ("", "no day")],
    "rules": [(None, "the rules are not ticked")],
}


@pytest.mark.task(2)
@pytest.mark.points(4)
@pytest.mark.hint("validators=[…]: DataRequired also for a box to tick, NumberRange, Length.")
@pytest.mark.needs("test_the_form_asks_for_four_things")
@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_field_is_refused(call, guest, field):
    """SeatForm has a message for a field that holds what it should not, and for no other one."""
    files = {"day03/forms/exercise_probe.py": PROBE}
    cases = [({field: value}, why) for value, why in WRONG[field]]
    for change, why in [*cases, ({}, "")]:
        data = {name: value for name, value in (guest | change).items() if value is not None}
        found = call("exercise_probe:errors", data, files=files)
        if set(found) != ({field} if why else set()):
            pytest.fail(
                f"Sent:      SeatForm with {data}\nCame back: the messages {found}\n"
                f"Expected:  {f'a message for {field}, because of {why}' if why else 'none'}",
                pytrace=False,
            )


@pytest.mark.task(3)
@pytest.mark.points(3)
@pytest.mark.hint("methods=['GET', 'POST'], form.validate_on_submit(), redirect(…, 303).")
def test_a_good_form_is_kept(client, guest):
    """A good form gets 303 to /guests, and /guests lists the guest."""
    reply = send(client, guest | {"name": f"  {guest['name']} "})
    if reply.status_code != 303 or not str(reply.location).endswith("/guests"):
        fail(reply, "303 SEE OTHER, Location: /guests", wanted='<span class="error">')
    expected = {name: guest[name] for name in ("name", "seats", "day")}
    if guests(client) != [expected]:
        fail(client.get("/guests"), f"the guests [{expected}], without the spaces around the name")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Give the template the form that was sent: it has the values and the messages.")
@pytest.mark.hint("return render_template(…), 422 if the form was sent.", when="Came back: 200")
def test_a_refused_form_keeps_what_was_typed(client, guest):
    """A refused form is shown with what was typed, and a message for each mistake."""
    for field, value, why in (("name", "   ", "only spaces"), ("day", "Monday", "Monday")):
        expect_refused(client, guest | {field: value}, f"{field}: {why}")
    reply = expect_refused(client, guest | {"seats": 7, "day": "Saturday"}, "seats: seven")
    if f'value="{guest["name"]}"' not in reply.text:
        fail(reply, f"the name {guest['name']!r} still in its field")
    chosen = re.search(r"<option\b(?=[^>]*selected)[^>]*>\s*(\w+)", reply.text)
    if not chosen or chosen[1] != "Saturday":
        fail(reply, "Saturday still chosen in the list of days")
    if len(messages(reply)) != 1:
        fail(reply, f"one message, beside seats; there was {messages(reply)}")
    if found := messages(client.get("/")):
        fail(client.get("/"), f"no messages in a new form; there was {found}")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint(
    "In validate_seats(self, field) compare field.data with seats_left(self.day.data)."
)
def test_no_more_seats_than_there_are(start, guest):
    """When an evening has 5 seats, and 3 are taken, 3 more are refused and 2 are not."""
    client = start({"SEATS": 5})
    day, other = random.sample(["Friday", "Saturday"], 2)
    for seats, evening, fits in [(3, day, True), (3, day, False), (4, other, True), (2, day, True)]:
        form = guest | {"name": f"{guest['name']} {seats}", "seats": seats, "day": evening}
        if fits:
            reply = send(client, form)
            if reply.status_code != 303:
                fail(
                    reply,
                    "303 SEE OTHER, for there are enough seats",
                    wanted='<span class="error">',
                )
        else:
            form["name"] += " too late"
            expect_refused(client, form, "only 2 seats are left on that evening")
    expect_refused(client, guest | {"seats": 1, "day": day}, "no seat is left on that evening")


@pytest.mark.task(4)
@pytest.mark.hint("The other validators may have refused seats or day: their data is None then.")
def test_odd_values_are_no_crash(start, guest):
    """A form without a number or a day is refused, and the app does not fail."""
    client = start({"SEATS": 1})
    expect_refused(client, guest | {"seats": "many"}, "seats: a word")
    form = {"name": guest["name"], "rules": "y"}
    expect_refused(client, form, "neither seats nor day were sent")
