"""The museum: an app of four parts, each a blueprint with its own prefix, hooks and error page.

Begin with test_the_front_page_links_the_parts. The header X-Endpoint names the part that made the
response.
"""

import logging
import re

import pytest
from flask import Flask, url_for
from flask.cli import ScriptInfo
from werkzeug.routing import BuildError

from day04.blueprints import create_app, first
from day04.blueprints.collection import PICTURES
from day04.blueprints.home import home
from tests.helpers import page

app = create_app()


@pytest.fixture
def client():
    return app.test_client()


def text_of(client, path, status=200):
    """Return the HTML of a page."""
    response = client.get(path)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    return response.text


def built(endpoint, at="/", **values):
    """Build a URL during a request to ``at``."""
    with app.test_request_context(at):
        return url_for(endpoint, **values)


def test_the_front_page_links_the_parts(client):
    links = {link["href"] for link in page(client.get("/")).select("nav a")}
    assert links == {"/", "/pictures/", "/en/guide/", "/zh/guide/"}


def test_a_picture_is_shown_by_the_part_with_the_pictures(client):
    response = client.get("/pictures/2")
    assert page(response).h1.text == "Two pears"
    assert response.headers["X-Endpoint"] == "pictures.picture"


def test_the_pictures_are_listed_in_order(client):
    names = [link.text for link in page(client.get("/pictures/")).select("ol a")]
    assert names == [names["en"] for names in PICTURES.values()]


def test_a_picture_that_does_not_exist_is_404_on_the_page_of_its_part(client):
    response = client.get("/pictures/99")
    assert response.status_code == 404
    assert page(response).h1.text == "Picture not found"


def test_a_program_gets_json(client):
    response = client.get("/api/v1/pictures/2")
    assert response.json["title"] == "Two pears"


# The app and its parts


def test_the_smallest_program_has_one_view_below_the_prefix():
    assert first.app.test_client().get("/pictures/").text == "Harbour at dawn, Two pears\n"
    assert first.app.test_client().get("/").status_code == 404
    rules = {rule.endpoint: rule.rule for rule in first.app.url_map.iter_rules()}
    assert rules.pop("static")
    assert rules == {"pictures.index": "/pictures/"}


def test_a_blueprint_is_not_an_app():
    assert not callable(home)
    assert not hasattr(home, "run")
    assert not hasattr(home, "config")


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/", "home.index"),
        ("/pictures/", "pictures.index"),
        ("/pictures/1", "pictures.picture"),
        ("/pictures/notice", "pictures.notice"),
        ("/en/guide/", "guide_en.index"),
        ("/zh/guide/2", "guide_zh.station"),
        ("/api/v1/pictures", "api.v1.index"),
        ("/api/v1/pictures/1", "api.v1.picture"),
    ],
)
def test_each_part_has_its_prefix_and_its_name_before_the_endpoint(client, path, endpoint):
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["X-Endpoint"] == endpoint
    if response.mimetype == "text/html":
        assert f"Endpoint: <code>{endpoint}</code>" in response.text


def test_the_app_has_these_rules_and_no_others():
    rules = sorted((rule.endpoint, rule.rule) for rule in app.url_map.iter_rules())
    assert rules == [
        ("api.v1.index", "/api/v1/pictures"),
        ("api.v1.picture", "/api/v1/pictures/<int:number>"),
        ("guide_en.index", "/en/guide/"),
        ("guide_en.station", "/en/guide/<int:stop>"),
        ("guide_zh.index", "/zh/guide/"),
        ("guide_zh.station", "/zh/guide/<int:stop>"),
        ("home.index", "/"),
        ("home.static", "/static/<path:filename>"),
        ("pictures.index", "/pictures/"),
        ("pictures.notice", "/pictures/notice"),
        ("pictures.notice_clash", "/pictures/notice-clash"),
        ("pictures.picture", "/pictures/<int:number>"),
        ("pictures.static", "/pictures/static/<path:filename>"),
        ("static", "/static/<path:filename>"),
    ]


def test_prefix_and_slash_make_a_path_with_a_slash(client):
    response = client.get("/pictures")
    assert (response.status_code, response.location) == (308, "http://localhost/pictures/")


# Names


def test_two_parts_may_use_the_same_name_for_a_view(client):
    assert app.view_functions["home.index"] is not app.view_functions["pictures.index"]
    assert built("home.index") == "/"
    assert built("pictures.index") == "/pictures/"
    with pytest.raises(BuildError):
        built("index")


@pytest.mark.parametrize(
    ("at", "relative", "url"),
    [
        ("/", ".index", "/"),
        ("/pictures/1", ".index", "/pictures/"),
        ("/zh/guide/1", ".index", "/zh/guide/"),
        ("/en/guide/1", ".index", "/en/guide/"),
        ("/api/v1/pictures/1", ".index", "/api/v1/pictures"),
    ],
)
def test_a_leading_dot_means_the_part_of_the_request(at, relative, url):
    assert built(relative, at) == url


def test_nested_blueprints_join_their_names_and_prefixes(client):
    found = client.get("/api/v1/pictures/2").json
    assert found == {
        "title": "Two pears",
        "endpoint": "api.v1.picture",
        "blueprints": ["api.v1", "api"],
    }
    links = client.get("/api/v1/pictures").json["pictures"]
    assert links == [f"/api/v1/pictures/{number}" for number in PICTURES]


# One blueprint, registered twice


@pytest.mark.parametrize(
    ("language", "greeting", "second"),
    [("en", "Welcome to the museum.", "Two pears"), ("zh", "欢迎来到博物馆。", "两个梨")],
)
def test_one_guide_serves_two_languages_and_stays_in_each(client, language, greeting, second):
    text = text_of(client, f"/{language}/guide/")
    assert f'<p lang="{language}">{greeting}</p>' in text
    assert f'href="/{language}/guide/1">Next stop' in text
    text = text_of(client, f"/{language}/guide/2")
    assert f'<p lang="{language}">{second}</p>' in text
    assert f'href="/{language}/guide/3">Next stop' in text
    text = text_of(client, f"/{language}/guide/3")
    assert "Next stop" not in text
    assert f'href="/{language}/guide/">From the beginning' in text


def test_one_blueprint_serves_several_apps():
    other = create_app({"TESTING": True})
    assert other.testing
    assert not app.testing
    assert other.blueprints["pictures"] is app.blueprints["pictures"]
    assert other.test_client().get("/pictures/1").status_code == 200


# Templates and static files


def test_a_folder_with_the_name_of_the_blueprint_keeps_its_templates_apart(client):
    text = text_of(client, "/pictures/notice")
    assert "Please do not touch the pictures." in text
    assert "closed on Mondays" not in text


def test_of_two_templates_with_one_name_the_app_wins(client):
    text = text_of(client, "/pictures/notice-clash")
    assert "The museum is closed on Mondays." in text
    assert "never uses" not in text
    with app.app_context():
        found = app.jinja_loader.list_templates()
    assert "notice.html" in found
    pictures = app.blueprints["pictures"]
    assert (
        "never uses this file" in pictures.jinja_loader.get_source(app.jinja_env, "notice.html")[0]
    )


def test_a_setting_reports_that_two_files_have_one_name(caplog):
    explaining = create_app({"EXPLAIN_TEMPLATE_LOADING": True})
    explaining.logger.setLevel(logging.INFO)
    with caplog.at_level(logging.INFO):
        explaining.test_client().get("/pictures/notice-clash")
    [report] = [text for text in caplog.messages if "'notice.html'" in text]
    assert "Warning: multiple loaders returned a match for the template." in report
    assert len(re.findall(r"found \('.*notice\.html'\)", report)) == 2


def source(client, path, status=200):
    """Return the body of a static file, and close it."""
    with client.get(path) as response:
        assert response.status_code == status
        return response.text


def test_below_a_prefix_a_static_file_has_a_url_of_its_own(client):
    assert built("static", filename="style.css") == "/static/style.css"
    assert built("pictures.static", filename="style.css") == "/pictures/static/style.css"
    assert built(".static", "/pictures/", filename="style.css") == "/pictures/static/style.css"
    assert "CanvasText" in source(client, "/static/style.css")
    assert "The pictures' own style" in source(client, "/pictures/static/style.css")
    text = text_of(client, "/pictures/1")
    assert 'href="/static/style.css"' in text
    assert 'href="/pictures/static/style.css"' in text


def test_without_a_prefix_the_apps_static_folder_hides_the_parts(client):
    with home.open_resource("static/hours.txt") as file:
        assert file.read().startswith(b"No request gets this file")
    assert built("home.static", filename="hours.txt") == "/static/hours.txt"
    assert source(client, "/static/hours.txt", 404)
    assert client.get("/static/hours.txt").headers["X-Endpoint"] == "static"


# Hooks and error handlers


@pytest.mark.parametrize(
    ("path", "guard"),
    [
        ("/pictures/", "Ada"),
        ("/pictures/99", "Ada"),
        ("/pictures/static/style.css", "Ada"),
        ("/pictures/nothing", None),
        ("/", None),
        ("/api/v1/pictures", None),
        ("/en/guide/", None),
    ],
)
def test_hooks_run_for_the_views_of_their_part_only(client, path, guard):
    with client.get(path) as response:
        assert response.headers.get("X-Guard") == guard
        assert ("The guard here: Ada." in response.text) is bool(guard and ".css" not in path)


@pytest.mark.parametrize("path", ["/", "/pictures/", "/nothing", "/static/style.css"])
def test_an_app_hook_of_a_part_runs_for_every_request(client, path):
    with client.get(path) as response:
        assert "X-Endpoint" in response.headers


def test_there_is_no_guard_when_a_hook_of_the_app_comes_first():
    app = create_app()
    app.before_request(lambda: "closed")
    response = app.test_client().get("/pictures/")
    assert (response.text, response.headers["X-Guard"]) == ("closed", "none")


@pytest.mark.parametrize("path", ["/api/v1/pictures", "/api/v1/pictures/1", "/api/v1/pictures/99"])
def test_hooks_of_the_outer_part_run_for_the_inner_one(client, path):
    assert client.get(path).headers["Cache-Control"] == "no-store"
    assert "Cache-Control" not in client.get("/pictures/").headers


def test_a_second_version_would_have_the_hook_and_the_handler_of_the_first():
    fresh = create_app()
    assert set(fresh.after_request_funcs) == {None, "pictures", "api"}
    assert set(fresh.error_handler_spec) == {None, "pictures", "api"}


@pytest.mark.parametrize("path", ["/pictures/99", "/pictures/0", f"/pictures/{10**30}"])
def test_a_404_of_a_view_gets_the_page_of_its_part(client, path):
    text = text_of(client, path, 404)
    assert "Picture not found" in text
    assert 'href="/pictures/"' in text


@pytest.mark.parametrize(
    "path", ["/pictures/nothing", "/pictures/1/2", "/pictures/-1", "/nothing", "/zh/guide/9"]
)
def test_a_path_that_no_rule_matches_gets_the_404_of_the_app(client, path):
    text = text_of(client, path, 404)
    assert "Page not found" in text
    assert "Picture not found" not in text


def test_an_unknown_path_belongs_to_no_part(client):
    assert client.get("/pictures/nothing").headers["X-Endpoint"] == "None"
    with app.test_request_context("/pictures/nothing") as context:
        assert context.request.blueprints == []


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/api/v1/pictures/99", "There is no picture 99."),
        ("/api/v1/nothing", "No rule has this path."),
        ("/api/v1/pictures/one", "No rule has this path."),
        ("/api/", "No rule has this path."),
    ],
)
def test_programs_get_json_with_the_error(client, path, error):
    response = client.get(path)
    assert (response.status_code, response.json) == (404, {"error": error})


def test_a_path_that_only_begins_like_the_api_gets_a_page(client):
    assert "Page not found" in text_of(client, "/apis", 404)


@pytest.mark.parametrize(
    "path", ["/", "/pictures/1", "/pictures/notice", "/api/v1/pictures", "/en/guide/"]
)
def test_other_methods_are_refused(client, path):
    for method in ("POST", "PUT", "DELETE"):
        response = client.open(path, method=method)
        assert response.status_code == 405
        assert "GET" in response.headers["Allow"]


# As a whole


def test_no_part_imports_an_app():
    for name in ("home", "pictures", "api", "guide_en"):
        module = __import__(app.blueprints[name].import_name, fromlist=["_"])
        assert not [value for value in vars(module).values() if isinstance(value, Flask)]


def test_every_link_of_every_page_leads_somewhere(client):
    not_there = {"/static/hours.txt", "/pictures/99", "/pictures/nothing", "/api/v1/pictures/99"}
    seen, pending = {}, ["/"]
    while pending:
        path = pending.pop()
        with client.get(path) as response:
            seen[path] = response.status_code
            found = set(re.findall('href="([^"]+)"', response.text))
        pending += found - seen.keys() - set(pending)
    assert {path for path, status in seen.items() if status == 404} == not_there
    assert set(seen.values()) == {200, 404}
    assert len(seen) > 15


def test_under_a_mount_every_url_has_the_prefix(client):
    base = "http://localhost/museum"
    for path in ("/", "/pictures/", "/pictures/1", "/pictures/99", "/zh/guide/1", "/nothing"):
        text = client.get(path, base_url=base).text
        links = re.findall('href="([^"]+)"', text)
        assert links
        assert not [link for link in links if not link.startswith("/museum/")]
    response = client.get("/api/v1/pictures", base_url=base)
    assert response.json["pictures"][0] == "/museum/api/v1/pictures/1"
    assert client.get("/api/nothing", base_url=base).json["error"]


def test_the_flask_command_finds_the_package():
    loaded = ScriptInfo("day04.blueprints").load_app()
    assert "pictures.index" in loaded.view_functions
