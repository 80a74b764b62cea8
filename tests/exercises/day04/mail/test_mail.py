"""Tests of the exercise: a mailed receipt. The starter's /outbox shows what Flask-Mail sends."""

import random
import re

import pytest

from course.grading import expect, fail, json_of

PRICES = {"tulip": 90, "rose": 250, "daisy": 40}


@pytest.fixture
def order():
    """Give an order that no solution can know in advance."""
    flowers = random.sample(list(PRICES), 2)
    return {
        "name": f"Ann {random.randrange(1000)}",
        "mail": f"ann{random.randrange(10**6)}@example.com",
        "flowers": {flower: random.randrange(3, 90) for flower in flowers},
    }


def take(client, order):
    """Send an order; return the answer to it."""
    return expect(client.post("/orders", json=order), 201)


def outbox(client):
    """Return the reply of /outbox and the mails in it."""
    reply = expect(client.get("/outbox"), 200)
    value = json_of(reply)
    if not isinstance(value, dict) or not isinstance(value.get("outbox"), list):
        fail(reply, 'JSON such as {"outbox": [...]}, as in the file you were given')
    return reply, value["outbox"]


def only_mail(client):
    """Return the reply of /outbox and the one mail that there should be."""
    reply, mails = outbox(client)
    if len(mails) != 1:
        fail(reply, f"one mail after one order; there were {len(mails)}")
    return reply, mails[0]


def expect_in_mail(client, order, part, *, escaped=None):
    """Fail unless a part of the mail, text or html, has name, flowers and sum."""
    reply, mail = only_mail(client)
    text = " ".join(str(mail.get(part) or "").split())
    total = sum(number * PRICES[flower] for flower, number in order["flowers"].items())
    lines = [f"{number} {flower}" for flower, number in order["flowers"].items()]
    for wanted in (escaped or order["name"], *lines, str(total)):
        if not re.search(rf"(?<!\d){re.escape(wanted)}(?!\d)", text):
            fail(reply, f"{wanted!r} in the {part} of the mail; it was {text[:300]!r}")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Message(…, recipients=[…]), and mail.send(message).")
def test_a_receipt_goes_to_the_buyer(client, order):
    """After an order there is one mail, to the buyer, and the answer says "mailed": true."""
    reply = take(client, order)
    value = json_of(reply)
    if not isinstance(value, dict) or value.get("mailed") is not True:
        fail(reply, 'the JSON {"mailed": true, "number": 1}')
    reply, mail = only_mail(client)
    people = mail.get("recipients") or []
    if isinstance(people, str):
        fail(reply, f"a list of recipients; there was the text {people!r}")
    addresses = [each[-1] if isinstance(each, list) and each else each for each in people]
    if addresses != [order["mail"]]:
        fail(reply, f"the recipients [{order['mail']!r}]; there was {addresses}")


@pytest.mark.task(1)
@pytest.mark.hint("The number of the order is handed to receipt(number, order).")
def test_the_subject_has_the_number(client, order):
    """The first order's subject is Receipt 1, the second one's Receipt 2."""
    for _ in range(2):
        take(client, order)
    reply, mails = outbox(client)
    subjects = [mail.get("subject") for mail in mails]
    if subjects != ["Receipt 1", "Receipt 2"]:
        fail(reply, f"the subjects 'Receipt 1' and 'Receipt 2'; there was {subjects}")


@pytest.mark.task(1)
@pytest.mark.hint("mail.init_app(app) reads the settings once: after config has been put in.")
def test_the_sender_comes_from_the_settings(start, order):
    """The mail is from MAIL_DEFAULT_SENDER, as create_app's config has it."""
    sender = f"shop{random.randrange(10**6)}@example.com"
    client = start({"MAIL_DEFAULT_SENDER": sender})
    take(client, order)
    reply, mail = only_mail(client)
    if mail.get("sender") != sender:
        fail(reply, f"the sender {sender}, from the settings; it was {mail.get('sender')}")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("body=render_template('exercise_receipt.txt', …), with a loop over the flowers.")
def test_the_text_tells_the_order(client, order):
    """The text has the name, a line for each flower, and the sum in cents."""
    take(client, order)
    expect_in_mail(client, order, "text")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("html=render_template('exercise_receipt.html', …), with the same values.")
def test_the_html_tells_the_order(client, order):
    """The HTML has the same, in tags."""
    take(client, order)
    expect_in_mail(client, order, "html")
    reply, mail = only_mail(client)
    if not re.search(r"<\w+", str(mail["html"])):
        fail(reply, f"tags in the html of the mail; it was {mail['html']!r}")


@pytest.mark.task(2)
@pytest.mark.hint("Jinja escapes in templates that end in .html, and not in .txt.")
def test_a_name_is_escaped_in_html_only(client, order):
    """A name with < and & is escaped in the HTML, and is itself in the text."""
    order["name"] = f"<i>{order['name']} & Co"
    take(client, order)
    expect_in_mail(client, order, "text")
    expect_in_mail(
        client,
        order,
        "html",
        escaped=order["name"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    )


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint(
    "message.attach(name, 'text/csv', text); the number of cents is for all of a kind."
)
def test_the_receipt_is_attached(client, order):
    """receipt-1.csv, text/csv, has a line of names and one for each flower."""
    take(client, order)
    reply, mail = only_mail(client)
    files = [file for file in mail.get("files") or [] if isinstance(file, dict)]
    found = [(file.get("name"), file.get("type")) for file in files]
    if found != [("receipt-1.csv", "text/csv")]:
        fail(reply, f"one file, receipt-1.csv of the type text/csv; there was {found}")
    rows = [f"{f},{number},{number * PRICES[f]}" for f, number in order["flowers"].items()]
    text = str(files[0].get("data")).removeprefix("b'").removesuffix("'").replace("\\n", "\n")
    first, *others = [line.strip() for line in text.replace("\\r", "").splitlines()] or [""]
    if first != "flower,number,cents" or sorted(filter(None, others)) != sorted(rows):
        fail(reply, f"in the file: {['flower,number,cents', *rows]}; there was {[first, *others]}")


@pytest.mark.task(4)
@pytest.mark.hint("order.get('reference'), and parentheses only if there is one.")
def test_a_reference_stands_in_the_subject(client, order):
    """A reference is in parentheses behind the subject, in any script."""
    references = [f"No. {random.randrange(1000)}/a", "春天", "tea (green)"]
    for reference in references:
        take(client, order | {"reference": reference})
    reply, mails = outbox(client)
    expected = [f"Receipt {n} ({reference})" for n, reference in enumerate(references, 1)]
    subjects = [mail.get("subject") for mail in mails]
    if subjects != expected:
        fail(reply, f"the subjects {expected}; there was {subjects}")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint(
    "Look before the order is kept; text.isprintable() knows all kinds of line breaks."
)
def test_a_line_break_does_not_get_into_a_header(client, order):
    """A reference with a line break anywhere is 400, and leaves neither an order nor a mail."""
    for mark in ("\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"):
        for reference in (f"7{mark}Bcc: eve@example.com", f"7{mark}"):
            expect(client.post("/orders", json=order | {"reference": reference}), 400)
    expect(client.get("/orders"), 200, json={"orders": 0})
    reply, mails = outbox(client)
    if mails:
        fail(reply, "no mail")


@pytest.mark.task(5)
@pytest.mark.points(3)
@pytest.mark.hint("try … except OSError around the sending: that is what a network raises.")
def test_an_order_is_taken_though_the_mail_fails(start, order):
    """Without a mail server the answer is 201 with "mailed": false, and the order is kept."""
    expect(start().post("/orders", json=order), 201, json={"number": 1, "mailed": True})
    client = start({"MAIL_SUPPRESS_SEND": False, "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": 1})
    for number in (1, 2):
        expect(client.post("/orders", json=order), 201, json={"number": number, "mailed": False})
    expect(client.get("/orders"), 200, json={"orders": 2})
