"""The mail server of the lesson, and the inbox that shows what it has received.

Begin with test_a_message_is_shown_with_envelope_headers_parts_and_source.
"""

import contextlib
import gc
import smtplib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from day04.mail import mail_server
from day04.mail.app import create_app
from day04.mail.mail_server import MailServer
from tests.day04.helpers import end_of_threads
from tests.day04.mail import FORM, emptied, path_of, put, running, wait_for_the_background
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


# The inbox


def test_a_message_is_shown_with_envelope_headers_parts_and_source(client, send, inbox):
    file = (BytesIO(b"content"), "plan.txt")
    send(recipients="王小明 <ming@example.com>", subject="春天", attachment=file)
    html = client.get(path_of(inbox[0])).text
    for words in [
        "From course@example.com to ming@example.com",
        f"over connection {inbox[0].connection}",
        "<dd>春天</dd>",
        "<dd>王小明 &lt;ming@example.com&gt;</dd>",
        "Dear 王小明,\n\nAt five?",
        f'<a href="{path_of(inbox[0])}/0">plan.txt</a>,\n        7 bytes',
        "Subject: =?utf-8?",
    ]:
        assert words in html


def test_the_inbox_shows_messages_newest_first_and_keeps_so_many(build_mail_app, monkeypatch):
    monkeypatch.setattr(mail_server, "MAX_MESSAGES", 2)
    client = build_mail_app().test_client()
    for subject in ["first", "<b>second</b>", "third"]:
        client.post("/send", data=FORM | {"subject": subject})
    shown = [link.text for link in page(client.get("/inbox")).select("li a")]
    assert shown == ["third", "<b>second</b>"]
    assert [client.get(f"/inbox/{n}").status_code for n in (1, 2, 3, 4)] == [404, 200, 200, 404]


def test_the_html_of_a_message_is_locked_up(app, client, inbox):
    client.get("/")
    evil = '"></iframe><script>alert(1)</script><img src="http://example.com/seen.png">'
    put(app, f"Subject: {evil}\r\nContent-Type: text/html\r\n\r\n{evil}".encode())
    response = client.get(path_of(inbox[0]))
    assert "<script" not in response.text
    assert "<img" not in response.text
    assert response.text.count("<iframe") == 1
    assert '<iframe sandbox srcdoc="&#34;&gt;&lt;/iframe&gt;&lt;script&gt;' in response.text
    policies = set(response.headers["Content-Security-Policy"].split("; "))
    styles = "style-src 'self' 'unsafe-inline'"
    assert policies == {"default-src 'none'", styles, "form-action 'self'"}


def test_an_attachment_is_only_ever_downloaded(client, send, inbox):
    send(attachment=(BytesIO(b"<script>alert(1)</script>"), "课.html"))
    path = path_of(inbox[0])
    response = client.get(f"{path}/0")
    assert response.data == b"<script>alert(1)</script>"
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert "%E8%AF%BE.html" in response.headers["Content-Disposition"]
    for wrong in [
        f"{path}/1",
        f"{path}/-1",
        f"{path}/x",
        "/inbox/x",
        "/inbox/0/0",
        f"/inbox/{2**70}",
    ]:
        assert client.get(wrong).status_code == 404


def test_of_a_long_message_the_page_shows_the_beginning(app, client, inbox):
    client.get("/")
    put(app, b"X: y\r\n\r\n" + b"0123456789\r\n" * 1000)
    shown = page(client.get(path_of(inbox[0]))).select("pre")[-1].text
    assert shown.startswith("X: y\n\n0123456789\n")
    assert shown.endswith("\n...")
    assert len(shown) < 8000
    assert page(client.get("/inbox")).li.a.text == "(no subject)"


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
def test_a_nasty_message_cannot_break_the_pages(app, client, inbox, content):
    client.get("/")
    put(app, content, sender="")
    assert client.get("/inbox").status_code == 200
    path = path_of(inbox[0])
    response = client.get(path)
    assert response.status_code == 200
    assert "\x1b" not in response.text
    for position in range(len(inbox[0].attachments)):
        response = client.get(f"{path}/{position}")
        assert response.status_code == 200
        assert "X-Evil" not in response.headers


def test_a_message_that_cannot_be_read_is_refused_to_its_sender(app, client, inbox):
    client.get("/")
    with pytest.raises(smtplib.SMTPDataError) as caught:
        put(app, b"Content-Type: text/plain; charset=klingon\r\n\r\nx\xff")
    assert caught.value.smtp_code == 554
    assert not inbox


def test_a_message_that_is_too_big_is_refused_to_its_sender(build_mail_app, monkeypatch):
    assert mail_server.MAX_SIZE == 500_000
    monkeypatch.setattr(mail_server, "MAX_SIZE", 6_000)
    app = build_mail_app()
    app.test_client().get("/")
    with pytest.raises(smtplib.SMTPException):
        put(app, b"0123456789\r\n" * 501)
    put(app, b"Subject: big\r\n\r\n" + b"0123456789\r\n" * 491)
    assert [message.subject for message in app.extensions["mail_server"].messages] == ["big"]


# The server


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_building_an_app_starts_nothing_and_the_first_request_does(build_mail_app):
    before = set(threading.enumerate())  # one of an earlier test may still be ending
    app = build_mail_app()
    assert set(threading.enumerate()) <= before
    app.test_client().get("/")
    [thread] = set(threading.enumerate()) - before
    assert thread.daemon
    port = app.extensions["mail"].port
    assert listens(port)
    app.test_client().get("/inbox")
    assert app.extensions["mail"].port == port
    assert set(threading.enumerate()) - before == {thread}


def test_the_server_listens_on_this_machine_only(app, client):
    client.get("/")
    controller = app.extensions["mail_server"]._controller
    assert [each.getsockname()[0] for each in controller.server.sockets] == ["127.0.0.1"]


def test_visitors_who_are_first_together_get_one_server(build_mail_app):
    app, start = build_mail_app(), threading.Barrier(4)

    def visit():
        start.wait(60)
        return app.test_client().post("/send", data=FORM).status_code

    before = set(threading.enumerate())
    with ThreadPoolExecutor(4) as pool:
        codes = [future.result(60) for future in [pool.submit(visit) for _ in range(4)]]
    assert codes == [303] * 4
    assert len(app.extensions["mail_server"].messages) == 4
    assert len(set(threading.enumerate()) - before) == 1


def test_two_apps_have_a_server_and_an_inbox_each(build_mail_app):
    one, other = build_mail_app(), build_mail_app()
    one.test_client().post("/send", data=FORM)
    other.test_client().get("/")
    assert one.extensions["mail"].port != other.extensions["mail"].port
    assert "Tea" in one.test_client().get("/inbox").text
    assert "Tea" not in other.test_client().get("/inbox").text


def test_a_stopped_server_starts_again_with_the_next_request(build_mail_app):
    before = set(threading.enumerate())
    app = build_mail_app()
    client = app.test_client()
    client.get("/")
    server, port = app.extensions["mail_server"], app.extensions["mail"].port
    server.stop()
    server.stop()
    end_of_threads(before)
    assert not listens(port)
    assert client.post("/send", data=FORM).status_code == 303
    assert len(server.messages) == 1


def test_stopping_closes_all_connections_and_leaves_nothing_open():
    for _ in range(2):
        server, before = MailServer(), set(threading.enumerate())
        address = "127.0.0.1", server.start()
        [thread] = set(threading.enumerate()) - before
        with socket.create_connection(address) as greeted, socket.create_connection(address):
            greeted.recv(1000)
            socket.create_connection(address).close()
            server.stop()
            thread.join(60)
            greeted.settimeout(60)
            with contextlib.suppress(ConnectionError):
                assert greeted.recv(1000) == b""
        assert not listens(address[1])
    gc.collect()  # it would warn about anything that is still open


def test_the_server_ends_with_its_app():
    before = set(threading.enumerate())
    app = create_app()
    assert app.test_client().post("/send", data=FORM | {"later": "yes"}).status_code == 303
    wait_for_the_background(app)
    port = app.extensions["mail"].port
    assert listens(port)
    del app
    gc.collect()
    end_of_threads(before)
    assert not listens(port)
