"""Tests of the exercise: a machine that shouts."""

import pytest

from course.grading import expect

BODY = {"content_type": "text/plain"}


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("request.get_data() returns the bytes of the body; decode() makes text of them.")
@pytest.mark.parametrize("word", ["hello", "grün", "été 绿茶"])
def test_a_text_is_shouted(client, word):
    """POST /shout responds with the text in upper case."""
    expect(client.post("/shout", data=word.encode(), **BODY), 200, text=word.upper())


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.needs("test_a_text_is_shouted")
@pytest.mark.hint("decode() raises a UnicodeDecodeError: catch it, and abort(400).")
@pytest.mark.parametrize("body", [b"gr\xfcn", b"\xff\xfe", b"\xe7\xbb"], ids=repr)
def test_other_bytes_are_refused(client, body):
    """Bytes that are not UTF-8 are answered with 400."""
    expect(client.post("/shout", data=body, **BODY), 400)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("len of the bytes, and len of the text.")
@pytest.mark.parametrize(("word", "size"), [("tea", 3), ("grün", 5), ("绿茶", 6)])
def test_bytes_and_characters_are_counted(client, word, size):
    """POST /count responds with the number of bytes and of characters."""
    reply = client.post("/count", data=word.encode(), **BODY)
    expect(reply, 200, json={"bytes": size, "characters": len(word)})
