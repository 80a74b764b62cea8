"""Tests of the exercise: goods for a front end on another origin."""

import random
import secrets
from urllib.parse import urlsplit

import pytest

from course.grading import expect, fail


@pytest.fixture
def origins():
    """Give two origins that no solution can know in advance."""
    word = secrets.token_hex(3)
    return [f"https://front-{word}.example", f"http://staff-{word}.example:8443"]


@pytest.fixture
def client(start, origins):
    """Give a client for the app, which lets these origins in."""
    return start({"ALLOWED_ORIGINS": " ".join(origins)}, told=None)


def goods():
    return {"name": f"Cup {secrets.token_hex(3)}", "price": random.randrange(1, 10_000)}


def add(client, **fields):
    """Add goods and return their address; the first ones have the id 1, the next ones 2."""
    reply = client.post("/goods", json=fields or goods())
    body = reply.get_json(silent=True)
    number = body.get("id") if isinstance(body, dict) else None
    if reply.status_code not in {200, 201} or not isinstance(number, int):
        fail(reply, "the goods, with their id")
    return f"/goods/{number}"


def tag_of(client, address):
    """Return the ETag of goods as the header has it; fail in plain words without one."""
    reply = expect(client.get(address), 200)
    tag = reply.headers.get("ETag")
    if not tag:
        fail(reply, "the header ETag; it was missing")
    if not tag.endswith('"'):
        fail(reply, f"an ETag in quotation marks; it was {tag}")
    return tag


def seen(client, address):
    """Return the header that says what state was seen, once the answers have an ETag."""
    tag = client.get(address).headers.get("ETag")
    return {"If-Match": tag} if tag else {}


def expect_status(reply, status, why, header=None):
    if reply.status_code != status:
        shown = f"\nHeaders:   {header}" if header else ""
        fail(reply, f"{status}, because {why}{shown}")


def expect_goods(client, address, fields, why):
    reply = client.get(address)
    body = reply.get_json(silent=True)
    body = body if isinstance(body, dict) else {}
    if reply.status_code != 200 or {name: body.get(name) for name in fields} != fields:
        fail(reply, f"{fields}, because {why}")


def words(reply, name):
    """Return the words of a header that is a list, in lower case."""
    return {word.strip().lower() for word in reply.headers.get(name, "").split(",")} - {""}


def expect_words(reply, name, wanted, header):
    found = words(reply, name)
    if not wanted <= found and "*" not in found:
        shown = reply.headers.get(name) or "missing"
        fail(reply, f"{', '.join(sorted(wanted))} in {name}; it was {shown}\nHeaders:   {header}")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("return goods, 201, {'Location': url_for('show', goods_id=...)}")
def test_new_goods_have_an_address(client):
    """POST /goods gets 201, and Location leads to the new goods."""
    add(client)
    fields = goods()
    reply = client.post("/goods", json=fields)
    expect_status(reply, 201, "the goods are new")
    if not reply.location:
        fail(reply, "the header Location with the address of the new goods")
    expect_goods(client, urlsplit(reply.location).path, fields, "Location led there")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Look whether goods_id is in all_goods; abort(404). DELETE answers '', 204.")
def test_goods_are_replaced_and_deleted(client):
    """PUT is 200, DELETE 204; afterwards, and for an unknown id, all three methods are 404."""
    address, fields = add(client), goods()
    reply = client.put(address, json=fields, headers=seen(client, address))
    expect_status(reply, 200, "the goods are there")
    expect_goods(client, address, fields, "they have been replaced")
    header = seen(client, address)
    expect_status(client.delete(address, headers=header), 204, "the goods are there")
    header = header or {"If-Match": '"1"'}
    for place, why in ((address, "they are deleted"), ("/goods/99", "there are none")):
        expect_status(client.get(place), 404, why)
        expect_status(client.put(place, json=fields, headers=header), 404, why)
        expect_status(client.delete(place, headers=header), 404, why)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("jsonify makes a response; response.set_etag(str(versions[goods_id])).")
def test_each_state_has_a_name(client):
    """The ETag stays as long as the goods do, and is another one after a change."""
    address = add(client)
    first = tag_of(client, address)
    if tag_of(client, address) != first:
        fail(client.get(address), f"the ETag {first} as before, because nothing has changed")
    client.put(address, json=goods(), headers={"If-Match": first})
    second = tag_of(client, address)
    if second == first:
        fail(client.get(address), f"another ETag than {first}, because the goods were replaced")


@pytest.mark.task(2)
@pytest.mark.hint("make_conditional compares; return what it returns.")
def test_who_has_it_gets_304(client):
    """With the ETag in If-None-Match the answer is 304, after a change 200."""
    address = add(client)
    header = {"If-None-Match": tag_of(client, address)}
    reply = client.get(address, headers=header)
    expect_status(reply, 304, "nothing has changed", header)
    client.put(address, json=goods(), headers=seen(client, address))
    reply = client.get(address, headers=header)
    expect_status(reply, 200, "the goods were replaced", header)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("if not request.if_match: abort(428)")
def test_a_change_without_if_match_is_refused(client):
    """PUT and DELETE without If-Match are 428, and the goods stay as they were."""
    fields = goods()
    address = add(client, **fields)
    expect_status(client.put(address, json=goods()), 428, "there is no If-Match")
    expect_status(client.delete(address), 428, "there is no If-Match")
    expect_goods(client, address, fields, "the request did not say which state was seen")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("abort(412) unless request.if_match.contains(...), before anything is changed.")
def test_a_change_of_another_state_is_refused(client):
    """PUT and DELETE with the ETag of another state are 412; the second clerk is told."""
    address, fields = add(client), goods()
    header = {"If-Match": tag_of(client, address)}
    reply = client.put(address, json=fields, headers=header)
    expect_status(reply, 200, "this is the ETag of now", header)
    reply = client.put(address, json=goods(), headers=header)
    expect_status(reply, 412, "another clerk has changed them since", header)
    expect_status(client.delete(address, headers=header), 412, "this is the ETag of before", header)
    expect_goods(client, address, fields, "the second change was refused")
    header = {"If-Match": tag_of(client, address)}
    expect_status(client.delete(address, headers=header), 204, "this is the ETag of now", header)


@pytest.mark.task(3)
@pytest.mark.hint("If-Match is a list: compare with request.if_match.contains, not with ==.")
def test_if_match_may_name_several_states(client):
    """If-Match with several ETags allows the change if one of them is that of now."""
    address = add(client)
    header = {"If-Match": f'"{secrets.token_hex(4)}", {tag_of(client, address)}'}
    reply = client.put(address, json=goods(), headers=header)
    expect_status(reply, 200, "one of these is the ETag of now", header)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("@app.after_request sees the errors, too; request.origin is who asks.")
def test_named_origins_may_read(client, origins):
    """Answers to a named origin name it, errors as well, and all answers have Vary: Origin."""
    address = add(client)
    for origin in (*origins, None):
        header = {"Origin": origin} if origin else {}
        for path in (address, "/goods", "/goods/99", "/nothing"):
            reply = client.get(path, headers=header)
            found = reply.headers.get("Access-Control-Allow-Origin")
            if found != origin:
                wanted = f"Access-Control-Allow-Origin: {origin}" if origin else "no such header"
                fail(reply, f"{wanted}; it was {found or 'missing'}\nHeaders:   {header}")
            if not words(reply, "Vary") & {"origin", "*"}:
                found = reply.headers.get("Vary") or "missing"
                fail(reply, f"the header Vary: Origin; it was {found}")


@pytest.mark.task(4)
@pytest.mark.needs("test_named_origins_may_read")
@pytest.mark.points(2)
@pytest.mark.hint("Split the setting into a set; in a text, any part of it would be found.")
def test_other_origins_may_not_read(client, origins):
    """No other origin is named, however much it looks like one that is."""
    address = add(client)
    front, staff = origins
    for other in (
        "https://other.example",
        "null",
        front.replace("https", "http"),
        f"{front}.other.example",
        front[:-1],
        f"{front}:8443",
        staff.removesuffix(":8443"),
        f"{front} {staff}",
    ):
        header = {"Origin": other}
        for reply in (client.get(address, headers=header), client.options(address, headers=header)):
            found = reply.headers.get("Access-Control-Allow-Origin")
            if found is not None:
                fail(
                    reply,
                    "no Access-Control-Allow-Origin, because the named origins are "
                    f"{' and '.join(origins)}; it was {found}\nHeaders:   {header}",
                )


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("Flask answers OPTIONS by itself; the hook can add access_control_allow_methods.")
def test_the_preflight_allows_what_is_needed(client, origins):
    """OPTIONS allows PUT and DELETE with Content-Type and If-Match."""
    address = add(client)
    for method in ("PUT", "DELETE"):
        header = {
            "Origin": random.choice(origins),
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type,if-match",
        }
        reply = client.options(address, headers=header)
        if reply.status_code not in {200, 204}:
            fail(reply, f"200 or 204, because this is a preflight\nHeaders:   {header}")
        expect_words(reply, "Access-Control-Allow-Origin", {header["Origin"]}, header)
        expect_words(reply, "Access-Control-Allow-Methods", {"put", "delete"}, header)
        expect_words(reply, "Access-Control-Allow-Headers", {"content-type", "if-match"}, header)


@pytest.mark.task(5)
@pytest.mark.hint("access_control_expose_headers, on each answer but those to OPTIONS.")
def test_scripts_may_read_etag_and_location(client, origins):
    """Access-Control-Expose-Headers names ETag and Location."""
    header = {"Origin": random.choice(origins)}
    address = add(client)
    for reply in (
        client.get(address, headers=header),
        client.post("/goods", json=goods(), headers=header),
    ):
        expect_words(reply, "Access-Control-Expose-Headers", {"etag", "location"}, header)
