"""A form that checks itself, on a page for new accounts.

``send`` posts the form, and ``errors`` reads the messages beside its fields. The token is switched
off here, as the documentation of Flask-WTF does it; test_forms_csrf.py tests with the token.
Begin with test_the_page_shows_the_form.
"""

from io import BytesIO
from runpy import run_path
from threading import Thread

import pytest
from flask_wtf import FlaskForm
from markupsafe import escape
from werkzeug.security import check_password_hash

from day03.forms import app as module
from day03.forms import first
from day03.forms.app import create_app
from day03.forms.form import RegisterForm
from tests.day03.helpers import GOOD, errors, fields
from tests.helpers import csrf_token, page

PNG = b"\x89PNG\r\n\x1a\n"


def app_with(**config):
    """Build an app; a password is hashed in one round, since a safe hash takes time."""
    quick = {"PASSWORD_METHOD": "pbkdf2:sha256:1", "WTF_CSRF_ENABLED": False}
    return create_app(quick | config)


@pytest.fixture(scope="module")
def shared_app():
    """Build the app once, since its templates take time to compile."""
    return app_with()


@pytest.fixture
def app(shared_app):
    shared_app.config["ACCOUNTS"].clear()
    return shared_app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def accounts(app):
    return app.config["ACCOUNTS"]


def send(client, **changes):
    """Post a form without mistakes, but for the changes."""
    return client.post("/", data=GOOD | changes)


def registered(app):
    """Return a new visitor who has an account."""
    client = app.test_client()
    assert send(client).status_code == 303
    return client


def test_the_page_shows_the_form(client):
    response = client.get("/")
    assert response.status_code == 200
    assert page(response).h1.text == "Register"


def test_a_good_form_makes_an_account_and_redirects_to_it(client, accounts):
    response = send(client)
    assert (response.status_code, response.location) == (303, "/account")
    assert list(accounts) == ["ann"]
    text = client.get("/account").text
    assert "<h1>Hello Ann</h1>" in text
    assert "ann@example.com" in text


def test_a_form_with_a_mistake_is_shown_again_with_a_message(client, accounts):
    response = send(client, email="ann")
    assert response.status_code == 422
    assert errors(response) == {"email": "This is not an email address."}
    assert accounts == {}


def test_another_visitor_does_not_see_the_account(app):
    registered(app)
    stranger = app.test_client()
    response = stranger.get("/account")
    assert (response.status_code, response.location) == (303, "/")


# The first program


@pytest.fixture
def first_client():
    """Give a visitor of the first program, in an app of its own."""
    return run_path(first.__file__)["app"].test_client()


def test_the_first_form_has_a_label_a_field_a_button_and_a_token(first_client):
    form = page(first_client.get("/")).form
    assert (form["method"], form["action"]) == ("post", "/")
    assert (form.label["for"], form.label.text) == ("name", "Name")
    assert [field["type"] for field in form.select("input")] == ["hidden", "text", "submit"]
    assert form.select("p") == []


def test_the_first_form_is_accepted_or_shown_again_with_a_message(first_client):
    token = {"csrf_token": csrf_token(first_client.get("/"))}
    response = first_client.post("/", data=token | {"name": "  "})
    assert (response.status_code, page(response).p.text) == (200, "Please tell us your name.")
    response = first_client.post("/", data=token | {"name": "Ann"})
    assert (response.status_code, response.location) == (303, "/thanks")
    assert first_client.get("/thanks").text == "Thank you.\n"


def test_the_first_form_needs_its_token(first_client):
    response = first_client.post("/", data={"name": "Ann"})
    assert response.status_code == 200
    assert page(response).select("p") == []
    assert page(response).select_one("#name")["value"] == "Ann"


# The page


def test_the_form_class_is_a_flask_form(app):
    assert issubclass(RegisterForm, FlaskForm)
    with app.test_request_context():
        names = [field.name for field in RegisterForm()]
    assert names == [
        "name",
        "email",
        "password",
        "repeat",
        "picture",
        "submit",
    ]


def test_the_page_draws_every_field_with_its_label(client):
    response = client.get("/")
    kinds = {name: field["type"] for name, field in fields(response).items()}
    assert kinds == {
        "name": "text",
        "email": "email",
        "password": "password",
        "repeat": "password",
        "picture": "file",
        "submit": "submit",
    }
    found = page(response)
    labels = {label["for"]: label.text for label in found.select("label")}
    assert labels == {
        "name": "Name",
        "email": "Email",
        "password": "Password",
        "repeat": "Password once more",
        "picture": "Picture, if you like",
    }
    assert all(fields(response)[name]["id"] == name for name in labels)
    assert found.form.attrs == {"method": "post", "action": "/", "enctype": "multipart/form-data"}
    assert errors(response) == {}
    hint = found.find(id=fields(response)["password"]["aria-describedby"])
    assert hint.text == "At least 8 characters."


def test_validators_also_tell_the_browser(client):
    inputs = fields(client.get("/"))
    required = {name for name, field in inputs.items() if "required" in field}
    assert required == {"name", "email", "password", "repeat"}
    assert inputs["name"]["maxlength"] == "30"
    assert inputs["picture"]["accept"] == ".png,.jpg"
    assert (inputs["password"]["minlength"], inputs["password"]["maxlength"]) == ("8", "128")


def test_a_password_manager_knows_the_fields(client):
    inputs = fields(client.get("/"))
    filled = {name: field.get("autocomplete") for name, field in inputs.items()}
    assert filled["name"] == "username"
    assert filled["email"] == "email"
    assert filled["password"] == filled["repeat"] == "new-password"


def test_below_a_mount_forms_and_redirects_begin_with_it(client):
    below = {"base_url": "http://localhost/below"}
    assert page(client.get("/", **below)).form["action"] == "/below/"
    assert client.post("/", data=GOOD, **below).location == "/below/account"
    forms = page(client.get("/account", **below)).select("form")
    assert [form["action"] for form in forms] == [
        "/below/delete",
        "/below/delete",
        "/below/delete-unsafe",
    ]


def test_the_style_sheet_exists(client):
    assert 'href="/static/style.css"' in client.get("/").text
    with client.get("/static/style.css") as response:
        assert "color-scheme: light dark" in response.text


# A form that is right


def test_only_a_hash_of_the_password_is_kept(client, accounts):
    send(client)
    kept = accounts["ann"]
    assert set(kept) == {"id", "name", "email", "password"}
    assert "correct horse" not in str(kept)
    assert check_password_hash(kept["password"], "correct horse")
    assert not check_password_hash(kept["password"], "correct hors")
    assert "correct horse" not in client.get("/account").text


def test_the_hash_is_scrypt_unless_told_otherwise():
    assert create_app().config["PASSWORD_METHOD"] == "scrypt"
    app = app_with(PASSWORD_METHOD="pbkdf2:sha256:2")
    registered(app)
    assert app.config["ACCOUNTS"]["ann"]["password"].startswith("pbkdf2:sha256:2$")


def test_spaces_around_name_and_email_are_dropped_and_those_in_a_password_kept(client, accounts):
    password = " with spaces "
    response = send(
        client, name=" Ann ", email=" ann@example.com ", password=password, repeat=password
    )
    assert response.status_code == 303
    assert (accounts["ann"]["name"], accounts["ann"]["email"]) == ("Ann", "ann@example.com")
    assert check_password_hash(accounts["ann"]["password"], password)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "A" * 30},
        {"name": "王小明"},
        {"name": "O'Neil"},
        {"password": "12345678", "repeat": "12345678"},
        {"password": "p" * 128, "repeat": "p" * 128},
        {"password": "pässwörd 🐎", "repeat": "pässwörd 🐎"},
        {"picture": (BytesIO(PNG), "face.png")},
        {"picture": (BytesIO(PNG), "FACE.PNG")},
        {"picture": (BytesIO(b"x" * 100_000), "face.jpg")},
        {"picture": (BytesIO(), "")},
        {"picture": "text instead of a file"},
        {"unknown": "field"},
        {"submit": (BytesIO(b"Register"), "a.txt")},
    ],
)
def test_what_is_accepted(client, changes):
    assert send(client, **changes).status_code == 303


def test_after_a_restart_an_old_session_gets_the_form():
    first = registered(app_with(SECRET_KEY="same"))
    cookie = first.get_cookie("session").value
    second = app_with(SECRET_KEY="same").test_client()
    second.set_cookie("session", cookie)
    assert second.get("/account").location == "/"


@pytest.mark.parametrize("path", ["/delete", "/delete-unsafe"])
def test_a_name_that_is_free_again_makes_another_account(app, accounts, path):
    ann = registered(app)
    phone = app.test_client()
    phone.set_cookie("session", ann.get_cookie("session").value)
    assert "Hello Ann" in phone.get("/account").text
    ann.post(path)
    with ann.session_transaction() as session:
        assert "name" not in session
    registered(app)
    for old in ann, phone:
        assert old.get("/account").status_code == 303
        assert old.post(path).status_code == 303
    assert list(accounts) == ["ann"]


# A form that is wrong


NAME = "Please tell us your name."
EMAIL = "Please tell us your email address."
CHOOSE = "Please choose a password."
AGAIN = "Please type the password once more."
LONG = "At most 30 characters, please."
DIFFER = "The two passwords differ."
LENGTH = "Between 8 and 128 characters, please."
UNSEEN = "Please leave out characters that cannot be seen."
ADDRESS = "This is not an email address."


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"name": ""}, {"name": NAME}),
        ({"name": "   "}, {"name": NAME}),
        ({"name": "A" * 31}, {"name": LONG}),
        ({"name": "A" * 150_000}, {"name": LONG}),
        ({"name": "An\0n"}, {"name": UNSEEN}),
        ({"name": "An\nn"}, {"name": UNSEEN}),
        ({"name": "An\x7fn"}, {"name": UNSEEN}),
        ({"name": "A\0" * 31}, {"name": f"{LONG} {UNSEEN}"}),
        ({"email": ""}, {"email": EMAIL}),
        ({"email": "ann"}, {"email": ADDRESS}),
        ({"email": "ann@"}, {"email": ADDRESS}),
        ({"email": "ann@localhost"}, {"email": ADDRESS}),
        ({"email": "ann@example.com\0"}, {"email": ADDRESS}),
        ({"email": "a\nBcc: all@example.com"}, {"email": ADDRESS}),
        ({"email": "a" * 300 + "@example.com"}, {"email": ADDRESS}),
        ({"email": "a@" * 50_000}, {"email": ADDRESS}),
        ({"password": "", "repeat": ""}, {"password": CHOOSE, "repeat": AGAIN}),
        ({"password": " " * 9, "repeat": " " * 9}, {"password": CHOOSE, "repeat": AGAIN}),
        ({"password": "1234567", "repeat": "1234567"}, {"password": LENGTH}),
        ({"password": "p" * 129, "repeat": "p" * 129}, {"password": LENGTH}),
        ({"password": "correct\0horse", "repeat": "correct\0horse"}, {"password": UNSEEN}),
        ({"repeat": ""}, {"repeat": AGAIN}),
        ({"repeat": "correct Horse"}, {"repeat": DIFFER}),
        ({"repeat": "correct horse "}, {"repeat": DIFFER}),
    ],
)
def test_each_mistake_has_a_message_beside_its_field(client, accounts, changes, messages):
    response = send(client, **changes)
    assert response.status_code == 422
    assert errors(response) == messages
    assert "<title>Please look again</title>" in response.text
    assert accounts == {}


@pytest.mark.parametrize(
    "name",
    [
        "png",
        "face.png.exe",
        "face.jpg ",
        *(f"face.{end}" for end in ["gif", "svg", "html", "jpeg"]),
    ],
)
def test_a_picture_with_another_ending_is_refused(client, accounts, name):
    response = send(client, picture=(BytesIO(PNG), name))
    assert response.status_code == 422
    assert errors(response) == {"picture": "A file that ends in .png or .jpg, please."}
    assert accounts == {}


def test_a_picture_that_is_too_large_is_refused(client, accounts):
    response = send(client, picture=(BytesIO(b"x" * 100_001), "face.png"))
    assert response.status_code == 422
    assert errors(response) == {"picture": "At most 100 kB, please."}
    assert accounts == {}


def test_only_the_name_of_a_file_is_checked_and_the_file_is_not_kept(client, accounts):
    script = b"<script>alert(1)</script>"
    assert send(client, picture=(BytesIO(script), "face.png")).status_code == 303
    assert "script" not in str(accounts)


def test_a_refused_form_keeps_the_values_but_not_the_passwords(client):
    typed = {"name": 'Ann "<b>', "email": "ann", "password": "correct horse", "repeat": "no"}
    response = send(client, **typed)
    inputs = fields(response)
    assert inputs["name"]["value"] == 'Ann "<b>'
    assert inputs["email"]["value"] == "ann"
    assert inputs["password"]["value"] == inputs["repeat"]["value"] == ""
    assert "correct horse" not in response.text
    assert "<b>" not in response.text


def test_markup_in_a_name_stays_text(app):
    client = app.test_client()
    send(client, name="<b>Ann</b>")
    text = client.get("/account").text
    assert "<b>" not in text
    assert f"<h1>Hello {escape('<b>Ann</b>')}</h1>" in text


@pytest.mark.parametrize("name", ["Ann", "ann", " ANN "])
def test_two_accounts_cannot_have_one_name(app, accounts, name):
    registered(app)
    before = dict(accounts["ann"])
    second = app.test_client()
    response = send(second, name=name, email="other@example.com")
    assert response.status_code == 422
    assert errors(response) == {"name": "This name is taken."}
    assert accounts == {"ann": before}
    assert second.get("/account").status_code == 303


def test_of_two_requests_for_a_name_at_once_one_gets_it(app, accounts, monkeypatch):
    hashed = module.generate_password_hash
    statuses = []

    def quick():
        statuses.append(send(app.test_client(), email="quick@example.com").status_code)

    def another_request_is_quicker(*arguments):
        monkeypatch.setattr(module, "generate_password_hash", hashed)
        other = Thread(target=quick)
        other.start()
        other.join()
        return hashed(*arguments)

    monkeypatch.setattr(module, "generate_password_hash", another_request_is_quicker)
    slow = app.test_client()
    response = send(slow, email="slow@example.com")
    assert statuses == [303]
    assert errors(response) == {"name": "This name is taken."}
    assert [account["email"] for account in accounts.values()] == ["quick@example.com"]
    assert slow.get("/account").status_code == 303


# What a program can send


@pytest.mark.parametrize("name", ["name", "email", "password", "repeat"])
def test_a_file_under_the_name_of_a_text_field_is_not_text(client, accounts, name):
    response = send(client, **{name: (BytesIO(b"Ann"), "a.txt")})
    assert response.status_code == 422
    assert accounts == {}


@pytest.mark.parametrize("body", ["5", "[1]", "null", '{"name": 5}', "broken"])
def test_json_is_refused(client, accounts, body):
    response = client.post("/", data=body, content_type="application/json")
    assert response.status_code == 415
    assert accounts == {}


def test_a_body_over_the_limit_is_413(client):
    response = send(client, picture=(BytesIO(b"x" * 200_001), "face.png"))
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=%ff%00&&&==&name", "application/x-www-form-urlencoded"),
        (b"no parts at all", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b"name=Ann", "text/plain"),
    ],
)
def test_a_broken_body_is_a_form_without_fields(client, accounts, body, content_type):
    response = client.post("/", data=body, content_type=content_type)
    assert response.status_code == 422
    assert set(errors(response)) == {"name", "email", "password", "repeat"}
    assert accounts == {}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_405(client, method):
    for path in "/", "/account", "/delete":
        assert client.open(path, method=method).status_code == 405


# The app


def test_the_key_is_random_or_from_the_environment(monkeypatch):
    keys = {create_app().secret_key, create_app().secret_key}
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    keys.add(create_app().secret_key)
    assert [len(key) for key in keys] == [64, 64, 64]
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert create_app().secret_key == "from the environment"
    assert create_app({"SECRET_KEY": "from the caller"}).secret_key == "from the caller"


def test_each_app_has_accounts_of_its_own(app, accounts):
    registered(app)
    assert accounts is not app_with().config["ACCOUNTS"]
    assert app_with().config["ACCOUNTS"] == {}
