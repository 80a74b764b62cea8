"""What both test files of the lesson on deployment use."""

import configparser
import os
import runpy
from pathlib import Path

import pytest

import day04.deployment

FOLDER = Path(day04.deployment.__file__).parent
CONF = FOLDER / "gunicorn.conf.py"
UNIT = FOLDER / "flask-course.service"
APP = "day04.deployment.wsgi:app"
GUNICORN_LINE = f"gunicorn -c day04/deployment/gunicorn.conf.py {APP}"
WAITRESS_LINE = f"waitress-serve --listen=127.0.0.1:8000 {APP}"
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
}
TRUSTED = {
    "address": "203.0.113.9",
    "scheme": "https",
    "host": "evil.example",
    "link": "https://evil.example/visitor",
}
"""What ``/visitor`` returns if the app trusts the forged headers."""

needs_gunicorn = pytest.mark.skipif(os.name != "posix", reason="gunicorn needs a POSIX system")


def settings():
    """Return the settings for gunicorn."""
    return runpy.run_path(str(CONF))


def unit(section="Service"):
    """Return a section of the unit; this one says how the service is run."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # systemd's names are as they are written
    parser.read_string(UNIT.read_text("utf-8"))
    return parser[section]
