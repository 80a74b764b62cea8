"""The application object: its name, its folders, and the URL path of its static files.

Begin with test_the_card_is_a_page_with_a_style_sheet.
"""

import shutil
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask, render_template, render_template_string
from flask.cli import ScriptInfo

from day01.application import app as lesson
from day01.application import first
from day01.application.app import api, app, handbook
from tests.day01.helpers import body
from tests.helpers import page

FOLDER = Path(lesson.__file__).parent


@pytest.fixture
def client():
    return app.test_client()


def style_link(application):
    with application.test_request_context():
        return application.url_for("static", filename="style.css")


def test_the_card_is_a_page_with_a_style_sheet():
    client = first.app.test_client()
    response = client.get("/")
    assert response.status_code == 200
    assert page(response).h1.text == "Hello, my friend!"
    link = page(response).select_one("link[rel=stylesheet]")["href"]
    with client.get(link) as style_sheet:
        assert style_sheet.data == (FOLDER / "static" / "card.css").read_bytes()


@pytest.mark.parametrize("name", ["Ann", "安", "<b>Ann", "<script>alert(1)<!--", "{{ 6 * 7 }}"])
def test_the_card_shows_the_name_in_the_path_as_text(name):
    response = first.app.test_client().get(f"/for/{quote(name)}")
    assert page(response).h1.text == f"Hello, {name}!"
    assert page(response).find(["b", "script"]) is None


def test_front_page_shows_where_the_app_finds_its_files(client):
    response = client.get("/")
    assert response.status_code == 200
    shown = [cell.text for cell in page(response).select("dd")]
    assert shown == ["day01.application.app", "templates", "/static"]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("style.css", "text/css; charset=utf-8"), ("flask.svg", "image/svg+xml; charset=utf-8")],
)
def test_static_files_are_sent_as_they_are(client, name, content_type):
    with client.get(f"/static/{name}") as response:
        assert response.status_code == 200
        assert response.data == (FOLDER / "static" / name).read_bytes()
        assert response.content_type == content_type


@pytest.mark.parametrize(
    ("application", "prefix", "other"),
    [(app, "/static", "/python"), (handbook, "/python", "/static")],
)
def test_links_to_static_files_follow_the_url_path(application, prefix, other):
    assert style_link(application) == f"{prefix}/style.css"
    page = body(application, "/")
    assert f'href="{prefix}/style.css"' in page
    assert f'src="{prefix}/flask.svg"' in page
    assert f"<code>{prefix}</code>" in page
    assert other not in page
    assert body(application, f"{prefix}/style.css").startswith(":root")
    assert body(application, f"{other}/style.css") == 404


def test_without_a_static_folder_there_is_no_static_route():
    assert api.static_folder is None
    assert [rule.endpoint for rule in api.url_map.iter_rules()] == ["get_status"]
    assert body(api, "/static/style.css") == 404
    assert api.test_client().get("/").json == {"status": "ok"}


@pytest.mark.parametrize("application", [app, handbook, api])
def test_the_app_has_the_name_of_its_module(application):
    assert application.import_name == lesson.__name__ == "day01.application.app"


# Where the folders are


@pytest.mark.parametrize("application", [app, handbook])
def test_folders_are_beside_the_module(application):
    assert Path(application.root_path) == FOLDER
    assert Path(application.static_folder) == FOLDER / "static"
    assert application.template_folder == "templates"
    assert Path(application.jinja_loader.searchpath[0]) == FOLDER / "templates"


def test_folders_do_not_depend_on_where_the_program_is_started(tmp_path, monkeypatch):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.txt").write_text("from elsewhere", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert "The application object" in body(app, "/")
    assert body(app, "/static/a.txt") == 404
    assert body(app, "/static/style.css") == (FOLDER / "static/style.css").read_text("utf-8")


def test_the_prefix_replaces_the_word_static_but_not_the_folder():
    assert handbook.static_url_path == "/python"
    assert handbook.static_folder == app.static_folder
    assert body(handbook, "/python/style.css") == body(app, "/static/style.css")


@pytest.mark.parametrize(
    ("target", "prefix"),
    [("day01.application.app", "/static"), ("day01.application.app:handbook", "/python")],
)
def test_the_flask_command_takes_app_or_the_name_given(target, prefix, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    assert ScriptInfo(target).load_app().static_url_path == prefix


def test_the_copied_card_works_in_a_folder_of_its_own(tmp_path, monkeypatch):
    for source, target in [
        ("first.py", "app.py"),
        ("templates/card.html", "templates/card.html"),
        ("static/card.css", "static/card.css"),
    ]:
        (tmp_path / target).parent.mkdir(exist_ok=True)
        shutil.copy(FOLDER / source, tmp_path / target)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    copied = ScriptInfo().load_app()
    monkeypatch.delitem(sys.modules, "app")
    assert Path(copied.root_path) == tmp_path
    assert "Hello, my friend!" in body(copied, "/")
    assert body(copied, "/static/card.css").startswith("body {")


# Attacks


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/static/..%5capp.py",
        "/static/%2fetc/passwd",
        "/static/x/../../app.py",
        "/static/",
        "/static/nothing.css",
        "/templates/index.html",
        "/app.py",
    ],
)
def test_nothing_outside_the_static_folder_is_sent(path):
    assert (FOLDER / "app.py").is_file()
    assert body(app, path) == 404


def test_the_page_escapes_what_it_prints():
    shop = Flask("<b>shop", root_path=str(FOLDER))
    with shop.test_request_context():
        assert "&lt;b&gt;shop" in render_template("index.html", app=shop)
        assert render_template_string("{{ name }}", name="<b>") == "&lt;b&gt;"
