"""Tests of the exercise: a swimming pool, taken apart."""

import html
import random
import re

import pytest

from course.grading import expect, fail, json_of

HELP = {
    "en": {"": "Ask at the desk.", "rules": "Walk, do not run."},
    "de": {"": "Fragen Sie an der Kasse.", "rules": "Gehen Sie, statt zu laufen."},
}


@pytest.fixture
def courses():
    """Give courses that no solution can know in advance."""
    return {
        f"course-{n}": {"title": f"Course {n}", "places": random.randrange(100, 999)}
        for n in random.sample(range(10, 99), 3)
    }


@pytest.fixture
def key():
    return f"key-{random.randrange(10**9)}"


@pytest.fixture
def pool(start, courses, key):
    return start({"COURSES": courses, "STAFF_KEY": key}, told=None)


def links(reply):
    """Return the addresses that a page leads to."""
    return [html.unescape(each) for each in re.findall(r'<a\b[^>]*href="([^"]*)"', reply.text)]


def the_map(reply):
    """Return the endpoints by their rules; the names of variables do not matter."""
    value = json_of(reply)
    if not isinstance(value, dict):
        fail(reply, "the rules and endpoints, as in the file you were given")
    return {re.sub("<[^>]*>", "<>", rule): str(endpoint) for rule, endpoint in value.items()}


def expect_endpoints(client, expected):
    """Fail unless /map names these endpoints."""
    reply = expect(client.get("/map"), 200)
    rules = the_map(reply)
    for rule, endpoint in expected.items():
        if rules.get(rule) != endpoint:
            rule, found = (
                rule.replace("<>", "<key>"),
                repr(rules[rule]) if rule in rules else "missing",
            )
            if elsewhere := [each for each, name in rules.items() if name == endpoint]:
                found = f"that of {elsewhere[0].replace('<>', '<key>')}"
            fail(reply, f"the endpoint {endpoint!r} for the rule {rule}; it was {found}")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint('Blueprint("courses", __name__), and app.register_blueprint with a url_prefix.')
@pytest.mark.hint("Is it registered? app.register_blueprint(…).", when="it was missing")
def test_the_courses_are_a_part(pool):
    """The endpoints are courses.index and courses.course."""
    expect_endpoints(pool, {"/courses/": "courses.index", "/courses/<>": "courses.course"})


@pytest.mark.task(1)
@pytest.mark.needs("test_the_courses_are_a_part")
@pytest.mark.hint("A view of a blueprint is written @courses.get, and has the path without prefix.")
def test_the_courses_are_shown(pool, courses):
    """The list leads to each course, and each course to the list."""
    reply = expect(pool.get("/courses/"), 200)
    expected = [f"/courses/{key}" for key in courses]
    if sorted(links(reply)) != sorted(expected):
        fail(reply, f"links to {expected}; there was {links(reply)}")
    for key, course in courses.items():
        reply = expect(pool.get(f"/courses/{key}"), 200, contains=course["title"])
        if links(reply) != ["/courses/"]:
            fail(reply, f"a link to /courses/; there was {links(reply)}")


@pytest.mark.task(1)
@pytest.mark.needs("test_the_courses_are_a_part")
@pytest.mark.hint("url_for wants the part and a dot now; `.index` stays in the part.")
def test_the_entrance_leads_on(pool):
    """The entrance leads to the courses and to the help, and both are there."""
    reply = expect(pool.get("/"), 200)
    if "/courses/" not in links(reply) or len(links(reply)) < 2:
        fail(reply, f"links to /courses/ and to the help; there was {links(reply)}")
    for address in links(reply):
        expect(pool.get(address), 200)


@pytest.mark.task(2)
@pytest.mark.hint("Two blueprints may both have a view index; in one file, give endpoint='index'.")
@pytest.mark.hint("Is it registered? app.register_blueprint(…).", when="it was missing")
def test_the_staff_is_a_part(pool):
    """The endpoints are staff.index and staff.course."""
    expect_endpoints(pool, {"/staff/": "staff.index", "/staff/<>": "staff.course"})


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("@staff.before_request runs before each view of this part; abort(403) ends it.")
def test_only_the_staff_comes_in(pool, courses, key):
    """Below /staff, 403 without the key or with a wrong one, and 200 with the right one."""
    number, course = random.choice(list(courses.items()))
    for path, text in (("/staff/", course["title"]), (f"/staff/{number}", str(course["places"]))):
        expect(pool.get(path), 403)
        expect(pool.get(path, headers={"X-Staff-Key": "whistle"}), 403)
        expect(pool.get(path, headers={"X-Staff-Key": key}), 200, contains=text)


@pytest.mark.task(2)
@pytest.mark.needs("test_only_the_staff_comes_in")
@pytest.mark.points(2)
@pytest.mark.hint("before_app_request and app.before_request run for all parts.")
def test_no_other_part_asks_for_the_key(pool, courses):
    """All other parts answer without the key, as before."""
    for path in ("/", "/courses/", "/api/courses", f"/courses/{min(courses)}", "/map"):
        expect(pool.get(path), 200)


@pytest.mark.task(3)
@pytest.mark.hint('Blueprint("api", __name__), registered with url_prefix="/api".')
def test_the_api_is_a_part(pool, courses):
    """The rules below /api belong to the part api, and answer as before."""
    reply = expect(pool.get("/map"), 200)
    for rule, endpoint in the_map(reply).items():
        if rule.startswith("/api/") and not endpoint.startswith("api."):
            fail(reply, f"an endpoint such as 'api.index' for {rule}; it was {endpoint!r}")
    addresses = [f"/api/courses/{key}" for key in courses]
    reply = expect(pool.get("/api/courses"), 200)
    value = json_of(reply)
    listed = value.get("courses") if isinstance(value, dict) else None
    if not isinstance(listed, list) or sorted(map(str, listed)) != sorted(addresses):
        fail(reply, f'the JSON {{"courses": {addresses}}}')
    for key, course in courses.items():
        expect(pool.get(f"/api/courses/{key}"), 200, json={"title": course["title"]})


def expect_json_error(client, path):
    reply = expect(client.get(path), 404)
    value = json_of(reply)
    if not isinstance(value, dict) or not isinstance(value.get("error"), str):
        fail(reply, 'JSON such as {"error": "There is no such course."}')


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("An error handler returns a dictionary and the status: {…}, 404.")
def test_a_missing_course_is_json_in_the_api(pool):
    """/api/courses/ and a course that is not there: 404 with JSON."""
    expect_json_error(pool, f"/api/courses/none-{random.randrange(1000)}")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint(
    "What no rule matches belongs to no part: the app's handler looks at request.path."
)
def test_a_missing_address_is_json_in_the_api(pool):
    """Any path below /api/ without a rule: 404 with JSON."""
    for path in (f"/api/none-{random.randrange(1000)}", "/api/courses/a/b"):
        expect_json_error(pool, path)


@pytest.mark.task(3)
@pytest.mark.needs("test_a_missing_address_is_json_in_the_api")
@pytest.mark.hint("The handler for the whole app has to tell programs from people.")
def test_elsewhere_404_is_a_page(pool, key):
    """Outside of /api/ what is not there is a page, with 404."""
    for path in ("/courses/none", f"/none-{random.randrange(1000)}", "/courses/a/b", "/staff/none"):
        reply = expect(pool.get(path, headers={"X-Staff-Key": key}), 404)
        if reply.mimetype != "text/html":
            fail(reply, f"a page, text/html; it was {reply.mimetype}")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint(
    "register_blueprint(…, name=…, url_prefix=…, url_defaults={'language': …}), twice."
)
def test_the_help_speaks_two_languages(pool):
    """/en/help/ and /de/help/, and the rules below them, in the words of HELP."""
    for language, texts in HELP.items():
        for path, text in texts.items():
            expect(pool.get(f"/{language}/help/{path}"), 200, contains=text)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("url_for('.rules') stays in the registration that answers at the moment.")
def test_the_help_stays_in_its_language(pool):
    """Each page of the help leads to the other page in the same language."""
    for language in HELP:
        for path, other in (("", "rules"), ("rules", "")):
            reply = expect(pool.get(f"/{language}/help/{path}"), 200)
            if links(reply) != [f"/{language}/help/{other}"]:
                fail(reply, f"a link to /{language}/help/{other}; there was {links(reply)}")


@pytest.mark.task(4)
@pytest.mark.hint("A blueprint has a name, and each registration may give it another one.")
def test_the_help_is_registered_twice(pool):
    """The endpoints are help_en.index, help_en.rules, help_de.index and help_de.rules."""
    for language in HELP:
        expect_endpoints(
            pool,
            {
                f"/{language}/help/": f"help_{language}.index",
                f"/{language}/help/rules": f"help_{language}.rules",
            },
        )
