"""Facts about Flask and its extensions that the notes state: forms and flash messages.

The lessons themselves are tested in the other files. The fixture ``shop`` is a bare app.
"""

import secrets
from datetime import date
from io import BytesIO

import pytest
from flask import Flask, flash, get_flashed_messages, render_template_string, session
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.file import FileField
from jinja2 import UndefinedError
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    SelectField,
    StringField,
    SubmitField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, NumberRange

from tests.helpers import csrf_token, page


@pytest.fixture
def shop():
    """Give a bare app with a secret key."""
    shop = Flask("shop")
    shop.secret_key = "only for these tests"
    return shop


class Search(FlaskForm):
    words = StringField(validators=[DataRequired(), Length(max=30)])


# Forms


class EachKind(FlaskForm):
    """One field of each kind, as in the table of the notes."""

    class Meta:
        csrf = False

    line = StringField()
    lines = TextAreaField()
    number = IntegerField(validators=[NumberRange(1, 8)])
    day = DateField()
    room = SelectField(choices=["hall", "garden"])
    terms = BooleanField()
    picture = FileField()
    submit = SubmitField()


GOOD = {"line": "a", "lines": "a\r\nb", "number": "4", "day": "2027-01-31", "room": "hall"}


def test_each_kind_of_field_has_its_kind_of_data(shop):
    data = GOOD | {"terms": "y", "submit": "Send", "picture": (BytesIO(b"x"), "face.png")}
    with shop.test_request_context(method="POST", data=data):
        form = EachKind()
        assert form.validate()
        assert (form.line.data, form.lines.data) == ("a", "a\r\nb")
        assert (form.number.data, form.day.data) == (4, date(2027, 1, 31))
        assert (form.room.data, form.terms.data, form.submit.data) == ("hall", True, True)
        assert form.picture.data.filename == "face.png"


def test_a_box_that_is_not_ticked_and_a_file_that_is_not_sent(shop):
    with shop.test_request_context(method="POST", data=GOOD):
        form = EachKind()
        assert form.validate()
        assert (form.terms.data, form.submit.data, form.picture.data) == (False, False, None)


@pytest.mark.parametrize(
    ("name", "value", "data", "message"),
    [
        ("number", "many", None, "Not a valid integer value."),
        ("number", "", None, "Number must be between 1 and 8."),
        ("number", "9", 9, "Number must be between 1 and 8."),
        ("day", "31 January", None, "Not a valid date value."),
        ("room", "kitchen", "kitchen", "Not a valid choice."),
    ],
)
def test_a_value_that_does_not_fit_its_kind_has_a_message(shop, name, value, data, message):
    with shop.test_request_context(method="POST", data=GOOD | {name: value}):
        form = EachKind()
        assert not form.validate()
        assert form[name].data == data
        assert message in form[name].errors


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_secret_key_there_is_no_form(shop, key):
    shop.secret_key = key
    with shop.test_request_context(), pytest.raises(RuntimeError, match="secret key"):
        Search()


def test_the_token_can_be_written_in_three_ways(shop):
    CSRFProtect(shop)

    @shop.route("/", methods=["GET", "POST"])
    def index():
        if (form := Search()).validate_on_submit():
            return "accepted"
        return render_template_string(
            "{{ form.csrf_token }}|{{ form.hidden_tag() }}|{{ csrf_token() }}", form=form
        )

    client = shop.test_client()
    field, tag, bare = client.get("/").text.split("|")
    assert field == tag
    assert (page(field).input["type"], csrf_token(field)) == ("hidden", bare)
    assert client.post("/", data={"csrf_token": bare, "words": "tea"}).text == "accepted"
    assert client.post("/", data={"words": "tea"}).status_code == 400


def test_a_template_knows_csrf_token_only_with_csrf_protect(shop):
    with shop.test_request_context(), pytest.raises(UndefinedError, match="is undefined"):
        render_template_string("{{ csrf_token() }}")
    CSRFProtect(shop)
    with shop.test_request_context():
        assert render_template_string("{{ csrf_token() }}")


def test_a_template_without_the_token_makes_a_form_that_always_fails(shop):
    statuses = []

    @shop.route("/", methods=["GET", "POST"])
    def index():
        form = Search()
        statuses.append(form.validate_on_submit())
        return render_template_string("{{ form.words }}", form=form)

    client = shop.test_client()
    assert [field["name"] for field in page(client.get("/")).select("input")] == ["words"]
    client.post("/", data={"words": "tea"})
    assert statuses == [False, False]


def test_a_view_that_takes_no_post_never_gets_the_form_back(shop):
    submitted = []

    @shop.get("/")
    def index():
        form = Search()
        submitted.append(form.validate_on_submit())
        return render_template_string("{{ form.hidden_tag() }}{{ form.words }}", form=form)

    client = shop.test_client()
    data = {"csrf_token": csrf_token(client.get("/")), "words": "tea"}
    assert client.post("/", data=data).status_code == 405
    assert submitted == [False]


def test_length_raises_a_type_error_for_a_file(shop):
    data = {"words": (BytesIO(b"Ann"), "a.txt")}
    with shop.test_request_context(method="POST", data=data), pytest.raises(TypeError):
        Search().validate()


def test_a_flask_form_reads_json_and_raises_a_type_error_for_a_number(shop):
    with shop.test_request_context(method="POST", json={"words": "tea"}):
        assert Search().words.data == "tea"
    with shop.test_request_context(method="POST", json=5), pytest.raises(TypeError):
        Search()


# Flash messages


def test_what_is_flashed_after_asking_is_for_the_next_request(shop):
    @shop.get("/")
    def index():
        before = get_flashed_messages()
        flash("late")
        return [before, get_flashed_messages()]

    client = shop.test_client()
    assert client.get("/").json == [[], []]
    assert client.get("/").json == [["late"], ["late"]]


def test_the_category_is_message_unless_told_otherwise(shop):
    with shop.test_request_context():
        flash("plain")
        flash("odd", "of my own")
        assert session["_flashes"] == [("message", "plain"), ("of my own", "odd")]


def test_a_filter_picks_categories_and_pairs_are_on_request(shop):
    with shop.test_request_context():
        flash("a", "error")
        flash("b")
        flash("c", "error")
        assert get_flashed_messages() == ["a", "b", "c"]
        assert get_flashed_messages(category_filter=["error"]) == ["a", "c"]
        assert get_flashed_messages(category_filter=["unknown"]) == []
        assert get_flashed_messages(True, ["message"]) == [("message", "b")]
        pairs = [("error", "a"), ("message", "b"), ("error", "c")]
        assert get_flashed_messages(with_categories=True) == pairs


def test_templates_know_get_flashed_messages(shop):
    with shop.test_request_context():
        flash("hello")
        assert render_template_string("{{ get_flashed_messages() | first }}") == "hello"


def test_a_long_message_is_too_much_for_the_cookie(shop):
    @shop.get("/<int:size>")
    def index(size):
        flash(secrets.token_hex(size))
        return "flashed"

    client = shop.test_client()
    assert client.get("/500").status_code == 200
    with pytest.warns(UserWarning, match="cookie is too large.* the limit is 4093 bytes"):
        assert client.get("/4000").status_code == 200


def test_many_messages_are_too_much_for_the_cookie(shop):
    @shop.get("/")
    def index():
        flash(secrets.token_hex(500))
        return "flashed"

    client = shop.test_client()
    for _ in range(3):
        client.get("/")
    with pytest.warns(UserWarning, match="cookie is too large"):
        [client.get("/") for _ in range(5)]


@pytest.mark.parametrize("key", [None, ""])
def test_flash_needs_a_secret_key(shop, key):
    shop.secret_key = key
    with shop.test_request_context():
        assert get_flashed_messages() == []
        with pytest.raises(RuntimeError, match="no secret key"):
            flash("hello")
