"""What the tests of the simulator's API share: the calls of a program, and a picture."""

import json
from io import BytesIO

from day05_wechat.simulator.app import create_app
from tests.day05_wechat.helpers_simulator import APPID, CONFIG, RAIN, SECRET, register

PICTURE = b"\x89PNG\r\n\x1a\n and so on"
CREDENTIALS = {"appid": APPID, "secret": SECRET, "grant_type": "client_credential"}
TEMPLATE = "TEMPLATE-OF-THE-SIMULATOR-1"
MENU = {
    "button": [
        {"type": "click", "name": "今日茶", "key": "TEA_OF_TODAY"},
        {
            "name": "更多",
            "sub_button": [
                {"type": "view", "name": "Shop", "url": "https://tea.example/shop?a=1&b=2"},
                {"type": "click", "name": "Help", "key": "HELP"},
                {"type": "scancode_push", "name": "Scan", "key": "SCAN"},
            ],
        },
    ]
}


class Program:
    """A program of the account, with a token."""

    def __init__(self, **config):
        self.app = create_app(CONFIG | config)
        self.browser = self.app.test_client()
        register(self.browser)
        self.phone = self.app.extensions["phone"]
        self.office = self.app.extensions["office"]
        self.token = self.get("token", **CREDENTIALS)["access_token"]

    def get(self, path, **query):
        response = self.browser.get(f"/cgi-bin/{path}", query_string=query)
        assert (response.status_code, response.content_type) == (200, "text/plain")
        return json.loads(response.data)

    def post(self, path, data, token=None, **query):
        """Post JSON, or bytes as they are; return the JSON that comes back."""
        query = {"access_token": token or self.token} | query
        body = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
        response = self.browser.post(f"/cgi-bin/{path}", query_string=query, data=body)
        assert response.status_code == 200, response.text
        return json.loads(response.data)

    def ask(self, path, **query):
        return self.get(path, access_token=self.token, **query)

    def upload(self, data=PICTURE, kind="image", field="media", name="cat.png"):
        query = {"access_token": self.token, "type": kind}
        form = {field: (BytesIO(data), name)}
        response = self.browser.post("/cgi-bin/media/upload", query_string=query, data=form)
        assert response.status_code == 200, response.text
        return json.loads(response.data)

    def write(self, content="hello", to=RAIN, **more):
        """Send a customer service message; return what WeChat says."""
        message = {"touser": to.openid, "msgtype": "text", "text": {"content": content}}
        return self.post("message/custom/send", message | more)


def number(data):
    """Return the errcode, 0 for none."""
    return data.get("errcode", 0)
