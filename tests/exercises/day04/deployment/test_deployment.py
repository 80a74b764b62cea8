"""Tests of the exercise: an app that moves behind a proxy."""

import random

import pytest

from course.grading import expect


@pytest.fixture
def visitor():
    """Give an address that no solution can know in advance."""
    return f"203.0.113.{random.randrange(1, 255)}"


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Put ProxyFix around app.wsgi_app, and tell it how many proxies there are.")
def test_the_address_is_the_visitors(client, visitor):
    """/address responds with the address that the proxy wrote."""
    reply = client.get("/address", headers={"X-Forwarded-For": visitor})
    expect(reply, 200, text=visitor)


@pytest.mark.task(1)
@pytest.mark.needs("test_the_address_is_the_visitors")
@pytest.mark.hint(
    "ProxyFix takes the address that is so many places from the end: one proxy, one place."
)
def test_an_invented_address_is_not_believed(client, visitor):
    """If the visitor sends an address, too, the one of the proxy counts, which is the last."""
    reply = client.get("/address", headers={"X-Forwarded-For": f"6.6.6.6, {visitor}"})
    expect(reply, 200, text=visitor)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("ProxyFix has an argument for each header: x_for, x_proto, x_host.")
def test_the_link_is_one_of_the_public_site(client):
    """/link responds with the protocol and the host that the visitor used."""
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    expect(client.get("/link", headers=headers), 200, text="https://shop.example/link")


@pytest.mark.task(2)
@pytest.mark.needs("test_the_link_is_one_of_the_public_site")
@pytest.mark.hint("The proxy does not write X-Forwarded-Prefix, so do not trust it.")
def test_a_header_that_the_proxy_does_not_write_is_not_believed(client):
    """X-Forwarded-Prefix, which a visitor could send, changes nothing."""
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example",
        "X-Forwarded-Prefix": "/evil",
    }
    expect(client.get("/link", headers=headers), 200, text="https://shop.example/link")
