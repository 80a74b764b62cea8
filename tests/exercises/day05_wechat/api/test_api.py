"""Tests of the exercise: tell the members of a tea club."""

import json
import secrets

import pytest

from course.grading import fail


@pytest.fixture
def shop(start):
    """Give a client for the shop; its club is new."""
    return start({}, told=None)


def refuse(client, **times):
    """Let the club refuse, with these numbers and so many times."""
    client.post("/club", data={name.replace("_", "-"): value for name, value in times.items()})


def tell(client):
    """Send a message with a text of its own; return the response and the text."""
    text = f"Tea {secrets.token_hex(4)} is ready."
    return client.post("/messages", data={"to": "ann", "text": text}), text


def club(client):
    reply = client.get("/club")
    return reply.get_json(silent=True) or {}


def expect_sent(client, why):
    """Send a message; fail unless it is sent, and the club has it once."""
    reply, text = tell(client)
    if reply.status_code != 200 or reply.get_json(silent=True) != {"sent": True}:
        fail(reply, f'200 and {{"sent": true}}, because {why}')
    found = [each["text"] for each in club(client)["messages"]].count(text)
    if found != 1:
        fail(reply, f"the club sends this message once; it was {found} times")


def expect_status(client, status, why):
    """Send a message; fail unless it ends with this status code, and the club sends nothing."""
    before = len(club(client)["messages"])
    reply, _ = tell(client)
    if reply.status_code != status:
        fail(reply, f"{status}, because {why}")
    if len(club(client)["messages"]) != before:
        fail(reply, f"no message is sent, because {why}")


def expect_asked(client, wanted, why):
    """Fail unless the club was asked for exactly this."""
    reply = client.get("/club")
    asked = (reply.get_json(silent=True) or {}).get("asked")
    if asked != wanted:
        fail(reply, f"the club was asked {json.dumps(wanted)}, because {why}")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint('The token is get_token()["token"]; send takes it, to and text.')
def test_a_message_is_sent(shop):
    """POST /messages sends the text to the member, with a token of the club."""
    expect_sent(shop, "the club takes this message")
    expect_asked(shop, ["token", "message"], "one message needs one token")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Keep the token beside the club, in a dict in create_app for example.")
def test_the_token_is_kept(shop):
    """Three messages need one token."""
    for _ in range(3):
        expect_sent(shop, "the club takes this message")
    expect_asked(shop, ["token", "message", "message", "message"], "the token still works")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Forget the old token, get another one, send the same message with it.")
@pytest.mark.parametrize("errcode", [40001, 42001])
def test_a_refused_token_is_replaced(shop, errcode):
    """After 40001 or 42001 the shop gets another token and sends once more."""
    expect_sent(shop, "the club takes this message")
    refuse(shop, **{str(errcode): 1})
    expect_sent(shop, f"the club refuses the token with {errcode} once")
    wanted = ["token", "message", "message", "token", "message"]
    expect_asked(shop, wanted, "a refused token is replaced, and the message is sent once more")
    expect_sent(shop, "the new token works")
    expect_asked(shop, [*wanted, "message"], "the new token is kept")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Not a loop and not a call of itself: one more try.")
def test_a_second_refusal_is_the_end(shop):
    """If the club refuses the new token as well, the shop returns 502."""
    refuse(shop, **{"40001": 5})
    expect_status(shop, 502, "the club refuses the second token, too")
    wanted = ["token", "message", "token", "message"]
    expect_asked(shop, wanted, "a refused token is replaced once")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("Ask in a loop with an end, and leave it when the errcode is not -1.")
def test_a_busy_club_is_asked_three_times(shop):
    """If the club is busy twice, the message is sent at the third try; after three it is 503."""
    refuse(shop, **{"-1": 2})
    expect_sent(shop, "the club is busy twice, and then it is not")
    expect_asked(shop, ["token", *["message"] * 3], "a busy club is asked again")
    refuse(shop, **{"-1": 9})
    expect_status(shop, 503, "the club is busy for long")
    expect_asked(shop, ["token", *["message"] * 6], "a busy club is asked three times in all")


@pytest.mark.task(4)
@pytest.mark.hint("get_token needs the same loop.")
def test_a_busy_club_is_asked_for_a_token_three_times(shop):
    """If the club is busy when a token is wanted, the shop asks again as well."""
    refuse(shop, **{"token-1": 2})
    expect_sent(shop, "the club is busy twice, and then gives a token")
    other = ["token", "token", "token", "message"]
    expect_asked(shop, other, "a busy club is asked for a token again")


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint(
    "A dict from errcode to status code, with 502 for what is not in it; abort(status)."
)
@pytest.mark.parametrize(("errcode", "status"), [(45015, 409), (45009, 429), (40003, 502)])
def test_other_errors_have_a_status_of_their_own(shop, errcode, status):
    """45015 is 409, 45009 is 429, others are 502, and the shop does not ask again."""
    refuse(shop, **{str(errcode): 9})
    expect_status(shop, status, f"the club refuses with {errcode}")
    expect_asked(shop, ["token", "message"], "to ask again does not help here")


@pytest.mark.task(5)
@pytest.mark.hint("The response of get_token may be an error, and then it has no token.")
def test_no_token_is_an_error_too(shop):
    """If the club gives no token, the shop returns 502 and sends nothing."""
    refuse(shop, token40013=9)
    expect_status(shop, 502, "the club refuses to give a token, with 40013")
    expect_asked(shop, ["token"], "without a token there is nothing to send with")
