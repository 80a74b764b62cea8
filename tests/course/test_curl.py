import shlex

import pytest
from werkzeug.formparser import parse_form_data
from werkzeug.test import EnvironBuilder

from course import curl
from course.exchange import ExchangeError, Request

URL = "http://127.0.0.1:5000/x"


def parse(line):
    return curl.parse(shlex.split(line))


def test_plain_get():
    line = parse(URL)
    assert (line.request.method, line.request.url, line.request.body) == ("GET", URL, b"")
    assert line.request.header("Accept") == "*/*"


@pytest.mark.parametrize(
    ("options", "method", "body"),
    [
        ("-d a=1", "POST", b"a=1"),
        ("-d a=1 -d b=2", "POST", b"a=1&b=2"),
        ("--data-raw @a", "POST", b"@a"),
        ("-d '@'a", "POST", b""),
        ("-d '< 3 apples'", "POST", b"< 3 apples"),
        ("--data-urlencode 'a=1 &2'", "POST", b"a=1%20%262"),
        ("--data-urlencode 'x y'", "POST", b"x%20y"),
        ("-X PUT -d a=1", "PUT", b"a=1"),
        ("-X DELETE", "DELETE", b""),
        ("-I", "HEAD", b""),
        ("-i -s -L", "GET", b""),
        ("-isL", "GET", b""),
    ],
)
def test_method_and_body(options, method, body):
    request = parse(f"{options} {URL}").request
    assert (request.method, request.body) == (method, body)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-d a=1", "application/x-www-form-urlencoded"),
        ("-d a=1 -H 'content-type: text/plain'", "text/plain"),
        ("--json '{}'", "application/json"),
        ("-F a=1", f"multipart/form-data; boundary={curl.BOUNDARY}"),
        ("-G -d a=1", None),
    ],
)
def test_content_type(options, expected):
    assert parse(f"{options} {URL}").request.header("Content-Type") == expected


def test_json_also_asks_for_json():
    request = parse(f"--json '[' --json '1]' {URL}").request
    assert request.header("Accept") == "application/json"
    assert request.body == b"[1]"


def test_get_puts_the_data_into_the_query():
    assert parse(f"-G -d a=1 --data-urlencode 'b=x y' {URL}?z=0").request.target == (
        "/x?z=0&a=1&b=x%20y"
    )


def test_form_is_a_multipart_body_that_werkzeug_reads():
    options = "-F 'name=Ann Lee' -F 'pic=@dir/a.png' -F 'doc=@b.bin;type=text/csv;filename=c.csv'"
    request = parse(f"{options} --form-string 'text=< 3 @' {URL}").request
    body = request.filled(lambda file: f"content of {file.name}".encode())
    builder = EnvironBuilder(method="POST", data=body, content_type=request.header("Content-Type"))
    _, form, files = parse_form_data(builder.get_environ())
    assert form["name"] == "Ann Lee"
    assert form["text"] == "< 3 @"
    shown = {}
    for field, file in files.items():
        shown[field] = (file.filename, file.mimetype, file.read())
        file.close()
    assert shown == {
        "pic": ("a.png", "image/png", b"content of dir/a.png"),
        "doc": ("c.csv", "text/csv", b"content of b.bin"),
    }


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ("-d @a", b"onetwo"),
        ("-d @a -d @b", b"onetwo&b\xff"),
        ("-d x=1 -d @a -d y=2", b"x=1&onetwo&y=2"),
        ("--data-binary @a", b"one\r\ntwo\n"),
        ("--json @a", b"one\r\ntwo\n"),
        ("--data-raw @a", b"@a"),
        ("--data-raw '< a'", b"< a"),
        ("--data-urlencode =a@b", b"a%40b"),
    ],
)
def test_files_are_joined_as_curl_does(options, sent):
    files = {"a": b"one\r\ntwo\n", "b": b"b\xff\n"}
    request = parse(f"{options} {URL}").request
    assert request.filled(lambda file: file.content(files.__getitem__)) == sent


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--data-urlencode @a", "--data-urlencode @a"),
        ("--data-urlencode x@a", "--data-urlencode x@a"),
        ("-d @-", "standard input"),
        ("-G -d @a", "-G"),
        ("-F x=@", "name of a file"),
    ],
)
def test_other_forms_of_files_are_refused_by_name(options, named):
    with pytest.raises(ExchangeError, match=named):
        parse(f"{options} {URL}")


def test_cookies_are_text_or_files():
    text = parse(f"-b a=1 {URL}")
    assert (text.request.header("Cookie"), text.read_jar) == ("a=1", "")
    files = parse(f"-b jar.txt -c new.txt {URL}")
    assert (files.request.header("Cookie"), files.read_jar, files.write_jar) == (
        None,
        "jar.txt",
        "new.txt",
    )


@pytest.mark.parametrize(
    "line",
    [
        f"--compressed {URL}",
        f"--loc {URL}",
        "",
        f"{URL} {URL}",
        "https://127.0.0.1:5000/",
        "ftp://127.0.0.1/",
        f"-H nonsense {URL}",
        f"-F nonsense {URL}",
        f"{URL}/../secret",
        f"{URL}/.",
        f"{URL}/茶",
    ],
)
def test_what_is_not_understood_is_an_error(line):
    with pytest.raises(ExchangeError, match="curl"):
        parse(line)


def test_dots_stay_when_asked():
    assert parse(f"--path-as-is {URL}/../secret").request.target == "/x/../secret"


@pytest.mark.parametrize(
    "line",
    [
        f"-i {URL}",
        f"-I {URL}",
        f"-i -X DELETE {URL}",
        f"-i -H 'X-Name: Ann Lee' '{URL}?a=1&b=2'",
        f"-i --data-raw 'a=1&b=2' {URL}",
        f"-i -X PUT -H 'Content-Type: application/json' --data-raw '{{\"a\": 1}}' {URL}",
        f"-i -F name=Ann -F 'pic=@dir/a.png;type=image/png;filename=a.png' {URL}",
        f"-i -H 'Content-Type: text/xml' -d @dir/a.xml {URL}",
        f"-i --data-binary @a.txt {URL}",
        f"-i -d a=1 -d @a -d @b -d c=2 {URL}",
        f"-i -F name=Ann --form-string 'text=< 3;4' -F 'from=<a.txt' {URL}",
        f"-i -H 'User-Agent: mine' {URL}",
    ],
)
def test_written_line_is_read_back_as_the_same_request(line):
    written = curl.format_line(parse(line).request)
    assert shlex.split(written)[1:] == shlex.split(line)


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        ("POST /x\n\nname=Ann", {}, f"-i -H Content-Type: --data-raw name=Ann {URL}"),
        ("GET /x", {"cookies": "cart=tea; a=1"}, f"-i -b 'cart=tea; a=1' {URL}"),
        ("POST /x", {}, f"-i -X POST {URL}"),
        ("POST /x", {"follow": True}, f"-i -d '' -L {URL}"),
        (
            "POST /x HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\n",
            {},
            f"-i -d '' {URL}",
        ),
        ("DELETE /x", {"follow": True}, f"-i -X DELETE -L {URL}"),
        ("GET /x", {"follow": True, "cookies": "a=1"}, f"-i -L -b a=1 -c jar.txt {URL}"),
    ],
)
def test_the_written_line_says_all_of_the_request(text, options, line):
    assert curl.format_line(Request.from_text(text), **options) == f"curl {line}"
