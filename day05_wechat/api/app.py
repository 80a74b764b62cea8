"""Call WeChat: make a menu, write to followers, upload a picture, and sign a web page.

So far your program waits for WeChat. Here it calls, with a token that all its processes share. The
owner of the account uses commands. The one page is for visitors, who share it with friends.

Run it: flask --app day05_wechat.api.app run --debug
"""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask import Blueprint, Flask, current_app, render_template, request

from day05_wechat.api.client import Client
from day05_wechat.api.errors import WeChatError
from day05_wechat.api.store import make_store
from day05_wechat.settings.app import load, trust_proxies

pages = Blueprint("pages", __name__, cli_group=None)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the program; ``DATA_FOLDER`` is where it keeps the token, unless in Redis."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day05_wechat_api",
        REDIS_URL=os.environ.get("REDIS_URL", ""),
        REDIS_PREFIX="wechat:",
        API_TIMEOUT=5,  # seconds
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    load(app, "WECHAT_API_BASE", "WECHAT_APPID", "WECHAT_SECRET", "WECHAT_JS_BASE")
    trust_proxies(app)
    names = ("WECHAT_API_BASE", "WECHAT_APPID", "WECHAT_SECRET")
    account = [app.config[name] for name in names]
    app.extensions["wechat"] = Client(*account, make_store(app.config), app.config["API_TIMEOUT"])
    app.register_blueprint(pages)
    return app


def wechat() -> Client:
    """Return this app's connection to WeChat."""
    return current_app.extensions["wechat"]


@pages.cli.command("menu")
@click.argument("file", type=click.File(encoding="utf-8"))
def make_menu(file):
    """Give the account the menu in FILE, which is JSON."""
    try:
        buttons = json.load(file)
    except ValueError as error:
        raise click.ClickException(f"{file.name} is not JSON: {error}.") from error
    wechat().call("/cgi-bin/menu/create", buttons)
    click.echo("The menu is made.")


@pages.cli.command("write")
@click.argument("openid")
@click.argument("text")
def write(openid, text):
    """Send TEXT to the follower OPENID, who must have done something in the last 48 hours."""
    message = {"touser": openid, "msgtype": "text", "text": {"content": text}}
    wechat().call("/cgi-bin/message/custom/send", message)
    click.echo("Sent.")


@pages.cli.command("notify")
@click.argument("openid")
@click.argument("template")
@click.argument("values", nargs=-1)
def notify(openid, template, values):
    """Send the message TEMPLATE to OPENID, with VALUES such as phrase2=sent in its gaps."""
    data = {}
    for pair in values:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.ClickException(f"{pair!r} is not of the form name=value.")
        data[name] = {"value": value}
    message = {"touser": openid, "template_id": template, "data": data}
    wechat().call("/cgi-bin/message/template/send", message)
    click.echo("Sent.")


@pages.cli.command("picture")
@click.argument("openid")
@click.argument("file", type=click.File("rb"))
def send_picture(openid, file):
    """Upload the picture in FILE, and send it to the follower OPENID."""
    files = {"media": (Path(file.name).name, file.read())}
    media_id = wechat().call("/cgi-bin/media/upload", files=files, type="image")["media_id"]
    message = {"touser": openid, "msgtype": "image", "image": {"media_id": media_id}}
    wechat().call("/cgi-bin/message/custom/send", message)
    click.echo(f"Sent: {media_id}")


@pages.get("/")
def index():
    """Say what this program can do."""
    return render_template("index.html")


@pages.get("/tea")
def tea():
    """Show a page that visitors share in WeChat: its script needs a signature."""
    signature = {
        "appId": current_app.config["WECHAT_APPID"],
        "timestamp": int(time.time()),
        "nonceStr": secrets.token_hex(8),
    }
    signature["signature"] = sign_page(
        wechat().ticket(), signature["nonceStr"], signature["timestamp"], page_url()
    )
    script = f"{current_app.config['WECHAT_JS_BASE']}/open/js/jweixin-1.6.0.js"
    return render_template("tea.html", signature=signature, script=script)


def sign_page(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """Return the signature of a page: SHA-1 of four values as they are, in this order."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - WeChat's protocol


def page_url() -> str:
    """Return the URL as the browser has it; ``request.url`` has ``茶`` in place of %E8%8C%B6."""
    query = request.query_string.decode("latin-1")
    return request.base_url + (f"?{query}" if query else "")


@pages.app_errorhandler(WeChatError)
def show_problem(error: WeChatError):
    """Tell visitors that it is not their fault, and keep the reason in the log."""
    current_app.logger.warning("%s", error.message)
    return render_template("problem.html"), 502
