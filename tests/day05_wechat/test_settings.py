"""Settings and secrets: values come from the environment, and production wants its secrets.

Begin with test_the_page_names_the_settings. ``loaded`` gives settings to a small app and returns
its configuration; pytest's ``monkeypatch`` sets environment variables for one test.
"""

import ast
import configparser
import ipaddress
import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import PurePosixPath

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo, cli

from day05_wechat.settings import app as lesson
from day05_wechat.settings.app import SETTINGS, SettingError, create_app, load, trust_proxies
from tests.day05_wechat.helpers import WAIT, first_program
from tests.helpers import ROOT, page

DAY = ROOT / "day05_wechat"

SECRETS = [name for name, setting in SETTINGS.items() if setting.is_secret]
GIVEN = {
    "WECHAT_TOKEN": "Token4Tests",
    "WECHAT_APPID": "wx0123456789abcdef",
    "WECHAT_SECRET": "Secret4Tests",
    "WECHAT_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


def loaded(*names, config=None, **kinds):
    """Load settings into an app, and return its configuration."""
    app = Flask("probe", static_folder=None)
    app.config.from_mapping(config or {})
    load(app, *names, **kinds)
    return app.config


def test_the_page_names_the_settings():
    response = create_app(GIVEN).test_client().get("/")
    rows = {row.th.text: row.td.text for row in page(response).select("tbody tr")}
    assert rows.keys() == SETTINGS.keys()
    assert rows["WECHAT_PATH"] == "/wechat"
    assert rows["WECHAT_TOKEN"] == "set, and not shown"


def test_config_comes_before_environment_before_default(monkeypatch):
    assert loaded("WECHAT_API_BASE")["WECHAT_API_BASE"] == "https://api.weixin.qq.com"
    monkeypatch.setenv("WECHAT_API_BASE", "http://127.0.0.1:5001")
    assert loaded("WECHAT_API_BASE")["WECHAT_API_BASE"] == "http://127.0.0.1:5001"
    config = {"WECHAT_API_BASE": "http://localhost:5002/api"}
    assert loaded("WECHAT_API_BASE", config=config) == {**Flask("x").config, **config}


@pytest.mark.parametrize("name", SECRETS)
def test_production_refuses_to_start_without_a_secret(monkeypatch, capsys, name):
    monkeypatch.setenv("WECHAT_ENV", "production")
    with pytest.raises(SettingError, match=f"^{name} is not set: it .+\\.$"):
        loaded(name)
    assert name not in os.environ
    assert capsys.readouterr().err == ""


def test_the_path_is_a_setting(monkeypatch):
    monkeypatch.setenv("WECHAT_PATH", "/a1/wechat")
    client = create_app().test_client()
    assert client.get("/a1/wechat").text == "Messages would arrive at /a1/wechat"
    for path in ("/wechat", "/a1/WeChat", "/a1/wechat/"):
        assert client.get(path).status_code == 404


def test_debug_mode_is_off_unless_asked_for_and_refused_in_production(monkeypatch):
    assert create_app().debug is False
    assert create_app({"DEBUG": True}).debug is True
    with pytest.raises(SettingError, match="Debug mode must be off"):
        create_app({**GIVEN, "WECHAT_ENV": "production", "DEBUG": True})
    with pytest.raises(SettingError, match=r"^Debug mode must be off"):
        loaded("WECHAT_TOKEN", config={**GIVEN, "WECHAT_ENV": "production", "DEBUG": True})


# Where a value comes from


def test_the_hosts_of_wechat_are_the_default():
    config = loaded("WECHAT_OPEN_BASE", "WECHAT_API_BASE")
    assert config["WECHAT_OPEN_BASE"] == "https://open.weixin.qq.com"
    assert config["WECHAT_API_BASE"] == "https://api.weixin.qq.com"


@pytest.mark.parametrize("name", SECRETS)
def test_in_development_a_secret_is_made_up_and_printed_once(capsys, name):
    value = loaded(name)[name]
    assert re.fullmatch(SETTINGS[name].pattern, value, re.ASCII)
    assert len(value) >= 16
    assert capsys.readouterr().err == f"Made up for this start: {name}={value}\n"
    # The other lessons of the process, and the reloader's next process, get the same.
    assert loaded(name)[name] == value == os.environ[name]
    assert capsys.readouterr().err == ""
    del os.environ[name]
    assert loaded(name)[name] != value


def test_secrets_that_are_made_up_together_are_each_printed(capsys):
    config = loaded("WECHAT_TOKEN", "WECHAT_PATH", "WECHAT_APPID")
    token, appid = config["WECHAT_TOKEN"], config["WECHAT_APPID"]
    said = f"Made up for this start: WECHAT_TOKEN={token} WECHAT_APPID={appid}\n"
    assert capsys.readouterr() == ("", said)


def test_a_given_secret_is_not_printed(monkeypatch, capsys):
    monkeypatch.setenv("WECHAT_TOKEN", "Token4Tests")
    loaded("WECHAT_TOKEN", "WECHAT_PATH")
    assert capsys.readouterr() == ("", "")
    assert "WECHAT_PATH" not in os.environ


def test_an_optional_setting_is_not_made_up(monkeypatch, capsys):
    monkeypatch.setenv("WECHAT_ENV", "production")
    assert loaded(optional=("WECHAT_AES_KEY",))["WECHAT_AES_KEY"] is None
    monkeypatch.setenv("WECHAT_AES_KEY", GIVEN["WECHAT_AES_KEY"])
    config = loaded(optional=("WECHAT_AES_KEY",))
    assert config["WECHAT_AES_KEY"] == GIVEN["WECHAT_AES_KEY"]
    monkeypatch.setenv("WECHAT_AES_KEY", "short")
    with pytest.raises(SettingError):
        loaded(optional=("WECHAT_AES_KEY",))
    assert capsys.readouterr().err == ""


def test_secrets_come_from_a_generator_for_secrets(monkeypatch):
    monkeypatch.setattr(lesson.secrets, "choice", lambda letters: letters[-1])
    monkeypatch.setattr(lesson.secrets, "token_hex", lambda number=32: "5" * number)
    config = create_app().config
    assert config["WECHAT_TOKEN"] == "9" * 32
    assert config["WECHAT_APPID"] == "wx55555555"


def test_the_first_program_takes_the_token_or_makes_one_up(monkeypatch):
    first = first_program("settings", monkeypatch, WECHAT_TOKEN="SomeToken")
    assert first.app.config["WECHAT_TOKEN"] == "SomeToken"
    # An empty token, which everyone knows, does not count.
    client = first_program("settings", monkeypatch, WECHAT_TOKEN="").app.test_client()
    assert client.get("/").text == "The token has 32 characters.\n"


def test_a_token_of_digits_stays_a_text(monkeypatch):
    monkeypatch.setenv("WECHAT_TOKEN", "20240229")
    assert loaded("WECHAT_TOKEN")["WECHAT_TOKEN"] == "20240229"


# Production


@pytest.mark.parametrize("name", SECRETS)
def test_production_starts_with_a_secret_that_is_given(monkeypatch, name):
    monkeypatch.setenv("WECHAT_ENV", "production")
    monkeypatch.setenv(name, GIVEN[name])
    assert loaded(name)[name] == GIVEN[name]
    assert loaded(name, config={name: GIVEN[name][::-1]})[name] == GIVEN[name][::-1]


def test_production_names_everything_that_is_wrong_at_once(monkeypatch):
    monkeypatch.setenv("WECHAT_ENV", "production")
    monkeypatch.setenv("WECHAT_APPID", "wx 1")
    with pytest.raises(SettingError) as caught:
        create_app()
    assert re.findall(r"WECHAT_\w+", str(caught.value)) == [
        "WECHAT_TOKEN",
        "WECHAT_SECRET",
        "WECHAT_AES_KEY",
        "WECHAT_APPID",
    ]


def test_a_setting_that_is_not_secret_has_its_default_in_production_too(monkeypatch):
    monkeypatch.setenv("WECHAT_ENV", "production")
    assert create_app(GIVEN).test_client().get("/wechat").status_code == 200


@pytest.mark.parametrize("value", ["prod", "Production", "production ", "test"])
def test_a_misspelt_environment_is_not_taken_for_development(monkeypatch, value):
    monkeypatch.setenv("WECHAT_ENV", value)
    with pytest.raises(SettingError, match="must be development or production"):
        loaded("WECHAT_TOKEN")


def test_the_configuration_names_the_environment_before_the_environment_does(monkeypatch):
    monkeypatch.setenv("WECHAT_ENV", "development")
    with pytest.raises(SettingError, match="WECHAT_TOKEN is not set"):
        loaded("WECHAT_TOKEN", config={"WECHAT_ENV": "production"})


def test_the_flask_command_prints_the_error_without_a_traceback(monkeypatch):
    monkeypatch.setenv("WECHAT_ENV", "production")
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "")  # the command sets it; pytest takes it back
    result = CliRunner().invoke(cli, ["--app", "day05_wechat.settings.app", "routes"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: WECHAT_TOKEN is not set: it signs messages.")
    assert "Traceback" not in result.output


def test_the_flask_command_calls_create_app():
    assert ScriptInfo("day05_wechat.settings.app").load_app().config["WECHAT_PATH"] == "/wechat"


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs a POSIX system")
def test_gunicorn_gets_the_app_when_the_environment_is_complete(monkeypatch):
    from gunicorn.util import import_app

    assert metadata.version("gunicorn")
    monkeypatch.setenv("WECHAT_ENV", "production")
    with pytest.raises(SettingError, match="WECHAT_TOKEN is not set"):
        import_app("day05_wechat.settings.app:create_app()")
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    assert isinstance(import_app("day05_wechat.settings.app:create_app()"), Flask)


@pytest.mark.second_half
@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs a POSIX system")
def test_gunicorn_starts_when_the_environment_is_complete():
    def gunicorn(**environ):
        words = ["gunicorn", "--check-config", "day05_wechat.settings.app:create_app()"]
        return subprocess.run(
            [sys.executable, "-m", *words],
            check=False,
            cwd=ROOT,
            env=os.environ | {"WECHAT_ENV": "production"} | environ,
            capture_output=True,
            text=True,
            timeout=WAIT,
        )

    refused = gunicorn()
    assert refused.returncode != 0
    assert "WECHAT_TOKEN is not set" in refused.stderr
    assert gunicorn(**GIVEN).returncode == 0


def test_the_unit_starts_the_handler_of_a_checkout_with_its_own_environment(monkeypatch):
    """A version from the repository, in a virtual environment, started by a process manager."""
    text = (DAY / "settings" / "wechat.service").read_text("utf-8")
    unit = configparser.ConfigParser(interpolation=None)
    unit.read_string(text)
    service = unit["Service"]
    folder = PurePosixPath(service["WorkingDirectory"])
    program, *words = shlex.split(service["ExecStart"])
    assert PurePosixPath(program).is_relative_to(folder / ".venv" / "bin")
    assert words[words.index("--bind") + 1].startswith("127.0.0.1:")
    assert service["User"] != "root"
    # A file in the checkout could be committed.
    assert not PurePosixPath(service["EnvironmentFile"]).is_relative_to(folder)
    assert "git checkout" in text
    assert "uv sync" in text
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    module, _, call = words[-1].partition(":")
    assert isinstance(getattr(import_module(module), call.removesuffix("()"))(), Flask)


def test_every_package_that_a_server_installs_has_one_tested_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pinned = project["tool"]["uv"]["constraint-dependencies"]
    assert all(re.match(r"[\w.-]+ == [\w.]+", each) for each in pinned)
    names = {re.match(r"[\w-]+", each)[0].lower() for each in pinned}
    wanted = {re.match(r"[\w-]+", each)[0].lower() for each in project["project"]["dependencies"]}
    assert wanted <= names


# Values that cannot be right


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WECHAT_TOKEN", ""),
        ("WECHAT_TOKEN", "ab"),
        ("WECHAT_TOKEN", "a" * 33),
        ("WECHAT_TOKEN", "ab cd"),
        ("WECHAT_TOKEN", "abcd\n"),
        ("WECHAT_TOKEN", '"abcd"'),
        ("WECHAT_TOKEN", "令牌令牌"),
        ("WECHAT_APPID", ""),
        ("WECHAT_SECRET", "a-b"),
        ("WECHAT_AES_KEY", "a" * 42),
        ("WECHAT_AES_KEY", "a" * 44),
        ("WECHAT_PATH", "wechat"),
        ("WECHAT_PATH", "/"),
        ("WECHAT_PATH", "/<path:x>"),
        ("WECHAT_PROXIES", "-1"),
        ("WECHAT_PROXIES", "one"),
        ("WECHAT_FRESH_SECONDS", "5 min"),
        ("WECHAT_API_BASE", "api.weixin.qq.com"),
        ("WECHAT_API_BASE", "ftp://example.com"),
        ("WECHAT_API_BASE", "https://example.com/"),
        ("WECHAT_API_BASE", "https://example.com?a=b"),
    ],
)
def test_values_that_cannot_be_right_are_refused_and_not_repeated(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as caught:
        loaded(name)
    assert str(caught.value) == f"{name} must be {SETTINGS[name].form}."
    monkeypatch.delenv(name)
    with pytest.raises(SettingError):
        loaded(name, config={name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WECHAT_TOKEN", "abc"),
        ("WECHAT_TOKEN", "a" * 32),
        ("WECHAT_AES_KEY", "a" * 43),
        ("WECHAT_PATH", "/a-b/c_d"),
        ("WECHAT_PROXIES", "9"),
        ("WECHAT_FRESH_SECONDS", "99999"),
        ("WECHAT_FRESH_SECONDS", 300),
        ("WECHAT_OPEN_BASE", "https://open.example"),
        ("WECHAT_API_BASE", "http://127.0.0.1:5001/run/simulator"),
    ],
)
def test_values_that_can_be_right_are_taken(name, value):
    assert loaded(name, config={name: value})[name] == value


# Proxies


FORWARDED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "shop.example",
}


def test_a_proxy_is_believed_only_if_there_is_one(monkeypatch):
    client = create_app().test_client()
    assert client.get("/seen", headers=FORWARDED).json == {
        "address": "127.0.0.1",
        "url": "http://localhost/",
    }
    monkeypatch.setenv("WECHAT_PROXIES", "1")
    client = create_app().test_client()
    assert client.get("/seen", headers=FORWARDED).json == {
        "address": "203.0.113.7",
        "url": "https://shop.example/",
    }
    # The visitor wrote the entries before the last one.
    forged = {**FORWARDED, "X-Forwarded-For": "192.0.2.1, 203.0.113.7"}
    assert client.get("/seen", headers=forged).json["address"] == "203.0.113.7"
    two = create_app({"WECHAT_PROXIES": "2"}).test_client()
    assert two.get("/seen", headers=forged).json["address"] == "192.0.2.1"


def test_no_proxy_leaves_the_app_as_it_is():
    app = Flask("probe")
    trust_proxies(app)
    assert app.wsgi_app.__func__ is Flask.wsgi_app


# What the lesson must not show


def test_the_page_shows_no_secret(monkeypatch):
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    html = create_app().test_client().get("/").text
    for value in GIVEN.values():
        assert value not in html
    assert html.count("set, and not shown") == len(GIVEN) == len(SECRETS)
    for name in SETTINGS:
        assert name in html
    assert "https://open.weixin.qq.com" in html
    assert "in development" in html
    app = create_app({"WECHAT_ENV": "production"})
    assert "in production" in app.test_client().get("/").text


def constants(tree):
    """Yield each name with its text: from ``=``, from a dict or from a keyword argument."""
    for node in ast.walk(tree):
        pairs = []
        if isinstance(node, ast.Assign):
            pairs = [(ast.unparse(target), node.value) for target in node.targets]
        elif isinstance(node, ast.keyword):
            pairs = [(node.arg, node.value)]
        elif isinstance(node, ast.Dict):
            pairs = [
                (ast.unparse(key), value)
                for key, value in zip(node.keys, node.values, strict=True)
                if key
            ]
        for name, value in pairs:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield name, value.value


def test_these_lessons_hold_no_secret():
    ours = ["settings", "messages", "handler"]
    paths = [path for name in ours for path in (DAY / name).glob("*.py")]
    assert len(paths) > 5
    for path in paths:
        for name, text in constants(ast.parse(path.read_text("utf-8"))):
            assert not re.search("token|secret|appid|aes_key|password", name, re.IGNORECASE), (
                path,
                text,
            )


# The documented examples of WeChat and of WxJava, and one that is plainly made up.
KNOWN = {"wxba5fad812f8e6fb9", "wxb11529c136998cb6", "wx0123456789abcdef"}


def test_these_lessons_name_no_machine_and_no_account():
    ours = ["settings", "signature", "messages", "handler"]
    paths = [path for name in ours for path in (DAY / name).rglob("*") if path.is_file()]
    for path in [path for path in paths if path.suffix in {".py", ".md", ".html"}]:
        text = path.read_text("utf-8")
        assert set(re.findall(r"\bwx[0-9a-f]{16}\b", text)) <= KNOWN, path
        assert not re.search(r"\b[0-9a-f]{32}\b", text), f"{path} holds what may be an app secret"
        assert not re.search(r"\b(?:ssh|scp) \S*\w@\w", text), f"{path} names a login"
        for word in re.findall(r"(?<![\d.])\d+\.\d+\.\d+\.\d+(?![\d.])", text):
            address = ipaddress.ip_address(word)
            assert address.is_loopback or address.is_private, f"{path} names {word}"


def test_the_scan_finds_what_is_planted():
    found = dict(constants(ast.parse("WECHAT_TOKEN = 'abc'\nf(secret='x')\nd = {'appid': 'y'}")))
    assert found == {"WECHAT_TOKEN": "abc", "secret": "x", "'appid'": "y"}
