"""Who may use the reader: this machine, the reader's own pages, and who has the start's token."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

from werkzeug.http import parse_cookie
from werkzeug.sansio.utils import host_is_trusted

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Names, not addresses: a page elsewhere whose host name resolves to this machine is refused.
TRUSTED_HOSTS = ["127.0.0.1", "localhost"]

COOKIE = "course_reader_"
"""How the names of the reader's cookies begin. The port follows: cookies do not know ports."""

OPEN_THE_ADDRESS = "Open the address that `course` printed: it has the key for this."


def foreign_host(environ: WSGIEnvironment) -> str:
    """Return why a request for another host name is refused; empty where it is not."""
    if host_is_trusted(environ.get("HTTP_HOST", ""), TRUSTED_HOSTS):
        return ""
    return "The reader answers to 127.0.0.1 and localhost only."


def foreign_page(environ: WSGIEnvironment, *, same_site: bool) -> str:
    """Return why a request that another site's page makes a browser send is refused.

    It is told by ``Sec-Fetch-Site`` (W3C Fetch Metadata), which a page cannot forge. Another port
    of this machine is the same site: ``same_site`` lets it in.
    """
    refused = {"cross-site"} if same_site else {"cross-site", "same-site"}
    if environ.get("HTTP_SEC_FETCH_SITE") in refused:
        return "Another site may not use the lessons."
    return ""


def has_token(environ: WSGIEnvironment, token: str | None) -> bool:
    """Tell whether a request has the cookie of this start; without a token every one has."""
    if token is None:
        return True
    cookies = parse_cookie(environ.get("HTTP_COOKIE", ""))
    return any(
        is_token(value, token)
        for name, value in cookies.items(multi=True)
        if name.startswith(COOKIE)
    )


def is_token(given: str, token: str) -> bool:
    """Tell whether that is the token, in a time that does not depend on where it differs."""
    return hmac.compare_digest(given.encode(), token.encode())


_OURS = re.compile(rf"(?:^|(?<=;))\s*{COOKIE}\d+=[^;]*(?:;|$)")


def without_cookie(environ: WSGIEnvironment) -> None:
    """Take the reader's own cookies out of a request: a lesson is not to see them."""
    if COOKIE in (given := environ.get("HTTP_COOKIE", "")):
        kept = _OURS.sub("", given).strip("; ")
        if kept:
            environ["HTTP_COOKIE"] = kept
        else:
            del environ["HTTP_COOKIE"]
