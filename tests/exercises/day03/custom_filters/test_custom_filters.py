"""Tests of the exercise: filters for a price tag."""

import html
import random
import re
from datetime import date, timedelta

import pytest

from course.grading import expect, fail

MONTHS = "January February March April May June July August September October November December"
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


def in_words(day):
    return f"{day.day} {MONTHS.split()[day.month - 1]} {day.year}"


def raw(reply, name):
    """Return the markup that the page shows in the place with that id."""
    expect(reply, 200)
    found = re.search(rf'<dd id="{name}">(.*?)</dd>', reply.text, re.DOTALL)
    if not found:
        fail(reply, f'a page with <dd id="{name}"> … </dd>, as in the template you were given')
    return found[1].strip()


def expect_shown(reply, name, text):
    found = html.unescape(raw(reply, name))
    if found.replace("\xa0", " ") != text:
        why = ": does the filter return something?" if found == "None" else ""
        fail(reply, f'in <dd id="{name}">: {text!r}; there was {found!r}{why}')


@pytest.fixture
def brought():
    """Give a day that no solution can know in advance, with one digit in the month."""
    return date(random.randrange(1990, 2040), random.randrange(1, 10), random.randrange(10, 28))


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("divmod(cents, 100) gives both parts; f'{4:02}' writes a number with two digits.")
def test_a_price_has_a_comma_and_two_digits(client):
    """A price has a comma, two digits behind it, and the sign at the end."""
    for cents in (random.randrange(1000, 99999), 100 * random.randrange(1, 99), 7, 0):
        expected = f"{cents // 100},{cents % 100:02} €"
        expect_shown(client.get("/tag", query_string={"cents": cents}), "price", expected)


@pytest.mark.task(1)
@pytest.mark.hint("f'{1234567:,}' has commas between thousands, and replace makes dots of them.")
def test_thousands_are_parted_by_dots(client):
    """A dot stands between thousands, however many there are."""
    a, b, c, d = random.randrange(1, 999), *(random.randrange(1000) for _ in range(3))
    reply = client.get("/tag", query_string={"cents": f"{a}{b:03}{d % 100:02}"})
    expect_shown(reply, "price", f"{a}.{b:03},{d % 100:02} €")
    reply = client.get("/tag", query_string={"cents": f"{a}{b:03}{c:03}{d % 100:02}"})
    expect_shown(reply, "price", f"{a}.{b:03}.{c:03},{d % 100:02} €")


@pytest.mark.task(1)
@pytest.mark.hint("divmod(-150, 100) is (-2, 50): take abs(cents), and the minus by itself.")
def test_a_refund_has_a_minus_in_front(client):
    """An amount below zero has a minus in front of it."""
    for cents in (400, 100 * random.randrange(1, 99) + 50, 7):
        expected = f"-{cents // 100},{cents % 100:02} €"
        expect_shown(client.get("/tag", query_string={"cents": -cents}), "price", expected)


@pytest.mark.task(1)
@pytest.mark.hint("A filter's further arguments stand in parentheses: {{ cents|price('CHF') }}.")
def test_a_price_takes_another_sign(client):
    """The line for Zurich shows the price with the sign CHF."""
    cents = random.randrange(100, 99999)
    whole = f"{cents // 100},{cents % 100:02} CHF"
    expect_shown(client.get("/tag", query_string={"cents": cents}), "price-zurich", whole)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("A date has .day, .month and .year; MONTHS begins at 0, and the year at 1.")
def test_a_day_is_written_in_words(client, brought):
    """A day is written with the month in words, and without zeros in front."""
    for day in (brought, brought.replace(day=3), date(2026, 12, 31), date(2027, 1, 1)):
        expect_shown(client.get("/tag", query_string={"brought": day}), "day", in_words(day))


@pytest.mark.task(2)
@pytest.mark.hint("date.weekday() is 0 on a Monday. Use {{ brought|day(weekday=True) }}.")
def test_a_day_can_name_the_day_of_the_week(client, brought):
    """With weekday=True the day of the week and a comma stand in front."""
    for day in (brought, brought + timedelta(days=1)):
        text = f"{WEEKDAYS.split()[day.weekday()]}, {in_words(day)}"
        expect_shown(client.get("/tag", query_string={"brought": day}), "weekday", text)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("(today - value).days is a number; two of its values have words of their own.")
@pytest.mark.parametrize(("days", "text"), [(0, "today"), (1, "yesterday"), (2, "2 days ago")])
def test_since_says_how_long_ago(client, brought, days, text):
    """since says today, yesterday, 2 days ago, counted from the day in its parentheses."""
    query = {"brought": brought, "today": brought + timedelta(days=days)}
    expect_shown(client.get("/tag", query_string=query), "since", text)


@pytest.mark.task(3)
@pytest.mark.hint("30 days are still counted, 31 are not. A filter is a function: call it.")
def test_since_names_the_day_after_a_month(client, brought):
    """Up to 30 days are counted; for more of them the day is written as day does."""
    days = random.randrange(3, 29)
    for number, text in [
        (days, f"{days} days ago"),
        (30, "30 days ago"),
        (31, in_words(brought)),
        (31 + days, in_words(brought)),
    ]:
        query = {"brought": brought, "today": brought + timedelta(days=number)}
        expect_shown(client.get("/tag", query_string=query), "since", text)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("Return Markup: a plain text is escaped, and <br> is shown instead of meant.")
def test_lines_are_broken(client):
    """Each line break of the text becomes a <br>."""
    words = [f"word{random.randrange(1000)}" for _ in range(3)]
    reply = client.get("/tag", query_string={"text": "\n".join(words)})
    found = re.sub(r"\s*<br */?>\s*", "<br>", raw(reply, "text"))
    if found != "<br>".join(words):
        fail(reply, f'in <dd id="text">: {"<br>".join(words)}; there was {found}')


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint(
    "Markup('<br>').join(…) escapes what it joins. Markup(text) would trust the text."
)
def test_no_other_markup_gets_in(client):
    """What looks like markup in the text is escaped, the line breaks of others too."""
    word = f"w{random.randrange(1000)}"
    for text, escaped in [
        (f"<b>{word}</b>", f"&lt;b&gt;{word}&lt;/b&gt;"),
        (f"{word}<br>&\n<i>", f"{word}&lt;br&gt;&amp;<br>&lt;i&gt;"),
    ]:
        reply = client.get("/tag", query_string={"text": text})
        found = re.sub(r"\s*<br */?>\s*", "<br>", raw(reply, "text"))
        if found != escaped:
            fail(reply, f'in <dd id="text">: {escaped}; there was {found}')
