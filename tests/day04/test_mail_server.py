"""The mail server of the lesson, and the inbox that shows what it has got.

Begin with test_a_letter_is_shown_with_envelope_headers_parts_and_source.
"""

import contextlib
import gc
import smtplib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from day04.mail import post_office
from day04.mail.app import create_app
from day04.mail.post_office import PostOffice
from tests.day04.helpers import end_of_threads
from tests.day04.mail import LETTER, put, wait_for_the_background
from tests.helpers import page

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


@pytest.fixture
def app(build_mail_app):
    return build_mail_app()


@pytest.fixture
def client(app):
    return app.test_client()


# The inbox


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


def test_the_inbox_shows_letters_newest_first_and_keeps_so_many(build_mail_app, monkeypatch):
    monkeypatch.setattr(post_office, "MAX_LETTERS", 2)
    client = build_mail_app().test_client()
    for subject in ["first", "<b>second</b>", "third"]:
        client.post("/send", data=LETTER | {"subject": subject})
    shown = [link.text for link in page(client.get("/inbox")).select("li a")]
    assert shown == ["third", "<b>second</b>"]
    assert [client.get(f"/inbox/{n}").status_code for n in (1, 2, 3, 4)] == [404, 200, 200, 404]


def test_the_html_of_a_letter_is_locked_up(app, client, send):
    client.get("/")
    evil = '"></iframe><script>alert(1)</script><img src="http://example.com/seen.png">'
    put(app, f"Subject: {evil}\r\nContent-Type: text/html\r\n\r\n{evil}".encode())
    response = client.get("/inbox/1")
    assert "<script" not in response.text
    assert "<img" not in response.text
    assert response.text.count("<iframe") == 1
    assert '<iframe sandbox srcdoc="&#34;&gt;&lt;/iframe&gt;&lt;script&gt;' in response.text
    policies = set(response.headers["Content-Security-Policy"].split("; "))
    styles = "style-src 'self' 'unsafe-inline'"
    assert policies == {"default-src 'none'", styles, "form-action 'self'"}


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


def test_of_a_long_letter_the_page_shows_the_beginning(app, client):
    client.get("/")
    put(app, b"X: y\r\n\r\n" + b"0123456789\r\n" * 1000)
    shown = page(client.get("/inbox/1")).select("pre")[-1].text
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


# The server


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_building_an_app_starts_nothing_and_the_first_request_does(build_mail_app):
    before = threading.enumerate()
    app = build_mail_app()
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
        start.wait(60)
        return app.test_client().post("/send", data=LETTER).status_code

    before = threading.active_count()
    with ThreadPoolExecutor(8) as pool:
        codes = [future.result(60) for future in [pool.submit(visit) for _ in range(8)]]
    assert codes == [303] * 8
    assert len(letters) == 8
    assert threading.active_count() == before + 1


def test_two_apps_have_a_server_and_an_inbox_each(build_mail_app):
    one, other = build_mail_app(), build_mail_app()
    one.test_client().post("/send", data=LETTER)
    other.test_client().get("/")
    assert one.extensions["mail"].port != other.extensions["mail"].port
    assert "Tea" in one.test_client().get("/inbox").text
    assert "Tea" not in other.test_client().get("/inbox").text


def test_a_closed_server_opens_again_with_the_next_request(app, client, send, letters):
    before = set(threading.enumerate())
    send()
    office, port = app.extensions["post_office"], app.extensions["mail"].port
    office.close()
    office.close()
    end_of_threads(before)
    assert not listens(port)
    assert send().status_code == 303
    assert len(letters) == 2


def test_closing_hangs_up_on_everybody_and_leaves_nothing_open():
    for _ in range(5):
        office, before = PostOffice(), set(threading.enumerate())
        address = "127.0.0.1", office.open()
        [thread] = set(threading.enumerate()) - before
        with socket.create_connection(address) as greeted, socket.create_connection(address):
            greeted.recv(1000)
            socket.create_connection(address).close()
            office.close()
            thread.join(60)
            greeted.settimeout(60)
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
    end_of_threads(before)
    assert not listens(port)
