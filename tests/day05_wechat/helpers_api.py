"""What the tests of calling WeChat share: the simulator on a socket, and the account's owner."""

import contextlib

from day05_wechat.api.app import create_app
from tests.day05_wechat.helpers import WAIT
from tests.day05_wechat.helpers_calls import Program
from tests.day05_wechat.helpers_oauth import Quiet
from tests.day05_wechat.helpers_simulator import APPID, SECRET
from tests.helpers import serving


class Simulator(Program):
    """The simulator; ``url`` is its address."""

    url = ""

    def accepts(self, url, signature):
        """Return what WeChat's script says of a page's signature."""
        response = self.browser.get("/open/js/check", query_string={"url": url, **signature})
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        return response.get_json(force=True)["errMsg"]


@contextlib.contextmanager
def serve_simulator(**config):
    """Serve the simulator on a real socket."""
    program = Simulator(**config)
    program.office.calls.clear()
    with serving(program.app, request_handler=Quiet) as server:
        program.url = server.url
        yield program


class Owner:
    """The owner of an account: an app, and its commands."""

    def __init__(self, url, folder, **config):
        given = {"WECHAT_APPID": APPID, "WECHAT_SECRET": SECRET, "WECHAT_API_BASE": url}
        given |= {"DATA_FOLDER": folder, "REDIS_URL": "", "API_TIMEOUT": WAIT}
        self.app = create_app(given | config)
        self.folder = folder
        self.client = self.app.extensions["wechat"]

    def run(self, *words, code=0):
        """Give a command; return what it prints."""
        result = self.app.test_cli_runner().invoke(args=[str(word) for word in words])
        assert result.exit_code == code, (result.output, result.exception)
        return result.output
