"""The client of wechatpy, another implementation of WeChat's API, pointed at the simulator.

WeRoBot 1.13.1 was tried in the same way by hand, and found no fault either.
"""

import json
from io import BytesIO

import pytest
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from tests.day05_wechat.helpers_calls import MENU, PICTURE, TEMPLATE, Program
from tests.day05_wechat.helpers_simulator import APPID, RAIN, SAM, SECRET, send
from tests.helpers import serving


@pytest.fixture(scope="module")
def program():
    found = Program()
    send(found.browser, text="hi")  # now the account may write for 48 hours
    return found


@pytest.fixture(scope="module")
def server(program):
    with serving(program.app) as server:
        yield server


class ToTheSimulator(HTTPAdapter):
    """Send to the simulator what is for WeChat."""

    def __init__(self, url):
        super().__init__()
        self.url = url

    def send(self, request, **more):
        request.url = request.url.replace("https://api.weixin.qq.com", self.url, 1)
        return super().send(request, **more)


@pytest.fixture
def client(server):
    client = WeChatClient(APPID, SECRET, timeout=60)
    client._http.mount("https://", ToTheSimulator(server.url))
    yield client
    client._http.close()


def test_it_gets_a_token_and_makes_a_menu(client):
    client.menu.create(MENU)
    first, second = client.menu.get()["menu"]["button"]
    assert first == MENU["button"][0] | {"sub_button": []}  # as WeChat itself adds it
    assert [each["name"] for each in second["sub_button"]] == ["Shop", "Help", "Scan"]
    client.menu.delete()
    assert client.menu.get() is None  # what it makes of 46003


def test_it_writes_to_a_follower(client, program):
    client.message.send_text(RAIN.openid, "Your tea is ready. 🍵")
    assert program.phone.shown[-1].lines == ("Your tea is ready. 🍵",)
    with pytest.raises(WeChatClientException) as caught:
        client.message.send_text(SAM.openid, "hello")
    assert caught.value.errcode == 45015


def test_it_sends_a_template(client, program):
    client.message.send_template(RAIN.openid, TEMPLATE, {"phrase2": {"value": "sent"}})
    assert "sent" in str(program.phone.shown[-1].lines)


def test_it_uploads_a_picture_and_gets_it_back(client):
    picture = BytesIO(PICTURE)
    picture.name = "cat.png"
    media_id = client.media.upload("image", picture)["media_id"]
    assert client.media.download(media_id).content == PICTURE
    client.message.send_image(RAIN.openid, media_id)


def test_it_signs_a_page(client):
    ticket = client.jsapi.get_ticket()["ticket"]
    assert client.jsapi.get_jsapi_signature("n", ticket, 1, "https://tea.example/") == (
        client.jsapi.get_jsapi_signature(
            "n", client.jsapi.get_jsapi_ticket(), 1, "https://tea.example/"
        )
    )


def test_a_refused_token_is_renewed_by_it_once(client, program):
    client.session.set(client.access_token_key, "not a token")
    client.expires_at = 2**40
    client.message.send_text(RAIN.openid, "again")
    assert json.dumps(program.phone.shown[-1].lines) == '["again"]'
