"""Tests of the exercise: messages of a parcel service."""

import hmac
import json
import random
import secrets
import time

import pytest

from course.grading import expect, fail

STATES = ["packed", "on its way", "at the border", "in the depot", "arrived"]


@pytest.fixture
def secret():
    """Give a secret that no solution can know in advance."""
    return f"secret-{secrets.token_hex(8)}"


@pytest.fixture
def shop(start, secret):
    """Give a client for the app, which was started with that secret."""
    return start({"PARCEL_SECRET": secret}, told=None)


@pytest.fixture
def number():
    """Give the number of a parcel."""
    return str(random.randrange(10_000, 1_000_000))


def now(seconds=0):
    return str(int(time.time()) + seconds)


def news(number, state):
    return json.dumps({"number": number, "state": state}).encode()


def sign(secret, timestamp, body):
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hexdigest()


def headers_of(secret, body, timestamp=None):
    """Return the headers of a message as the parcel service makes them."""
    timestamp = now() if timestamp is None else timestamp
    return {"Parcel-Timestamp": timestamp, "Parcel-Signature": sign(secret, timestamp, body)}


def send(client, body, headers):
    return client.post("/messages", data=body, headers=headers, content_type="application/json")


def expect_reply(reply, status, headers, why):
    """Fail unless the status came back; the message shows the headers, too."""
    if reply.status_code != status:
        sent = ", ".join(f"{name}: {value[:70]}" for name, value in headers.items()) or "no headers"
        fail(reply, f"{status}, because {why}\nHeaders:   {sent}")


def expect_state(client, number, state, why):
    reply = expect(client.get(f"/parcels/{number}"), 200)
    found = reply.get_json(silent=True)
    if found != {"number": number, "state": state}:
        fail(reply, f"{json.dumps({'number': number, 'state': state})}, because {why}")


@pytest.mark.task(1)
@pytest.mark.points(3)
@pytest.mark.hint("hmac.new(key, message, 'sha256').hexdigest(), all bytes; response.get_data().")
def test_answers_are_signed(shop, secret, number):
    """The answer's Parcel-Signature fits its Parcel-Timestamp and the bytes of its body."""
    reply = expect(shop.get(f"/parcels/{number}"), 200)
    timestamp = reply.headers.get("Parcel-Timestamp", "")
    if not timestamp:
        fail(reply, "the header Parcel-Timestamp; it was missing or empty")
    found = reply.headers.get("Parcel-Signature", "")
    wanted = sign(secret, timestamp, reply.get_data())
    if found != wanted:
        fail(
            reply,
            f"Parcel-Signature: {wanted},\n"
            f"           the HMAC of {timestamp}. and the body {reply.get_data()!r}\n"
            f"           with the key {secret!r}; it was {found or 'missing'}",
        )


@pytest.mark.task(1)
@pytest.mark.hint("str(int(time.time())) is the time in whole seconds since 1970.")
def test_answers_have_the_time_of_now(shop, number):
    """The answer's Parcel-Timestamp is the time of now, in whole seconds."""
    reply = expect(shop.get(f"/parcels/{number}"), 200)
    found = reply.headers.get("Parcel-Timestamp", "")
    is_whole = found.isascii() and found.isdigit() and len(found) < 16
    if not is_whole or abs(int(found) - time.time()) > 30:
        fail(reply, f"Parcel-Timestamp: {now()} or so; it was {found or 'missing'}")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Compare with hmac.compare_digest, and keep nothing before that.")
def test_a_message_with_a_wrong_signature_is_refused(shop, secret, number):
    """What was signed with another secret, or changed afterwards, gets 403 and is not kept."""
    body = news(number, "stolen")
    other = headers_of(f"{secret}x", body)
    expect_reply(send(shop, body, other), 403, other, "the signature is of another secret")
    of_another_body = headers_of(secret, news(number, "arrived"))
    reply = send(shop, body, of_another_body)
    expect_reply(reply, 403, of_another_body, "the signature is of another body")
    later = headers_of(secret, body, now(-60)) | {"Parcel-Timestamp": now()}
    expect_reply(send(shop, body, later), 403, later, "the timestamp was changed")
    half = headers_of(secret, body)
    half["Parcel-Signature"] = half["Parcel-Signature"][:32]
    expect_reply(send(shop, body, half), 403, half, "this is half of the signature")
    expect_state(shop, number, None, "none of these signatures fits")


@pytest.mark.task(2)
@pytest.mark.needs("test_a_message_with_a_wrong_signature_is_refused")
@pytest.mark.points(2)
@pytest.mark.hint("request.get_data() is the body as it came; JSON can be written in many ways.")
def test_a_signed_message_is_taken(shop, secret, number):
    """A message with the right signature gets 204, and its news is kept."""
    state = random.choice(STATES)
    body = f'{{ "state":"{state}",\n  "number" : "{number}", "place":"北京" }}\n'.encode()
    for each in (news(number, "packed"), body):
        headers = headers_of(secret, each)
        expect_reply(send(shop, each, headers), 204, headers, "the message is signed")
    expect_state(shop, number, state, "the last message said so")


@pytest.mark.task(2)
@pytest.mark.hint("headers.get returns None for what is missing: look before you compute with it.")
def test_a_message_without_a_header_is_refused(shop, secret, number):
    """Without one of the two headers, or both, a message gets 400 and not kept."""
    body = news(number, "stolen")
    headers = headers_of(secret, body)
    for gone in (set(headers), {"Parcel-Signature"}, {"Parcel-Timestamp"}):
        some = {name: value for name, value in headers.items() if name not in gone}
        expect_reply(send(shop, body, some), 400, some, "a header is missing")
    expect_state(shop, number, None, "nothing was signed")


@pytest.mark.task(2)
@pytest.mark.hint("compare_digest takes texts of ASCII letters only; bytes it takes all.")
def test_a_signature_of_odd_letters_is_refused(shop, secret, number):
    """A signature that holds other letters than digits gets 403 as well."""
    body = news(number, "stolen")
    for odd in ("ÀÉ×", "é" * 64):
        headers = headers_of(secret, body) | {"Parcel-Signature": odd}
        expect_reply(send(shop, body, headers), 403, headers, "this is not a signature")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("abs(time.time() - int(timestamp)) is the distance, in the past or the future.")
def test_only_messages_of_now_are_taken(shop, secret, number):
    """Up to 300 seconds in the past or the future are taken, more gets 403."""
    for seconds, status in ((-270, 204), (270, 204), (-330, 403), (330, 403), (-(10**8), 403)):
        state = f"{random.choice(STATES)} {secrets.token_hex(2)}"
        body = news(number, state)
        headers = headers_of(secret, body, now(seconds))
        why = f"the timestamp is {abs(seconds)} s in the {'past' if seconds < 0 else 'future'}"
        expect_reply(send(shop, body, headers), status, headers, why)
        if status == 204:
            kept = state
    expect_state(shop, number, kept, "the last message of now said so")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("int() raises ValueError, float() takes 'nan', with which no comparison is true.")
def test_a_timestamp_that_is_no_number_is_refused(shop, secret, number):
    """A timestamp that is not a whole number gets 403, though it is signed."""
    body = news(number, "stolen")
    for odd in ("today", "nan", "inf", f"{now()}.5", "9" * 5000):
        headers = headers_of(secret, body, odd)
        expect_reply(send(shop, body, headers), 403, headers, "this is not a time")
    expect_state(shop, number, None, "nothing was of now")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("Keep the signatures that came in a set, and look there first.")
def test_a_recorded_message_changes_nothing(shop, secret, number):
    """A message that comes again gets 204, and newer news stays."""
    first, second = random.sample(STATES, 2)
    recorded = headers_of(secret, news(number, first))
    for state, headers in ((first, recorded), (second, None), (first, recorded)):
        body = news(number, state)
        headers = headers or headers_of(secret, body)
        expect_reply(send(shop, body, headers), 204, headers, "the message is signed")
    expect_state(shop, number, second, f"the message {first!r} came first, and again at the end")


@pytest.mark.task(4)
@pytest.mark.needs("test_a_recorded_message_changes_nothing")
@pytest.mark.hint("Two messages with the same words are two messages if they are signed anew.")
def test_the_same_news_may_come_later(shop, secret, number):
    """A parcel may come back: the same words, signed at another time, count."""
    first, second = random.sample(STATES, 2)
    for seconds, state in ((-20, first), (-10, second), (0, first)):
        body = news(number, state)
        headers = headers_of(secret, body, now(seconds))
        expect_reply(send(shop, body, headers), 204, headers, "the message is signed")
    expect_state(shop, number, first, f"{first!r}, {second!r} and {first!r} came, each signed anew")
