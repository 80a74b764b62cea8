"""The OpenAPI document and the shop say the same; with schemathesis, on request, at length."""

import json
import os
import re
import sqlite3
import uuid
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urljoin

import pytest
from redis.exceptions import RedisError
from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError

from day06_project.shop import api_v1
from day06_project.shop.api_v1 import goods as goods_module
from day06_project.shop.api_v1 import session as session_module
from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods
from day06_project.shop.utils.converters import IdConverter

PATH = Path(api_v1.__file__).with_name("openapi.json")
DOCUMENT = json.loads(PATH.read_text("utf-8"))
PASSWORD = "correct horse"
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
    """Return what a reference leads to, with what stands beside it."""
    while "$ref" in value:
        assert value["$ref"].startswith("#/")
        found = DOCUMENT
        for key in value["$ref"][2:].split("/"):
            found = found[key]
        value = found | {key: each for key, each in value.items() if key != "$ref"}
    return value


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}


def fits(schema, value):
    """Tell whether a value is as a schema says: the words that the document uses, and no others."""
    schema = resolved(schema)
    number = len(value) if isinstance(value, str) else 0
    rules = {
        "type": lambda rule: type(value) is TYPES[rule],
        "const": lambda rule: value == rule,
        "enum": lambda rule: value in rule,
        "anyOf": lambda rule: any(fits(each, value) for each in rule),
        "minimum": lambda rule: value >= rule,
        "maximum": lambda rule: value <= rule,
        "minLength": lambda rule: number >= rule,
        "maxLength": lambda rule: number <= rule,
        "maxItems": lambda rule: len(value) <= rule,
        # The patterns are JavaScript's, where "$" is the end, and no line feed stands behind it.
        "pattern": lambda rule: re.search(rule.replace("$", r"\Z"), value),
        "items": lambda rule: all(fits(rule, each) for each in value),
        "required": lambda rule: set(rule) <= set(value),
        "properties": lambda rule: all(fits(rule[key], value[key]) for key in {*rule} & {*value}),
        "additionalProperties": lambda rule: rule or set(value) <= set(schema["properties"]),
    }
    words = set(schema) - {"description", "default", "format"}
    assert words <= set(rules)
    # The type first: what is asked of a text cannot be asked of a number.
    return all(rules[word](schema[word]) for word in sorted(words, key="type".__ne__))


def body_schema(method, path, media_type="application/json"):
    body = resolved(OPERATIONS[method, path]["requestBody"])
    return resolved(body["content"][media_type]["schema"])


def test_the_checker_of_these_tests_refuses():
    good = {"id": 1, "name": "ada"}
    schema = {"$ref": "#/components/schemas/User"}
    assert fits(schema, good)
    for bad in (
        *({}, [], None, {"id": 1}, good | {"password_hash": "x"}, good | {"id": True}),
        *(good | {"id": 0}, good | {"id": 10**9}, good | {"name": "Ada"}, good | {"name": "ab"}),
    ):
        assert not fits(schema, bad)


# The document itself


def test_it_is_openapi():
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


def test_its_references_lead_somewhere_and_every_part_is_used():
    used = set(re.findall(r'"\$ref": "#/components/(\w+/[\w-]+)"', PATH.read_text("utf-8")))
    parts = {
        f"{kind}/{name}"
        for kind, parts in DOCUMENT["components"].items()
        for name in parts
        if kind != "securitySchemes"
    }
    assert used == parts


def test_it_is_small_enough_to_be_read():
    lines = PATH.read_text("utf-8").splitlines()
    assert len(lines) < 600
    assert max(len(line) for line in lines if '"description"' not in line) <= 120


def test_every_rule_of_the_api_is_in_it_and_nothing_else(app, tools):
    rules = {
        (method, re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule.removeprefix(tools.api)))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{tools.api}/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert rules == set(OPERATIONS)


def test_it_finds_the_api_wherever_it_lies(stranger, tools):
    (server,) = DOCUMENT["servers"]
    for prefix in "", "/run/day06_project/shop":
        address = f"http://127.0.0.1{prefix}{tools.api}"
        assert urljoin(f"{address}/openapi.json", server["url"]) == address
    response = stranger.get("/openapi.json")
    assert response.json == DOCUMENT
    response.close()


def test_an_id_is_the_same_for_the_paths_and_for_the_document():
    limits = DOCUMENT["components"]["schemas"]["Id"]
    for number in range(-1, 2):
        for name, sign in ("minimum", -1), ("maximum", 1):
            value = limits[name] + number * sign
            assert bool(re.fullmatch(IdConverter.regex, str(value))) == (number < 1)


# Every answer that it promises


def good_body(method, path, people, number):
    """Return what a request may send; ``number`` makes it another one each time."""
    match method, path:
        case "POST", "/users":
            captcha = str(uuid.uuid4())
            people.ada.get(f"/captchas/{captcha}")
            account = {"name": f"eve-{number}", "password": PASSWORD}
            return account | {"captcha_id": captcha, "captcha_text": "TEST"}
        case "POST", "/session":
            return {"name": "bob", "password": PASSWORD}
        case "PUT", "/cart/{goods_id}":
            return {"quantity": 2}
    return TEAPOT | {"stock": 4} if (method, path) in WITH_BODY else None


def somebody_is_quicker(patch, path):
    """Let another connection write between the look and the write of a request."""
    if path.startswith("/cart"):
        target, name, change = db.session, "get", delete(CartItem)
    else:
        target, name, change = goods_module, "own_goods", update(Goods).values(version=99)
    look = getattr(target, name)

    def slow(*arguments):
        found = look(*arguments)
        if name == "own_goods" or arguments[0] is CartItem:
            with db.engine.begin() as connection:
                connection.execute(change)
        return found

    patch.setattr(target, name, slow)


def nothing_answers(patch, app):
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


@pytest.fixture
def people(ada, bob, stranger):
    return SimpleNamespace(ada=ada, bob=bob, stranger=stranger)


@pytest.fixture
def ask(app, people, tools, monkeypatch):
    """Give a function that sends a request which has to be answered with a certain status."""

    def send(method, path, status):
        tools.forget_failures(app)
        person, headers, more = people.ada, {}, {}
        goods_id = person.offer(**TEAPOT)
        if path == "/session":  # who logs out here is not needed any more
            person = people.bob
        captcha_id = uuid.uuid4()
        body = good_body(method, path, people, goods_id)
        if path.startswith("/cart/") and status in {200, 204, 409}:
            assert person.send("PUT", f"/cart/{goods_id}", {"quantity": 1}).status_code == 201
        with monkeypatch.context() as patch:
            match status:
                case 304:
                    headers["If-None-Match"] = person.get(f"/goods/{goods_id}").headers["ETag"]
                case 400 if method == "GET":
                    more["query_string"] = {"page": "0"}
                case 400:
                    more["token"] = "nonsense"
                case 401 if path == "/session" and body:
                    body["password"] = "wrong password"
                case 401:
                    person = people.stranger
                case 403:
                    person = people.bob
                case 404:
                    goods_id, captcha_id = goods_id + 1, "nonsense"
                case 409 if path == "/users":
                    body["name"] = "ada"
                case 409:
                    somebody_is_quicker(patch, path)
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
                        assert person.send(method, path, wrong).status_code == 401
                case 503:
                    nothing_answers(patch, app)
            where = path.format(goods_id=goods_id, captcha_id=captcha_id)
            given = None if "data" in more else body
            return person.send(method, where, given, headers=headers, **more)

    return send


TOLD = {"ETag", "Link", "Location", "Retry-After", "Set-Cookie"}
"""The headers that say something, so that each is either promised or not there."""


def conforms(response, method, path):
    """Compare an answer with what is said of it."""
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
def test_each_answer_that_it_promises_comes_and_is_as_it_says(ask, method, path):
    for status in OPERATIONS[method, path]["responses"]:
        response = ask(method, path, int(status))
        assert response.status_code == int(status)
        conforms(response, method, path)
        response.close()


@each_operation
def test_it_promises_each_answer_that_comes(ask, method, path):
    """What makes others answer 409 may be nothing to this one; what it does answer is in there."""
    promised = OPERATIONS[method, path]["responses"]
    for status in (304, 400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503):
        if str(status) not in promised and (status != 404 or "{" in path):
            response = ask(method, path, status)
            assert str(response.status_code) in promised
            response.close()


@each_operation
def test_who_is_asked_for_what_is_as_it_says(people, method, path):
    """A token, a login, both, or nothing: what leaves out nothing is not refused for it."""
    security = OPERATIONS[method, path].get("security", [{}])
    assert len(security) == 1
    where = path.format(goods_id=people.ada.offer(), captcha_id=uuid.uuid4())
    response = people.ada.send(method, where, token="")
    without_token = response.status_code == 400 and response.json.get("code") == "csrf"
    response.close()
    response = people.stranger.send(method, where)
    without_login = response.status_code == 401
    response.close()
    assert without_token == ("csrf" in security[0])
    assert without_login == ("login" in security[0])
    if without_token:
        assert {"session", "login"} & set(security[0])


# Every limit that it names


def numbers(schema):
    limits = {schema.get(word, 0) for word in ("minimum", "maximum")}
    return {limit + step for limit in limits for step in (-1, 0, 1)}


def texts(schema):
    """Return texts around the limits, and with characters that may not be liked."""
    good = str(uuid.uuid4()) if "format" in schema else "x" * max(3, schema.get("minLength", 1))
    lengths = {
        schema.get(word, 0) + step for word in ("minLength", "maxLength") for step in (-1, 0, 1)
    }
    found = {"x" * length for length in lengths if length >= 0} | {good, good.upper(), good[:-1]}
    marks = (
        "\n",
        "\0",
        "\x7f",
        "\x85",
        "\x9f",
        " ",
        "_",
        "-",
        "\u8336",
        "\U0001f375",
        "'",
        "<",
        "}",
    )
    for mark in marks:
        found |= {mark + good[1:], good[:-1] + mark, good[:1] + mark + good[2:]}
    return found


def values(schema):
    """Return what to try: around the limits, and of other types."""
    schema = resolved(schema)
    found = numbers(schema) if schema["type"] == "integer" else texts(schema)
    return [*sorted(found), None, True, 1.5, [], {}, "1" if schema["type"] == "integer" else 1]


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_each_field_has_the_limits_that_it_says(app, people, tools, method, path):
    where = path.format(goods_id=people.ada.offer(**TEAPOT))
    schema = body_schema(method, path)
    seen = []

    def refused(body):
        """Return the names of the fields that are said to be wrong."""
        tools.forget_failures(app)
        response = people.ada.send(method, where, body)
        assert response.status_code in {200, 201, 401, 409, 422}
        return {each["field"] for each in (response.json.get("errors") or ())}

    for name, field in schema["properties"].items():
        for value in values(field):
            good = good_body(method, path, people, len(seen)) | {name: value}
            seen.append(fits(field, value))
            wrong = set() if seen[-1] else {name}
            # A captcha is one of those that fit the limits; this one need not be the right one.
            assert refused(good) - ({"captcha_text"} if not wrong else set()) == wrong, value
    assert {True, False} == set(seen)
    for name in schema["properties"]:
        body = good_body(method, path, people, "less")
        del body[name]
        assert refused(body) == {name} & set(schema.get("required", ()))
    assert refused(good_body(method, path, people, "more") | {"unknown": 1}) == {"unknown"}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_each_kind_of_body_is_taken_that_it_says_and_no_other(people, method, path):
    where = path.format(goods_id=people.ada.offer(**TEAPOT))
    kinds = resolved(OPERATIONS[method, path]["requestBody"])["content"]
    assert set(kinds) <= set(KINDS)
    for kind in KINDS:
        body = good_body(method, path, people, len(kind))
        response = people.ada.send(method, where, None, data=json.dumps(body), content_type=kind)
        assert (response.status_code != 415) == (kind in kinds)


KINDS = [
    *("application/json", "application/merge-patch+json", "application/json-patch+json"),
    *("application/x-www-form-urlencoded", "text/json", "text/plain"),
]


def test_each_parameter_of_the_list_has_the_limits_that_it_says(stranger):
    parameters = {each["name"]: resolved(each["schema"]) for each in LISTED}
    assert set(parameters) == {"page", "per_page", "sort"}
    for name, schema in parameters.items():
        tried = numbers(schema) if "minimum" in schema else {*SORTS, *schema["enum"]}
        for value in tried:
            status = 200 if fits(schema, value) else 400
            assert stranger.get("/goods", query_string={name: value}).status_code == status


LISTED = OPERATIONS["GET", "/goods"]["parameters"]
SORTS = ["stock", "-stock", "created_at", "owner_id", "version", "ID", "-", "--id", "", "id,name"]


def test_what_it_says_of_defaults_is_so(app, people):
    schema = body_schema("POST", "/goods")
    body = {name: TEAPOT[name] for name in schema["required"]}
    response = people.ada.send("POST", "/goods", body)
    for name in set(schema["properties"]) - set(body):
        assert response.json[name] == resolved(schema["properties"][name])["default"]
    said = {each["name"]: each["description"] for each in LISTED}
    assert said["per_page"] == f"{people.ada.get('/goods').json['per_page']} by default."


def test_a_query_may_hold_what_it_does_not_name(stranger):
    """Once they went to url_for as they were: ?endpoint=x was a 500, ?_anchor=x changed a link."""
    for name in "endpoint", "self", "_method", "_scheme", "_anchor", "_external", "values", "\0\n>":
        response = stranger.get("/goods", query_string={name: "x"})
        assert response.status_code == 200
        assert re.match(
            '</api/v1.0/goods[?][\\w%]+=x&page=1>; rel="first"', response.headers["Link"]
        )
        conforms(response, "GET", "/goods")


def test_a_get_may_ask_for_the_version_that_it_has_seen(people, problem):
    """Werkzeug's make_conditional() answered 412 with the goods in it, to "If-Match: *" as well."""
    path = f"/goods/{people.ada.offer()}"
    etag = people.stranger.get(path).headers["ETag"]
    for value, status in (etag, 200), ("*", 200), ('"0"', 412), (f"W/{etag}", 412), ('"0", *', 412):
        response = people.stranger.get(path, headers={"If-Match": value})
        assert response.status_code == status, value
        conforms(response, "GET", "/goods/{goods_id}")
    for value, status in (etag, 304), ("*", 304), (f"W/{etag}", 304), ('"0"', 200), ("", 200):
        response = people.stranger.get(path, headers={"If-None-Match": value})
        assert response.status_code == status, value
        conforms(response, "GET", "/goods/{goods_id}")
    problem(people.stranger.get(path, headers={"If-Match": '"0"', "If-None-Match": etag}), 412)


def test_of_eight_who_empty_one_line_of_a_cart_one_does(app, build, people, shopper, parallel):
    """A row that was looked for and then deleted was deleted by all of them, says SQLAlchemy."""
    teapot = people.ada.offer()
    people.ada.send("PUT", f"/cart/{teapot}", {"quantity": 1})
    workers = [app, build()]
    same = [shopper(workers[number % 2]) for number in range(8)]
    for each in same:
        each.login("ada")
    answers = parallel(lambda each: each.send("DELETE", f"/cart/{teapot}").status_code, same)
    assert sorted(answers) == [204] + [404] * 7


# At length, on request

TURNED_ON = os.environ.get("COURSE_TEST_OPENAPI") == "1"
CHECKS = {
    name: {"enabled": True}
    for name in (
        *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
        *("response_headers_conformance", "response_schema_conformance"),
        *("unsupported_method", "allow_header_conformance"),
    )
}
# What is wrong is refused for that, or because the version is another one.
CHECKS["negative_data_rejection"] = {
    "enabled": True,
    "expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "415", "422"],
}


@pytest.mark.skipif(
    not TURNED_ON,
    reason="COURSE_TEST_OPENAPI=1 is not given; it needs python -m uv sync --group openapi",
)
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_schemathesis_finds_nothing(app, people, tools, monkeypatch):
    """Some 700 requests that it makes up from the document, the same each time: about 10 s."""
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    monkeypatch.setitem(app.config, "LOGIN_MAX_FAILURES", 10**6)
    monkeypatch.setattr(session_module, "FAILURES_PER_ADDRESS", 10**6)
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "base-url": f"http://localhost{tools.api}",
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
    schema = schema.exclude(path="/openapi.json")  # its answer is a file, which nobody would close
    schema.app = app
    goods = {people.ada: 0, people.bob: 0}

    @schema.auth(refresh_interval=None)
    class Login:
        """Be logged in for each request, and ask for goods that are there, mostly one's own."""

        def get(self, case, context):
            if not people.ada.get("/session").json["user"]:  # the one before has logged out
                people.ada.login("ada")
            return people.ada

        def set(self, case, person, context):
            case.headers["X-CSRFToken"] = person.token
            case.cookies["session"] = person.cookie("session")
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
