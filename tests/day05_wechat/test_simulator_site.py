"""The login lesson inside the simulator: a visitor goes the whole way, over real sockets.

Begin with test_log_in_on_the_site_below_the_simulator. A session of requests plays the browser.
"""

from html import unescape

import pytest
import requests
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from day05_wechat.simulator.app import create_app
from day05_wechat.simulator.people import SNAPSHOT
from tests.day05_wechat.helpers import WAIT
from tests.day05_wechat.helpers_simulator import APPID, CONFIG, PEOPLE, PREFIX, RAIN, SAM
from tests.helpers import serving


@pytest.fixture(scope="module", autouse=True)
def patient_site():
    """Let the site inside wait for the API as long as a busy machine needs."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("FLASK_API_TIMEOUT", str(WAIT))
        yield


@pytest.fixture(scope="module")
def url():
    """The URL of a simulator below a prefix, as in the reader."""
    app = DispatcherMiddleware(Flask("reader"), {PREFIX: create_app(CONFIG)})
    with serving(app) as server:
        yield server.url + PREFIX


@pytest.fixture
def visitor():
    """A browser that keeps cookies and follows redirects."""
    with requests.Session() as session:
        yield session


def begin(visitor, url, scope="snsapi_userinfo"):
    """Go from the simulator's page to the login; return where the site sends the visitor."""
    assert f'href="{PREFIX}/site/"' in visitor.get(f"{url}/", timeout=WAIT).text
    link = f"{PREFIX}/site/login/{scope}"
    assert link in visitor.get(f"{url}/site/", timeout=WAIT).text
    response = visitor.get(url.removesuffix(PREFIX) + link, timeout=WAIT, allow_redirects=False)
    return response.headers["Location"]


@pytest.mark.parametrize("person", PEOPLE)
def test_log_in_on_the_site_below_the_simulator(visitor, url, person):
    consent = begin(visitor, url)
    assert consent.startswith(f"{url}/connect/oauth2/authorize?appid={APPID}&")
    assert consent.endswith("#wechat_redirect")
    form = {"person": person.openid, "decision": "allow"}
    response = visitor.post(consent, data=form, timeout=WAIT)
    # A fragment outlives redirects, in browsers as well.
    assert (response.status_code, response.url) == (200, f"{url}/site/profile#wechat_redirect")
    assert person.nickname in unescape(response.text)
    assert person.openid in response.text
    assert "<script>alert" not in response.text


def test_a_visitor_who_denies_is_not_logged_in(visitor, url):
    response = visitor.post(begin(visitor, url), data={"decision": "deny"}, timeout=WAIT)
    assert response.status_code == 400
    assert response.url.startswith(f"{url}/site/callback?state=")
    assert visitor.get(f"{url}/site/profile", timeout=WAIT).url == f"{url}/site/"


def test_log_in_silently(visitor, url):
    response = visitor.get(begin(visitor, url, "snsapi_base"), timeout=WAIT)
    assert response.url == f"{url}/site/profile#wechat_redirect"
    assert RAIN.openid in response.text
    assert RAIN.nickname not in response.text


def test_log_in_as_a_snapshot(visitor, url):
    form = {"person": RAIN.openid, "decision": "allow", "snapshot": "on"}
    response = visitor.post(begin(visitor, url), data=form, timeout=WAIT)
    assert SNAPSHOT.nickname in response.text
    assert RAIN.openid not in response.text


def test_the_browser_does_not_say_where_the_site_calls():
    """The pages are where the browser says; the API is where the server says that it listens."""
    app = create_app(CONFIG)
    client = app.test_client()
    with serving(app) as server:
        listening = {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": str(server.server_port)}

        def go(url, method="GET", **form):
            path = url.removeprefix("http://localhost:1")
            options = {"base_url": "http://localhost:1", "environ_overrides": listening}
            return client.open(path, method=method, data=form, **options)

        consent = go("/site/login/snsapi_userinfo").location
        assert consent.startswith("http://localhost:1/connect/oauth2/authorize?")
        back = go(consent, "POST", person=SAM.openid, decision="allow").location
        assert back.startswith("http://localhost:1/site/callback?")
        assert go(back).location == "/site/profile"
        assert "Hello <bdi>Sam</bdi>" in go("/site/profile").text


@pytest.mark.parametrize("path", ["/site/", "/site/login/snsapi_base"])
def test_the_site_refuses_a_host_that_is_not_trusted(path):
    client = create_app(CONFIG).test_client()
    assert client.get(path, headers={"Host": "example.com"}).status_code == 400
    assert client.get(path).status_code in {200, 302}
