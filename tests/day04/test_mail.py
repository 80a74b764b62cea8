"""Sending mail: a message goes to the lesson's own mail server, and arrives complete.

Begin with test_a_message_goes_through_a_real_smtp_dialogue. What the form refuses is tested in
test_mail_form.py, failures and settings in test_mail_sending.py, the server in test_mail_server.py.
"""

import email.charset
from io import BytesIO

import pytest

from day04.mail.sending import mail
from tests.day04.mail import ADDRESSES, FORM, THREE, emptied, parse, path_of, running
from tests.helpers import page


@pytest.fixture(scope="module")
def one_app(no_thread_is_left):
    """Build one app for the tests that need no settings of their own."""
    with running() as app:
        yield app


@pytest.fixture
def app(one_app):
    return emptied(one_app)


@pytest.fixture
def client(app):
    return app.test_client()


def test_a_message_goes_through_a_real_smtp_dialogue(send, inbox):
    response = send()
    assert (response.status_code, response.location) == (303, "/")
    [message] = inbox
    assert (message.sender, message.recipients) == ("course@example.com", ["ann@example.com"])
    received = parse(message)
    assert received["Subject"] == "Tea"
    assert received["From"] == "Flask in six days <course@example.com>"
    assert received["To"] == "ann@example.com"
    assert received["Date"].datetime
    assert received["Message-ID"]


def test_a_message_has_a_text_and_an_html_part_of_the_same_words(send, inbox):
    send(text="At five?\n<script>alert(1)</script> & {{ 7 * 7 }}")
    received = parse(inbox[0])
    text = received.get_body(["plain"]).get_content().replace("\r\n", "\n")
    assert text.startswith("Dear ann@example.com,\n\nAt five?\n<script>alert(1)</script> & {{ 7")
    html = received.get_body(["html"]).get_content()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ 7 * 7 }}" in html
    assert "<script" not in html
    body = received.get_body(["related", "plain", "html"])
    assert body.get_content_type() == "text/plain"
    kinds = [part.get_content_type() for part in received.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html"]


def test_testing_suppresses_sending_and_the_messages_can_be_recorded(build_mail_app):
    app = build_mail_app(TESTING=True)
    with mail.record_messages() as outbox:
        response = app.test_client().post("/send", data=FORM)
    assert response.status_code == 303
    [message] = outbox
    assert message.subject == "Tea"
    assert message.recipients == [("", "ann@example.com")]
    assert "At five?" in message.body
    assert "At five?" in message.html
    assert not app.extensions["mail_server"].messages
    assert app.extensions["mail"].port == 25


def test_the_inbox_shows_what_has_arrived(client, send, inbox):
    assert page(client.get("/inbox")).li.text.strip() == "Nothing."
    send()
    assert page(client.get("/inbox")).li.a.text == "Tea"
    text = page(client.get(path_of(inbox[0]))).select_one("pre").text
    assert text.startswith("Dear ann@example.com,")


def test_a_form_with_a_gap_is_422_and_says_what_is_missing(client, send, inbox):
    response = send(subject="")
    assert response.status_code == 422
    assert page(response).select_one("#subject-error").text == "Write a subject."
    assert not inbox


# What arrives


def test_chinese_arrives_as_it_was_and_travels_as_ascii(send, inbox):
    subject, text = "春天的课程:第一课的时间和地点都变了,请大家互相转告" * 3, "你好,明天见。" * 700
    response = send(
        recipients="王小明 <ming@example.com>",
        subject=subject,
        text=text,
        attachment=(BytesIO("周一".encode()), "课程表.txt"),
    )
    assert response.status_code == 303
    received = parse(inbox[0])
    assert inbox[0].source.isascii()
    assert received["Subject"] == subject
    [person] = received["To"].addresses
    assert (person.display_name, person.addr_spec) == ("王小明", "ming@example.com")
    assert text in received.get_body(["plain"]).get_content()
    assert text in received.get_body(["html"]).get_content()
    assert "Dear 王小明," in received.get_body(["html"]).get_content()
    [attachment] = received.iter_attachments()
    assert attachment.get_filename() == "课程表.txt"
    assert attachment.get_payload(decode=True).decode() == "周一"


def test_lines_are_short_enough_for_smtp_whatever_the_text(send, inbox):
    for text in ["好" * 5000, "x" * 5000, "a  \r\n\tb \r\n.\r\n\x00\r\nFrom me"]:
        assert send(text=text).status_code == 303
        assert max(map(len, inbox[-1].source.splitlines())) <= 78
        assert text in parse(inbox[-1]).get_body(["plain"]).get_content()


def test_without_quoted_printable_a_chinese_paragraph_is_refused(send, inbox, monkeypatch):
    flask_mails = (email.charset.SHORTEST, None, "utf-8")
    monkeypatch.setitem(email.charset.CHARSETS, "utf-8", flask_mails)
    assert send(text="好" * 300).status_code == 303
    response = send(text="好" * 340)
    assert response.status_code == 502
    assert "The mail server refuses this message." in response.text
    assert len(inbox) == 1


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
    send, inbox, name, kind
):
    content = bytes(range(256)) * 3
    assert send(attachment=(BytesIO(content), name, "evil/../type")).status_code == 303
    [attachment] = parse(inbox[0]).iter_attachments()
    assert attachment.get_filename() == name
    assert attachment.get_content_type() == kind
    assert attachment.get_payload(decode=True) == content
    assert inbox[0].attachments == [(name, content)]


def test_ascii_attachments_strips_other_characters_from_file_names(build_mail_app):
    app = build_mail_app(MAIL_ASCII_ATTACHMENTS=True)
    file = (BytesIO(b"x"), "课程 plan Zoé.txt")
    app.test_client().post("/send", data=FORM | {"attachment": file})
    [message] = app.extensions["mail_server"].messages
    assert message.attachments == [("plan Zoe.txt", b"x")]


def test_messages_are_recorded_while_they_are_really_sent_too(send, inbox):
    with mail.record_messages() as outbox:
        send(recipients=THREE, each="yes")
    assert [message.recipients[0][1] for message in outbox] == ADDRESSES
    assert len(inbox) == 3


# Several recipients


def test_a_message_to_all_shows_all_recipients_to_each(send, inbox):
    send(recipients=THREE)
    [message] = inbox
    assert sorted(message.recipients) == sorted(ADDRESSES)
    assert sorted(each.addr_spec for each in parse(message)["To"].addresses) == sorted(ADDRESSES)
    assert "Dear Ann, 王小明, bob@example.com," in message.text


def test_a_message_to_each_does_not_name_the_others(send, inbox):
    send(recipients=THREE, each="yes")
    assert [message.recipients for message in inbox] == [[address] for address in ADDRESSES]
    for message, address in zip(inbox, ADDRESSES, strict=True):
        content = "\n".join([message.text, message.html, str(message.headers)])
        assert [each for each in ADDRESSES if each in content] == [address]
    assert [message.text.split("\n")[0] for message in inbox] == [
        "Dear Ann,",
        "Dear 王小明,",
        "Dear bob@example.com,",
    ]


def test_messages_to_each_share_one_connection(send, inbox):
    send(recipients=THREE, each="yes")
    assert len({message.connection for message in inbox}) == 1
    send()
    assert inbox[-1].connection != inbox[0].connection


def test_max_emails_is_how_many_messages_one_connection_takes(build_mail_app):
    app = build_mail_app(MAIL_MAX_EMAILS=2)
    people = "\n".join(f"a{number}@example.com" for number in range(5))
    app.test_client().post("/send", data=FORM | {"recipients": people, "each": "yes"})
    numbers = [message.connection for message in app.extensions["mail_server"].messages]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3] != numbers[4]


def test_a_blind_copy_is_on_the_envelope_only(app, client, inbox):
    client.get("/")
    with app.app_context():
        mail.send_message("Tea", ["ann@example.com"], "At five?", bcc=["bob@example.com"])
    assert sorted(inbox[0].recipients) == ["ann@example.com", "bob@example.com"]
    assert b"bob" not in inbox[0].source


@pytest.mark.parametrize("name", ["王小明" * 5, "x" * 45, "Zoé O'Neill-Šimić", "a  b"])
def test_a_name_arrives_undamaged(send, inbox, name):
    address = "a-rather-long-address-of-somebody@mail.department.example.com"
    send(recipients=f"{name} <{address}>")
    [person] = parse(inbox[0])["To"].addresses
    assert (person.display_name, person.addr_spec) == (" ".join(name.split()), address)


def test_several_long_names_do_not_damage_the_header(send, inbox):
    people = [f"王小明王小明王小明王 <a{number}@example.com>" for number in range(10)]
    send(recipients="\n".join(people))
    found = {(each.display_name, each.addr_spec) for each in parse(inbox[0])["To"].addresses}
    assert found == {("", f"a{number}@example.com") for number in range(10)}


# Under a mount


def test_the_pages_lead_everywhere_under_any_mount(client, send, inbox):
    send(attachment=(BytesIO(b"x"), "plan.txt"))
    mount = "http://localhost/run/mail"
    for path in "/", "/inbox", path_of(inbox[0]):
        html = page(client.get(path, base_url=mount))
        links = [each["href"] for each in html.select("[href]")]
        links += [each["action"] for each in html.select("form")]
        assert links
        assert all(link.startswith("/run/mail/") for link in links)
    assert client.post("/send", data=FORM, base_url=mount).location == "/run/mail/"
