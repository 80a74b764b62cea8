"""Tests of the exercise: the letters of a tea club."""

import random
import secrets

import pytest

from course.grading import expect, fail

BLOCK = 24


@pytest.fixture
def name():
    """Give the name of a shop that no solution can know in advance."""
    return f"Shop {secrets.token_hex(random.randrange(2, 8))}"


@pytest.fixture
def shop(start, name):
    """Give a client for the mail room of that shop."""
    return start({"SHOP": name})


def a_text():
    return f"tea {secrets.token_hex(random.randrange(1, 30))}"


def packed(client, text):
    """Let the app pack a text; return the reply and the bytes."""
    reply = expect(client.post("/pack", data=text.encode(), content_type="text/plain"), 200)
    try:
        return reply, bytes.fromhex(reply.text)
    except ValueError:
        fail(reply, "hexadecimal digits, two for each byte")


def expect_piece(reply, found, wanted, what):
    if found != wanted:
        fail(reply, f"{what}: {wanted.hex()}; it is {found.hex() or 'missing'}")


def expect_pieces(client, name, text):
    """Fail unless length, text and name are where they belong."""
    reply, found = packed(client, text)
    letter = text.encode()
    end = 10 + len(letter)
    number = len(letter).to_bytes(2, "big")
    expect_piece(reply, found[8:10], number, f"bytes 9 and 10 are the length {len(letter)}")
    expect_piece(reply, found[10:end], letter, "then comes the text")
    expect_piece(reply, found[end : end + len(name)], name.encode(), "then comes the name")


def letter(text, name, padding=None, length=None):
    """Return a packed letter; ``text`` may be bytes, padding and length may be wrong."""
    text = text if isinstance(text, bytes) else text.encode()
    length = len(text) if length is None else length
    whole = secrets.token_bytes(8) + length.to_bytes(2, "big") + text + name.encode()
    missing = BLOCK - len(whole) % BLOCK
    return whole + (bytes([missing]) * missing if padding is None else padding(missing))


def unpack(client, packed):
    """Send a letter: bytes, or a text that takes the place of hexadecimal digits."""
    data = packed.hex() if isinstance(packed, bytes) else packed
    return client.post("/unpack", data=data, content_type="text/plain")


def expect_same(client, text, name):
    reply = expect(unpack(client, letter(text, name)), 200)
    if reply.text != text:
        fail(reply, f"the text {text!r}", wanted=text)


def expect_refusal(client, packed, why):
    reply = unpack(client, packed)
    if reply.status_code != 400:
        fail(reply, f"400 BAD REQUEST, because {why}")
    return reply


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("(300).to_bytes(2, 'big') is b'\\x01\\x2c'; + joins bytes.")
def test_the_pieces_are_in_order(shop, name):
    """After 8 bytes come the length, the text and the name of the shop."""
    expect_pieces(shop, name, a_text())


@pytest.mark.task(1)
@pytest.mark.needs("test_the_pieces_are_in_order")
@pytest.mark.hint("One character can be three bytes: encode first, then count.")
def test_the_length_is_that_of_the_bytes(shop, name):
    """The length counts bytes, not characters."""
    expect_pieces(shop, name, "茶" * random.randrange(3, 200))


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint(
    "BLOCK - size % BLOCK bytes are missing; bytes([5]) * 5 is five times the byte 5."
)
def test_the_padding_fills_the_last_block(shop, name):
    """The padding leads to a multiple of 24; if no byte is missing, it has 24."""
    for more in (*random.sample(range(1, BLOCK), 3), 0):
        size = 2 * BLOCK - len(name) - 10 + more
        reply, found = packed(shop, "t" * size)
        missing = BLOCK - more
        wanted = bytes([missing]) * missing
        expect_piece(reply, found[10 + size + len(name) :], wanted, f"{missing} bytes of padding")


@pytest.mark.task(1)
@pytest.mark.needs("test_the_pieces_are_in_order")
@pytest.mark.hint("secrets.token_bytes(8), called for each letter.")
def test_each_letter_begins_with_other_bytes(shop):
    """Two letters with the same text begin with other bytes."""
    text = a_text()
    (_, first), (reply, second) = packed(shop, text), packed(shop, text)
    if first[:8] == second[:8]:
        fail(reply, "8 random bytes first; the letter before began with the same")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("int.from_bytes(two_bytes, 'big') is the length; the text begins at byte 10.")
def test_the_text_comes_out(shop, name):
    """POST /unpack returns the text of a letter."""
    expect_same(shop, a_text(), name)


@pytest.mark.task(2)
@pytest.mark.needs("test_the_text_comes_out")
@pytest.mark.hint("Take as many bytes as the length says, then decode them.")
def test_the_text_may_hold_anything(shop, name):
    """Chinese texts, an empty one, and one with the name of the shop in it come out whole."""
    for text in ("茶" * random.randrange(3, 200), "", f"To {name}, with love"):
        expect_same(shop, text, name)


@pytest.mark.task(3)
@pytest.mark.needs("test_the_text_comes_out")
@pytest.mark.hint("Between the text and the padding is the name: compare it as a whole.")
def test_a_letter_to_another_shop_is_refused(shop, name):
    """A letter with another name, or a part of the name, is 400."""
    for other in (f"{name}x", name[:-1], "Corner Shop"):
        expect_refusal(shop, letter(a_text(), other), f"it is for {other}")


@pytest.mark.task(3)
@pytest.mark.needs("test_the_text_comes_out")
@pytest.mark.hint("Compare all bytes of the padding, not only the last one. 0 and 25 are wrong.")
def test_a_wrong_padding_is_refused(shop, name):
    """Padding that does not say its number in each byte, or fills more than a block, is 400."""
    text = "t" * (BLOCK * 3 - len(name) - 10 - random.randrange(2, 9))
    wrong = {
        "the last byte of the padding is 0": lambda n: bytes(n),
        "only the last byte of the padding is right": lambda n: bytes(n - 1) + bytes([n]),
        "the padding has more than 24 bytes": lambda n: bytes([n + BLOCK]) * (n + BLOCK),
    }
    for why, padding in wrong.items():
        expect_refusal(shop, letter(text, name, padding), why)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.needs("test_the_text_comes_out")
@pytest.mark.hint("One except ValueError around all of it, and one abort(400, ...).")
def test_every_refusal_looks_the_same(shop, name):
    """Status and body are the same for everything that is wrong with a letter."""
    wrong = {
        "it is for another shop": letter(a_text(), "Corner Shop"),
        "the padding is wrong": letter(a_text(), name, lambda n: bytes(n)),
        "the length is too small": letter("a long text", name, length=3),
        "the length is too large": letter("a text", name, length=60_000),
        "the text is not UTF-8": letter(b"tea \xff", name),
        "it is shorter than the length": b"\x01",
        "it is empty": b"",
        "it is not hexadecimal": f"tea {secrets.token_hex(3)}",
    }
    first = None
    for why, packed in wrong.items():
        reply = expect_refusal(shop, packed, why)
        first = first or reply
        if reply.data != first.data:
            fail(reply, f"the same body as for a letter to another shop; here {why}")
