"""Routes: which view handles a request, by its path and its method.

Begin with test_two_views_share_a_path_when_their_methods_differ.
"""

from collections import Counter
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.cli import routes_command
from flask.views import MethodView

from day01.routing import first
from day01.routing.app import app, kitchen, kitchen_unlocked, menu
from tests.day01.helpers import status_codes


@pytest.fixture
def client():
    return app.test_client()


def test_two_views_share_a_path_when_their_methods_differ(client):
    assert client.get("/order").text == "What would you like?\n"
    assert client.post("/order").text == "Your soup is on the way.\n"
    refused = client.put("/order")
    assert refused.status_code == 405
    assert refused.allow == {"GET", "HEAD", "OPTIONS", "POST"}


def test_the_first_program_sends_the_same_responses(client):
    small = first.app.test_client()
    for method in ("GET", "POST"):
        assert small.open("/order", method=method).text == client.open("/order", method=method).text
    assert small.delete("/order").status_code == 405
    assert small.get("/").status_code == 404


def test_one_view_handles_two_paths(client):
    assert client.get("/menu").text == client.get("/card").text == "Soup, bread, tea.\n"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_one_view_may_handle_two_methods(client, method):
    assert client.open("/table", method=method).text == f"{method} is done.\n"


def test_path_that_no_rule_fits_is_404_for_every_method():
    assert set(status_codes(app, "/nowhere").values()) == {404}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/menu", {"GET", "HEAD", "OPTIONS"}),
        ("/order", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/table", {"PUT", "DELETE", "OPTIONS"}),
    ],
)
def test_method_that_is_not_listed_is_405_and_allow_lists_the_others(client, path, allowed):
    refused = client.open(path, method="PATCH")
    assert refused.status_code == 405
    assert refused.allow == allowed
    codes = status_codes(app, path)
    assert {method for method, code in codes.items() if code == 200} == allowed
    assert set(codes.values()) == {200, 405}


# Methods


def test_route_takes_three_methods_when_nothing_is_said(client):
    assert status_codes(app, "/") == {
        "GET": 200,
        "HEAD": 200,
        "OPTIONS": 200,
        "POST": 405,
        "PUT": 405,
        "PATCH": 405,
        "DELETE": 405,
    }
    assert client.get("/").text == "Welcome to the Blue Spoon.\n"
    assert client.post("/").allow == {"GET", "HEAD", "OPTIONS"}


def test_head_is_get_without_the_body_and_options_lists_the_methods(client):
    head, get = client.head("/menu"), client.get("/menu")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(get.data)))
    options = client.options("/menu")
    assert (options.data, options.allow) == (b"", {"GET", "HEAD", "OPTIONS"})


def test_head_falls_through_a_view_that_branches_on_the_method(client, caplog):
    codes = status_codes(app, "/order-branching", "GET POST HEAD OPTIONS PUT")
    assert codes == {"GET": 200, "POST": 200, "HEAD": 500, "OPTIONS": 200, "PUT": 405}
    (record,) = caplog.records
    assert record.exc_info[0] is TypeError
    assert "did not return a valid response" in str(record.exc_info[1])
    for method in ("GET", "POST"):
        bad, good = (client.open(path, method=method) for path in ("/order-branching", "/order"))
        assert bad.text == good.text


def test_head_is_handled_by_a_pair_of_views_and_by_a_method_view():
    class Order(MethodView):
        def get(self):
            return "What would you like?"

        def post(self):
            return "Your soup is on the way."

    bistro = Flask("bistro")
    bistro.add_url_rule("/order", view_func=Order.as_view("order"))
    for each in (app, bistro):
        assert status_codes(each, "/order", "GET HEAD POST PUT") == {
            "GET": 200,
            "HEAD": 200,
            "POST": 200,
            "PUT": 405,
        }


# The URL map


def test_url_map_holds_every_rule_with_methods_and_endpoint():
    found = {
        (rule.rule, rule.endpoint, *sorted(rule.methods - {"HEAD", "OPTIONS"}))
        for rule in app.url_map.iter_rules()
    }
    assert found == {
        ("/", "index", "GET"),
        ("/menu", "menu", "GET"),
        ("/card", "menu", "GET"),
        ("/order", "order_form", "GET"),
        ("/order", "place_order", "POST"),
        ("/order-branching", "order_branching", "GET", "POST"),
        ("/table", "table", "DELETE", "PUT"),
        ("/kitchen", "kitchen", "GET"),
        ("/kitchen-unlocked", "kitchen_unlocked", "GET"),
        ("/static/<path:filename>", "static", "GET"),
    }


def test_the_rule_static_is_flasks_own_and_serves_a_folder_beside_the_app():
    assert app.url_map.bind("localhost").match("/static/a.css") == ("static", {"filename": "a.css"})
    assert Path(app.static_folder) == Path(first.__file__).with_name("static")


def test_flask_routes_prints_the_map():
    lines = app.test_cli_runner().invoke(routes_command).output.splitlines()
    printed = {tuple(line.replace(", ", ",").split()) for line in lines[2:]}
    assert printed == {
        (rule.endpoint, ",".join(sorted(rule.methods - {"HEAD", "OPTIONS"})), rule.rule)
        for rule in app.url_map.iter_rules()
    }


def rules_of_two_views(app):
    """Return the pairs of rule and method that belong to more than one view."""
    taken = Counter(
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"OPTIONS"}
    )
    return {pair for pair, times in taken.items() if times > 1}


def test_no_two_views_of_the_lesson_have_the_same_path_and_method():
    assert rules_of_two_views(app) == set()


def test_link_is_built_from_the_decorator_closest_to_the_function():
    with app.test_request_context():
        assert url_for("menu") == "/card"


# Decorators


def test_a_decorator_below_the_route_protects_and_one_above_it_does_not(client):
    assert client.get("/kitchen").status_code == 403
    assert "basil" not in client.get("/kitchen").text
    assert client.get("/kitchen?staff=no").status_code == 403
    assert client.get("/kitchen?staff=yes").text == "The secret is basil.\n"
    assert client.get("/kitchen-unlocked").text == "The secret is basil.\n"


def test_wraps_keeps_the_name_that_the_endpoint_is_made_of():
    assert {"kitchen", "kitchen_unlocked"} <= app.view_functions.keys()
    assert app.view_functions["kitchen"].__name__ == "kitchen"


def test_a_route_registers_the_function_itself():
    assert app.view_functions["menu"] is menu
    assert app.view_functions["kitchen"] is kitchen
    assert app.view_functions["kitchen_unlocked"] is kitchen_unlocked.__wrapped__
