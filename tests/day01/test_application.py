import runpy
import sys
from pathlib import Path

import pytest
from flask import Flask, render_template, render_template_string
from flask.cli import ScriptInfo
from jinja2 import TemplateNotFound

from day01.application import app as lesson
from day01.application.app import api, app, handbook

FOLDER = Path(lesson.__file__).parent


def body(application, path):
    """Return what a GET of the path yields, or the status code of a refusal."""
    with application.test_client().get(path, follow_redirects=True) as response:
        return response.text if response.status_code == 200 else response.status_code


def style_link(application):
    with application.test_request_context():
        return application.url_for("static", filename="style.css")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Give a folder with a page and a static file of its own, and go there."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.txt").write_text("from elsewhere", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.point("D1-01")
def test_an_application_is_built_from_a_name_and_not_without():
    with pytest.raises(TypeError, match="import_name"):
        Flask()
    shop = Flask("shop")
    shop.get("/")(lambda: "open")
    assert body(shop, "/") == "open"


@pytest.mark.point("D1-02")
@pytest.mark.parametrize("application", [app, handbook, api])
def test_dunder_name_is_the_name_of_the_module(application):
    assert application.import_name == lesson.__name__ == "day01.application.app"


@pytest.mark.point("D1-02")
def test_an_executed_file_gives_its_own_name_to_the_application(tmp_path):
    shop = tmp_path / "corner_shop.py"
    shop.write_text("from flask import Flask\n\napp = Flask(__name__)\n", "utf-8")
    made = runpy.run_path(str(shop), run_name="__main__")["app"]
    assert made.import_name == "__main__"
    assert made.name == "corner_shop"


@pytest.mark.point("D1-03")
@pytest.mark.parametrize("application", [app, handbook])
def test_folders_lie_beside_the_module(application):
    assert Path(application.root_path) == FOLDER
    assert Path(application.static_folder) == FOLDER / "static"
    assert application.template_folder == "templates"
    assert Path(application.jinja_loader.searchpath[0]) == FOLDER / "templates"


@pytest.mark.point("D1-03")
def test_folders_do_not_depend_on_where_the_program_is_started(elsewhere):
    assert "The application object" in body(app, "/")
    assert body(app, "/static/a.txt") == 404
    assert body(app, "/static/style.css") == (FOLDER / "static/style.css").read_text("utf-8")


@pytest.mark.point("D1-03")
def test_a_wrong_name_silently_means_the_current_folder(elsewhere):
    lost = Flask("no_such_module")
    assert Path(lost.root_path) == Path.cwd()
    assert body(lost, "/static/a.txt") == "from elsewhere"
    with lost.test_request_context(), pytest.raises(TemplateNotFound):
        render_template("index.html")


@pytest.mark.point("D1-03", "S2-22")
@pytest.mark.parametrize(
    ("name", "content_type"),
    [("style.css", "text/css; charset=utf-8"), ("flask.svg", "image/svg+xml; charset=utf-8")],
)
def test_static_files_are_sent_as_they_are(client, name, content_type):
    with client.get(f"/static/{name}") as response:
        assert response.status_code == 200
        assert response.data == (FOLDER / "static" / name).read_bytes()
        assert response.content_type == content_type


@pytest.mark.point("S2-22")
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


@pytest.mark.point("S2-22", "D1-04")
@pytest.mark.parametrize(
    ("application", "prefix", "other"),
    [(app, "/static", "/python"), (handbook, "/python", "/static")],
)
def test_links_follow_the_address_and_only_that_one_answers(application, prefix, other):
    assert style_link(application) == f"{prefix}/style.css"
    page = body(application, "/")
    assert f'href="{prefix}/style.css"' in page
    assert f'src="{prefix}/flask.svg"' in page
    assert f"<code>{prefix}</code>" in page
    assert other not in page
    assert body(application, f"{prefix}/style.css").startswith(":root")
    assert body(application, f"{other}/style.css") == 404


@pytest.mark.point("D1-04")
def test_a_prefix_must_begin_with_a_slash():
    with pytest.raises(ValueError, match="must start with a slash"):
        Flask("shop", static_url_path="python")


@pytest.mark.point("D1-05")
@pytest.mark.parametrize(
    ("arguments", "prefix"),
    [
        ({}, "/static"),
        ({"static_folder": "assets"}, "/assets"),
        ({"static_folder": "files/assets"}, "/assets"),
        ({"static_folder": "assets", "static_url_path": "/static"}, "/static"),
    ],
)
def test_the_address_follows_the_folder_unless_told_otherwise(arguments, prefix, elsewhere):
    folder = elsewhere / arguments.get("static_folder", "static")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "style.css").write_text("body {}", "utf-8")
    shop = Flask("no_such_module", **arguments)
    assert shop.static_url_path == prefix
    assert body(shop, f"{prefix}/style.css") == "body {}"


@pytest.mark.point("D1-05")
def test_without_a_static_folder_there_is_no_static_route():
    assert api.static_folder is None
    assert [rule.endpoint for rule in api.url_map.iter_rules()] == ["status"]
    assert body(api, "/static/style.css") == 404
    assert api.test_client().get("/").json == {"status": "ok"}


@pytest.mark.point("D1-06")
def test_a_misspelt_argument_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'tempalte_folder'"):
        Flask("shop", tempalte_folder="templates")


@pytest.mark.point("D1-06", "D1-07")
def test_all_three_arguments_work_together(elsewhere):
    (elsewhere / "pages").mkdir()
    (elsewhere / "pages" / "index.html").write_text("{{ 6 * 7 }}", "utf-8")
    (elsewhere / "static").rename(elsewhere / "files")
    shop = Flask(
        "no_such_module",
        template_folder="pages",
        static_folder="files",
        static_url_path="/python",
    )
    with shop.test_request_context():
        assert render_template("index.html") == "42"
    assert body(shop, "/python/a.txt") == "from elsewhere"
    assert body(shop, "/static/a.txt") == 404
    assert body(shop, "/files/a.txt") == 404


@pytest.mark.point("D1-07")
def test_the_prefix_replaces_the_word_static_but_not_the_folder():
    assert handbook.static_url_path == "/python"
    assert handbook.static_folder == app.static_folder
    assert body(handbook, "/python/style.css") == body(app, "/static/style.css")


def test_the_page_escapes_what_it_prints():
    shop = Flask("<b>shop", root_path=str(FOLDER))
    with shop.test_request_context():
        assert "&lt;b&gt;shop" in render_template("index.html", app=shop)
        assert render_template_string("{{ name }}", name="<b>") == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("target", "prefix"),
    [("day01.application.app", "/static"), ("day01.application.app:handbook", "/python")],
)
def test_the_flask_command_takes_app_or_the_name_given(target, prefix, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    assert ScriptInfo(target).load_app().static_url_path == prefix
