"""Tests of the exercise: a short-link service."""

import random
import secrets

import pytest

from course.grading import expect, fail, json_of

HOME = "http://localhost/"


def address():
    """Give a URL that no solution can know in advance."""
    return f"https://flowers.example/{secrets.token_hex(4)}?size={random.randrange(100)}"


def short_of(reply, url, home=HOME):
    """Return the short URL in a reply; fail in plain words if there is none."""
    answer = json_of(reply)
    if not isinstance(answer, dict) or answer.get("url") != url:
        fail(reply, f"a JSON object in which url is {url!r}")
    short = answer.get("short")
    if not isinstance(short, str) or not short.startswith(f"{home}s/"):
        fail(reply, f"a short URL that begins with {home}s/, as the service runs at {home}")
    return short


def shorten(client, url):
    return short_of(expect(client.post("/links", data={"url": url}), 201), url)


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("A field of a form is in request.form. A view may return a dict and a status.")
def test_a_form_gets_a_short_address(client):
    """A form with a url gets 201, the url and a short URL."""
    shorten(client, address())


@pytest.mark.task(1)
@pytest.mark.hint("url_for takes _external=True and then writes the name of the server, too.")
def test_the_short_address_belongs_to_the_server_that_was_asked(client):
    """The short URL leads to where the service runs, with any host and folder."""
    url, home = address(), f"http://{secrets.token_hex(3)}.example/go/"
    reply = client.post("/links", data={"url": url}, base_url=home)
    short_of(expect(reply, 201), url, home)


@pytest.mark.task(2)
@pytest.mark.points(3)
@pytest.mark.hint("links[code] = url keeps a URL; redirect(...) leads to it.")
def test_the_short_address_leads_to_the_long_one(client):
    """Each short URL redirects to its own long one, with 302."""
    pairs = [(url, shorten(client, url)) for url in (address(), address())]
    for url, short in pairs:
        reply = expect(client.get(short), 302)
        if reply.location != url:
            fail(reply, f"the Location {url}")


@pytest.mark.task(2)
@pytest.mark.needs("test_the_short_address_leads_to_the_long_one")
@pytest.mark.hint("A dict raises KeyError for a key that it has not. Ask first: if code not in ...")
def test_an_unknown_code_is_not_found(client):
    """A code that was never given gets 404."""
    expect(client.get(f"/s/{secrets.token_hex(3)}x"), 404)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("request.get_json() gives the object; request.mimetype says which body it is.")
def test_json_gets_a_short_address(client):
    """A JSON object with a url is answered like the form."""
    url = address()
    short = short_of(expect(client.post("/links", json={"url": url}), 201), url)
    reply = expect(client.get(short), 302)
    if reply.location != url:
        fail(reply, f"the Location {url}")


@pytest.mark.task(3)
@pytest.mark.hint("get_json() refuses other types with 415 by itself, if nothing tells it not to.")
@pytest.mark.parametrize("kind", ["text/plain", "application/xml"])
def test_another_type_is_refused(client, kind):
    """A body that is neither a form nor JSON gets 415."""
    reply = client.post("/links", data=f'{{"url": "{address()}"}}', content_type=kind)
    expect(reply, 415)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("JSON may be anything: a list, a number, null. isinstance(data, dict) tells.")
def test_without_a_url_there_is_no_short_address(client):
    """A form or JSON without a url, or with a url that is not a text, gets 400."""
    expect(client.post("/links", data={"address": address()}), 400)
    for data in ({}, [address()], {"url": 7}, {"url": None}, {"url": [address()]}):
        expect(client.post("/links", json=data), 400)
    for text in ("null", '{"url": '):
        expect(client.post("/links", data=text, content_type="application/json"), 400)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("The name of a server ends at the next slash, so the slash belongs to the check.")
def test_an_address_of_a_stranger_is_refused(client):
    """A URL that does not begin with https://flowers.example/ gets 400."""
    for url in (
        "http://evil.example/",
        "http://flowers.example/",
        "//flowers.example/",
        "/tulips",
        "javascript:alert(1)",
        "https://evil.example/https://flowers.example/",
        "https://flowers.example.evil.example/",
        "https://flowers.example@evil.example/",
        "",
    ):
        expect(client.post("/links", data={"url": url}), 400)
        expect(client.post("/links", json={"url": url}), 400)


@pytest.mark.task(4)
@pytest.mark.hint("A pattern names what is allowed, [!-~]*; use fullmatch, for match ends early.")
def test_invisible_characters_are_refused(client):
    """A URL with a space, a line break or a letter beyond ASCII gets 400."""
    for part in ("red tulips", "red\ntulips", "red\r\nX-Shop: evil", "red\n", "tulip\0", "tülip"):
        expect(client.post("/links", json={"url": f"https://flowers.example/{part}"}), 400)


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("Go through links.items() and look for the url before you make a new code.")
def test_an_address_keeps_its_code(client):
    """A URL that is sent again gets the same short URL, with 200."""
    url = address()
    short = shorten(client, url)
    shorten(client, address())
    for again in ({"data": {"url": url}}, {"json": {"url": url}}):
        reply = expect(client.post("/links", **again), 200)
        if short_of(reply, url) != short:
            fail(reply, f"the short URL of the first time, {short}")
