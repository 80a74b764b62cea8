from collections import Counter

import pytest
from flask import Flask, request, url_for
from flask.cli import routes_command
from flask.views import MethodView

from day01.routing.app import app


def answers(app, path, methods="GET HEAD OPTIONS POST PUT PATCH DELETE"):
    """Return the status code for each method."""
    client = app.test_client()
    return {method: client.open(path, method=method).status_code for method in methods.split()}


def taken_twice(app):
    """Return the pairs of rule and method that more than one view wants to answer."""
    taken = Counter(
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"OPTIONS"}
    )
    return {pair for pair, times in taken.items() if times > 1}


@pytest.mark.point("D1-18")
def test_route_takes_three_methods_when_nothing_is_said(client):
    assert answers(app, "/") == {
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


@pytest.mark.point("D1-18")
def test_head_is_get_without_the_body_and_options_lists_the_methods(client):
    head, get = client.head("/menu"), client.get("/menu")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(get.data)))
    options = client.options("/menu")
    assert (options.data, options.allow) == (b"", {"GET", "HEAD", "OPTIONS"})


@pytest.mark.point("D1-19", "S2-20")
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
    codes = answers(app, path)
    assert {method for method, code in codes.items() if code == 200} == allowed
    assert set(codes.values()) == {200, 405}


def test_path_that_no_rule_fits_is_404_for_every_method():
    assert set(answers(app, "/nowhere").values()) == {404}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_one_view_may_treat_two_methods_alike(client, method):
    assert client.open("/table", method=method).text == f"{method} is done.\n"


@pytest.mark.point("D1-19", "S2-20")
@pytest.mark.parametrize("methods", [["POST"], ["post"], ("POST",), {"Post"}])
def test_methods_are_a_list_in_capitals_or_not(methods):
    cafe = Flask("cafe")
    cafe.route("/tea", methods=methods)(lambda: "tea")
    assert answers(cafe, "/tea", "POST GET HEAD") == {"POST": 200, "GET": 405, "HEAD": 405}


@pytest.mark.point("D1-19")
def test_methods_as_plain_text_are_refused_at_once():
    with pytest.raises(TypeError, match="must be a list of strings"):
        Flask("cafe").route("/tea", methods="POST")(lambda: "tea")


@pytest.mark.point("D1-19")
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_each_method_has_a_shortcut_that_takes_no_list(method):
    cafe = Flask("cafe")
    getattr(cafe, method)("/tea", endpoint="tea")(lambda: "tea")
    (rule,) = cafe.url_map.iter_rules("tea")
    assert rule.methods - {"HEAD", "OPTIONS"} == {method.upper()}
    with pytest.raises(TypeError, match="Use the 'route' decorator"):
        getattr(cafe, method)("/more", methods=["POST"])


@pytest.mark.point("D1-20")
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


@pytest.mark.point("D1-20")
def test_flask_routes_prints_the_map():
    lines = app.test_cli_runner().invoke(routes_command).output.splitlines()
    printed = {tuple(line.replace(", ", ",").split()) for line in lines[2:]}
    assert printed == {
        (rule.endpoint, ",".join(sorted(rule.methods - {"HEAD", "OPTIONS"})), rule.rule)
        for rule in app.url_map.iter_rules()
    }


@pytest.mark.point("D1-21")
def test_of_two_views_for_one_path_and_method_only_the_first_is_called():
    bistro = Flask("bistro")

    @bistro.get("/soup")
    def soup():
        return "first"

    @bistro.get("/soup")
    def better_soup():
        return "second"

    assert bistro.test_client().get("/soup").text == "first"
    rules = [rule for rule in bistro.url_map.iter_rules() if rule.rule == "/soup"]
    assert [rule.endpoint for rule in rules] == ["soup", "better_soup"]
    assert taken_twice(bistro) == {("/soup", "GET"), ("/soup", "HEAD")}


@pytest.mark.point("D1-21")
def test_no_view_of_the_lesson_is_in_the_shadow_of_another():
    assert taken_twice(app) == set()


@pytest.mark.point("D1-22")
def test_two_views_share_a_path_when_their_methods_differ(client):
    assert client.get("/order").text == "What would you like?\n"
    assert client.post("/order").text == "Your soup is on the way.\n"
    refused = client.put("/order")
    assert refused.status_code == 405
    assert refused.allow == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.point("D1-22", "S2-38")
def test_two_views_of_one_name_are_refused_when_the_program_starts():
    bistro = Flask("bistro")

    @bistro.get("/")
    def index():
        return "first"

    with pytest.raises(AssertionError, match="overwriting an existing endpoint function: index"):

        @bistro.get("/home")
        def index():
            return "second"


@pytest.mark.point("D1-23")
def test_one_view_answers_at_both_of_its_addresses(client):
    assert client.get("/menu").text == client.get("/card").text == "Soup, bread, tea.\n"


@pytest.mark.point("D1-23")
def test_link_is_built_from_the_decorator_closest_to_the_function():
    with app.test_request_context():
        assert url_for("menu") == "/card"


@pytest.mark.point("S2-13")
def test_route_registers_the_function_and_gives_the_same_one_back():
    bistro = Flask("bistro")

    def soup():
        return "soup"

    assert bistro.get("/soup")(soup) is soup
    assert bistro.view_functions["soup"] is soup


@pytest.mark.point("S2-13")
def test_decorator_below_the_route_guards_and_above_it_does_not(client):
    assert client.get("/kitchen").status_code == 403
    assert "basil" not in client.get("/kitchen").text
    assert client.get("/kitchen?staff=no").status_code == 403
    assert client.get("/kitchen?staff=yes").text == "The secret is basil.\n"
    assert client.get("/kitchen-unlocked").text == "The secret is basil.\n"


@pytest.mark.point("S2-13")
def test_wraps_keeps_the_name_that_the_endpoint_is_made_of():
    assert {"kitchen", "kitchen_unlocked"} <= app.view_functions.keys()
    assert app.view_functions["kitchen"].__name__ == "kitchen"


@pytest.mark.point("S2-13")
def test_without_wraps_two_wrapped_views_are_in_each_others_way():
    bistro = Flask("bistro")

    def loud(view):
        def wrapper():
            return view().upper()

        return wrapper

    bistro.get("/hello")(loud(lambda: "hello"))
    assert bistro.test_client().get("/hello").text == "HELLO"
    assert "wrapper" in bistro.view_functions
    # A fresh app, because one that has answered takes no more routes.
    bistro = Flask("bistro")
    bistro.get("/hello")(loud(lambda: "hello"))
    with pytest.raises(AssertionError, match="overwriting an existing endpoint function: wrapper"):
        bistro.get("/bye")(loud(lambda: "bye"))


@pytest.mark.point("S2-21")
def test_head_falls_through_a_view_that_branches_on_the_method(client, caplog):
    codes = answers(app, "/order-branching", "GET POST HEAD OPTIONS PUT")
    assert codes == {"GET": 200, "POST": 200, "HEAD": 500, "OPTIONS": 200, "PUT": 405}
    (record,) = caplog.records
    assert record.exc_info[0] is TypeError
    assert "did not return a valid response" in str(record.exc_info[1])
    for method in ("GET", "POST"):
        bad, good = (client.open(path, method=method) for path in ("/order-branching", "/order"))
        assert bad.text == good.text


@pytest.mark.point("S2-21")
def test_head_is_answered_by_a_pair_of_views_and_by_a_method_view():
    class Order(MethodView):
        def get(self):
            return "What would you like?"

        def post(self):
            return "Your soup is on the way."

    bistro = Flask("bistro")
    bistro.add_url_rule("/order", view_func=Order.as_view("order"))
    for each in (app, bistro):
        assert answers(each, "/order", "GET HEAD POST PUT") == {
            "GET": 200,
            "HEAD": 200,
            "POST": 200,
            "PUT": 405,
        }


@pytest.mark.point("S2-21")
def test_branch_for_post_with_get_as_the_default_answers_head():
    bistro = Flask("bistro")

    @bistro.route("/order", methods=["GET", "POST"])
    def order():
        if request.method == "POST":
            return "Your soup is on the way."
        return "What would you like?"

    assert answers(bistro, "/order", "GET HEAD POST") == {"GET": 200, "HEAD": 200, "POST": 200}
