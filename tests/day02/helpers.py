"""What the tests of several lessons of day 2 need."""

import importlib.util
import os
import sys
from email.message import Message
from http.cookiejar import CookieJar
from io import BytesIO
from types import SimpleNamespace
from urllib.request import Request

from flask import Flask


def set_cookies(response):
    """Return the Set-Cookie headers by the cookie's name: the value and the attributes."""
    found = {}
    for header in response.headers.getlist("Set-Cookie"):
        pair, *attributes = header.split("; ")
        name, _, value = pair.partition("=")
        found[name] = value, dict(each.partition("=")[::2] for each in attributes)
    return found


def browser_jar(response):
    """Keep the cookies of a response as a browser does, which checks time and HTTPS."""
    message, jar = Message(), CookieJar()
    for header in response.headers.getlist("Set-Cookie"):
        message["Set-Cookie"] = header
    jar.extract_cookies(SimpleNamespace(info=lambda: message), Request("https://shop.test/"))
    return jar


def not_once(name, kind="str"):
    """Return status code and message for a field that is missing, invalid or repeated."""
    return 400, f"Send the field '{name}' exactly once, as {kind}, without NUL bytes."


def cookie_header(jar, url):
    """Return the Cookie header that a browser with these cookies sends to a URL."""
    request = Request(url)
    jar.add_cookie_header(request)
    return request.get_header("Cookie", "")


def upload(client, path, name="tea.png", content=b"tea", **options):
    """Send a file in the field ``file`` of a multipart form."""
    return client.post(path, data={"file": (BytesIO(content), name)}, **options)


def files_below(path):
    """Return the paths of all files in a folder and its subfolders."""
    return {each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()}


def request_with(**options):
    """Return a context with the request that a view would see."""
    return Flask("small").test_request_context(**options)


def start_again(lesson, monkeypatch, **environ):
    """Start a lesson once more, with these variables in the environment; return its app."""
    monkeypatch.setattr(os, "environ", environ)
    spec = importlib.util.spec_from_file_location(f"{lesson.__package__}.started", lesson.__file__)
    started = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, started)  # where Flask looks for its folder
    spec.loader.exec_module(started)
    return started.app


def secret_key_of_a_new_start(lesson, monkeypatch, **environ):
    """Start a lesson once more, with these variables in the environment; return its secret key."""
    return start_again(lesson, monkeypatch, **environ).secret_key
