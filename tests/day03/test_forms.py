import os
import re
from html.parser import HTMLParser
from io import BytesIO
from threading import Thread
from types import SimpleNamespace

import pytest
from flask import Flask, render_template_string, session
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf
from itsdangerous import TimestampSigner
from markupsafe import escape
from werkzeug.security import check_password_hash
from wtforms import StringField
from wtforms.validators import DataRequired

from day03.forms import app as module
from day03.forms.app import create_app
from day03.forms.form import RegisterForm

GOOD = {
    "name": "Ann",
    "email": "ann@example.com",
    "password": "correct horse",
    "repeat": "correct horse",
}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module", autouse=True)
def clean_environment():
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith("FLASK_"):
                environment.delenv(name)
        yield


def app_of(**config):
    return create_app({"PASSWORD_METHOD": "pbkdf2:sha256:1"} | config)


@pytest.fixture(scope="module")
def the_app(clean_environment):
    """Build the app once, for the time that its templates take."""
    return app_of()


@pytest.fixture
def app(the_app):
    the_app.config["ACCOUNTS"].clear()
    return the_app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def accounts(app):
    return app.config["ACCOUNTS"]


class Page(HTMLParser):
    """The inputs, labels and texts with an id of a page."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.forms, self.inputs, self.labels, self.by_id = [], {}, {}, {}
        self.waiting = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append(attrs)
        elif tag == "input":
            self.inputs[attrs["name"]] = attrs
        elif tag == "label":
            self.waiting = self.labels, attrs["for"]
        elif "id" in attrs:
            self.waiting = self.by_id, attrs["id"]

    def handle_data(self, data):
        if self.waiting:
            where, key = self.waiting
            where[key] = data
            self.waiting = None

    def error(self, name):
        """Return the message that the field points at, as a screen reader finds it."""
        field = self.inputs[name]
        if "aria-invalid" in field:
            return self.by_id[field["aria-describedby"]]
        return None

    @property
    def errors(self):
        return {name: error for name in self.inputs if (error := self.error(name))}


def token(client, path="/", **options):
    return re.search(r'name="csrf_token".* value="(.+?)"', client.get(path, **options).text)[1]


def send(client, **changes):
    """Post the form as a browser does that has opened the page: with the token in it."""
    return client.post("/", data=GOOD | {"csrf_token": token(client)} | changes)


def registered(app):
    client = app.test_client()
    assert send(client).status_code == 303
    return client


# The page


@pytest.mark.point("D3-34")
def test_the_form_class_is_a_flask_form(app):
    assert issubclass(RegisterForm, FlaskForm)
    with app.test_request_context():
        names = [field.name for field in RegisterForm()]
    fields = ["name", "email", "password", "repeat", "picture", "submit", "csrf_token"]
    assert names == fields


@pytest.mark.point("D3-37", "D3-39")
def test_the_page_draws_every_field_with_its_label(client):
    response = client.get("/")
    assert response.status_code == 200
    page = Page(response.text)
    kinds = {name: field["type"] for name, field in page.inputs.items()}
    assert kinds == {
        "csrf_token": "hidden",
        "name": "text",
        "email": "email",
        "password": "password",
        "repeat": "password",
        "picture": "file",
        "submit": "submit",
    }
    assert page.labels == {
        "name": "Name",
        "email": "Email",
        "password": "Password",
        "repeat": "Password once more",
        "picture": "Picture, if you like",
    }
    assert all(page.inputs[name]["id"] == name for name in page.labels)
    assert page.forms == [{"method": "post", "action": "/", "enctype": "multipart/form-data"}]
    assert page.errors == {}
    assert page.by_id[page.inputs["password"]["aria-describedby"]] == "At least 8 characters."


@pytest.mark.point("D3-35")
def test_validators_also_tell_the_browser(client):
    inputs = Page(client.get("/").text).inputs
    required = {name for name, field in inputs.items() if "required" in field}
    assert required == {"name", "email", "password", "repeat"}
    assert inputs["name"]["maxlength"] == "30"
    assert (inputs["password"]["minlength"], inputs["password"]["maxlength"]) == ("8", "128")


def test_a_password_manager_knows_the_fields(client):
    inputs = Page(client.get("/").text).inputs
    filled = {name: field.get("autocomplete") for name, field in inputs.items()}
    assert filled["name"] == "username"
    assert filled["email"] == "email"
    assert filled["password"] == filled["repeat"] == "new-password"


def test_the_style_sheet_is_there(client):
    assert 'href="/static/style.css"' in client.get("/").text
    with client.get("/static/style.css") as response:
        assert "color-scheme: light dark" in response.text


# A form that is right


@pytest.mark.point("D3-32", "D3-38", "D3-40")
def test_a_good_form_is_kept_and_answered_with_a_redirect(client, accounts):
    response = send(client)
    assert (response.status_code, response.location) == (303, "/account")
    assert list(accounts) == ["ann"]
    page = client.get("/account").text
    assert "<h1>Hello Ann</h1>" in page
    assert "ann@example.com" in page


@pytest.mark.point("D3-36")
def test_only_a_hash_of_the_password_is_kept(client, accounts):
    send(client)
    kept = accounts["ann"]
    assert set(kept) == {"id", "name", "email", "password"}
    assert "correct horse" not in str(kept)
    assert check_password_hash(kept["password"], "correct horse")
    assert not check_password_hash(kept["password"], "correct hors")
    assert "correct horse" not in client.get("/account").text


@pytest.mark.point("D3-36")
def test_the_hash_is_scrypt_unless_told_otherwise():
    assert create_app().config["PASSWORD_METHOD"] == "scrypt"
    app = app_of(PASSWORD_METHOD="pbkdf2:sha256:2")
    registered(app)
    assert app.config["ACCOUNTS"]["ann"]["password"].startswith("pbkdf2:sha256:2$")


def test_spaces_around_name_and_address_are_dropped_but_those_in_a_password_count(client, accounts):
    password = " with spaces "
    answer = send(
        client, name=" Ann ", email=" ann@example.com ", password=password, repeat=password
    )
    assert answer.status_code == 303
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
        {"picture": "no file, but text"},
        {"unknown": "field"},
    ],
)
def test_what_is_accepted(client, changes):
    assert send(client, **changes).status_code == 303


def test_the_account_page_belongs_to_who_registered(app):
    registered(app)
    stranger = app.test_client()
    response = stranger.get("/account")
    assert (response.status_code, response.location) == (303, "/")


def test_a_restart_forgets_and_an_old_session_meets_the_form():
    first = registered(app_of(SECRET_KEY="same"))
    cookie = first.get_cookie("session").value
    second = app_of(SECRET_KEY="same").test_client()
    second.set_cookie("session", cookie)
    assert second.get("/account").location == "/"


@pytest.mark.parametrize("path", ["/delete", "/delete-unsafe"])
def test_who_gets_a_name_that_has_become_free_is_somebody_else(app, accounts, path):
    ann = registered(app)
    phone = app.test_client()
    phone.set_cookie("session", ann.get_cookie("session").value)
    assert "Hello Ann" in phone.get("/account").text
    ann.post(path, data={"csrf_token": token(ann, "/account")})
    with ann.session_transaction() as session:
        assert "name" not in session
    registered(app)
    for old in ann, phone:
        assert old.get("/account").status_code == 303
        assert old.post(path, data={"csrf_token": token(old)}).status_code == 303
    assert list(accounts) == ["ann"]


@pytest.mark.point("D3-36")
def test_registering_begins_a_new_session(app):
    client = app.test_client()
    client.get("/")
    with client.session_transaction() as session:
        session["left over"] = "from before"
        before = session["csrf_token"]
    send(client)
    with client.session_transaction() as session:
        assert session["name"] == "ann"
        assert "left over" not in session
        assert session.get("csrf_token") != before


# A form that is wrong


NAME, EMAIL = "Please tell us your name.", "Please tell us your email address."
CHOOSE, AGAIN = "Please choose a password.", "Please type the password once more."
LONG, DIFFER = "At most 30 characters, please.", "The two passwords differ."
LENGTH, UNSEEN = (
    "Between 8 and 128 characters, please.",
    "Please leave out characters that cannot be seen.",
)
ADDRESS = "This is not an email address."


@pytest.mark.point("D3-35", "D3-36", "D3-38", "D3-39")
@pytest.mark.parametrize(
    ("changes", "errors"),
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
def test_what_is_refused_and_what_stands_beside_the_field(client, accounts, changes, errors):
    response = send(client, **changes)
    assert response.status_code == 422
    page = Page(response.text)
    assert page.errors == errors
    assert "<title>Please look again</title>" in page.text
    assert accounts == {}


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        ((BytesIO(PNG), "face.gif"), "A file that ends in .png or .jpg, please."),
        ((BytesIO(PNG), "png"), "A file that ends in .png or .jpg, please."),
        ((BytesIO(PNG), "face.png.exe"), "A file that ends in .png or .jpg, please."),
        ((BytesIO(b"x" * 100_001), "face.png"), "At most 100 kB, please."),
    ],
    ids=["gif", "no ending", "two endings", "too large"],
)
def test_the_picture_must_look_like_one(client, accounts, picture, error):
    response = send(client, picture=picture)
    assert response.status_code == 422
    assert Page(response.text).errors == {"picture": error}
    assert accounts == {}


def test_only_the_name_of_a_file_is_looked_at_and_the_file_is_not_kept(client, accounts):
    script = b"<script>alert(1)</script>"
    assert send(client, picture=(BytesIO(script), "face.png")).status_code == 303
    assert "script" not in str(accounts)


@pytest.mark.point("D3-36")
def test_a_refused_form_keeps_the_values_but_not_the_passwords(client):
    typed = {"name": 'Ann "<b>', "email": "ann", "password": "correct horse", "repeat": "no"}
    page = Page(send(client, **typed).text)
    assert page.inputs["name"]["value"] == 'Ann "<b>'
    assert page.inputs["email"]["value"] == "ann"
    assert page.inputs["password"]["value"] == page.inputs["repeat"]["value"] == ""
    assert "correct horse" not in page.text
    assert "<b>" not in page.text


def test_markup_in_a_name_stays_text(app):
    client = app.test_client()
    send(client, name="<b>Ann</b>")
    page = client.get("/account").text
    assert "<b>" not in page
    assert f"<h1>Hello {escape('<b>Ann</b>')}</h1>" in page


def test_a_refused_form_can_be_mended_and_sent_again(client):
    page = Page(send(client, repeat="typo").text)
    again = client.post("/", data=GOOD | {"csrf_token": page.inputs["csrf_token"]["value"]})
    assert again.status_code == 303


@pytest.mark.parametrize("name", ["Ann", "ann", " ANN "])
def test_a_name_is_given_once(app, accounts, name):
    registered(app)
    before = dict(accounts["ann"])
    second = app.test_client()
    response = send(second, name=name, email="other@example.com")
    assert response.status_code == 422
    assert Page(response.text).errors == {"name": "This name is taken."}
    assert accounts == {"ann": before}
    assert second.get("/account").status_code == 303


def test_of_two_who_want_a_name_at_the_same_time_one_gets_it(app, accounts, monkeypatch):
    hashed = module.generate_password_hash
    answers = []

    def quick():
        answers.append(send(app.test_client(), email="quick@example.com").status_code)

    def somebody_is_quicker(*arguments):
        monkeypatch.setattr(module, "generate_password_hash", hashed)
        other = Thread(target=quick)
        other.start()
        other.join()
        return hashed(*arguments)

    monkeypatch.setattr(module, "generate_password_hash", somebody_is_quicker)
    slow = app.test_client()
    response = send(slow, email="slow@example.com")
    assert answers == [303]
    assert Page(response.text).errors == {"name": "This name is taken."}
    assert [account["email"] for account in accounts.values()] == ["quick@example.com"]
    assert slow.get("/account").status_code == 303


def test_the_same_form_sent_twice_makes_one_account(client, accounts):
    form = GOOD | {"csrf_token": token(client)}
    assert client.post("/", data=form).status_code == 303
    before = dict(accounts["ann"])
    assert client.post("/", data=form).status_code == 400
    assert send(client).status_code == 422
    assert accounts == {"ann": before}
    assert "Hello Ann" in client.get("/account").text


def test_the_same_form_sent_twice_at_once_makes_one_account(app, accounts):
    client, double = app.test_client(), app.test_client()
    form = GOOD | {"csrf_token": token(client)}
    double.set_cookie("session", client.get_cookie("session").value)
    assert [each.post("/", data=form).status_code for each in (client, double)] == [303, 422]
    assert len(accounts) == 1


# What a program can send


@pytest.mark.parametrize("name", ["name", "email", "password", "repeat", "csrf_token", "submit"])
def test_a_file_under_the_name_of_a_text_field_is_no_text(client, accounts, name):
    answer = send(client, **{name: (BytesIO(b"Ann"), "a.txt")})
    assert answer.status_code == {"csrf_token": 400, "submit": 303}.get(name, 422)
    assert len(accounts) == (name == "submit")


def test_a_field_that_has_no_filter_for_it_stumbles_over_a_file():
    class Plain(FlaskForm):
        name = StringField(validators=RegisterForm.name.kwargs["validators"])

    app = Flask("shop", instance_relative_config=False)
    app.secret_key = "only for this test"
    data = {"name": (BytesIO(b"Ann"), "a.txt")}
    with app.test_request_context(method="POST", data=data), pytest.raises(TypeError):
        Plain().validate()


@pytest.mark.parametrize(
    "body", ["5", "[1]", '"x"', "null", "{}", '{"name": 5}', '{"csrf_token": 5}', "broken"]
)
def test_json_is_refused_with_and_without_a_token(client, accounts, body):
    options = {"data": body, "content_type": "application/json"}
    assert client.post("/", **options).status_code == 400
    with_token = client.post("/", headers={"X-CSRFToken": token(client)}, **options)
    assert with_token.status_code == 415
    assert accounts == {}


def test_a_flask_form_reads_json_and_stumbles_over_what_is_no_text(app):
    with app.test_request_context(method="POST", json=GOOD):
        assert RegisterForm().name.data == "Ann"
    with app.test_request_context(method="POST", json=5), pytest.raises(TypeError):
        RegisterForm()


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
    options = {"data": body, "content_type": content_type}
    assert client.post("/", **options).status_code == 400
    with_token = client.post("/", headers={"X-CSRFToken": token(client)}, **options)
    assert with_token.status_code == 422
    assert set(Page(with_token.text).errors) == {"name", "email", "password", "repeat"}
    assert accounts == {}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_405(client, method):
    for path in "/", "/account", "/delete":
        assert client.open(path, method=method).status_code == 405


# The token


def refusal(response):
    """Return why a request was refused, from the page that says so."""
    assert response.status_code == 400
    assert "<h1>Nothing was changed</h1>" in response.text
    assert '<a href="/">Open the form again</a>' in response.text
    return re.search(r"<p>(The .+)</p>", response.text)[1]


@pytest.mark.point("D3-32", "D3-39")
def test_without_a_token_nothing_is_accepted(client, accounts):
    assert refusal(client.post("/", data=GOOD)) == "The CSRF token is missing."
    client.get("/")
    assert refusal(client.post("/", data=GOOD)) == "The CSRF token is missing."
    assert refusal(send(client, csrf_token="")) == "The CSRF token is missing."
    assert accounts == {}


@pytest.mark.point("D3-32")
def test_a_token_needs_the_cookie_of_the_same_visitor(app, accounts):
    mallory, victim = app.test_client(), app.test_client()
    foreign = token(mallory)
    data = GOOD | {"csrf_token": foreign}
    assert refusal(victim.post("/", data=data)) == "The CSRF session token is missing."
    victim.get("/")
    assert refusal(victim.post("/", data=data)) == "The CSRF tokens do not match."
    assert accounts == {}
    assert mallory.post("/", data=data).status_code == 303


@pytest.mark.point("D3-32")
@pytest.mark.parametrize("made_up", ["guess", "a.b.c", "é\0€", "x" * 9000])
def test_a_token_cannot_be_made_up(client, accounts, made_up):
    assert refusal(send(client, csrf_token=made_up)) == "The CSRF token is invalid."
    assert accounts == {}


@pytest.mark.point("D3-33")
def test_a_token_of_another_key_is_invalid(client, accounts):
    foreign = token(app_of().test_client())
    assert refusal(send(client, csrf_token=foreign)) == "The CSRF token is invalid."
    assert accounts == {}


@pytest.mark.point("D3-32")
@pytest.mark.parametrize(
    ("limit", "seconds", "status"),
    [(3600, 3599, 303), (3600, 3601, 400), (60, 61, 400), (None, 10**6, 303)],
)
def test_a_token_lives_an_hour_unless_told_otherwise(monkeypatch, limit, seconds, status):
    config = {} if limit == 3600 else {"WTF_CSRF_TIME_LIMIT": limit}
    client = app_of(**config).test_client()
    data = GOOD | {"csrf_token": token(client)}
    now = TimestampSigner("any").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now + seconds)
    response = client.post("/", data=data)
    assert response.status_code == status
    if status == 400:
        assert refusal(response) == "The CSRF token has expired."
        assert send(client).status_code == 303


@pytest.mark.point("D3-32", "D3-38")
def test_the_form_alone_checks_its_token(app):
    with app.test_request_context(method="POST", data=GOOD):
        form = RegisterForm()
        assert not form.validate_on_submit()
        assert form.errors == {"csrf_token": ["The CSRF token is missing."]}
    with app.test_request_context():
        form = RegisterForm()
        assert not form.validate_on_submit()
        assert form.errors == {}


@pytest.mark.point("D3-33")
@pytest.mark.parametrize("key", [None, ""])
def test_without_a_secret_key_there_is_no_form(key):
    app = Flask("shop")
    app.secret_key = key
    with app.test_request_context(), pytest.raises(RuntimeError, match="secret key"):
        RegisterForm()


@pytest.mark.point("D3-33")
def test_the_key_is_random_or_from_the_environment(monkeypatch):
    assert create_app().secret_key != create_app().secret_key
    assert len(create_app().secret_key) == 64
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert create_app().secret_key == "from the environment"
    assert create_app({"SECRET_KEY": "from the caller"}).secret_key == "from the caller"


@pytest.mark.point("D3-33")
@pytest.mark.parametrize(("key", "status"), [("qwerty", 303), ("a better key", 400)])
def test_who_guesses_the_key_makes_up_a_session_and_its_token(key, status):
    forger = Flask("elsewhere")
    forger.secret_key = "qwerty"
    serializer = forger.session_interface.get_signing_serializer(forger)
    with forger.test_request_context():
        made_up = generate_csrf()
        cookie = serializer.dumps(dict(session))
    client = app_of(SECRET_KEY=key).test_client()
    client.set_cookie("session", cookie)
    assert client.post("/", data=GOOD | {"csrf_token": made_up}).status_code == status


@pytest.mark.parametrize("content", [{"name": "ann"}, {"id": "x"}, {"name": "ann", "id": "x"}])
def test_a_session_needs_the_right_name_and_the_right_id(app, accounts, content):
    registered(app)
    other = app.test_client()
    with other.session_transaction() as session:
        session.update(content)
    assert other.get("/account").status_code == 303
    assert list(accounts) == ["ann"]


@pytest.mark.point("D3-40")
def test_the_token_can_be_written_in_three_ways():
    class Search(FlaskForm):
        words = StringField()

    app = Flask("shop")
    app.secret_key = "only for this test"
    CSRFProtect(app)

    @app.route("/", methods=["GET", "POST"])
    def index():
        if (form := Search()).validate_on_submit():
            return "accepted"
        return render_template_string(
            "{{ form.csrf_token }}|{{ form.hidden_tag() }}|{{ csrf_token() }}", form=form
        )

    client = app.test_client()
    field, tag, bare = client.get("/").text.split("|")
    assert field == tag
    attrs = Page(field).inputs["csrf_token"]
    assert (attrs["type"], attrs["value"]) == ("hidden", bare)
    assert client.post("/", data={"csrf_token": bare}).text == "accepted"
    assert client.post("/").status_code == 400


@pytest.mark.point("D3-40")
def test_a_template_knows_csrf_token_only_with_csrf_protect(app):
    with app.test_request_context():
        assert render_template_string("{{ csrf_token() }}")
    with Flask("shop").test_request_context(), pytest.raises(Exception, match="is undefined"):
        render_template_string("{{ csrf_token() }}")


@pytest.mark.point("D3-39")
def test_a_template_without_the_token_makes_a_form_that_always_fails(app):
    with app.test_request_context():
        page = render_template_string("{{ form.name }}{{ form.submit }}", form=RegisterForm())
    assert "csrf_token" not in Page(page).inputs
    client = app.test_client()
    client.get("/")
    assert client.post("/", data=GOOD).status_code == 400


@pytest.mark.point("D3-38")
def test_a_view_that_only_shows_the_form_never_gets_it_back():
    class Search(FlaskForm):
        words = StringField(validators=[DataRequired()])

    app = Flask("shop")
    app.secret_key = "only for this test"
    asked = SimpleNamespace(answers=[])

    @app.get("/")
    def index():
        form = Search()
        asked.answers.append(form.validate_on_submit())
        return render_template_string("{{ form.hidden_tag() }}{{ form.words }}", form=form)

    client = app.test_client()
    assert client.get("/").status_code == 200
    data = {"csrf_token": token(client), "words": "tea"}
    assert client.post("/", data=data).status_code == 405
    assert asked.answers == [False, False]


# What another site can do


def from_another_site(client, path):
    """Send what a page elsewhere can make the visitor's browser send: the cookie goes along."""
    headers = {"Origin": "http://evil.example", "Referer": "http://evil.example/win"}
    return client.post(path, data={"prize": "1"}, headers=headers)


def test_another_site_deletes_the_account_where_no_token_is_asked_for(app, accounts):
    ann = registered(app)
    assert from_another_site(ann, "/delete-unsafe").status_code == 303
    assert accounts == {}


def test_another_site_has_no_token(app, accounts):
    ann = registered(app)
    assert refusal(from_another_site(ann, "/delete")) == "The CSRF token is missing."
    mallory = app.test_client()
    ann.get("/account")
    stolen = {"csrf_token": token(mallory)}
    assert refusal(ann.post("/delete", data=stolen)) == "The CSRF tokens do not match."
    assert list(accounts) == ["ann"]


@pytest.mark.point("D3-40")
def test_the_button_of_the_page_has_the_token_in_it(app, accounts):
    ann = registered(app)
    data = {"csrf_token": token(ann, "/account")}
    assert ann.post("/delete", data=data).status_code == 303
    assert accounts == {}
    assert ann.get("/account").status_code == 303
    assert ann.post("/delete", data=data).status_code == 303


def test_the_account_page_has_a_button_with_the_token_and_two_without(app):
    page = registered(app).get("/account").text
    assert [form["action"] for form in Page(page).forms] == ["/delete", "/delete", "/delete-unsafe"]
    parts = page.split("<form")[1:]
    assert ["csrf_token" in part for part in parts] == [True, False, False]


def test_deleting_forgets_nobody_else(app, accounts):
    registered(app)
    stranger = app.test_client()
    data = {"csrf_token": token(stranger)}
    assert stranger.post("/delete", data=data).status_code == 303
    assert list(accounts) == ["ann"]


def test_the_cookie_stays_at_home_as_a_second_wall(client):
    assert "SameSite=Lax" in client.get("/").headers["Set-Cookie"]


def test_a_program_may_send_the_token_as_a_header(app, accounts):
    ann = registered(app)
    header = {"X-CSRFToken": token(ann, "/account")}
    assert ann.post("/delete", headers=header).status_code == 303
    assert accounts == {}


@pytest.mark.parametrize(
    ("referer", "status"),
    [
        ("https://localhost/", 303),
        (None, 400),
        ("https://evil.example/", 400),
        ("http://localhost/", 400),
        ("https://localhost.evil.example/", 400),
    ],
)
def test_over_https_the_page_that_sent_the_form_must_be_ours_too(client, referer, status):
    here = {"base_url": "https://localhost"}
    data = GOOD | {"csrf_token": token(client, **here)}
    headers = {"Referer": referer} if referer else {}
    assert client.post("/", data=data, headers=headers, **here).status_code == status


def test_in_tests_the_check_can_be_switched_off():
    app = app_of(WTF_CSRF_ENABLED=False)
    client = app.test_client()
    assert client.post("/", data=GOOD).status_code == 303
    assert "csrf_token" not in Page(client.get("/").text).inputs


def test_each_app_has_accounts_of_its_own(app, accounts):
    registered(app)
    assert accounts is not app_of().config["ACCOUNTS"]
    assert app_of().config["ACCOUNTS"] == {}
