import hashlib
import hmac
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import WeChatSigner, check_signature

from day05_wechat.signature.app import EXAMPLE, app, is_signed, sign  # noqa: F401

VECTORS = [
    ("AAAAA", "1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
    ("AAAAA", "1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ("AAAAA", "1714112445", "415670741", "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
    ("flask_day05", "1700000000", "123456789", "365afc13db151e71c58f03fe7deada3c4951f30b"),
    ("Token09", "1409659589", "263014780", "c63175ee014b5ba17154d8900b7afab45d2c32b6"),
]
TOKEN, TIMESTAMP, NONCE, SIGNATURE = VECTORS[1]
few = settings(max_examples=50, deadline=None, database=None)
# What can be written as UTF-8: everything but halves of characters.
texts = st.text(st.characters(codec="utf-8"))
anything = st.none() | st.text() | st.binary() | st.integers() | st.lists(st.integers())


def sha1(content):
    return hashlib.sha1(content).hexdigest()  # noqa: S324


@pytest.mark.point("D5-01", "D5-18")
@pytest.mark.parametrize(("token", "timestamp", "nonce", "signature"), VECTORS)
def test_the_published_signatures_come_out(token, timestamp, nonce, signature):
    assert sign(token, timestamp, nonce) == signature
    assert is_signed(signature, token, timestamp, nonce)


def test_numbers_are_sorted_as_texts():
    numeric = "".join(sorted([TIMESTAMP, NONCE], key=int)) + TOKEN
    wrong = sha1(numeric.encode())
    assert wrong == "e37a5ceeedc0c0d760d9efcfbea6a83d9c885808"
    assert sign(TOKEN, TIMESTAMP, NONCE) != wrong
    assert sign("9", "10") == sha1(b"109")
    # By code point: digits before capitals before small letters.
    assert sign("b", "a", "B", "1") == sha1(b"1Bab")


@pytest.mark.point("D5-11")
@few
@given(st.permutations(["AAAAA", TIMESTAMP, NONCE, "Encrypt"]))
def test_the_order_of_the_parts_does_not_matter(parts):
    assert sign(*parts) == sign("AAAAA", TIMESTAMP, NONCE, "Encrypt")


@pytest.mark.point("D5-11")
def test_unsorted_parts_have_another_hash():
    joined = f"{TOKEN}{TIMESTAMP}{NONCE}"
    assert sha1(joined.encode()) != SIGNATURE
    shuffled = f"{NONCE}{TIMESTAMP}{TOKEN}"
    assert sha1(shuffled.encode()) != SIGNATURE


@pytest.mark.point("D5-14", "D5-18")
def test_digests_have_one_length_each_and_are_texts():
    lengths = {name: len(hashlib.new(name, b"abc").hexdigest()) for name in ("sha1", "md5")}
    assert lengths == {"sha1": 40, "md5": 32}
    assert len(hashlib.sha256(b"a" * 100_000).hexdigest()) == 64
    assert sha1(b"abc") == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert {"sha1", "md5", "sha256"} <= hashlib.algorithms_guaranteed
    assert re.fullmatch("[0-9a-f]{40}", sign("a", "b"))


@pytest.mark.point("D5-17")
def test_sha1_wants_bytes():
    with pytest.raises(TypeError, match="encoded before hashing"):
        hashlib.sha1("text")  # noqa: S324
    assert sign("令牌", "é") == sha1("é令牌".encode())


@few
@given(texts, texts, texts)
def test_wechatpy_signs_the_same(token, timestamp, nonce):
    signer = WeChatSigner()
    signer.add_data(token, timestamp, nonce)
    assert sign(token, timestamp, nonce) == signer.signature
    check_signature(token, sign(token, timestamp, nonce), timestamp, nonce)


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
def test_a_missing_part_is_refused_even_if_rightly_signed(position, missing):
    parts = [TOKEN, TIMESTAMP, NONCE]
    parts[position] = missing
    signature = sign(*[part or "" for part in parts])
    assert is_signed(signature, *parts) is False


def test_a_signature_over_nothing_is_refused():
    assert is_signed(sign(TOKEN), TOKEN) is False


def test_half_a_character_is_refused():
    assert is_signed(SIGNATURE, TOKEN, "\ud800", NONCE) is False


def test_the_comparison_is_the_one_in_constant_time(monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    assert is_signed(SIGNATURE, TOKEN, TIMESTAMP, NONCE)
    assert compared == [(SIGNATURE.encode(), SIGNATURE.encode())]


def test_compare_digest_refuses_other_letters_in_texts_but_not_in_bytes():
    with pytest.raises(TypeError):
        hmac.compare_digest("é", "e")
    assert not hmac.compare_digest("é".encode(), b"e")


def test_joined_parts_can_be_cut_elsewhere():
    assert sign("AAAAA", "12", "3") == sign("AAAAA", "1", "23")


def test_wechatpy_refuses_a_signature_with_other_letters_too():
    with pytest.raises(InvalidSignatureException):
        check_signature(TOKEN, "é", TIMESTAMP, NONCE)
    assert not is_signed("é", TOKEN, TIMESTAMP, NONCE)


def test_the_page_begins_with_an_accepted_example(client):
    page = client.get("/").text
    assert "<strong>accepted</strong>" in page
    assert "1714037059486452656AAAAA" in page
    assert page.count(SIGNATURE) == 2  # in the form and in step 3


def test_the_page_refuses_a_changed_signature(client):
    page = client.post("/", data={**EXAMPLE, "signature": SIGNATURE[::-1]}).text
    assert "<strong>refused</strong>" in page


def test_blanks_of_copying_do_not_matter(client):
    sent = {name: f" {text}\n" for name, text in EXAMPLE.items()}
    assert client.post("/steps", data=sent).json["accepted"] is True


def test_the_steps_are_shown_in_order(client):
    answer = client.post("/steps", data=EXAMPLE)
    assert list(answer.json) == ["sorted", "joined", "signature", "accepted"]
    assert answer.json["sorted"] == ["1714037059", "486452656", "AAAAA"]


def test_empty_fields_are_shown_and_refused(client):
    assert client.post("/steps", data={}).json["accepted"] is False
    page = client.post("/", data={}).text
    assert "<strong>refused</strong>" in page
    assert "(empty)" in page


def test_markup_is_only_shown(client):
    page = client.post("/", data={**EXAMPLE, "nonce": '"><script>alert(1)</script>'}).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("nonce", [b"%ff", b"%ED%A0%80", b"%00", b"%E4%BD%A0"])
def test_any_bytes_get_an_answer(client, nonce):
    body = b"token=a&timestamp=1&signature=x&nonce=" + nonce
    sent = {"data": body, "content_type": "application/x-www-form-urlencoded"}
    assert client.post("/steps", **sent).status_code == 200
    assert client.post("/", **sent).status_code == 200


def test_long_forms_are_refused(client):
    assert client.post("/", data={"token": "a" * 20_000}).status_code == 413


def test_the_token_is_not_taken_from_the_address(client):
    assert "hush" not in client.get("/?token=hush").text
    assert "hush" not in client.post("/?token=hush").text
