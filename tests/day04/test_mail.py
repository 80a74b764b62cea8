import asyncio
import base64
import contextlib
import datetime
import email
import email.charset
import gc
import ipaddress
import logging
import smtplib
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email import policy
from html import unescape
from io import BytesIO

import flask_mail
import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask_mail import BadHeaderError, Mail, Message

from day04.mail import post_office
from day04.mail.app import create_app
from day04.mail.post_office import FreePortController, PostOffice
from day04.mail.sending import Delivery, deliver, mail

LETTER = {"recipients": "ann@example.com", "subject": "Tea", "text": "At five?"}
CONTROLS = ["\n", "\r", "\r\n", "\r\n ", "\0", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\u2028"]


def shut(app):
    """Close what an app has opened, and wait until it is closed."""
    app.extensions["outbox"].pool.shutdown()
    app.extensions["post_office"].close()


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """Wait for threads that are about to end, and fail for one that is not."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive(), f"{thread.name} goes on"


@pytest.fixture
def build():
    """Give a function that builds an app; it is shut at the end."""
    apps = []

    def built(**config):
        apps.append(create_app(config))
        return apps[-1]

    yield built
    for app in apps:
        shut(app)


@pytest.fixture
def app(build):
    return build()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def letters(app):
    return app.extensions["post_office"].letters


@pytest.fixture
def send(client):
    """Give a function that sends the form, with other values where a test names them."""
    return lambda **fields: client.post("/send", data=LETTER | fields)


@contextmanager
def smtp_server(handler=None, **options):
    """Run a mail server of the test's own, and give its port."""
    controller = FreePortController(handler or PostOffice(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        asyncio.run_coroutine_threadsafe(controller.end(), controller.loop)


@pytest.fixture
def closed_port():
    """Give a port where nobody listens, and nobody else can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def parsed(letter):
    """Read what came over the wire, independently of what the lesson makes of it."""
    return email.message_from_bytes(letter.source, policy=policy.default)


def states(app):
    return [(*each.people, each.state) for each in app.extensions["outbox"].deliveries]


def wait_for_the_background(app):
    app.extensions["outbox"].pool.submit(lambda: None).result(5)  # it works in order


def put(app, content, sender="mallory@example.com", to=("ann@example.com",)):
    """Hand the lesson's server any bytes at all."""
    with smtplib.SMTP("127.0.0.1", app.extensions["post_office"].open()) as connection:
        connection.sendmail(sender, to, content)


# -- what arrives ------------------------------------------------------------------------------


@pytest.mark.point("D4-10")
def test_a_letter_goes_through_a_real_smtp_dialogue(send, letters):
    response = send()
    assert (response.status_code, response.location) == (303, "/")
    [letter] = letters
    assert (letter.sender, letter.recipients) == ("course@example.com", ["ann@example.com"])
    message = parsed(letter)
    assert message["Subject"] == "Tea"
    assert message["From"] == "Flask in six days <course@example.com>"
    assert message["To"] == "ann@example.com"
    assert message["Date"].datetime
    assert message["Message-ID"]


def test_a_letter_has_a_text_and_an_html_part_of_the_same_words(send, letters):
    send(text="At five?\n<script>alert(1)</script> & {{ 7 * 7 }}")
    message = parsed(letters[0])
    text = message.get_body(["plain"]).get_content().replace("\r\n", "\n")
    assert text.startswith("Dear ann@example.com,\n\nAt five?\n<script>alert(1)</script> & {{ 7")
    html = message.get_body(["html"]).get_content()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ 7 * 7 }}" in html
    assert "<script" not in html
    body = message.get_body(["related", "plain", "html"])
    assert body.get_content_type() == "text/plain"
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html"]


def test_chinese_arrives_as_it_was_and_travels_as_ascii(send, letters):
    subject, text = "春天的课程:第一课的时间和地点都变了,请大家互相转告" * 3, "你好,明天见。" * 700
    response = send(
        recipients="王小明 <ming@example.com>",
        subject=subject,
        text=text,
        attachment=(BytesIO("周一".encode()), "课程表.txt"),
    )
    assert response.status_code == 303
    message = parsed(letters[0])
    assert letters[0].source.isascii()
    assert message["Subject"] == subject
    [person] = message["To"].addresses
    assert (person.display_name, person.addr_spec) == ("王小明", "ming@example.com")
    assert text in message.get_body(["plain"]).get_content()
    assert text in message.get_body(["html"]).get_content()
    assert "Dear 王小明," in message.get_body(["html"]).get_content()
    [attachment] = message.iter_attachments()
    assert attachment.get_filename() == "课程表.txt"
    assert attachment.get_payload(decode=True).decode() == "周一"


def test_lines_are_short_enough_for_smtp_whatever_the_text(send, letters):
    for text in ["好" * 5000, "x" * 5000, "a  \r\n\tb \r\n.\r\n\x00\r\nFrom me"]:
        assert send(text=text).status_code == 303
        assert max(map(len, letters[-1].source.splitlines())) <= 78
        assert text in parsed(letters[-1]).get_body(["plain"]).get_content()


def test_without_quoted_printable_a_chinese_paragraph_is_refused(send, letters, monkeypatch):
    flask_mails = (email.charset.SHORTEST, None, "utf-8")
    monkeypatch.setitem(email.charset.CHARSETS, "utf-8", flask_mails)
    assert send(text="好" * 300).status_code == 303
    response = send(text="好" * 340)
    assert response.status_code == 502
    assert "The mail server refuses this message." in response.text
    assert len(letters) == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("plan.pdf", "application/pdf"),
        ("a.html", "text/html"),
        ("no ending", "application/octet-stream"),
        ("; x=y, 'z.txt", "text/plain"),
    ],
)
def test_an_attachment_keeps_name_and_bytes_and_gets_its_type_from_the_name(
    send, letters, name, kind
):
    content = bytes(range(256)) * 3
    assert send(attachment=(BytesIO(content), name, "evil/../type")).status_code == 303
    [attachment] = parsed(letters[0]).iter_attachments()
    assert attachment.get_filename() == name
    assert attachment.get_content_type() == kind
    assert attachment.get_payload(decode=True) == content
    assert letters[0].attachments == [(name, content)]


# -- several recipients ------------------------------------------------------------------------

THREE = "Ann <ann@example.com>\n王小明 <ming@example.com>\r\n\n  bob@example.com \nbob@example.com"
ADDRESSES = ["ann@example.com", "ming@example.com", "bob@example.com"]


def test_a_letter_to_all_shows_everybody_to_everybody(send, letters):
    send(recipients=THREE)
    [letter] = letters
    assert sorted(letter.recipients) == sorted(ADDRESSES)
    assert sorted(each.addr_spec for each in parsed(letter)["To"].addresses) == sorted(ADDRESSES)
    assert "Dear Ann, 王小明, bob@example.com," in letter.text


def test_a_letter_of_their_own_tells_nobody_of_the_others(send, letters):
    send(recipients=THREE, each="yes")
    assert [letter.recipients for letter in letters] == [[address] for address in ADDRESSES]
    for letter, address in zip(letters, ADDRESSES, strict=True):
        content = "\n".join([letter.text, letter.html, str(letter.headers)])
        assert [each for each in ADDRESSES if each in content] == [address]
    assert [letter.text.split("\n")[0] for letter in letters] == [
        "Dear Ann,",
        "Dear 王小明,",
        "Dear bob@example.com,",
    ]


def test_letters_of_their_own_share_one_connection(send, letters):
    send(recipients=THREE, each="yes")
    assert len({letter.connection for letter in letters}) == 1
    send()
    assert letters[-1].connection != letters[0].connection


@pytest.mark.point("D4-12")
def test_max_emails_is_how_many_letters_one_connection_takes(build):
    app = build(MAIL_MAX_EMAILS=2)
    people = "\n".join(f"a{number}@example.com" for number in range(5))
    app.test_client().post("/send", data=LETTER | {"recipients": people, "each": "yes"})
    numbers = [letter.connection for letter in app.extensions["post_office"].letters]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3] != numbers[4]


def test_a_blind_copy_stands_on_the_envelope_only(app, client, letters):
    client.get("/")
    with app.app_context():
        mail.send_message("Tea", ["ann@example.com"], "At five?", bcc=["bob@example.com"])
    assert sorted(letters[0].recipients) == ["ann@example.com", "bob@example.com"]
    assert b"bob" not in letters[0].source


@pytest.mark.parametrize("name", ["王小明" * 5, "x" * 45, "Zoé O'Neill-Šimić", "a  b"])
def test_a_name_arrives_undamaged(send, letters, name):
    address = "a-rather-long-address-of-somebody@mail.department.example.com"
    send(recipients=f"{name} <{address}>")
    [person] = parsed(letters[0])["To"].addresses
    assert (person.display_name, person.addr_spec) == (" ".join(name.split()), address)


def test_several_long_names_do_not_damage_the_header(send, letters):
    people = [f"王小明王小明王小明王 <a{number}@example.com>" for number in range(10)]
    send(recipients="\n".join(people))
    found = {(each.display_name, each.addr_spec) for each in parsed(letters[0])["To"].addresses}
    assert found == {("", f"a{number}@example.com") for number in range(10)}


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("control", CONTROLS)
def test_no_header_can_be_injected_through_the_subject(send, letters, control):
    response = send(subject=f"Tea{control}Bcc: victim@example.com")
    assert response.status_code == 422
    assert "a line break, or another character that cannot be seen" in response.text
    assert not letters


@pytest.mark.parametrize("control", CONTROLS)
def test_no_header_can_be_injected_through_a_recipient(send, letters, control):
    for recipient in [f"Ann{control}X: y <ann@example.com>", f"ann@example.com{control}X: y"]:
        assert send(recipients=recipient).status_code == 422
    assert not letters


@pytest.mark.parametrize("control", ["%0A", "%0D", "%0B", "%00", "%E2%80%A8"])
def test_no_header_can_be_injected_through_a_file_name(client, letters, control):
    fields = [(f'name="{name}"', value) for name, value in LETTER.items()]
    fields.append((f"name=\"attachment\"; filename*=utf-8''a{control}X:%20y", "content"))
    body = "".join(
        f"--b\r\nContent-Disposition: form-data; {what}\r\n\r\n{value}\r\n"
        for what, value in fields
    )
    kind = "multipart/form-data; boundary=b"
    response = client.post("/send", data=body + "--b--\r\n", content_type=kind)
    assert response.status_code == 422
    assert "Give the file another name." in response.text
    assert not letters


@pytest.mark.point("D4-12")
@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
def test_flask_mail_refuses_newlines_in_some_headers(build, newline):
    app = build(TESTING=True)
    evil = f"x{newline}Bcc: victim@example.com"
    with app.app_context():
        for fields in [
            {"subject": evil},
            {"recipients": [evil]},
            {"recipients": [(evil, "ann@example.com")]},
            {"sender": evil},
            {"reply_to": evil},
        ]:
            with pytest.raises(BadHeaderError):
                mail.send(Message(**{"recipients": ["a@example.com"]} | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "x\x0bBcc: victim@example.com"},
        {"subject": "x\x0cBcc: victim@example.com"},
        {"cc": ["x\nBcc: victim@example.com"]},
        {"extra_headers": {"X-Priority": "1\nBcc: victim@example.com"}},
    ],
)
def test_flask_mail_overlooks_others(app, fields):
    with app.app_context():
        assert not Message(recipients=["ann@example.com"], **fields).has_bad_headers()


def test_a_bad_header_that_gets_past_the_form_is_noted_and_the_others_go(app, client, letters):
    client.get("/")
    with app.app_context():
        texts = ["Tea", "Tea\nBcc: victim@example.com", "Milk"]
        deliveries = [Delivery(Message(text, ["ann@example.com"])) for text in texts]
        deliver(deliveries)
    assert [each.state for each in deliveries] == ["sent", "failed", "sent"]
    assert deliveries[1].problem == "This message cannot be sent."
    assert [letter.subject for letter in letters] == ["Tea", "Milk"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"recipients": ""}, "A letter goes to somebody."),
        ({"recipients": " \n\t "}, "A letter goes to somebody."),
        ({"recipients": "ann"}, "This is no address: ann"),
        ({"recipients": "ann@"}, "This is no address: ann@"),
        ({"recipients": "@example.com"}, "This is no address: @example.com"),
        ({"recipients": "ann@example.com, bob@example.com"}, "This is no address"),
        ({"recipients": "<ann@example.com>"}, "This is no address"),
        ({"recipients": "Ann ann@example.com>"}, "This is no address"),
        ({"recipients": "A <B> <ann@example.com>"}, "This is no address"),
        ({"recipients": 'A"B <ann@example.com>'}, "This is no address"),
        ({"recipients": "王@example.com"}, "This is no address: 王@example.com"),
        ({"recipients": "ann@例子.example"}, "This is no address"),
        ({"recipients": "ann@" + "x" * 251}, "This is no address"),
        ({"recipients": "<script>@example.com"}, "This is no address: <script>@example.com"),
        ({"recipients": "王小明" * 5 + "王 <ming@example.com>"}, "This name is too long"),
        ({"recipients": "\n".join(f"a{n}@example.com" for n in range(11))}, "At most 10 at a"),
        ({"recipients": "ann@example.com\n" * 200}, "Field cannot be longer than 2000"),
        ({"subject": ""}, "A letter has a subject."),
        ({"subject": "  "}, "A letter has a subject."),
        ({"subject": "x" * 121}, "Field cannot be longer than 120"),
        ({"text": ""}, "Write something."),
        ({"text": "x" * 5001}, "Field cannot be longer than 5000"),
        ({"attachment": (b"x" * 200_001, "a.txt")}, "At most 200 kilobytes, please."),
        ({"attachment": (b"x", "x" * 101)}, "Give the file another name."),
    ],
)
def test_a_wrong_form_is_422_says_what_is_wrong_and_sends_nothing(
    app, send, letters, fields, words
):
    for way in [{}, {"later": "yes"}]:
        sent = fields | way
        if "attachment" in fields:
            content, name = fields["attachment"]
            sent["attachment"] = (BytesIO(content), name)
        response = send(**sent)
        assert response.status_code == 422
        assert words in unescape(response.text)
        assert 'aria-invalid="true"' in response.text
        assert "<script>" not in response.text
    assert not letters
    assert states(app) == []


def test_the_limits_themselves_are_allowed(send, letters):
    people = "\n".join(f"a{number}@example.com" for number in range(10))
    file = (BytesIO(b"x" * 200_000), "x" * 96 + ".txt")
    response = send(recipients=people, subject="x" * 120, text="好" * 5000, attachment=file)
    assert response.status_code == 303
    assert len(letters[0].attachments[0][1]) == 200_000


def test_a_huge_request_is_413_and_a_get_is_405(client):
    assert client.post("/send", data=LETTER | {"text": "x" * 300_000}).status_code == 413
    assert client.get("/send").status_code == 405
    assert client.post("/send", data=b"\xff\0", content_type="text/plain").status_code == 422
    for content in [LETTER, [1], "x", None]:
        assert client.post("/send", json=content).status_code == 422


@pytest.mark.parametrize("name", ["recipients", "subject", "text", "each", "else"])
def test_a_file_in_place_of_a_text_is_400(send, letters, name):
    response = send(**{name: (BytesIO(b"x"), "a.txt")})
    assert response.status_code == 400
    assert "Only the attachment is a file." in response.text
    assert not letters


def test_a_form_of_another_site_is_403(client, letters):
    for site, status in [
        ("cross-site", 403),
        ("same-site", 403),
        ("same-origin", 303),
        ("none", 303),
    ]:
        headers = {"Sec-Fetch-Site": site}
        assert client.post("/send", data=LETTER, headers=headers).status_code == status
        assert client.get("/", headers=headers).status_code == 200
    assert len(letters) == 2


# -- what fails --------------------------------------------------------------------------------


def failed_page(app, caplog, **fields):
    """Send a letter that fails; the page has it all, and so has the log."""
    caplog.clear()
    response = app.test_client().post("/send", data=LETTER | fields)
    assert response.status_code == 502
    assert "At five?</textarea>" in response.text
    assert 'value="Tea"' in response.text
    assert "ann@example.com</textarea>" in response.text
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "Mail 'Tea' was not sent" in record.getMessage()
    again = app.test_client().get("/")
    assert again.status_code == 200
    assert ": failed\n" in again.text
    assert 'role="alert"' not in again.text
    return response.text


def test_a_server_that_is_away_is_said_and_logged(build, caplog, closed_port):
    app = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=closed_port)
    text = failed_page(app, caplog)
    assert '<p class="error" role="alert">The mail server cannot be reached.' in text
    assert "ConnectionRefusedError" in caplog.text
    assert str(closed_port) not in text


def test_a_server_that_never_answers_is_not_waited_for_longer_than_the_timeout(build, caplog):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        app = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_TIMEOUT=0.05)
        assert "cannot be reached" in failed_page(app, caplog)
    assert "timed out" in caplog.text


def test_flask_mail_alone_sets_no_timeout(app, monkeypatch):
    seen = []
    monkeypatch.setattr(smtplib, "SMTP", lambda *args, **kwargs: seen.append((args, kwargs)))
    with app.app_context(), pytest.raises(AttributeError):
        flask_mail.Connection(app.extensions["mail"]).configure_host()
    assert seen == [(("127.0.0.1", 25), {})]


@pytest.mark.parametrize(
    "settings", [{"MAIL_PORT": "no port"}, {"MAIL_PORT": 2**40}, {"MAIL_SERVER": "x" * 64 + ".com"}]
)
def test_settings_that_make_no_sense_are_a_failure_like_any_other(build, caplog, settings):
    failed_page(build(**{"MAIL_SERVER": "127.0.0.1"} | settings), caplog)


def test_a_refused_address_is_named(app, caplog):
    text = failed_page(
        app, caplog, recipients="Nobody <nobody@example.com>\nann@example.com", each=1
    )
    assert '<p class="error" role="alert">The mail server refuses nobody@example.com.</p>' in text
    assert "There is no such mailbox" in caplog.text


def test_one_refused_address_does_not_stop_the_letters_to_the_others(app, send, letters):
    people = "ann@example.com\nnobody@example.com\nbob@example.com"
    assert send(recipients=people, each="yes").status_code == 502
    assert [letter.recipients for letter in letters] == [["ann@example.com"], ["bob@example.com"]]
    assert states(app) == [
        ("ann@example.com", "sent"),
        ("nobody@example.com", "failed"),
        ("bob@example.com", "sent"),
    ]


def test_in_a_letter_to_all_flask_mail_hides_a_refused_address(app, send, letters):
    assert send(recipients="ann@example.com\nnobody@example.com").status_code == 303
    assert letters[0].recipients == ["ann@example.com"]
    assert [state[-1] for state in states(app)] == ["sent"]


class Breaking(PostOffice):
    """Takes one letter and hangs up at the next."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.letters:
            return "421 Closing for today"
        return await super().handle_DATA(server, session, envelope)


def test_a_connection_that_breaks_fails_the_rest_and_not_what_was_sent(build):
    with smtp_server(Breaking()) as port:
        app = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
        response = app.test_client().post("/send", data=LETTER | {"recipients": THREE, "each": 1})
    assert response.status_code == 502
    assert [state[-1] for state in states(app)] == ["sent", "failed", "failed"]


def test_a_failed_login_is_a_failure_and_shows_no_password(build, caplog):
    with smtp_server() as port:  # which knows no login at all
        app = build(
            MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_USERNAME="ann", MAIL_PASSWORD="hunter2"
        )
        text = failed_page(app, caplog)
    assert "hunter2" not in text + caplog.text


# -- in the background -------------------------------------------------------------------------


class Slow(PostOffice):
    """Takes a letter only when the test lets it."""

    def __init__(self):
        super().__init__()
        self.asked, self.may_go = threading.Event(), threading.Event()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.asked.set()
        assert self.may_go.wait(5)
        return await super().handle_DATA(server, session, envelope)


def test_the_page_does_not_wait_for_the_background(build):
    slow = Slow()
    with smtp_server(slow) as port:
        app = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
        client = app.test_client()
        response = client.post("/send", data=LETTER | {"later": "yes"})
        assert (response.status_code, response.location) == (303, "/")
        assert slow.asked.wait(5)
        assert not slow.letters
        assert states(app) == [("ann@example.com", "waiting")]
        assert "waiting" in client.get("/").text
        slow.may_go.set()
        wait_for_the_background(app)
        assert [letter.subject for letter in slow.letters] == ["Tea"]
    assert states(app) == [("ann@example.com", "sent")]
    assert "waiting" not in client.get("/").text


def test_the_background_keeps_the_order_and_sends_all_parts(app, send, letters):
    file = (BytesIO(b"content"), "plan.txt")
    send(subject="one", later="yes", attachment=file, recipients=THREE, each="yes")
    send(subject="two", later="yes")
    wait_for_the_background(app)
    assert [letter.subject for letter in letters] == ["one", "one", "one", "two"]
    assert [len(letter.attachments) for letter in letters] == [1, 1, 1, 0]
    assert "Dear 王小明" in letters[1].html


def test_what_fails_in_the_background_is_logged_and_shown(build, caplog, closed_port):
    app = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=closed_port)
    client = app.test_client()
    assert client.post("/send", data=LETTER | {"later": "yes"}).status_code == 303
    wait_for_the_background(app)
    assert "Mail 'Tea' was not sent: ConnectionRefusedError" in caplog.text
    page = client.get("/").text
    assert '<strong class="error">The mail server cannot be reached.' in page


@pytest.mark.point("D4-12")
def test_a_thread_without_context_cannot_send(app, client):
    client.get("/")
    with app.app_context():
        message = Message("Tea", ["ann@example.com"], "At five?")
    with ThreadPoolExecutor() as pool:
        error = pool.submit(mail.send, message).exception(5)
    assert isinstance(error, RuntimeError)
    assert "Working outside of application context" in str(error)


def test_too_many_waiting_letters_are_503(build):
    slow = Slow()
    with smtp_server(slow) as port:
        app = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
        client = app.test_client()
        people = "\n".join(f"a{number}@example.com" for number in range(10))
        ten = LETTER | {"recipients": people, "each": "yes", "later": "yes"}
        codes = [client.post("/send", data=ten).status_code for _ in range(6)]
        assert codes == [303] * 5 + [503]
        assert "Try again later." in client.post("/send", data=LETTER).text
        slow.may_go.set()
        wait_for_the_background(app)
    assert [state[-1] for state in states(app)] == ["sent"] * 50


# -- the settings ------------------------------------------------------------------------------


@pytest.mark.point("D4-12")
def test_testing_suppresses_sending_and_the_messages_can_be_recorded(build):
    app = build(TESTING=True)
    with mail.record_messages() as outbox:
        response = app.test_client().post("/send", data=LETTER)
    assert response.status_code == 303
    [message] = outbox
    assert message.subject == "Tea"
    assert message.recipients == [("", "ann@example.com")]
    assert "At five?" in message.body
    assert "At five?" in message.html
    assert not app.extensions["post_office"].letters
    assert app.extensions["mail"].port == 25


@pytest.mark.point("D4-10")
def test_messages_are_recorded_while_they_are_really_sent_too(send, letters):
    with mail.record_messages() as outbox:
        send(recipients=THREE, each="yes")
    assert [message.recipients[0][1] for message in outbox] == ADDRESSES
    assert len(letters) == 3


@pytest.mark.point("D4-11")
def test_settings_that_come_late_are_ignored():
    app = Flask("shop")
    app.config.update(MAIL_SERVER="early.example.com", MAIL_PORT=2525)
    Mail(app)
    app.config.update(MAIL_SERVER="late.example.com", MAIL_PORT=3535)
    assert app.extensions["mail"].server == "early.example.com"
    assert app.extensions["mail"].port == 2525


@pytest.mark.point("D4-11", "D4-12")
def test_testing_that_is_set_late_does_not_suppress(app, send, letters):
    send()
    app.config.update(TESTING=True, MAIL_SUPPRESS_SEND=True)
    send()
    assert len(letters) == 2


@pytest.mark.point("D4-12")
def test_the_defaults_are_port_25_of_this_machine_without_tls():
    app = Flask("shop")
    state = Mail(app).state
    assert (state.server, state.port, state.use_tls, state.use_ssl) == (
        "127.0.0.1",
        25,
        False,
        False,
    )
    assert (state.username, state.password, state.default_sender) == (None, None, None)
    assert (state.suppress, state.max_emails, state.debug) == (False, None, 0)


@pytest.mark.point("D4-12")
def test_debug_and_testing_are_taken_over_unless_said_otherwise():
    app = Flask("shop")
    app.config.update(DEBUG=True, TESTING=True)
    state = Mail(app).state
    assert (state.debug, state.suppress) == (1, True)
    app.config.update(MAIL_DEBUG=False, MAIL_SUPPRESS_SEND=False)
    state = Mail(app).state
    assert (state.debug, state.suppress) == (0, False)


@pytest.mark.point("D4-12")
def test_ascii_attachments_strips_other_letters_from_file_names(build):
    app = build(MAIL_ASCII_ATTACHMENTS=True)
    file = (BytesIO(b"x"), "课程 plan Zoé.txt")
    app.test_client().post("/send", data=LETTER | {"attachment": file})
    [letter] = app.extensions["post_office"].letters
    assert letter.attachments == [("plan Zoe.txt", b"x")]


@pytest.mark.point("D4-12")
def test_a_message_needs_a_context_a_recipient_and_a_sender(build):
    with pytest.raises(RuntimeError, match="Working outside of application context"):
        Message("Tea")
    for config, recipients, words in [
        ({}, [], "No recipients have been added"),
        ({"MAIL_DEFAULT_SENDER": None}, ["ann@example.com"], "does not specify a sender"),
    ]:
        app = build(TESTING=True, **config)
        with app.app_context(), pytest.raises(AssertionError, match=words):
            mail.send(Message("Tea", recipients))
    with Flask("shop").app_context(), pytest.raises(KeyError):
        Message("Tea")


@pytest.mark.point("D4-12")
def test_the_environment_names_another_server(build, monkeypatch):
    other = PostOffice()
    with smtp_server(other) as port:
        monkeypatch.setenv("FLASK_MAIL_SERVER", "127.0.0.1")
        monkeypatch.setenv("FLASK_MAIL_PORT", str(port))
        monkeypatch.setenv("FLASK_MAIL_DEFAULT_SENDER", "課程 <other@example.com>")
        app = build()
        client = app.test_client()
        assert client.post("/send", data=LETTER).status_code == 303
        assert "The settings name another mail server." in client.get("/inbox").text
    assert parsed(other.letters[0])["From"] == "課程 <other@example.com>"
    assert not app.extensions["post_office"].letters


@pytest.mark.point("D4-12")
@pytest.mark.parametrize("password", ["123456", "true", "1e5", "null", "p w"])
def test_name_and_password_of_the_environment_stay_text(build, monkeypatch, password):
    monkeypatch.setenv("FLASK_MAIL_USERNAME", "10001")
    monkeypatch.setenv("FLASK_MAIL_PASSWORD", password)
    monkeypatch.setenv("FLASK_MAIL_USE_TLS", "true")
    app = build()
    assert app.extensions["mail"].username == "10001"
    assert app.extensions["mail"].password == password
    assert app.extensions["mail"].use_tls is True


def login_server(seen):
    def check(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=True)

    return smtp_server(authenticator=check, auth_require_tls=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_debug_shows_the_dialogue_and_flask_mail_alone_the_password_too(build, capfd):
    seen = []
    with login_server(seen) as port:
        app = build(
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=port,
            MAIL_USERNAME="ann",
            MAIL_PASSWORD="hunter2",
            MAIL_DEBUG=True,
        )
        assert app.test_client().post("/send", data=LETTER).status_code == 303
        careful = capfd.readouterr().err
        with app.app_context(), flask_mail.Connection(app.extensions["mail"]):
            careless = capfd.readouterr().err
    secret = base64.b64encode(b"\0ann\0hunter2").decode()
    assert seen == [(b"ann", b"hunter2")] * 2
    assert "mail FROM:<course@example.com>" in careful
    assert secret not in careful
    assert secret in careless


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Give a file with a certificate that anybody can make, for a name of anybody's choice."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(key.private_bytes(pem, *private) + made.public_bytes(pem))
    return path


@pytest.mark.point("D4-12")
def test_with_tls_a_stranger_is_refused_whom_flask_mail_alone_would_trust(
    build, caplog, certificate, monkeypatch
):
    office = PostOffice()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with smtp_server(office, tls_context=context, require_starttls=True) as port:
        app = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_USE_TLS=True)
        assert "cannot be reached" in failed_page(app, caplog)
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
        with app.app_context():
            message = Message("Tea", ["ann@example.com"], "At five?")
            with flask_mail.Connection(app.extensions["mail"]) as connection:
                connection.send(message)
            assert len(office.letters) == 1
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            mail.send(message)
            assert len(office.letters) == 2
        plain = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
        failed_page(plain, caplog)


@pytest.mark.point("D4-12")
def test_with_ssl_the_connection_is_encrypted_from_the_start(
    build, caplog, certificate, monkeypatch
):
    office = PostOffice()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with smtp_server(office, ssl_context=context) as port:
        app = build(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_USE_SSL=True)
        failed_page(app, caplog)
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert app.test_client().post("/send", data=LETTER).status_code == 303
    assert len(office.letters) == 1


# -- the server --------------------------------------------------------------------------------


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_building_an_app_starts_nothing_and_the_first_request_does(build):
    before = threading.enumerate()
    app = build()
    assert threading.enumerate() == before
    app.test_client().get("/")
    [thread] = set(threading.enumerate()) - set(before)
    assert thread.daemon
    port = app.extensions["mail"].port
    assert listens(port)
    app.test_client().get("/inbox")
    assert app.extensions["mail"].port == port
    assert len(threading.enumerate()) == len(before) + 1


def test_the_server_listens_on_this_machine_only(app, client):
    client.get("/")
    controller = app.extensions["post_office"]._controller
    assert [each.getsockname()[0] for each in controller.server.sockets] == ["127.0.0.1"]


def test_visitors_who_are_first_together_get_one_server(app, letters):
    start = threading.Barrier(8)

    def visit():
        start.wait(5)
        return app.test_client().post("/send", data=LETTER).status_code

    before = threading.active_count()
    with ThreadPoolExecutor(8) as pool:
        codes = [future.result(10) for future in [pool.submit(visit) for _ in range(8)]]
    assert codes == [303] * 8
    assert len(letters) == 8
    assert threading.active_count() == before + 1


def test_two_apps_have_a_server_and_an_inbox_each(build):
    one, other = build(), build()
    one.test_client().post("/send", data=LETTER)
    other.test_client().get("/")
    assert one.extensions["mail"].port != other.extensions["mail"].port
    assert "Tea" in one.test_client().get("/inbox").text
    assert "Tea" not in other.test_client().get("/inbox").text


def test_a_closed_server_opens_again_with_the_next_request(app, client, send, letters):
    send()
    office, port = app.extensions["post_office"], app.extensions["mail"].port
    before = {thread for thread in threading.enumerate() if thread.daemon}
    office.close()
    office.close()
    for thread in before:
        thread.join(5)
    assert not listens(port)
    assert send().status_code == 303
    assert len(letters) == 2


def test_closing_hangs_up_on_everybody_and_leaves_nothing_open():
    for _ in range(20):
        office, before = PostOffice(), set(threading.enumerate())
        address = "127.0.0.1", office.open()
        [thread] = set(threading.enumerate()) - before
        with socket.create_connection(address) as greeted, socket.create_connection(address):
            greeted.recv(1000)
            socket.create_connection(address).close()
            office.close()
            thread.join(5)
            greeted.settimeout(5)
            with contextlib.suppress(ConnectionError):
                assert greeted.recv(1000) == b""
        assert not listens(address[1])
    gc.collect()  # which would complain of what is still open


def test_the_server_ends_with_its_app():
    before = set(threading.enumerate())
    app = create_app()
    assert app.test_client().post("/send", data=LETTER | {"later": "yes"}).status_code == 303
    wait_for_the_background(app)
    port = app.extensions["mail"].port
    assert listens(port)
    del app
    gc.collect()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert not listens(port)


# -- the inbox ---------------------------------------------------------------------------------


def test_the_inbox_shows_letters_newest_first_and_keeps_so_many(app, client, send, monkeypatch):
    monkeypatch.setattr(post_office, "MAX_LETTERS", 2)
    app = create_app()
    try:
        client = app.test_client()
        assert "Nothing." in client.get("/inbox").text
        for subject in ["first", "<b>second</b>", "third"]:
            client.post("/send", data=LETTER | {"subject": subject})
        page = client.get("/inbox").text
        assert page.index("third") < page.index("&lt;b&gt;second&lt;/b&gt;")
        assert "first" not in page
        assert [client.get(f"/inbox/{n}").status_code for n in (1, 2, 3, 4)] == [404, 200, 200, 404]
    finally:
        shut(app)


def test_a_letter_is_shown_with_envelope_headers_parts_and_source(client, send, letters):
    file = (BytesIO(b"content"), "plan.txt")
    send(recipients="王小明 <ming@example.com>", subject="春天", attachment=file)
    page = client.get("/inbox/1").text
    for words in [
        "From course@example.com to ming@example.com",
        f"over connection {letters[0].connection}",
        "<dd>春天</dd>",
        "<dd>王小明 &lt;ming@example.com&gt;</dd>",
        "Dear 王小明,\n\nAt five?",
        '<a href="/inbox/1/0">plan.txt</a>,\n        7 bytes',
        "Subject: =?utf-8?",
    ]:
        assert words in page


def test_the_html_of_a_letter_is_locked_up(app, client, send):
    client.get("/")
    evil = '"></iframe><script>alert(1)</script><img src="http://example.com/seen.png">'
    put(app, f"Subject: {evil}\r\nContent-Type: text/html\r\n\r\n{evil}".encode())
    response = client.get("/inbox/1")
    assert "<script" not in response.text
    assert "<img" not in response.text
    assert response.text.count("<iframe") == 1
    assert '<iframe sandbox srcdoc="&#34;&gt;&lt;/iframe&gt;&lt;script&gt;' in response.text
    policies = response.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policies
    assert [each for each in policies if each.startswith(("script", "img", "frame"))] == []


def test_an_attachment_is_only_ever_downloaded(app, client, send):
    send(attachment=(BytesIO(b"<script>alert(1)</script>"), "课.html"))
    response = client.get("/inbox/1/0")
    assert response.data == b"<script>alert(1)</script>"
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert "%E8%AF%BE.html" in response.headers["Content-Disposition"]
    for path in ["/inbox/1/1", "/inbox/2/0", "/inbox/1/-1", "/inbox/1/x", "/inbox/x"]:
        assert client.get(path).status_code == 404
    assert client.get(f"/inbox/{2**70}").status_code == 404


NASTY = [
    b"",
    b"no header at all",
    b"Subject: \xff\xfe\x00\x1b[2J\r\n\r\n\xff",
    b"Subject: =?utf-8?b?//8=?=\r\nFrom: =?x?q?y?=\r\nTo: <<>>\r\nDate: never\r\n\r\nx",
    b"Content-Type: text/html; charset=unicode_escape\r\n\r\n\\ud800<b>",
    b"Content-Type: multipart/mixed\r\n\r\nno boundary",
    (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''a%0D%0AX-Evil:%20y\r\n\r\nx\r\n--b--"
    ),
    (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n"
        b'Content-Disposition: attachment; filename="\xff\xfe/../x"\r\n\r\nx\r\n--b--'
    ),
    b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
    (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n"
        b"Content-Disposition: attachment\r\n\r\nSubject: inner\r\n\r\nx\r\n--b--"
    ),
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
    b"Content-Type: image/png\r\n\r\nx",
    b"Content-Type: ;;;===\r\n\r\nx",
]


@pytest.mark.parametrize("content", NASTY)
def test_a_nasty_letter_cannot_break_the_pages(app, client, content):
    client.get("/")
    put(app, content, sender="")
    assert client.get("/inbox").status_code == 200
    page = client.get("/inbox/1")
    assert page.status_code == 200
    assert "\x1b" not in page.text
    for position in range(len(app.extensions["post_office"].letters[0].attachments)):
        response = client.get(f"/inbox/1/{position}")
        assert response.status_code == 200
        assert "X-Evil" not in response.headers


def test_a_letter_that_cannot_be_read_is_refused_to_its_sender(app, client, send, letters):
    client.get("/")
    with pytest.raises(smtplib.SMTPDataError) as caught:
        put(app, b"Content-Type: text/plain; charset=klingon\r\n\r\nx\xff")
    assert caught.value.smtp_code == 554
    with pytest.raises(smtplib.SMTPException):
        put(app, b"0123456789\r\n" * (post_office.MAX_SIZE // 12 + 1))
    put(app, b"Subject: big\r\n\r\n" + b"0123456789\r\n" * (post_office.MAX_SIZE // 12 - 9))
    assert [letter.subject for letter in letters] == ["big"]


def test_the_pages_lead_everywhere_under_any_mount(app, client, send):
    send(attachment=(BytesIO(b"x"), "plan.txt"))
    mount = "http://localhost/run/mail"
    page = client.get("/", base_url=mount).text
    assert 'action="/run/mail/send"' in page
    assert 'href="/run/mail/inbox"' in page
    assert 'href="/run/mail/static/style.css"' in page
    assert 'href="/run/mail/inbox/1"' in client.get("/inbox", base_url=mount).text
    assert 'href="/run/mail/inbox/1/0"' in client.get("/inbox/1", base_url=mount).text
    assert client.post("/send", data=LETTER, base_url=mount).location == "/run/mail/"
