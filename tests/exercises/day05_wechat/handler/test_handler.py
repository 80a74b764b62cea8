"""Tests of the exercise: an account that answers by keyword."""

import json
import random
import secrets
import time
from hashlib import sha1
from xml.parsers.expat import ExpatError

import pytest
import xmltodict

from course.grading import expect, fail

FILE = "day05_wechat/handler/exercise_replies.json"
LETTERS = "abdeghklmuvwxyz"  # words of these hold neither "bot" nor "person"


def word(length):
    return "".join(random.choices(LETTERS, k=length))


@pytest.fixture
def short():
    """Give a keyword that is a part of a longer one, too."""
    return word(5)


@pytest.fixture
def long(short):
    return f"{word(4)} {short}"


@pytest.fixture
def replies(short, long):
    """Give keywords and answers that no solution can know in advance."""
    keywords = [short, long, word(7).title(), "".join(random.sample("茶叶价格地址时间", 3))]
    return {keyword: f"{secrets.token_hex(4)} <&> 元" for keyword in keywords}


@pytest.fixture
def says(start, replies):
    """Give a function that sends a follower's message and returns the reply."""
    token = secrets.token_hex(8)
    client = start({"WECHAT_TOKEN": token}, files={FILE: json.dumps(replies)}, told=None)

    def send(follower="oUser-1", **fields):
        timestamp, nonce = str(int(time.time())), str(random.randrange(10**9))
        message = {
            "MsgType": "event" if "Event" in fields else "text",
            **fields,
            "FromUserName": follower,
            "ToUserName": "gh_0123456789ab",
            "CreateTime": timestamp,
        }
        if message["MsgType"] == "text":
            message["MsgId"] = random.randrange(10**16)
        else:  # else the handler would take two events of one second for the same
            message["CreateTime"] = random.randrange(10**9, 2 * 10**9)
        text = "".join(sorted([token, timestamp, nonce]))
        signature = sha1(text.encode(), usedforsecurity=False).hexdigest()
        return client.post(
            "/wechat",
            query_string={"signature": signature, "timestamp": timestamp, "nonce": nonce},
            data=xmltodict.unparse({"xml": message}, full_document=False).encode(),
            content_type="text/xml",
        )

    return send


def content_of(reply, expected):
    """Return the text of a reply; fail in plain words if there is none."""
    expect(reply, 200)
    try:
        message = xmltodict.parse(reply.get_data())["xml"]
        content = message["Content"]
    except (ExpatError, ValueError, KeyError, TypeError):
        content = None
    if not isinstance(content, str):
        fail(reply, f"{expected}; there was no XML with a Content")
    return content


def expect_answer(reply, text, why):
    found = content_of(reply, f"the answer {text!r}, because {why}")
    if found != text:
        fail(reply, f"the answer {text!r}, because {why}")


def expect_help(reply, replies, why):
    found = content_of(reply, f"a text that names all keywords, because {why}")
    missing = [keyword for keyword in replies if keyword not in found]
    if missing:
        fail(reply, f"a text that names all keywords, because {why}; missing: {', '.join(missing)}")


def expect_silence(reply, why):
    if reply.status_code != 200 or reply.text.strip() != "success":
        fail(reply, f"silence, which is the text 'success', because {why}")


def expect_transfer(reply, why):
    """Expect the reply that hands a message to the staff."""
    expect(reply, 200)
    wanted = f"a reply with the MsgType transfer_customer_service, because {why}"
    try:
        message = xmltodict.parse(reply.get_data())["xml"]
        kind = message["MsgType"]
    except (ExpatError, ValueError, KeyError, TypeError):
        kind = None
    if kind != "transfer_customer_service":
        fail(reply, wanted)


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("REPLIES is a dict: `for keyword in REPLIES` goes through the keywords.")
def test_a_keyword_gets_its_answer(says, replies):
    """A text that is one of the keywords gets the keyword's answer."""
    for keyword, text in replies.items():
        expect_answer(says(Content=keyword), text, f"the file has it under {keyword!r}")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("`in` looks for a part of a text. Use casefold() for both, text and keyword.")
def test_a_keyword_may_stand_anywhere_in_any_case(says, replies):
    """A keyword is found within a sentence, in large letters or small."""
    for keyword, text in replies.items():
        for written in (keyword.upper(), keyword.lower(), keyword):
            content = f"{word(3)}? {written}, {word(2)}"
            expect_answer(says(Content=content), text, f"the keyword {keyword!r} is in it")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Collect all keywords that are found; max(found, key=len) is the longest.")
def test_the_longest_keyword_counts(says, replies, short, long):
    """Where several keywords are found, the longest one's answer is given."""
    last = list(replies)[2]
    for content in (long, f"{short} {long}", f"{last} {long} {short}"):
        reply = says(Content=content)
        expect_answer(reply, replies[long], f"{long!r} is the longest keyword in it")


@pytest.mark.task(2)
@pytest.mark.hint("@on('event', 'subscribe') registers the function below it.")
def test_who_subscribes_gets_help(says, replies):
    """Who subscribes gets a text that names all keywords."""
    expect_help(says(Event="subscribe", EventKey=None), replies, "a follower has subscribed")
    expect_help(
        says(Event="subscribe", EventKey="qrscene_7"),
        replies,
        "a follower has subscribed by a QR code",
    )


@pytest.mark.task(2)
@pytest.mark.hint("', '.join(REPLIES) is a text with all keywords.")
def test_a_text_without_a_keyword_gets_help(says, replies):
    """A text in which no keyword is found gets a text that names all keywords."""
    content = f"{word(3)} {word(4)}"
    expect_help(says(Content=content), replies, "there is no keyword in it")
    expect_help(says(Content=next(iter(replies))[:-1]), replies, "a part of a keyword is none")


@pytest.mark.task(2)
@pytest.mark.needs("test_a_text_without_a_keyword_gets_help")
@pytest.mark.hint("Such a text arrives as None; a function that returns None says nothing.")
def test_blanks_get_silence(says):
    """A text of nothing but blanks gets silence."""
    for content in ("   ", None):
        expect_silence(says(Content=content), "there are only blanks in it")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("@on('event', 'CLICK'); the button's keyword is message.get('EventKey').")
def test_a_click_gets_its_answer(says, replies):
    """A click on a button of the menu gets the answer of the keyword that is its EventKey."""
    for keyword, text in replies.items():
        reply = says(Event="CLICK", EventKey=keyword)
        expect_answer(reply, text, f"the file has it under {keyword!r}")


@pytest.mark.task(3)
@pytest.mark.needs("test_a_click_gets_its_answer")
@pytest.mark.hint("A dict's get returns None for a key that it does not have; None is silence.")
def test_other_events_get_silence(says, replies):
    """A click on something else, and every other event, gets silence."""
    keyword = next(iter(replies))
    expect_silence(says(Event="CLICK", EventKey=word(9)), "the button's key is not a keyword")
    expect_silence(says(Event="CLICK"), "the button has no key")
    for event in ("unsubscribe", "VIEW", "SCAN"):
        expect_silence(says(Event=event, EventKey=keyword), f"nothing is said to the event {event}")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("Remember the FromUserName of who waits, in a set outside of the function.")
@pytest.mark.hint("The dict {'MsgType': ...} is the whole reply; it needs no Content.")
def test_who_waits_for_a_person_is_handed_over(says, replies):
    """After the text person there is one answer, and then each text goes to the staff."""
    asked = random.choice(["person", "Person", "PERSON"])
    if not content_of(says(Content=asked), "a text that says that someone comes").strip():
        pytest.fail("Expected:  a text that says that someone comes", pytrace=False)
    for content in (word(6), list(replies)[1], "person"):
        expect_transfer(says(Content=content), f"the follower has written {asked!r} before")


@pytest.mark.task(4)
@pytest.mark.hint("Look for the text bot before you look whether a person is coming.")
def test_the_account_may_be_called_back(says, replies):
    """After the text bot the follower gets the help, and answers again."""
    keyword = next(iter(replies))
    says(Content="person")
    expect_transfer(says(Content=keyword), "the follower has written 'person' before")
    back = random.choice(["bot", "Bot", "BOT"])
    expect_help(says(Content=back), replies, f"the follower has written {back!r}")
    expect_answer(says(Content=keyword), replies[keyword], "the follower has called it back")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("One variable for all followers is not enough: who was it that asked?")
def test_nobody_else_waits(says, replies):
    """While one follower waits for a person, another one gets answers."""
    one, other = (f"oUser-{secrets.token_hex(3)}" for _ in range(2))
    keyword = next(iter(replies))
    says(one, Content="person")
    reply = says(other, Content=keyword)
    expect_answer(reply, replies[keyword], "it is another follower who waits for a person")
    says(other, Content="bot")
    expect_transfer(says(one, Content=keyword), "this follower still waits for a person")


@pytest.mark.task(4)
@pytest.mark.hint("Compare the whole text with ==, not a part of it with `in`.")
def test_only_the_word_alone_calls_a_person(says, replies):
    """The word person within a sentence is nothing special."""
    keyword = next(iter(replies))
    content = f"{keyword} for one person"
    expect_answer(says(Content=content), replies[keyword], f"the keyword {keyword!r} is in it")
    expect_answer(says(Content=keyword), replies[keyword], "no one has asked for a person")
