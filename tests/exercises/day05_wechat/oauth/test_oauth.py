"""Tests of the exercise: log in with the tea club."""

import json
import secrets
from urllib.parse import parse_qs, urlsplit

import pytest

from course.grading import fail


@pytest.fixture
def client_id():
    """Give the name by which the club knows the shop."""
    return f"shop-{secrets.token_hex(4)}"


@pytest.fixture
def codes():
    """Give what the club has given out, by code: names that no solution can know in advance."""
    return {f"CODE-{secrets.token_hex(6)}": f"Ann {secrets.token_hex(3)}" for _ in range(3)}


@pytest.fixture
def client(start, client_id, codes):
    """Give a browser for the shop."""
    config = {"CLUB_URL": "https://tea.example", "CLUB_CLIENT": client_id, "CLUB_CODES": codes}
    return start(config, told=None)


def parameters(reply):
    """Return the parameters of the address to which the reply leads."""
    found = parse_qs(urlsplit(reply.location or "").query)
    return {name: values[0] for name, values in found.items()}


def begin(client, **query):
    """Begin a login and return its state; fail in plain words if there is none."""
    reply = client.get("/login", query_string=query)
    if not reply.location:
        fail(reply, "a redirect to the club")
    state = parameters(reply).get("state")
    if not state:
        fail(reply, "a Location with a parameter named state")
    return state


def come_back(client, **query):
    return client.get("/callback", query_string=query)


def complain(sent, came_back, expected):
    lines = [f"Sent:      {sent}", f"Came back: {came_back}", f"Expected:  {expected}"]
    pytest.fail("\n".join(lines), pytrace=False)


def expect_status(reply, status, why):
    if reply.status_code != status:
        fail(reply, f"{status}, because {why}")


def expect_name(client, name, why):
    reply = client.get("/")
    if reply.status_code != 200 or reply.get_json(silent=True) != {"name": name}:
        fail(reply, f"{json.dumps({'name': name})}, because {why}")


def expect_place(reply, place, why):
    """Fail unless the reply leads to this path of the site."""
    found = urlsplit(reply.location or "")
    own = found._replace(scheme="", netloc="") if found.netloc == "localhost" else found
    if reply.status_code not in {302, 303} or own.geturl() != place:
        fail(reply, f"a redirect to {place}, because {why}")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("urlencode writes a dict as a query; url_for needs _external=True for the host.")
def test_the_visitor_is_sent_to_the_club(client, client_id):
    """/login redirects to the club with client_id, redirect_uri and state."""
    for base in ("http://localhost", f"https://shop-{secrets.token_hex(3)}.example"):
        reply = client.get("/login", base_url=base)
        place = "https://tea.example/authorize"
        if reply.status_code != 302 or not (reply.location or "").startswith(f"{place}?"):
            fail(reply, f"302 and a Location that begins with {place}? (CLUB_URL is set so)")
        found = parameters(reply)
        for name, value in (("client_id", client_id), ("redirect_uri", f"{base}/callback")):
            if found.get(name) != value:
                fail(reply, f"{name}={value} in the Location; it was {found.get(name)}")
        if not found.get("state"):
            fail(reply, "a parameter named state in the Location")


@pytest.mark.task(1)
@pytest.mark.hint("secrets.token_hex(16) makes 32 random letters and digits.")
def test_each_login_has_a_state_of_its_own(client, new_client):
    """The state has at least 20 letters and digits, and is another one each time."""
    states = [begin(each) for each in (client, client, new_client())]
    for state in states:
        if len(state) < 20 or not (state.isascii() and state.isalnum()):
            complain("GET /login", f"the state {state!r}", "at least 20 letters and digits")
    if len(set(states)) < 3:
        found = ", ".join(states)
        complain("GET /login, three times", f"the states {found}", "another one each time")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Keep the state in the session when the visitor leaves, compare it afterwards.")
def test_who_brings_the_state_back_is_logged_in(client, codes):
    """Who comes back with a code and the right state is logged in and led to /."""
    code, name = codes.popitem()
    reply = come_back(client, code=code, state=begin(client))
    expect_place(reply, "/", "the state is the one of this login")
    expect_name(client, name, "this login is complete")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Compare the whole text; compare_digest wants bytes for letters beyond ASCII.")
def test_another_state_is_refused(client, codes):
    """Who comes back with another state, or with none, gets 403 and is not logged in."""
    for change in (
        lambda state: {},
        lambda state: {"state": ""},
        lambda state: {"state": state[:-1]},
        lambda state: {"state": f"{state}0"},
        lambda state: {"state": f"{state[:-1]}é"},
    ):
        brought = change(begin(client))
        reply = come_back(client, code=next(iter(codes)), **brought)
        expect_status(reply, 403, f"the login began with another state than {brought or 'none'}")
    expect_name(client, None, "no login is complete")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("None == None: a browser that began nothing has no state, and may bring none.")
def test_a_browser_that_began_nothing_is_refused(client, new_client, codes):
    """A browser that was not sent away gets 403, with no state and with another one's state."""
    code, state = next(iter(codes)), begin(client)
    other = new_client()
    reply = come_back(other, code=code, state=state)
    expect_status(reply, 403, "the state is that of another browser")
    for nothing in ({}, {"state": ""}):
        reply = come_back(other, code=code, **nothing)
        expect_status(reply, 403, "this browser has begun no login")
    begin(other)
    reply = come_back(other, code=code, state=begin(client))
    expect_status(reply, 403, "the state is that of another browser")
    expect_name(other, None, "no login is complete")


@pytest.mark.task(3)
@pytest.mark.hint("session.pop takes the state out of the session.")
def test_a_state_is_good_for_one_login(client, codes):
    """Who comes back a second time with the same state gets 403 and stays who it was."""
    (one, name), (two, _), _ = codes.items()
    state = begin(client)
    come_back(client, code=one, state=state)
    reply = come_back(client, code=two, state=state)
    expect_status(reply, 403, "this state was brought back before")
    expect_name(client, name, "the first login is complete, the second is not")


@pytest.mark.task(3)
@pytest.mark.hint("Take the state out before you compare it: one login, one guess.")
def test_a_wrong_guess_ends_the_login(client, codes):
    """After a wrong state the right one is refused as well."""
    state = begin(client)
    reply = come_back(client, code=next(iter(codes)), state=f"{state[:-1]}-")
    expect_status(reply, 403, f"the login began with the state {state}")
    reply = come_back(client, code=next(iter(codes)), state=state)
    expect_status(reply, 403, "a wrong state was brought back before")


@pytest.mark.task(4)
@pytest.mark.hint("request.args.get returns None for what is missing; abort(400).")
def test_who_refuses_is_not_logged_in(client):
    """Who comes back with the right state and without a code gets 400."""
    for denied in ({}, {"code": ""}, {"error": "access_denied"}):
        reply = come_back(client, state=begin(client), **denied)
        expect_status(reply, 400, "there is no code")
    expect_name(client, None, "no login is complete")


@pytest.mark.task(4)
@pytest.mark.hint("Catch ClubError around exchange, and nothing else.")
def test_an_unknown_code_is_a_bad_gateway(client, codes):
    """A code that the club does not know, or that was used before, is 502."""
    reply = come_back(client, state=begin(client), code=f"CODE-{secrets.token_hex(6)}")
    expect_status(reply, 502, "the club does not know this code")
    expect_name(client, None, "no login is complete")


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("Put next into the session in /login, each time anew, and pop it in /callback.")
def test_the_visitor_is_led_back(client, codes):
    """After /login?next=/orders the callback leads to /orders; after /login it leads to /."""
    own = f"/orders?of={secrets.token_hex(4)}"
    begin(client, next="/orders?of=nobody")  # and given up
    for code, query, place in zip(
        codes, ({}, {"next": own}, {"next": "/orders"}), ("/", own, "/orders"), strict=True
    ):
        reply = come_back(client, code=code, state=begin(client, **query))
        expect_place(reply, place, f"this login began with {query or 'no next'}")


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("A path begins with one slash; //host is a host, and browsers read /\\host so.")
def test_nobody_is_led_to_another_site(start, client_id):
    """A next that is not a path of this site leads to /."""
    places = [
        "https://other.example/orders",
        "//other.example/orders",
        "/\\other.example",
        "\\\\other.example",
        "javascript:alert(1)",
        "other.example",
    ]
    codes = [secrets.token_hex(6) for _ in places]
    client = start({"CLUB_CLIENT": client_id, "CLUB_CODES": dict.fromkeys(codes, "Ann")}, told=None)
    for code, place in zip(codes, places, strict=True):
        reply = come_back(client, code=code, state=begin(client, next=place))
        expect_place(reply, "/", f"the login began with next={place}")
