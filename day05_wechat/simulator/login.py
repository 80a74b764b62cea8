"""The half of WeChat that a login talks to: the consent page for people, the API for programs.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/ (web authorization).
"""

import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request

from .grants import ApiError, Grants
from .people import PEOPLE, SNAPSHOT

ORDER = ["appid", "redirect_uri", "response_type", "scope", "state"]

login = Blueprint("login", __name__)


class LinkError(Exception):
    """Say what is wrong with a login link; ``number`` is WeChat's number for it, if it has one."""

    def __init__(self, text: str, number: int | None = None) -> None:
        super().__init__(text)
        self.number = number


def grants() -> Grants:
    """Return the codes and tokens of this app."""
    return current_app.extensions["grants"]


def same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def checked_link() -> dict[str, str]:
    """Return the parameters of a login link, or raise ``LinkError``."""
    pairs = parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)
    names = [name for name, _ in pairs]
    wanted = ORDER if "state" in names else ORDER[:4]
    # WeChat compares the link with a pattern; other parameters may follow.
    if names[: len(wanted)] != wanted or len(set(names)) < len(names):
        raise LinkError(f"The parameters must be {', '.join(ORDER)}, once each, in this order.")
    link = dict(pairs)
    if link["appid"] != current_app.config["WECHAT_APPID"]:
        raise LinkError("There is no account with this appid.")
    if link["response_type"] != "code":
        raise LinkError("response_type must be code.")
    if link["scope"] not in {"snsapi_base", "snsapi_userinfo"}:
        raise LinkError("scope must be snsapi_base or snsapi_userinfo.")
    if not re.fullmatch("[a-zA-Z0-9]{0,128}", link.get("state", "")):
        raise LinkError("state must be at most 128 letters and digits.")
    check_address(link["redirect_uri"])
    return link


def check_address(uri: str) -> None:
    """Raise unless the code goes to a configured domain; a host below it does not count."""
    domains = current_app.config["LOGIN_DOMAINS"]
    try:
        parts = urlsplit(uri)
        port_is_right = parts.port != 0
    except ValueError:  # a port that is not a number
        port_is_right = False
    # A browser reads a backslash as a slash, urlsplit does not: they see different hosts.
    plain = re.fullmatch(r"https?://[!-~]+", uri) and "\\" not in uri
    if not (plain and port_is_right and parts.hostname in domains):
        raise LinkError(
            "redirect_uri域名与后台配置不一致: the address must begin with http:// or https:// and "
            f"have one of the configured domains ({', '.join(domains)}), encoded once.",
            10003,
        )


def back(link: dict[str, str], **parameters: str) -> Response:
    """Send the browser back to the site, with the parameters and the site's own state."""
    if "state" in link:
        parameters["state"] = link["state"]
    parts = urlsplit(link["redirect_uri"])
    query = "&".join(filter(None, [parts.query, urlencode(parameters)]))
    return redirect(parts._replace(query=query).geturl(), 303)


@login.errorhandler(LinkError)
def show_link_error(error: LinkError):
    """Show what is wrong on a page, without a redirect: the URL cannot be trusted."""
    return render_template("link_error.html", error=error)


@login.get("/connect/oauth2/authorize")
def consent():
    """Ask the user; for ``snsapi_base``, which gives only the openid, do not ask."""
    link = checked_link()
    person = current_app.extensions["phone"].person
    if link["scope"] == "snsapi_base":
        return back(link, code=grants().new_code(person, link["scope"]))
    host = urlsplit(link["redirect_uri"]).netloc
    return render_template("consent.html", host=host, people=PEOPLE, person=person)


@login.post("/connect/oauth2/authorize")
def decide():
    """Send the browser back with a code, or after a refusal with the state alone."""
    link = checked_link()
    if request.form.get("decision") == "deny":
        return back(link)
    chosen = next((p for p in PEOPLE if p.openid == request.form.get("person")), None)
    if request.form.get("decision") != "allow" or chosen is None:
        abort(400, "Choose a person, and allow or deny.")
    snapshot = "snapshot" in request.form
    code = grants().new_code(SNAPSHOT if snapshot else chosen, link["scope"], snapshot)
    return back(link, code=code)


def send_json(data: dict[str, Any]) -> Response:
    """Send JSON as WeChat does: in UTF-8, with the type text/plain and without a charset."""
    body = json.dumps(data, ensure_ascii=False).encode()
    return Response(body, content_type="text/plain")


@login.app_errorhandler(ApiError)
def show_api_error(error: ApiError) -> Response:
    """Send an error with status code 200, as WeChat does."""
    return send_json({"errcode": error.errcode, "errmsg": error.errmsg})


def check_appid(given: Mapping[str, Any]) -> None:
    """Raise unless the parameters name this account."""
    if not same(str(given.get("appid", "")), current_app.config["WECHAT_APPID"]):
        raise ApiError(40013, "invalid appid")


def check_credentials(given: Mapping[str, Any]) -> None:
    """Raise unless the parameters have this account's appid and secret."""
    check_appid(given)
    if not same(str(given.get("secret", "")), current_app.config["WECHAT_SECRET"]):
        raise ApiError(40125, "invalid appsecret")


@login.get("/sns/oauth2/access_token")
def access_token() -> Response:
    """Exchange a code for an access token, once."""
    check_credentials(request.args)
    if request.args.get("grant_type") != "authorization_code":
        raise ApiError(40002, "invalid grant_type")
    return send_json(grants().exchange(request.args.get("code", "")))


@login.get("/sns/oauth2/refresh_token")
def refresh_token() -> Response:
    """Give a new access token for the refresh token."""
    check_appid(request.args)
    if request.args.get("grant_type") != "refresh_token":
        raise ApiError(40002, "invalid grant_type")
    return send_json(grants().refresh(request.args.get("refresh_token", "")))


@login.get("/sns/userinfo")
def userinfo() -> Response:
    """Send the user's profile, if the user has allowed it."""
    grant = grants().holder(request.args.get("access_token", ""), request.args.get("openid", ""))
    if grant.scope != "snsapi_userinfo":
        raise ApiError(48001, "api unauthorized")
    return send_json(grant.person.profile)


@login.get("/sns/auth")
def auth() -> Response:
    """Say whether a token is still valid."""
    grants().holder(request.args.get("access_token", ""), request.args.get("openid", ""))
    return send_json({"errcode": 0, "errmsg": "ok"})
