"""The signature: a SHA-1 of the sorted texts proves that a request comes from WeChat.

Begin with test_the_page_begins_with_an_accepted_example: the page is tested with Flask's test
client. The functions ``sign`` and ``is_signed`` are tested by calling them.
"""

import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import WeChatSigner, check_signature

from day05_wechat.signature.app import EXAMPLE, app, is_signed, sign
from tests.day05_wechat.helpers import few, first_program
from tests.helpers import page

VECTORS = [
    ("AAAAA", "1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
    ("AAAAA", "1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ("AAAAA", "1714112445", "415670741", "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
    ("flask_day05", "1700000000", "123456789", "365afc13db151e71c58f03fe7deada3c4951f30b"),
    ("Token09", "1409659589", "263014780", "c63175ee014b5ba17154d8900b7afab45d2c32b6"),
]
TOKEN, TIMESTAMP, NONCE, SIGNATURE = VECTORS[1]


@pytest.fixture
def client():
    return app.test_client()


def test_the_page_begins_with_an_accepted_example(client):
    response = client.get("/")
    assert response.status_code == 200
    assert page(response).select_one("li strong").text == "accepted"
    assert page(response).select_one("input[name=signature]")["value"] == SIGNATURE


def test_the_page_refuses_a_changed_signature(client):
    response = client.post("/", data=EXAMPLE | {"signature": SIGNATURE[::-1]})
    assert page(response).select_one("li strong").text == "refused"


def test_the_page_shows_each_step(client):
    steps = [step.text for step in page(client.get("/")).select("li")]
    assert "1714037059, 486452656, AAAAA" in steps[0]
    assert "1714037059486452656AAAAA" in steps[1]
    assert SIGNATURE in steps[2]


def test_a_program_gets_the_steps_as_json(client):
    response = client.post("/steps", data=EXAMPLE)
    assert list(response.json) == ["sorted", "joined", "signature", "accepted"]
    assert response.json == {
        "sorted": ["1714037059", "486452656", "AAAAA"],
        "joined": "1714037059486452656AAAAA",
        "signature": SIGNATURE,
        "accepted": True,
    }


@pytest.mark.parametrize(("token", "timestamp", "nonce", "signature"), VECTORS)
def test_the_published_signatures_come_out(token, timestamp, nonce, signature):
    assert sign(token, timestamp, nonce) == signature
    assert is_signed(signature, token, timestamp, nonce)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"nonce": "486452657"}, 403),
        ({"signature": SIGNATURE.upper()}, 403),
        ({"signature": "é"}, 403),
        ({"signature": ""}, 403),
        ({"signature": None}, 400),
        ({"nonce": None}, 400),
    ],
)
def test_the_first_program_checks_the_signature(monkeypatch, change, status):
    first = first_program("signature", monkeypatch, WECHAT_TOKEN=TOKEN)
    query = {"timestamp": TIMESTAMP, "nonce": NONCE, "signature": SIGNATURE} | change
    assert first.app.test_client().get("/wechat", query_string=query).status_code == status


# How a signature is made


def test_numbers_are_sorted_as_texts():
    numeric = "".join(sorted([TIMESTAMP, NONCE], key=int)) + TOKEN
    assert sign(TOKEN, TIMESTAMP, NONCE) != sign(numeric)
    assert sign("9", "10") == sign("109")
    # By code point: digits, then upper case, then lower case.
    assert sign("b", "a", "B", "1") == sign("1Bab")


@few
@given(st.permutations(["AAAAA", TIMESTAMP, NONCE, "Encrypt"]))
def test_the_order_of_the_parts_does_not_matter(parts):
    assert sign(*parts) == sign("AAAAA", TIMESTAMP, NONCE, "Encrypt")


def test_unsorted_parts_have_another_hash():
    assert sign(f"{TOKEN}{TIMESTAMP}{NONCE}") != SIGNATURE
    assert sign(f"{NONCE}{TIMESTAMP}{TOKEN}") != SIGNATURE
    assert sign(f"{TIMESTAMP}{NONCE}{TOKEN}") == SIGNATURE  # the sorted one


def test_a_signature_has_40_hexadecimal_digits():
    assert sign("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d"  # SHA-1 of "abc"
    assert re.fullmatch("[0-9a-f]{40}", sign("a", "b"))


def test_texts_are_hashed_as_utf_8():
    assert sign("令牌", "é") == sign("é令牌") == "a671112eaed71f89df4fe7aeb96a494b13523cf7"


def test_joined_parts_can_be_cut_elsewhere():
    assert sign("AAAAA", "12", "3") == sign("AAAAA", "1", "23")


# What is accepted: nothing that arrives makes ``is_signed`` raise


# What can be written as UTF-8: everything but halves of characters.
texts = st.text(st.characters(codec="utf-8"))
anything = st.none() | st.text() | st.binary() | st.integers() | st.lists(st.integers())


@few
@given(st.lists(texts.filter(bool), min_size=2, max_size=5))
def test_what_was_signed_is_signed(parts):
    assert is_signed(sign(*parts), *parts)


@few
@given(anything, anything, st.lists(anything, max_size=4))
def test_nothing_else_is_signed_and_nothing_raises(signature, token, parts):
    assert is_signed(signature, token, *parts) is False


@pytest.mark.parametrize(
    "signature",
    ["", None, SIGNATURE[:-1], SIGNATURE + "0", SIGNATURE.upper(), "é" * 40, "\ud800", b"x", 1],
)
def test_another_signature_is_refused(signature):
    assert is_signed(signature, TOKEN, TIMESTAMP, NONCE) is False


@pytest.mark.parametrize("missing", ["", None])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_missing_part_is_refused_even_with_the_right_signature(position, missing):
    parts = [TOKEN, TIMESTAMP, NONCE]
    parts[position] = missing
    signature = sign(*[part or "" for part in parts])
    assert is_signed(signature, *parts) is False


def test_a_signature_over_nothing_is_refused():
    assert is_signed(sign(TOKEN), TOKEN) is False


def test_half_a_character_is_refused():
    assert is_signed(SIGNATURE, TOKEN, "\ud800", NONCE) is False


def test_the_comparison_takes_the_same_time_for_any_signature(monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    assert is_signed(SIGNATURE, TOKEN, TIMESTAMP, NONCE)
    assert compared == [(SIGNATURE.encode(), SIGNATURE.encode())]


# Another implementation agrees


@few
@given(texts, texts, texts)
def test_wechatpy_signs_the_same(token, timestamp, nonce):
    signer = WeChatSigner()
    signer.add_data(token, timestamp, nonce)
    assert sign(token, timestamp, nonce) == signer.signature
    check_signature(token, sign(token, timestamp, nonce), timestamp, nonce)


def test_wechatpy_refuses_a_signature_with_other_letters_too():
    with pytest.raises(InvalidSignatureException):
        check_signature(TOKEN, "é", TIMESTAMP, NONCE)
    assert not is_signed("é", TOKEN, TIMESTAMP, NONCE)


# What a client can send to the page


def test_blanks_of_copying_do_not_matter(client):
    sent = {name: f" {text}\n" for name, text in EXAMPLE.items()}
    assert client.post("/steps", data=sent).json["accepted"] is True


def test_empty_fields_are_shown_and_refused(client):
    assert client.post("/steps", data={}).json["accepted"] is False
    response = client.post("/", data={})
    assert page(response).select_one("li strong").text == "refused"
    assert "(empty)" in response.text


def test_letters_are_sent_as_they_are(client):
    assert "令牌" in client.post("/steps", data=EXAMPLE | {"token": "令牌"}).text


def test_markup_is_only_shown(client):
    attack = '"><script>alert(1)</script>'
    response = client.post("/", data=EXAMPLE | {"nonce": attack})
    assert not page(response).select("script")
    assert page(response).select_one("input[name=nonce]")["value"] == attack


@pytest.mark.parametrize("nonce", [b"%ff", b"%ED%A0%80", b"%00", b"%E4%BD%A0"])
def test_any_bytes_get_a_response(client, nonce):
    body = b"token=a&timestamp=1&signature=x&nonce=" + nonce
    sent = {"data": body, "content_type": "application/x-www-form-urlencoded"}
    assert client.post("/steps", **sent).status_code == 200
    assert client.post("/", **sent).status_code == 200


def test_long_forms_are_refused(client):
    assert client.post("/", data={"token": "a" * 9_900}).status_code == 200
    assert client.post("/", data={"token": "a" * 10_000}).status_code == 413


def test_the_token_is_not_taken_from_the_url(client):
    assert "hush" not in client.get("/?token=hush").text
    assert "hush" not in client.post("/?token=hush").text
