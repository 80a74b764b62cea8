"""Facts about Flask and its extensions that the notes state: what a request brings.

The lessons themselves are tested in the other files.
"""

import ast
import json
import subprocess
import sys
from io import BytesIO

import pytest
import werkzeug
from flask import Flask, redirect, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequestKeyError, UnsupportedMediaType
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.utils import secure_filename

from tests.day02.helpers import files_below, request_with, upload

# The query string, headers and forms


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("values", ["args", "form"])
def test_a_missing_name_gives_none_the_default_an_empty_list_or_an_error(values):
    with Flask("tea").test_request_context("/?a=1&a=2", method="POST", data={"a": ["1", "2"]}):
        values = getattr(request, values)
        assert values["a"] == values.get("a") == "1"
        assert values.getlist("a") == ["1", "2"]
        assert values.get("b") is None
        assert values.get("b", 1, type=int) == values.get("b", 1) == 1
        assert values.getlist("b") == []
        with pytest.raises(BadRequestKeyError):
            values["b"]
        with pytest.raises(TypeError, match="immutable"):
            values["b"] = "3"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_query_string_comes_with_any_method(method):
    with Flask("tea").test_request_context("/?a=1", method=method):
        assert request.args.get("a") == "1"


def test_a_missing_header_read_by_index_is_an_error_of_the_server():
    bare = Flask("tea")
    bare.get("/")(lambda: request.headers["X-Name"])
    assert bare.test_client().get("/", headers={"X-Name": "Ann"}).text == "Ann"
    assert bare.test_client().get("/").status_code == 500


def test_the_method_is_written_in_small_letters():
    with Flask("tea").test_request_context(method="POST", data={"d": ["1", "2"]}):
        assert request.form.getlist("d") == ["1", "2"]
        with pytest.raises(AttributeError, match="getList"):
            request.form.getList("d")


@pytest.mark.parametrize(
    ("debug", "settings", "outcome"),
    [
        (False, {}, 400),
        (True, {}, "KeyError: 'x'"),
        (True, {"TRAP_BAD_REQUEST_ERRORS": False}, 400),
    ],
)
def test_a_missing_key_is_400_but_raises_in_debug_mode(debug, settings, outcome):
    bare = Flask("tea")
    bare.debug = debug
    bare.config.from_mapping(settings)
    bare.post("/")(lambda: request.form["x"])
    if outcome == 400:
        response = bare.test_client().post("/")
        assert response.status_code == 400
        assert ("KeyError: &#39;x&#39;" in response.text) == debug
    else:
        with pytest.raises(BadRequestKeyError, match=outcome):
            bare.test_client().post("/")


def test_without_the_limit_a_form_is_as_long_as_its_sender_likes():
    bare = Flask("tea")
    bare.post("/")(lambda: str(len(request.form["a"])))
    assert bare.test_client().post("/", data={"a": "x" * 2_000_000}).text == "2000000"


@pytest.mark.parametrize(
    ("looks_local", "target"),
    [
        (lambda text: text.startswith("/"), "//evil.example"),
        (lambda text: text.startswith("/") and not text.startswith("//"), "/\t/evil.example"),
    ],
)
def test_a_list_of_what_is_bad_is_not_enough(looks_local, target):
    bare = Flask("tea")

    @bare.get("/")
    def on():
        assert looks_local(request.args["next"])
        return redirect(request.args["next"])

    response = bare.test_client().get("/", query_string={"next": target})
    assert response.location == "//evil.example"


PASSWORD = "open sesame"


@pytest.mark.parametrize("method", ["pbkdf2:sha256:1", "scrypt:1024:8:1"])
def test_a_hash_does_not_see_zeros_at_the_end_of_a_password(method):
    stored = generate_password_hash(PASSWORD, method)
    assert check_password_hash(stored, PASSWORD)
    assert check_password_hash(stored, PASSWORD + "\0")
    assert not check_password_hash(stored, PASSWORD + " ")


# Files


def test_files_have_a_name_a_type_and_bytes_and_fields_are_not_among_them():
    data = {"file": (BytesIO(b"tea"), "tea.txt", "text/plain; charset=utf-8"), "to": "Ann"}
    with Flask("small").test_request_context(method="POST", data=data):
        upload = request.files["file"]
        assert isinstance(upload, FileStorage)
        assert (upload.filename, upload.mimetype) == ("tea.txt", "text/plain")
        assert upload.read() == b"tea"
        assert list(request.files) == ["file"]
        assert request.form.to_dict() == {"to": "Ann"}
        assert request.files.get("picture") is None


def test_several_files_of_one_field_are_a_list():
    data = {"file": [(BytesIO(b"1"), "a.txt"), (BytesIO(b"2"), "b.txt")]}
    with Flask("small").test_request_context(method="POST", data=data):
        assert request.files.get("file").filename == "a.txt"
        assert [each.filename for each in request.files.getlist("file")] == ["a.txt", "b.txt"]


def test_with_square_brackets_a_missing_file_is_400():
    small = Flask("small")
    small.post("/")(lambda: request.files["file"].filename)
    assert small.test_client().post("/").status_code == 400


def test_save_after_read_writes_nothing_without_seek(tmp_path):
    app = Flask("small")

    @app.post("/")
    def look_then_save():
        upload = request.files["file"]
        upload.read()
        upload.save(tmp_path / "nothing")
        upload.seek(0)
        upload.save(tmp_path / "all")
        return "saved"

    assert upload(app.test_client(), "/", content=b"tea").text == "saved"
    assert (tmp_path / "nothing").read_bytes() == b""
    assert (tmp_path / "all").read_bytes() == b"tea"


def test_a_file_opened_for_text_takes_no_bytes(tmp_path):
    upload = FileStorage(BytesIO(b"tea"), "tea.png")
    with open(tmp_path / "text", "w") as file, pytest.raises(TypeError, match="not bytes"):
        file.write(upload.read())


def test_secure_filename_lives_in_werkzeug_utils():
    with pytest.raises(AttributeError, match="secure_filename"):
        _ = werkzeug.secure_filename
    assert werkzeug.utils.secure_filename is secure_filename


def test_a_relative_name_is_saved_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FileStorage(BytesIO(b"tea")).save(secure_filename("../tea.txt"))
    assert files_below(tmp_path) == {"tea.txt"}


@pytest.mark.parametrize(
    ("name", "secure"),
    [
        ("../../evil.py", "evil.py"),
        ("/etc/passwd", "etc_passwd"),
        ("My cup.png", "My_cup.png"),
        ("My_cup.png", "My_cup.png"),
        ("报告 final.pdf", "final.pdf"),
        ("茶.png", "png"),
        ("茶", ""),
        ("..", ""),
    ],
)
def test_secure_filename_stays_inside_but_joins_names_and_loses_chinese(name, secure):
    assert secure_filename(name) == secure


# JSON


JSON = "application/json"
ORDER = {"drink": "tea", "cups": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1]", [1]),
        ("1", 1),
        ("2.5", 2.5),
        ('"a"', "a"),
        ("true", True),
        ("null", None),
        (b'{"a": 1}', {"a": 1}),
    ],
)
def test_loads_returns_any_type_that_json_has(text, value):
    assert (type(json.loads(text)), json.loads(text)) == (type(value), value)


@pytest.mark.parametrize("text", ["{'c': 3}", "{\"c\": '3'}", '{"c": 3,}', "[1,]", "{c: 3}"])
def test_single_quotes_and_a_last_comma_are_not_json(text):
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_dumps_writes_ascii_and_turns_names_into_text():
    assert json.dumps({"a": "é"}) == '{"a": "\\u00e9"}'
    assert json.dumps({"a": "é"}, ensure_ascii=False) == '{"a": "é"}'
    assert json.loads(json.dumps({"a": [1, None, "é"]})) == {"a": [1, None, "é"]}
    assert json.loads(json.dumps({1: "a"})) == {"1": "a"}


def test_what_is_read_first_decides_what_is_left():
    def sent():
        return Flask("tea").test_request_context(method="POST", data={"c": "3"})

    with sent():
        assert request.get_data() == b"c=3"
        assert request.data == b"c=3"
        assert request.form.to_dict() == {"c": "3"}
    with sent():
        assert request.form.to_dict() == {"c": "3"}
        assert request.get_data() == request.data == b""
    with sent():
        assert request.get_data(cache=False) == b"c=3"
        assert request.form.to_dict() == {}


def test_silent_returns_none_and_without_it_get_json_raises():
    with Flask("tea").test_request_context(method="POST", data="{}", content_type="text/plain"):
        assert request.get_json(silent=True) is None
        with pytest.raises(UnsupportedMediaType):
            request.get_json()
    with Flask("tea").test_request_context(method="POST", data="x", content_type=JSON):
        assert request.get_json(silent=True) is None


def test_the_test_client_sets_the_header():
    with Flask("tea").test_request_context(method="POST", json=ORDER):
        assert request.headers["Content-Type"] == JSON
        assert request.get_json() == ORDER


def test_the_remaining_data_of_a_form_type_cannot_be_decoded():
    body = json.dumps(ORDER)
    with Flask("tea").test_request_context(method="POST", data=body, content_type="text/plain"):
        assert json.loads(request.data) == ORDER
    with Flask("tea").test_request_context(method="POST", data=body, content_type=FORM):
        assert request.data == b""
    with Flask("tea").test_request_context(method="POST", data=body, content_type=FORM):
        assert request.get_json(force=True) == ORDER


def test_without_the_handler_an_error_is_a_page():
    bare = Flask("tea")
    bare.post("/")(lambda: request.get_json())
    response = bare.test_client().post("/", data="x", content_type=JSON)
    assert (response.status_code, response.mimetype) == (400, "text/html")


# Text and bytes in Python


def test_text_and_bytes_do_not_mix():
    text, raw = "tea", b"tea"
    with pytest.raises(TypeError, match="can only concatenate str"):
        text += raw
    with pytest.raises(TypeError, match="can't concat str to bytes"):
        raw += text
    assert len({"tea", b"tea"}) == 2


def test_formatting_accepts_bytes_and_shows_their_repr():
    name = "茶".encode()
    written = r"b'\xe8\x8c\xb6'"
    assert "%s" % name == f"{name}" == "{}".format(name) == str(name) == written  # noqa: UP031, UP032
    assert "%s" % name.decode() == "茶"  # noqa: UP031


@pytest.mark.parametrize(("option", "warnings", "errors"), [("-b", 5, 0), ("-bb", 0, 5)])
def test_python_b_warns_where_bytes_are_used_as_text(option, warnings, errors):
    lines = ["name = b'x'"]
    for statement in ["'%s' % b'x'", "f'{name}'", "str(name)", "'x' == name", "name in ['x']"]:
        lines += ["try:", f"    {statement}", "except BytesWarning:", "    print('error')"]
    program = [sys.executable, "-E", "-S", option, "-c", "\n".join(lines)]
    done = subprocess.run(program, capture_output=True, check=True, text=True)
    assert done.stderr.count("BytesWarning") == warnings
    assert done.stdout.count("error") == errors


def test_decoding_as_ascii_happens_only_where_it_is_asked_for():
    assert "参数a=%s" % "值" == "参数a=值"  # noqa: UP031 - the example in older tutorials
    with pytest.raises(UnicodeDecodeError, match="'ascii' codec can't decode byte 0xe5"):
        "值".encode().decode("ascii")


def test_the_prefix_u_changes_nothing():
    assert ast.literal_eval('u"值"') == "值"
    assert type(ast.literal_eval('u"值"')) is str
    assert type(ast.literal_eval('"值"')) is str


def test_two_bytes_beyond_ascii_are_one_character_of_gbk():
    with pytest.raises(UnicodeDecodeError):
        b"\xd3\xde".decode("ascii")
    assert b"\xd3\xde".decode("gbk") == "愚"


def test_an_undefined_name_is_reported_when_the_line_runs():
    program = compile("def late():\n    print(value)", "sample", "exec")
    names = {}
    exec(program, names)  # noqa: S102 - only text of this test
    with pytest.raises(NameError, match="name 'value' is not defined"):
        names["late"]()


def test_replaced_characters_are_lost():
    both = [each.decode("utf-8", "replace") for each in (NOT_UTF8, b"\xb2\xec")]
    assert both == ["��", "��"]
    assert NOT_UTF8.decode("gbk") != b"\xb2\xec".decode("gbk")


def test_a_file_read_with_the_charset_of_another_machine_is_mojibake(tmp_path):
    path = tmp_path / "tea.txt"
    path.write_text("你好", encoding="utf-8")
    with open(path, encoding="gbk") as file:
        assert file.read() == "浣犲ソ"
    with open(path, encoding="utf-8") as file:
        assert file.read() == "你好"


# Text and bytes in a request


NOT_UTF8 = b"\xb2\xe8"  # 茶 in GBK


def test_the_body_is_bytes_and_fields_are_text():
    with request_with(method="POST", data={"c": "3"}, query_string={"a": "1"}):
        assert type(request.form["c"]) is str
        assert type(request.args["a"]) is str
        assert type(request.path) is str
    with request_with(method="POST", data="茶", content_type="text/plain"):
        assert request.get_data() == b"\xe8\x8c\xb6"
        assert type(request.get_data()) is bytes


def test_a_view_that_returns_text_is_sent_as_utf_8():
    small = Flask("small")
    small.get("/")(lambda: "茶")
    response = small.test_client().get("/")
    assert response.content_type == "text/html; charset=utf-8"
    assert response.data == "茶".encode()


def test_in_a_path_they_are_replaced():
    small = Flask("small")
    small.get("/<word>")(lambda word: [word])
    client = small.test_client()
    assert client.get("/%E8%8C%B6").json == ["茶"]
    assert client.get("/%B2%E8").json == ["��"]


@pytest.mark.parametrize("content_type", [f"{FORM}; charset=gbk", FORM])
def test_an_announced_charset_changes_nothing_for_a_form(content_type):
    with request_with(method="POST", data="a=%B2%E8", content_type=content_type):
        assert request.form["a"] == "%B2%E8"


@pytest.mark.parametrize(
    ("charset", "text"), [("gbk", "��"), ("utf-8", "��"), ("iso-8859-1", "²è"), ("ascii", "��")]
)
def test_in_a_multipart_field_they_are_replaced_unless_it_names_a_charset(charset, text):
    head = (
        f"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; {charset=!s}"
    )
    body = head.encode() + b"\r\n\r\n" + NOT_UTF8 + b"\r\n--B--\r\n"
    with request_with(method="POST", data=body, content_type="multipart/form-data; boundary=B"):
        assert request.form["a"] == text


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=gbk"])
def test_in_json_they_are_400(content_type):
    small = Flask("small")
    small.post("/")(lambda: [request.get_json()])
    client = small.test_client()
    body = b'"' + NOT_UTF8 + b'"'
    assert client.post("/", data=body, content_type=content_type).status_code == 400
    assert client.post("/", data='"茶"'.encode(), content_type=content_type).json == ["茶"]


def test_a_header_is_read_as_iso_8859_1():
    with request_with(headers={"X-Drink": bytes(range(0x20, 0x100)).decode("iso-8859-1")}):
        assert request.headers["X-Drink"].encode("iso-8859-1") == bytes(range(0x20, 0x100))
    with request_with(environ_base={"HTTP_X_DRINK": "茶".encode().decode("iso-8859-1")}):
        assert request.headers["X-Drink"] == "è\x8c¶"


def test_one_raw_byte_makes_the_whole_form_empty():
    with request_with(method="POST", data=b"b=1&a=" + NOT_UTF8, content_type=FORM):
        assert request.form.to_dict() == {}
    with request_with(method="POST", data="b=1&a=茶".encode(), content_type=FORM):
        assert request.form.to_dict() == {"b": "1", "a": "茶"}


def test_percent_encoded_bytes_that_are_not_utf_8_stay_encoded():
    with Flask("tea").test_request_context(method="POST", data=b"a=%ff&b=1%00", content_type=FORM):
        assert request.form.to_dict() == {"a": "%FF", "b": "1\0"}
