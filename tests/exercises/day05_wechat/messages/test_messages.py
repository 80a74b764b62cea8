"""Tests of the exercise: an account that counts characters."""

import random
from xml.parsers.expat import ExpatError

import pytest
import xmltodict

from course.grading import expect, fail

LETTERS = "abc<&>\"'茶叶"


@pytest.fixture
def text():
    """Give a text that no solution can know in advance."""
    return "".join(random.choices(LETTERS, k=random.randrange(5, 40))) + "茶."


def send(client, **fields):
    """Send a message; return the reply and its fields."""
    message = {"ToUserName": "gh_1", "FromUserName": "oUser-1", "MsgType": "text", **fields}
    xml = xmltodict.unparse({"xml": message}, full_document=False)
    reply = expect(client.post("/count", data=xml.encode(), content_type="text/xml"), 200)
    try:
        found = xmltodict.parse(reply.data, xml_attribs=False).get("xml")
    except (ExpatError, ValueError) as error:
        fail(reply, f"XML; the parser says: {error}")
    if not isinstance(found, dict):
        fail(reply, "fields in an element <xml>")
    return reply, found


def expect_field(reply, found, name, wanted):
    if found.get(name) != wanted:
        fail(reply, f"{name} {wanted!r}; it is {found.get(name)!r}", wanted=f"<{name}>")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("xmltodict.parse reads the body, xmltodict.unparse writes the reply.")
def test_the_characters_are_counted(client, text):
    """The reply is a text message with the number of characters."""
    reply, found = send(client, Content=text)
    expect_field(reply, found, "MsgType", "text")
    expect_field(reply, found, "Content", str(len(text)))


@pytest.mark.task(1)
@pytest.mark.needs("test_the_characters_are_counted")
@pytest.mark.hint("The parser returns None for an element without text.")
def test_a_blank_text_has_none(client):
    """A blank text has 0 characters."""
    reply, found = send(client, Content=" ")
    expect_field(reply, found, "Content", "0")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Who is the receiver of the reply? It is the sender of the message.")
def test_the_reply_goes_back(client):
    """ToUserName and FromUserName are exchanged."""
    follower, account = f"oUser-{random.randrange(10**6)}", f"gh_{random.randrange(10**6)}"
    reply, found = send(client, Content="hi", FromUserName=follower, ToUserName=account)
    expect_field(reply, found, "ToUserName", follower)
    expect_field(reply, found, "FromUserName", account)


@pytest.mark.task(2)
@pytest.mark.needs("test_the_reply_goes_back")
@pytest.mark.hint("Let unparse write the XML: it escapes.")
def test_a_name_with_tags_stays_a_name(client):
    """A name that looks like XML does not become a field of the reply."""
    name = f"a]]></ToUserName><MsgId>{random.randrange(10**6)}</MsgId><ToUserName><![CDATA["
    reply, found = send(client, Content="hi", FromUserName=name)
    expect_field(reply, found, "ToUserName", name)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("xmltodict raises ExpatError, of xml.parsers.expat. abort(400) refuses the body.")
def test_text_that_is_not_xml_is_refused(client):
    """A body that is not XML is 400."""
    expect(client.post("/count", data=f"hello {random.randrange(10**6)}"), 400)


@pytest.mark.task(3)
@pytest.mark.hint('["xml"] of a dict without this key raises a KeyError.')
def test_another_root_is_refused(client):
    """XML with the root html is 400."""
    expect(client.post("/count", data="<html><Content>hello</Content></html>"), 400)
