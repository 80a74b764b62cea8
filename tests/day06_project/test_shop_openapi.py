"""The OpenAPI document of the shop says what the shop does, and the other way round.

It is made from the views and their schemas, so most of it cannot be wrong. What views say only for
the document is compared with what they do.

Begin with test_the_document_is_openapi. The variable COURSE_TEST_OPENAPI=1 adds requests that
schemathesis makes up from the document.
"""

import json
import os
import re
import sqlite3
import uuid
from collections import Counter
from functools import cached_property
from itertools import zip_longest
from urllib.parse import urljoin

import pytest
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import OperationalError

from day06_project.shop.api_v1 import api
from day06_project.shop.api_v1 import goods as goods_module
from day06_project.shop.api_v1 import session as session_module
from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods, Order, OrderItem
from day06_project.shop.utils.converters import IdConverter
from day06_project.shop.utils.openapi import describe
from tests.day06_project.helpers import API, PASSWORD, Shopper, at_once, forget_failures

described = Flask("described")
described.url_map.converters["id"] = IdConverter
described.register_blueprint(api, url_prefix=API)
DOCUMENT = describe(described, API)
METHODS = {"get", "put", "post", "delete", "patch"}
OPERATIONS = {
    (method.upper(), path): operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
}
WITH_BODY = [key for key, operation in OPERATIONS.items() if "requestBody" in operation]
TEAPOT = {"name": "Teapot", "price": 2750, "description": "Holds a litre.", "stock": 3}
each_operation = pytest.mark.parametrize(("method", "path"), OPERATIONS)


# Reading the document


def resolved(value):
    """Return what a reference leads to, with the keys beside it."""
    while "$ref" in value:
        assert value["$ref"].startswith("#/")
        found = DOCUMENT
        for key in value["$ref"][2:].split("/"):
            found = found[key]
        value = found | {key: each for key, each in value.items() if key != "$ref"}
    return value


def is_integer(value):
    """Tell as JSON Schema does: 59.0 is an integer, and true is not."""
    return type(value) in {int, float} and value == value // 1


TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def fits(schema, value):
    """Tell whether a value is valid for a schema; it knows the keywords that the document uses."""
    schema = resolved(schema)
    number = len(value) if isinstance(value, str) else 0
    rules = {
        "type": lambda rule: is_integer(value) if rule == "integer" else type(value) is TYPES[rule],
        "const": lambda rule: value == rule,
        "enum": lambda rule: value in rule,
        "anyOf": lambda rule: any(fits(each, value) for each in rule),
        "minimum": lambda rule: value >= rule,
        "maximum": lambda rule: value <= rule,
        "minLength": lambda rule: number >= rule,
        "maxLength": lambda rule: number <= rule,
        "minItems": lambda rule: len(value) >= rule,
        "maxItems": lambda rule: len(value) <= rule,
        # The patterns are JavaScript's, where "$" is the end and not before a last line feed.
        "pattern": lambda rule: re.search(rule.replace("$", r"\Z"), value),
        "items": lambda rule: all(fits(rule, each) for each in value),
        "required": lambda rule: set(rule) <= set(value),
        "properties": lambda rule: all(fits(rule[key], value[key]) for key in {*rule} & {*value}),
        "additionalProperties": lambda rule: rule or set(value) <= set(schema["properties"]),
    }
    words = set(schema) - {"description", "default", "format"}
    assert words <= set(rules)
    # The type first: the limits of a text cannot be applied to a number.
    return all(rules[word](schema[word]) for word in sorted(words, key="type".__ne__))


def body_schema(method, path, media_type="application/json"):
    body = resolved(OPERATIONS[method, path]["requestBody"])
    return resolved(body["content"][media_type]["schema"])


def test_fits_refuses_what_a_schema_does_not_allow():
    good = {"id": 1, "name": "ada"}
    schema = {"$ref": "#/components/schemas/User"}
    assert fits(schema, good)
    for bad in (
        *({}, [], None, {"id": 1}, good | {"password_hash": "x"}, good | {"id": True}),
        *(good | {"id": 0}, good | {"id": 10**9}, good | {"name": "Ada"}, good | {"name": "ab"}),
    ):
        assert not fits(schema, bad)


# The document itself


def test_the_document_is_openapi():
    assert DOCUMENT["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    for (method, path), operation in OPERATIONS.items():
        assert operation["summary"]
        item = DOCUMENT["paths"][path]
        assert set(item) <= METHODS | {"parameters"}
        parameters = [
            resolved(each)
            for each in (*item.get("parameters", ()), *operation.get("parameters", ()))
        ]
        assert all(
            set(each) <= {"name", "in", "required", "description", "schema"} for each in parameters
        )
        in_path = [each["name"] for each in parameters if each["in"] == "path" and each["required"]]
        assert in_path == re.findall(r"\{(\w+)\}", path)
        for status, response in operation["responses"].items():
            assert re.fullmatch("[1-5][0-9][0-9]", status)
            assert resolved(response)["description"]
        if method == "GET":
            assert "requestBody" not in operation
        for needed in operation.get("security", ()):
            assert set(needed) <= set(DOCUMENT["components"]["securitySchemes"])


def test_each_reference_has_a_target_and_each_part_is_used():
    used = set(re.findall(r'"\$ref": "#/components/(\w+/[\w-]+)"', json.dumps(DOCUMENT)))
    parts = {
        f"{kind}/{name}"
        for kind, parts in DOCUMENT["components"].items()
        for name in parts
        if kind != "securitySchemes"
    }
    assert used == parts


def test_the_document_has_the_rules_of_the_api_and_no_others(app):
    rules = {
        (method, re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule.removeprefix(API)))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{API}/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert rules == {*OPERATIONS, ("GET", "/openapi.json")}


def test_the_server_url_is_relative_to_the_document(visitor):
    (server,) = DOCUMENT["servers"]
    for prefix in "", "/run/day06_project/shop":
        address = f"http://127.0.0.1{prefix}{API}"
        assert urljoin(f"{address}/openapi.json", server["url"]) == address
    assert visitor.get("/openapi.json").json == DOCUMENT


def test_ids_have_the_same_limits_in_paths_and_in_the_document():
    schema = DOCUMENT["components"]["schemas"]["Goods"]["properties"]["id"]
    (limits,) = (
        each["schema"] for each in OPERATIONS["GET", "/goods/{goods_id}"]["parameters"][:1]
    )
    assert limits == schema
    for number in range(-1, 2):
        for name, sign in ("minimum", -1), ("maximum", 1):
            value = limits[name] + number * sign
            assert bool(re.fullmatch(IdConverter.regex, str(value))) == (number < 1)


# Every response that the document promises


def good_body(people, method, path, number):
    """Return a body that a request may send; ``number`` makes it another one each time."""
    match method, path:
        case "POST", "/users":
            captcha = str(uuid.uuid4())
            people.app.extensions["store"].put(f"captcha:{captcha}", "TEST", 60)
            account = {"name": f"eve-{number}", "password": PASSWORD}
            return account | {"captcha_id": captcha, "captcha_text": "TEST"}
        case "POST", "/session":
            return {"name": "bob", "password": PASSWORD}
        case "PUT", "/cart/{goods_id}":
            return {"quantity": 2}
        case "POST", "/orders":
            return {"total": TEAPOT["price"]}
    return TEAPOT | {"stock": 4} if (method, path) in WITH_BODY else None


def another_write_comes_first(patch, path):
    """Let another connection write between the read and the write of a request."""
    if path.startswith("/cart"):
        target, name, change = db.session, "get", delete(CartItem)
    else:
        target, name, change = goods_module, "own_goods", update(Goods).values(version=99)
    read = getattr(target, name)

    def slow(*arguments):
        found = read(*arguments)
        if name == "own_goods" or arguments[0] is CartItem:
            with db.engine.begin() as connection:
                connection.execute(change)
        return found

    patch.setattr(target, name, slow)


def stop_all_services(patch, app):
    """Stop the sessions, the store and the database."""

    def fail(*arguments):
        raise RedisError("gone")

    patch.setattr(app.session_interface.inner, "open_session", fail)
    for name in "put", "take", "count", "ping":
        patch.setattr(app.extensions["store"], name, fail)

    def execute(*arguments):
        raise OperationalError("", {}, sqlite3.OperationalError("gone"))

    with app.app_context():
        patch.setattr(db.engine.dialect, "do_execute", execute)


class People:
    """Clients that are logged in when they are first needed, and one that is not."""

    def __init__(self, app):
        self.app = app

    @cached_property
    def ada(self):
        return Shopper(self.app).logged_in("ada")

    @cached_property
    def bob(self):
        return Shopper(self.app).logged_in("bob")

    @cached_property
    def visitor(self):
        return Shopper(self.app)


@pytest.fixture
def people(app):
    return People(app)


def path_of(people, path, **more):
    """Return a path with its parameters: goods of ada, and a new captcha."""
    ids = {"captcha_id": uuid.uuid4()}
    if "{goods_id}" in path:
        goods = insert(Goods).values(owner_id=people.ada.user["id"], version=1, **TEAPOT)
        with people.app.app_context(), db.engine.begin() as connection:
            ids["goods_id"] = connection.execute(goods).inserted_primary_key.id
    if "{order_id}" in path:
        order = insert(Order).values(user_id=people.ada.user["id"], total=1)
        line = {"goods_id": 1, "name": "Cup", "price": 1, "quantity": 1}
        with people.app.app_context(), db.engine.begin() as connection:
            ids["order_id"] = connection.execute(order).inserted_primary_key.id
            connection.execute(insert(OrderItem).values(order_id=ids["order_id"], **line))
    return path.format(**ids | more)


@pytest.fixture
def ask(app, people, monkeypatch):
    """Give a function that sends a request whose response should have a certain status code."""

    def send(method, path, status):
        forget_failures(app)
        shopper, headers, more = people.ada, {}, {}
        where = path_of(people, path)
        if path == "/session":  # bob may be logged out afterwards
            shopper = people.bob
        body = good_body(people, method, path, status)
        if path.startswith("/cart/") and status in {200, 204, 409}:
            assert shopper.send("PUT", where, {"quantity": 1}).status_code == 201
        if path == "/orders" and status == 201:
            shopper.send("PUT", f"/cart/{shopper.offer(**TEAPOT)}", {"quantity": 1})
        with monkeypatch.context() as patch:
            match status:
                case 304:
                    headers["If-None-Match"] = '"1"'
                case 400 if method == "GET":
                    more["query_string"] = {"page": "0", "before": "0"}
                case 400:
                    more["token"] = "nonsense"
                case 401 if path == "/session" and body:
                    body["password"] = "wrong password"
                case 401:
                    shopper = people.visitor
                case 403:
                    shopper = people.bob
                case 404:
                    where = path_of(
                        people, path, goods_id=10**9 - 1, order_id=10**9 - 1, captcha_id="x"
                    )
                case 409 if path == "/users":
                    body["name"] = people.ada.user["name"]
                case 409 if path == "/cart/{goods_id}" and body:
                    body["quantity"] = 999  # more than there are
                case 409 if path != "/orders":  # the cart is empty
                    another_write_comes_first(patch, path)
                case 412:
                    headers["If-Match"] = '"0"'
                case 413:
                    more |= {"data": b" " * 65_536, "content_type": "application/json"}
                case 415:
                    more |= {"data": json.dumps(body), "content_type": "text/plain"}
                case 422 if body:
                    body["unknown"] = 1
                case 429 if path == "/session" and body:
                    for _ in range(app.config["LOGIN_MAX_FAILURES"]):
                        wrong = body | {"password": "wrong password"}
                        assert shopper.send(method, path, wrong).status_code == 401
                case 429:
                    patch.setitem(app.config, "LIMITS", {"captchas": 0, "accounts": 0})
                case 503:
                    stop_all_services(patch, app)
            given = None if "data" in more else body
            return shopper.send(method, where, given, headers=headers, **more)

    return send


TOLD = {"ETag", "Link", "Location", "Retry-After", "Set-Cookie"}
"""The headers that have to be promised where they are sent."""


def conforms(response, method, path):
    """Compare a response with what the document says about it."""
    promised = resolved(OPERATIONS[method, path]["responses"][str(response.status_code)])
    headers = {name: resolved(each) for name, each in promised.get("headers", {}).items()}
    assert set(headers) == {name for name in TOLD if name in response.headers}
    for name, header in headers.items():
        value = response.headers[name]
        assert header["required"]
        assert fits(header["schema"], int(value) if value.isdecimal() else value), name
    assert response.headers["Cache-Control"] == "no-store"
    assert re.fullmatch("[A-Za-z0-9-]{8,64}", response.headers["X-Request-ID"])
    if "content" not in promised:
        assert response.data == b""
        return
    assert list(promised["content"]) == [response.mimetype]
    schema = promised["content"][response.mimetype].get("schema")
    if response.is_json:
        assert fits(schema, response.json)
    else:
        assert schema is None
        assert response.data.startswith(b"\x89PNG")


@each_operation
def test_each_promised_response_comes_and_is_as_promised(ask, method, path):
    for status in OPERATIONS[method, path]["responses"]:
        response = ask(method, path, int(status))
        assert response.status_code == int(status)
        conforms(response, method, path)
        response.close()


@pytest.mark.second_half
@each_operation
def test_each_response_that_comes_is_promised(ask, method, path):
    """A request that is wrong for other operations may be right here; its response is promised."""
    promised = OPERATIONS[method, path]["responses"]
    for status in (304, 400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503):
        if str(status) not in promised and (status != 404 or "{" in path):
            response = ask(method, path, status)
            assert str(response.status_code) in promised
            response.close()


@each_operation
def test_token_and_login_are_needed_where_the_document_says_so(people, method, path):
    """A token, a login, both or neither: a request that has them is not refused for them."""
    security = OPERATIONS[method, path].get("security", [{}])
    assert len(security) == 1
    where = path_of(people, path)
    response = people.ada.send(method, where, token="")
    without_token = response.status_code == 400 and response.json.get("code") == "csrf"
    response.close()
    response = people.visitor.send(method, where)
    without_login = response.status_code == 401
    response.close()
    assert without_token == ("csrf" in security[0])
    assert without_login == ("login" in security[0])
    if without_token:
        assert {"session", "login"} & set(security[0])


# Every limit in the document


def numbers(schema):
    limits = {schema.get(word, 0) for word in ("minimum", "maximum")}
    return {limit + step for limit in limits for step in (-1, 0, 1)}


def texts(schema):
    """Return texts around the limits, and some with characters that may be refused."""
    good = str(uuid.uuid4()) if "format" in schema else "x" * max(3, schema.get("minLength", 1))
    lengths = {
        schema.get(word, 0) + step for word in ("minLength", "maxLength") for step in (-1, 0, 1)
    }
    found = {"x" * length for length in lengths if length >= 0} | {good, good.upper(), good[:-1]}
    for mark in "\n", " ", "_":
        found |= {mark + good[1:], good[:-1] + mark}
    for mark in "\n", "\0", "\x7f", "\x85", " ", "_", "-", "\u8336", "\U0001f375", "'", "<", "}":
        found.add(good[:1] + mark + good[2:])
    return found


def values(schema):
    """Return values to try: around the limits, and of other types."""
    schema = resolved(schema)
    found = numbers(schema) if schema["type"] == "integer" else texts(schema)
    others = [None, True, 1.5, 2.0, 1e300, [], {}, "1" if schema["type"] == "integer" else 1]
    return [*sorted(found), *others]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        # PUT and PATCH have the rules of POST: test_shop_goods.py tries a value of each field.
        pytest.param(*key, marks=[pytest.mark.second_half] if "/goods/" in key[1] else [])
        for key in WITH_BODY
    ],
)
def test_each_field_has_the_limits_that_the_document_says(app, people, method, path):
    where = path_of(people, path)
    schema = body_schema(method, path)
    names = list(schema["properties"])

    def refused(body):
        """Return the names of the fields that the response calls wrong."""
        forget_failures(app)
        response = people.ada.send(method, where, body)
        assert response.status_code in {200, 201, 401, 409, 422}
        return {each["field"] for each in (response.json.get("errors") or ())}

    # Each request tries a value for each field: the response names all that are wrong.
    columns = [values(field) for field in schema["properties"].values()]
    found = set()
    for number, row in enumerate(zip_longest(*columns, fillvalue=GOOD)):
        tried = {name: value for name, value in zip(names, row, strict=True) if value is not GOOD}
        fit = {name: fits(schema["properties"][name], value) for name, value in tried.items()}
        wrong = {name for name in fit if not fit[name]}
        found |= set(fit.values())
        # Letters that fit the limits need not be those of the captcha.
        extra = set() if wrong else {"captcha_text"}
        assert refused(good_body(people, method, path, number) | tried) - extra == wrong, tried
    assert found == {True, False}
    for name in names:
        body = good_body(people, method, path, "less")
        del body[name]
        assert refused(body) == {name} & set(schema.get("required", ()))
    assert refused(good_body(people, method, path, "more") | {"unknown": 1}) == {"unknown"}
    assert schema["additionalProperties"] is False


GOOD = object()
"""Stands for a value that is right: the field is not tried any more."""


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_each_type_of_body_is_accepted_that_the_document_says(people, method, path):
    where = path_of(people, path)
    kinds = resolved(OPERATIONS[method, path]["requestBody"])["content"]
    assert set(kinds) <= set(KINDS)
    for kind in KINDS:
        body = good_body(people, method, path, len(kind))
        response = people.ada.send(method, where, None, data=json.dumps(body), content_type=kind)
        assert (response.status_code != 415) == (kind in kinds)


KINDS = [
    *("application/json", "application/merge-patch+json", "application/json-patch+json"),
    *("application/x-www-form-urlencoded", "text/json", "text/plain"),
]


def test_each_parameter_of_the_list_has_the_limits_that_the_document_says(visitor):
    parameters = {each["name"]: resolved(each["schema"]) for each in LISTED}
    assert set(parameters) == {"page", "per_page", "sort"}
    for name, schema in parameters.items():
        tried = numbers(schema) if "minimum" in schema else {*SORTS, *schema["enum"]}
        for value in tried:
            status = 200 if fits(schema, value) else 400
            assert visitor.get("/goods", query_string={name: value}).status_code == status


LISTED = OPERATIONS["GET", "/goods"]["parameters"]
SORTS = ["stock", "-stock", "created_at", "owner_id", "version", "ID", "-", "--id", "", "id,name"]


def test_the_defaults_are_as_the_document_says(people):
    schema = body_schema("POST", "/goods")
    body = {name: TEAPOT[name] for name in schema["required"]}
    response = people.ada.send("POST", "/goods", body)
    for name in set(schema["properties"]) - set(body):
        assert response.json[name] == resolved(schema["properties"][name])["default"]
    said = {each["name"]: each["schema"]["default"] for each in LISTED}
    shown = people.ada.get("/goods").json
    assert (said["page"], said["per_page"]) == (shown["page"], shown["per_page"])
    assert people.ada.get("/goods", query_string=said).json == shown


def test_a_query_may_hold_parameters_that_the_document_does_not_name(visitor):
    """If they went to url_for, ?endpoint=x would be a 500, and ?_anchor=x would change a link."""
    for name in "endpoint", "self", "_method", "_scheme", "_anchor", "_external", "values", "\0\n>":
        response = visitor.get("/goods", query_string={name: "x"})
        assert response.status_code == 200
        assert re.match(
            '</api/v1.0/goods[?][\\w%]+=x&page=1>; rel="first"', response.headers["Link"]
        )
        conforms(response, "GET", "/goods")


def test_a_get_may_ask_for_the_version_that_it_has_seen(people, problem):
    """Werkzeug's make_conditional() sends 412 with the goods in it, for "If-Match: *" as well."""
    path = f"/goods/{people.ada.offer()}"
    etag = people.visitor.get(path).headers["ETag"]
    for value, status in (etag, 200), ("*", 200), ('"0"', 412), (f"W/{etag}", 412), ('"0", *', 412):
        response = people.visitor.get(path, headers={"If-Match": value})
        assert response.status_code == status, value
        conforms(response, "GET", "/goods/{goods_id}")
    for value, status in (etag, 304), ("*", 304), (f"W/{etag}", 304), ('"0"', 200), ("", 200):
        response = people.visitor.get(path, headers={"If-None-Match": value})
        assert response.status_code == status, value
        conforms(response, "GET", "/goods/{goods_id}")
    problem(people.visitor.get(path, headers={"If-Match": '"0"', "If-None-Match": etag}), 412)


def test_of_eight_deletions_of_one_line_of_a_cart_one_succeeds(workers, people):
    """With one query to find the row and one to delete it, all eight would have succeeded."""
    teapot = people.ada.offer()
    people.ada.send("PUT", f"/cart/{teapot}", {"quantity": 1})
    same = [people.ada.elsewhere(workers[number % 2]) for number in range(8)]
    status_codes = at_once(lambda each: each.send("DELETE", f"/cart/{teapot}").status_code, same)
    assert sorted(status_codes) == [204] + [404] * 7


# With schemathesis, on request

TURNED_ON = os.environ.get("COURSE_TEST_OPENAPI") == "1"
CHECKS = {
    name: {"enabled": True}
    for name in (
        *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
        *("response_headers_conformance", "response_schema_conformance"),
        *("unsupported_method", "allow_header_conformance"),
    )
}
# A wrong request is refused for what is wrong, or because the version is another one.
CHECKS["negative_data_rejection"] = {
    "enabled": True,
    "expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "415", "422"],
}


@pytest.mark.skipif(
    not TURNED_ON,
    reason="COURSE_TEST_OPENAPI=1 is not set; it needs python -m uv sync --group openapi",
)
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_schemathesis_finds_nothing(app, people, monkeypatch):
    """Some 700 requests that it makes up from the document, the same ones each time."""
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    monkeypatch.setitem(app.config, "LOGIN_MAX_FAILURES", 10**6)
    monkeypatch.setitem(app.config, "LIMITS", {"captchas": 10**6, "accounts": 10**6})
    monkeypatch.setattr(session_module, "FAILURES_PER_ADDRESS", 10**6)
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "base-url": f"http://localhost{API}",
            "continue-on-failure": True,
            "generation": {
                "max-examples": 20,
                "deterministic": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "checks": {"enabled": False, **CHECKS},
            "phases": {"stateful": {"enabled": False}},
        }
    )
    schema = schemathesis.openapi.from_dict(DOCUMENT, config=config)
    schema.app = app
    goods = {people.ada: 0, people.bob: 0}

    @schema.auth(refresh_interval=None)
    class Login:
        """Log in for each request, and ask for goods that exist, mostly those of the client."""

        def get(self, case, context):
            if not people.ada.get("/session").json["user"]:  # the request before has logged out
                people.ada.login("ada")
            return people.ada

        def set(self, case, shopper, context):
            case.headers["X-CSRFToken"] = shopper.token
            case.cookies["session"] = shopper.cookie("session")
            number = case.path_parameters.get("goods_id")
            if type(number) is int and 0 < number < 10**9 and number % 4:
                owner = people.bob if number % 4 == 3 else people.ada
                if owner.get(f"/goods/{goods[owner]}").status_code == 404:
                    goods[owner] = owner.offer(**TEAPOT)
                case.path_parameters["goods_id"] = goods[owner]

    found, statuses = [], Counter()
    for each in from_schema(schema).execute():
        if isinstance(each, events.NonFatalError | events.FatalError):
            found.append(each)
        if not isinstance(each, events.ScenarioFinished):
            continue
        for key, checks in each.recorder.checks.items():
            request = each.recorder.interactions[key]
            statuses[request.response.status_code] += 1
            found += [
                f"{request.request.method} {request.request.uri}: {check.failure_info.failure}"
                for check in checks
                if check.failure_info
            ]
    assert not found, "\n".join(map(str, found))
    assert statuses.total() > 500
    assert {200, 201, 204, 400, 401, 403, 404, 405, 409, 412, 415, 422} - set(statuses) <= {409}
