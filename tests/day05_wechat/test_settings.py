import ast
import ipaddress
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from flask import Flask
from flask.cli import ScriptInfo

from day05_wechat.settings import app as lesson
from day05_wechat.settings.app import SETTINGS, SettingError, create_app, load, trust_proxies

ROOT = Path(__file__).resolve().parent.parent.parent
DAY = ROOT / "day05_wechat"
SECRETS = [name for name, setting in SETTINGS.items() if setting.is_secret]
GIVEN = {
    "WECHAT_TOKEN": "Token4Tests",
    "WECHAT_APPID": "wx0123456789abcdef",
    "WECHAT_SECRET": "Secret4Tests",
    "WECHAT_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


def loaded(*names, config=None, **kinds):
    app = Flask("probe")
    app.config.from_mapping(config or {})
    load(app, *names, **kinds)
    return app.config


def command(*words, **environ):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    return subprocess.run(
        [sys.executable, "-m", *words],
        check=False,
        cwd=ROOT,
        env=kept | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_config_comes_before_environment_before_default(monkeypatch):
    assert loaded("WECHAT_API_BASE")["WECHAT_API_BASE"] == "https://api.weixin.qq.com"
    monkeypatch.setenv("WECHAT_API_BASE", "http://127.0.0.1:5001")
    assert loaded("WECHAT_API_BASE")["WECHAT_API_BASE"] == "http://127.0.0.1:5001"
    config = {"WECHAT_API_BASE": "http://localhost:5002/api"}
    assert loaded("WECHAT_API_BASE", config=config) == {**Flask("x").config, **config}


def test_the_hosts_of_wechat_are_the_default():
    config = loaded("WECHAT_OPEN_BASE", "WECHAT_API_BASE")
    assert config["WECHAT_OPEN_BASE"] == "https://open.weixin.qq.com"
    assert config["WECHAT_API_BASE"] == "https://api.weixin.qq.com"


@pytest.mark.point("D5-04", "D5-15", "D5-37")
@pytest.mark.parametrize("name", SECRETS)
def test_production_refuses_to_start_without_a_secret(monkeypatch, capsys, name):
    monkeypatch.setenv("WECHAT_ENV", "production")
    with pytest.raises(SettingError, match=f"^{name} is not set: it .+\\.$"):
        loaded(name)
    assert name not in os.environ
    assert capsys.readouterr().err == ""
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


def test_what_is_no_secret_has_its_default_in_production_too(monkeypatch):
    monkeypatch.setenv("WECHAT_ENV", "production")
    assert create_app(GIVEN).test_client().get("/wechat").status_code == 200


@pytest.mark.parametrize("value", ["prod", "Production", "production ", "test"])
def test_a_misspelt_environment_is_not_taken_for_development(monkeypatch, value):
    monkeypatch.setenv("WECHAT_ENV", value)
    with pytest.raises(SettingError, match="must be development or production"):
        loaded("WECHAT_TOKEN")


@pytest.mark.point("D5-04", "D5-15", "D5-37")
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


def test_flask_prints_the_error_without_a_traceback():
    done = command("flask", "--app", "day05_wechat.settings.app", "run", WECHAT_ENV="production")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: WECHAT_TOKEN is not set: it signs messages.")
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.point("D5-08")
@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs a POSIX system")
def test_a_server_of_today_starts_what_the_environment_completes():
    assert metadata.version("gunicorn")
    words = ["gunicorn", "--check-config", "day05_wechat.settings.app:create_app()"]
    refused = command(*words, WECHAT_ENV="production")
    assert refused.returncode != 0
    assert "WECHAT_TOKEN is not set" in refused.stderr
    assert command(*words, WECHAT_ENV="production", **GIVEN).returncode == 0


def test_from_prefixed_env_would_turn_a_token_of_digits_into_a_number(monkeypatch):
    monkeypatch.setenv("WECHAT_TOKEN", "20240229")
    app = Flask("probe")
    app.config.from_prefixed_env("WECHAT")
    assert app.config["TOKEN"] == 20240229
    assert loaded("WECHAT_TOKEN")["WECHAT_TOKEN"] == "20240229"


@pytest.mark.point("D5-06")
def test_a_route_needs_its_app():
    with pytest.raises(NameError, match="route"):
        exec("@route('/wechat')\ndef view(): pass")  # noqa: S102


@pytest.mark.point("D5-06")
def test_the_path_stands_in_the_settings(monkeypatch):
    monkeypatch.setenv("WECHAT_PATH", "/a1/wechat")
    client = create_app().test_client()
    assert client.get("/a1/wechat").text == "Messages would arrive at /a1/wechat"
    for path in ("/wechat", "/a1/WeChat", "/a1/wechat/"):
        assert client.get(path).status_code == 404


@pytest.mark.point("D5-07")
def test_debug_mode_is_off_unless_asked_for_and_refused_in_production(monkeypatch):
    assert create_app().debug is False
    assert create_app({"DEBUG": True}).debug is True
    with pytest.raises(SettingError, match="Debug mode must be off"):
        create_app({**GIVEN, "WECHAT_ENV": "production", "DEBUG": True})


FORWARDED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "shop.example",
}


@pytest.mark.point("D5-07")
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
    # What stands before the last entry was written by the visitor.
    forged = {**FORWARDED, "X-Forwarded-For": "192.0.2.1, 203.0.113.7"}
    assert client.get("/seen", headers=forged).json["address"] == "203.0.113.7"
    two = create_app({"WECHAT_PROXIES": "2"}).test_client()
    assert two.get("/seen", headers=forged).json["address"] == "192.0.2.1"


def test_no_proxy_leaves_the_app_as_it_is():
    app = Flask("probe")
    trust_proxies(app)
    assert app.wsgi_app.__func__ is Flask.wsgi_app


def test_the_page_shows_no_secret(monkeypatch):
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    page = create_app().test_client().get("/").text
    for value in GIVEN.values():
        assert value not in page
    assert page.count("set, and not shown") == len(GIVEN) == len(SECRETS)
    for name in SETTINGS:
        assert name in page
    assert "https://open.weixin.qq.com" in page
    assert "in development" in page
    app = create_app({"WECHAT_ENV": "production"})
    assert "in production" in app.test_client().get("/").text


def test_the_flask_command_calls_create_app():
    assert ScriptInfo("day05_wechat.settings.app").load_app().config["WECHAT_PATH"] == "/wechat"


def test_secrets_come_from_a_generator_for_secrets(monkeypatch):
    monkeypatch.setattr(lesson.secrets, "choice", lambda letters: letters[-1])
    monkeypatch.setattr(lesson.secrets, "token_hex", lambda number=32: "5" * number)
    config = create_app().config
    assert config["WECHAT_TOKEN"] == "9" * 32
    assert config["WECHAT_APPID"] == "wx55555555"


def constants(tree):
    """Yield each name with the text that the code gives it, be it by =, by : or as a keyword."""
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


@pytest.mark.point("D5-04", "D5-05", "D5-15", "D5-37")
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


# The documented examples of WeChat and of WxJava, and one that anybody can see is made up.
KNOWN = {"wxba5fad812f8e6fb9", "wxb11529c136998cb6", "wx0123456789abcdef"}


@pytest.mark.point("D5-05", "D5-37")
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
