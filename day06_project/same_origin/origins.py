"""Tell whether two URLs have the same origin, as a browser does (RFC 6454, WHATWG URL)."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

DEFAULT_PORTS = {"ftp": 21, "http": 80, "https": 443, "ws": 80, "wss": 443}
NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
NUMERIC_END = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")

Origin = tuple[str, str, int]


class UnclearAddressError(ValueError):
    """A URL that Python and a browser could read differently."""


def origin(url: str) -> Origin | None:
    """Return protocol, host and port; None for a URL that shares its origin with no other.

    Raises ``UnclearAddressError`` if browsers could read it in another way: a wrong guess would
    let a stranger in.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme == "blob" and re.match("https?:", parts.path):
            parts = urlsplit(parts.path)  # it belongs to the page that made it
        if parts.scheme not in DEFAULT_PORTS:
            return None
        port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
        return parts.scheme, _host(url, parts.hostname or ""), port
    except ValueError as error:
        raise UnclearAddressError(f"This is not a clear address: {url!r}") from error


def _host(url: str, host: str) -> str:
    """Return the host in one form, however it was written."""
    if "\\" in url:
        raise ValueError("to a browser, this is a slash")
    if (":" in host and "%" not in host) or NUMERIC_END.fullmatch(host):
        return str(ip_address(host))
    if not NAME.fullmatch(host):
        raise ValueError("not a name in ASCII")
    return host


def same_origin(a: str, b: str) -> bool:
    """Tell whether the scripts of a page at ``a`` may read what is at ``b``."""
    first, second = origin(a), origin(b)
    return first is not None and first == second


def as_header(value: Origin | None) -> str:
    """Write an origin as the header ``Origin`` has it."""
    if value is None:
        return "null"
    scheme, host, port = value
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}")
