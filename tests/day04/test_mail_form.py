"""The form of a message: what it lets through, and what it refuses before anything is sent.

Begin with test_the_form_asks_for_a_message.
"""

from io import BytesIO

import pytest
from flask_mail import Message

from day04.mail.sending import Delivery, deliver, mail
from tests.day04.mail import FORM, emptied, running, states
from tests.helpers import page, status_and_message

CONTROLS = ["\n", "\r", "\r\n", "\r\n ", "\0", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\u2028"]


@pytest.fixture(scope="module")
def one_app(no_thread_is_left):
    """Build one app for all tests, which records what it would send."""
    with running(TESTING=True) as app:
        yield app


@pytest.fixture
def app(one_app):
    return emptied(one_app)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def sent():
    """Give the messages that the app sends; under ``TESTING`` none leaves the program."""
    with mail.record_messages() as messages:
        yield messages


def test_the_form_asks_for_a_message(client):
    form = page(client.get("/")).form
    assert (form["method"], form["action"]) == ("post", "/send")
    names = [field["name"] for field in form.select("[name]")]
    assert names == ["recipients", "subject", "text", "attachment", "each", "later", "submit"]


def test_a_message_that_is_complete_is_sent_and_listed(client, send, sent):
    assert send().status_code == 303
    assert [message.subject for message in sent] == ["Tea"]
    listed = " ".join(page(client.get("/")).li.text.split())
    assert listed == "Tea to ann@example.com: sent"


# What is refused


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"recipients": ""}, "Name at least one recipient."),
        ({"recipients": " \n\t "}, "Name at least one recipient."),
        ({"recipients": "ann"}, "This is not an address: ann"),
        ({"recipients": "ann@"}, "This is not an address: ann@"),
        ({"recipients": "@example.com"}, "This is not an address: @example.com"),
        ({"recipients": "ann@example.com, bob@example.com"}, "This is not an address"),
        ({"recipients": "<ann@example.com>"}, "This is not an address"),
        ({"recipients": "Ann ann@example.com>"}, "This is not an address"),
        ({"recipients": "A <B> <ann@example.com>"}, "This is not an address"),
        ({"recipients": 'A"B <ann@example.com>'}, "This is not an address"),
        ({"recipients": "王@example.com"}, "This is not an address: 王@example.com"),
        ({"recipients": "ann@例子.example"}, "This is not an address"),
        ({"recipients": "ann@" + "x" * 251}, "This is not an address"),
        ({"recipients": "<script>@example.com"}, "This is not an address: <script>@example.com"),
        ({"recipients": "王小明" * 5 + "王 <ming@example.com>"}, "This name is too long"),
        ({"recipients": "\n".join(f"a{n}@example.com" for n in range(11))}, "At most 10 at a"),
        ({"recipients": "ann@example.com\n" * 200}, "Field cannot be longer than 2000"),
        ({"subject": ""}, "Write a subject."),
        ({"subject": "  "}, "Write a subject."),
        ({"subject": "x" * 121}, "Field cannot be longer than 120"),
        ({"text": ""}, "Write a text."),
        ({"text": "x" * 5001}, "Field cannot be longer than 5000"),
        ({"attachment": (b"x" * 200_001, "a.txt")}, "At most 200 kilobytes, please."),
        ({"attachment": (b"x", "x" * 101)}, "Give the file another name."),
    ],
)
def test_a_wrong_form_is_422_and_says_what_is_wrong(app, send, sent, fields, words):
    for way in [{}, {"later": "yes"}]:
        form = fields | way
        if "attachment" in fields:
            content, name = fields["attachment"]
            form["attachment"] = (BytesIO(content), name)
        response = send(**form)
        assert response.status_code == 422
        html = page(response)
        assert words in html.select_one(".error").text
        assert html.select_one("[aria-invalid=true]")
        assert not html.script
    assert not sent
    assert states(app) == []


def test_a_huge_request_is_413_and_a_get_is_405(client):
    assert client.post("/send", data=FORM | {"text": "x" * 300_000}).status_code == 413
    assert client.get("/send").status_code == 405
    assert client.post("/send", data=b"\xff\0", content_type="text/plain").status_code == 422
    for content in [FORM, [1], "x", None]:
        assert client.post("/send", json=content).status_code == 422


@pytest.mark.parametrize("name", ["recipients", "subject", "text", "each", "else"])
def test_a_file_in_place_of_a_text_is_400(send, sent, name):
    response = send(**{name: (BytesIO(b"x"), "a.txt")})
    assert status_and_message(response) == (400, "Only the attachment is a file.")
    assert not sent


def test_a_form_of_another_site_is_403(client, sent):
    for site, status in [
        ("cross-site", 403),
        ("same-site", 403),
        ("same-origin", 303),
        ("none", 303),
    ]:
        headers = {"Sec-Fetch-Site": site}
        assert client.post("/send", data=FORM, headers=headers).status_code == status
        assert client.get("/", headers=headers).status_code == 200
    assert len(sent) == 2


# Headers that would begin another one


@pytest.mark.parametrize("control", CONTROLS)
def test_no_header_can_be_injected_through_the_subject(send, sent, control):
    response = send(subject=f"Tea{control}Bcc: victim@example.com")
    assert response.status_code == 422
    assert "This contains a line break or another invisible character." in response.text
    assert not sent


@pytest.mark.parametrize("control", CONTROLS)
def test_no_header_can_be_injected_through_a_recipient(send, sent, control):
    for recipient in [f"Ann{control}X: y <ann@example.com>", f"ann@example.com{control}X: y"]:
        assert send(recipients=recipient).status_code == 422
    assert not sent


@pytest.mark.parametrize("control", ["%0A", "%0D", "%0B", "%00", "%E2%80%A8"])
def test_no_header_can_be_injected_through_a_file_name(client, sent, control):
    fields = [(f'name="{name}"', value) for name, value in FORM.items()]
    fields.append((f"name=\"attachment\"; filename*=utf-8''a{control}X:%20y", "content"))
    body = "".join(
        f"--b\r\nContent-Disposition: form-data; {what}\r\n\r\n{value}\r\n"
        for what, value in fields
    )
    kind = "multipart/form-data; boundary=b"
    response = client.post("/send", data=body + "--b--\r\n", content_type=kind)
    assert response.status_code == 422
    assert "Give the file another name." in response.text
    assert not sent


# What is not refused


def test_the_limits_themselves_are_allowed(send, sent):
    people = "\n".join(f"a{number}@example.com" for number in range(10))
    file = (BytesIO(b"x" * 200_000), "x" * 96 + ".txt")
    response = send(recipients=people, subject="x" * 120, text="好" * 5000, attachment=file)
    assert response.status_code == 303
    assert len(sent[0].attachments[0].data) == 200_000


def test_a_bad_header_that_gets_past_the_form_is_noted_and_the_others_go(app, sent):
    with app.app_context():
        texts = ["Tea", "Tea\nBcc: victim@example.com", "Milk"]
        deliveries = [Delivery(Message(text, ["ann@example.com"])) for text in texts]
        deliver(deliveries)
    assert [each.state for each in deliveries] == ["sent", "failed", "sent"]
    assert deliveries[1].problem == "This message cannot be sent."
    assert [message.subject for message in sent] == ["Tea", "Milk"]
