import gc
import re
import warnings
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
import werkzeug
from flask import Flask, request
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from day02.file_upload.app import EXAMPLE, SUFFIXES, create_app, new_name

SAMPLE = Path(__file__).resolve().parents[2] / "day02" / "file_upload" / "tea.png"
# Line ends of both kinds, a NUL, and bytes that are no UTF-8: changed by anything but a true copy.
PNG = SAMPLE.read_bytes() + b"\r\n\n\r\0\xff\xfe" + bytes(range(256))
MULTIPART = "multipart/form-data; boundary=B"

both_ways = pytest.mark.parametrize("path", ["/save", "/by-hand"])


@pytest.fixture(autouse=True)
def no_debug_mode(monkeypatch):
    """Let this machine's FLASK_DEBUG not change what is answered."""
    monkeypatch.delenv("FLASK_DEBUG", raising=False)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "srv" / "shop" / "uploads"


@pytest.fixture
def app(folder):
    return create_app({"DATA_FOLDER": folder})


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def forgetful():
    """Allow Werkzeug to leave a half-read file to the garbage collector, which grumbles."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def send(client, path, name="tea.png", content=PNG, **options):
    return client.post(path, data={"file": (BytesIO(content), name)}, **options)


def part(disposition, content=b"x"):
    """Write a multipart body by hand, for what no honest client sends."""
    head = b"--B\r\nContent-Disposition: form-data; " + disposition
    return head + b"\r\n\r\n" + content + b"\r\n--B--\r\n"


def said(response):
    """Return status and explanation of a refusal."""
    return response.status_code, unescape(re.search("<p>(.*)</p>", response.text)[1])


def kept(response):
    """Return what the page says: name of the sender, size, link, our name."""
    assert response.status_code == 201
    words = r'Kept <q>(.*)</q>, (\d+) bytes, as\s+<a href="(.*)">(.*)</a>'
    original, size, link, name = re.search(words, response.text).groups()
    return unescape(original), int(size), link, name


def files_below(path):
    return {each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()}


@pytest.mark.point("D2-17")
def test_the_page_has_a_multipart_form_with_a_file_field_and_two_buttons(client):
    page = client.get("/").text
    form = re.search("<form.*?</form>", page, re.DOTALL)[0]
    assert form.startswith('<form action="/save" method="post" enctype="multipart/form-data">')
    field = re.search("<input[^>]*>", form)[0]
    assert 'name="file"' in field
    assert 'type="file"' in field
    assert f'accept="{",".join(SUFFIXES)}"' in field
    assert '<label for="file">' in form
    assert re.findall("<button(.*?)>", form) == ["", ' formaction="/by-hand"']
    assert "None yet." in page


@pytest.mark.point("D2-14", "S2-30", "D2-15", "D2-16")
@both_ways
def test_a_file_is_kept_byte_for_byte_and_comes_back_as_an_attachment(client, folder, path):
    original, size, link, name = kept(send(client, path))
    assert (original, size, link) == ("tea.png", len(PNG), f"/files/{name}")
    assert (folder / name).read_bytes() == PNG
    with client.get(link) as answer:
        assert answer.data == PNG
        assert answer.mimetype == "image/png"
        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert f'<li><a href="{link}">{name}</a></li>' in client.get("/").text


@pytest.mark.point("D2-14")
@both_ways
def test_an_empty_file_is_a_file_too(client, path):
    assert kept(send(client, path, "empty.txt", b""))[:2] == ("empty.txt", 0)


@pytest.mark.point("D2-14")
def test_files_are_storages_with_a_name_a_type_and_bytes_and_fields_are_not_among_them():
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


def test_with_brackets_a_missing_file_is_400_without_further_words():
    small = Flask("small")
    small.post("/")(lambda: request.files["file"].filename)
    assert small.test_client().post("/").status_code == 400


@pytest.mark.point("D2-16", "S2-32")
@both_ways
def test_two_uploads_of_one_name_are_two_files(client, folder, path):
    first = kept(send(client, path, content=b"first"))[3]
    second = kept(send(client, path, content=b"second"))[3]
    assert files_below(folder) == {first, second}
    assert (folder / first).read_bytes() == b"first"
    assert (folder / second).read_bytes() == b"second"


ATTACKS = [
    "../evil.png",
    "../../evil.png",
    "../../../../../../evil.png",
    "/tmp/evil.png",
    "..\\..\\evil.png",
    "C:\\evil.png",
    "x/../../evil.png",
    "./evil.png",
    "sub/evil.png",
    "file:///evil.png",
    "evil.exe%00.png",
    "....//evil.png",
    "-rf.png",
    "con.png",
    "x" * 5000 + ".png",
]


@pytest.mark.point("D2-15", "D2-16")
@pytest.mark.parametrize("name", ATTACKS, ids=lambda name: name[:30])
@both_ways
def test_no_name_of_the_sender_decides_where_a_file_lands(client, folder, tmp_path, path, name):
    original, _, _, ours = kept(send(client, path, name))
    assert re.fullmatch(r"[0-9a-f]{32}\.png", ours)
    assert files_below(tmp_path) == {f"srv/shop/uploads/{ours}"}
    assert original.endswith("evil.png" if "evil" in name and "exe" not in name else name[-5:])


@pytest.fixture
def naive(folder):
    """Give the upload of older material, in a folder that the test owns."""
    app = Flask("naive")
    folder.mkdir(parents=True)

    @app.post("/save")
    def save():
        upload = request.files["file"]
        upload.save(f"{folder}/{upload.filename}")
        return "saved"

    @app.post("/by-hand")
    def by_hand():
        upload = request.files["file"]
        with open(folder / upload.filename, "wb") as file:
            file.write(upload.read())
        return "saved"

    return app.test_client()


@pytest.mark.point("D2-15", "D2-16")
@pytest.mark.parametrize(
    ("name", "lands"), [("../app.py", "srv/shop/app.py"), ("../../../evil.py", "evil.py")]
)
@both_ways
def test_the_naive_way_writes_outside_of_its_folder(naive, client, tmp_path, path, name, lands):
    assert send(naive, path, name, b"stolen").text == "saved"
    assert files_below(tmp_path) == {lands}
    assert (tmp_path / lands).read_bytes() == b"stolen"
    # The calculation of the lesson says the same place.
    answer = client.post("/where", data={"name": name}).json
    assert answer["joined"] == f"/{lands}"
    assert answer["stays_inside"] is False


@pytest.mark.point("D2-15")
def test_an_absolute_name_drops_the_folder_altogether(naive, client, tmp_path):
    victim = tmp_path / "victim.txt"
    send(naive, "/by-hand", str(victim), b"stolen")
    assert victim.read_bytes() == b"stolen"
    answer = client.post("/where", data={"name": "/etc/hosts"}).json
    assert (answer["joined"], answer["stays_inside"]) == ("/etc/hosts", False)


@pytest.mark.point("D2-16")
@both_ways
def test_the_naive_way_overwrites_a_file_of_the_same_name(naive, folder, path):
    send(naive, path, content=b"first")
    send(naive, path, content=b"second")
    assert files_below(folder) == {"tea.png"}
    assert (folder / "tea.png").read_bytes() == b"second"


@pytest.mark.point("D2-15")
def test_after_read_save_finds_nothing_left_unless_rewound(tmp_path):
    app = Flask("small")

    @app.post("/")
    def look_then_save():
        upload = request.files["file"]
        upload.read()
        upload.save(tmp_path / "nothing")
        upload.seek(0)
        upload.save(tmp_path / "all")
        return "saved"

    assert send(app.test_client(), "/").text == "saved"
    assert (tmp_path / "nothing").read_bytes() == b""
    assert (tmp_path / "all").read_bytes() == PNG


@pytest.mark.point("D2-15")
def test_a_file_opened_for_text_takes_no_bytes(tmp_path):
    upload = FileStorage(BytesIO(PNG), "tea.png")
    with open(tmp_path / "text", "w") as file, pytest.raises(TypeError, match="not bytes"):
        file.write(upload.read())


@pytest.mark.parametrize(
    ("name", "joined", "inside", "secure"),
    [
        ("tea.png", f"{EXAMPLE}/tea.png", True, "tea.png"),
        ("sub/tea.png", f"{EXAMPLE}/sub/tea.png", True, "sub_tea.png"),
        ("../static/logo.png", "/srv/shop/static/logo.png", False, "static_logo.png"),
        ("../uploads-old/tea.png", "/srv/shop/uploads-old/tea.png", False, "uploads-old_tea.png"),
        ("../uploads/tea.png", f"{EXAMPLE}/tea.png", True, "uploads_tea.png"),
        ("..", "/srv/shop", False, ""),
        (".", EXAMPLE, False, ""),
        ("茶.png", f"{EXAMPLE}/茶.png", True, "png"),
    ],
)
def test_where_calculates_the_place_and_both_defences(client, name, joined, inside, secure):
    answer = client.post("/where", data={"name": name}).json
    ours = answer.pop("our_name")
    assert answer == {"joined": joined, "stays_inside": inside, "secure_filename": secure}
    assert (ours is None) == (not name.endswith(".png"))


def test_where_writes_nothing(client, tmp_path):
    client.post("/where", data={"name": "../static/logo.png"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/where", "/save", "/by-hand"])
def test_an_empty_body_is_400(client, path):
    assert client.post(path).status_code == 400


@pytest.mark.point("S2-31")
def test_secure_filename_lives_in_werkzeug_utils():
    with pytest.raises(AttributeError, match="secure_filename"):
        _ = werkzeug.secure_filename
    assert werkzeug.utils.secure_filename is secure_filename


@pytest.mark.point("S2-31")
def test_a_bare_name_lands_in_the_folder_from_which_the_program_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FileStorage(BytesIO(b"tea")).save(secure_filename("../tea.txt"))
    assert files_below(tmp_path) == {"tea.txt"}


@pytest.mark.point("S2-32")
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


@pytest.mark.point("S2-32")
@both_ways
def test_chinese_names_are_kept_apart_and_shown_as_they_are(client, folder, path):
    names = ["茶.png", "水.png"]
    answers = [kept(send(client, path, name)) for name in names]
    assert [original for original, *_ in answers] == names
    assert len(files_below(folder)) == 2


@both_ways
def test_the_name_of_the_sender_is_shown_as_text(client, path):
    response = send(client, path, "<img src=x onerror=alert(1)>.png")
    assert "<img" not in response.text
    assert kept(response)[0] == "<img src=x onerror=alert(1)>.png"


@pytest.mark.point("S2-32")
@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.png", ".png"),
        ("a.PNG", ".png"),
        ("a.b.JpEg", ".jpeg"),
        ("a.exe.txt", ".txt"),
        ("a.jpg", ".jpg"),
        ("a.pdf", ".pdf"),
    ],
)
def test_a_wanted_ending_is_all_that_survives_of_a_name(client, folder, name, suffix):
    ours = kept(send(client, "/save", name))[3]
    assert re.fullmatch(rf"[0-9a-f]{{32}}\{suffix}", ours)
    assert new_name(name) != new_name(name)


@pytest.mark.point("S2-32")
@pytest.mark.parametrize(
    "name",
    [
        *["a.exe", "a.py", "a.html", "a.svg", "a.png.exe", "a.png.", "a.ｐng", "a.png:x"],
        *["a.png/..", "png", ".png", "a", "a.", "..", "/"],
    ],
)
def test_any_other_ending_is_415_and_leaves_nothing_behind(client, tmp_path, name):
    status, words = said(send(client, "/save", name))
    assert status == 415
    assert words == "Send a file that ends in .txt, .png, .jpg, .jpeg, .pdf."
    assert list(tmp_path.iterdir()) == []


def test_an_ending_says_nothing_about_the_content_so_files_are_never_opened_as_pages(client):
    page = b"<script>alert(1)</script>"
    link = kept(send(client, "/save", "cat.png", page, content_type="multipart/form-data"))[2]
    with client.get(link) as answer:
        assert answer.data == page
        assert answer.mimetype == "image/png"
        assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.point("D2-14")
@both_ways
def test_a_form_sent_without_choosing_a_file_is_400(client, tmp_path, path):
    body = part(b'name="file"; filename=""', b"")
    response = client.post(path, data=body, content_type=MULTIPART)
    assert said(response) == (400, "There is no name. Choose a file first.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.point("D2-14", "D2-17", "S2-31")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"data": {"file": "tea.png"}},  # a browser sends this when the enctype is missing
        {"data": {"file": "tea.png"}, "content_type": "multipart/form-data"},
        {"data": part(b'name="picture"; filename="tea.png"'), "content_type": MULTIPART},
        {"data": PNG, "content_type": "image/png"},
        {"json": {"file": "tea.png"}},
    ],
    ids=["nothing", "urlencoded", "text field", "other field", "bare file", "json"],
)
@both_ways
def test_a_request_without_the_file_is_400(client, tmp_path, path, options):
    response = client.post(path, **options)
    assert said(response) == (400, "Send a multipart form with a file in its field 'file'.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", MULTIPART),
        (b"junk", MULTIPART),
        (b"--B\r\n", MULTIPART),
        (b"--B\r\n\r\nx\r\n--B--\r\n", MULTIPART),
        (b"--B\r\nno header\r\n\r\nx\r\n--B--\r\n", MULTIPART),
        (part(b'name="file"; filename="a.png"'), "multipart/form-data"),
        (part(b'name="file"; filename="a.png"'), "multipart/form-data; boundary="),
        (part(b'name="file"; filename="a.png"'), "multipart/form-data; boundary=\xe9"),
        (part(b'name="file"; filename="a.png"'), "multipart/form-data; boundary=C"),
        (part(b'filename="a.png"'), MULTIPART),
        (part(b'name="file"; filename="\xb2\xe8.png"'), MULTIPART),  # a name in GBK
        (part(b'name="file"; filename="a\0.png"'), MULTIPART),
        (part(b'name="file"; filename="a.png\0"'), MULTIPART),
        (part(b'name="file"; filename="a.exe\0.png"'), MULTIPART),
        (part(b"name=\"file\"; filename*=UTF-8''a%0d%0ab.png"), MULTIPART),
        (part(b'name="file"; filename="a\x1b[31m.png"'), MULTIPART),
        (part(b'name="file"; filename="a\x7f.png"'), MULTIPART),
    ],
)
def test_a_broken_or_crooked_form_is_400(client, tmp_path, body, content_type):
    response = client.post("/save", data=body, content_type=content_type)
    assert response.status_code == 400
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("forgetful")
def test_a_form_that_breaks_off_is_400(client, tmp_path):
    body = part(b'name="file"; filename="a.png"', PNG)[:-9]
    assert client.post("/save", data=body, content_type=MULTIPART).status_code == 400
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a\0.png", "a\x1b[31m.png", "\x7f.png", "\x1f.png"])
def test_a_control_character_in_a_name_is_refused(client, name):
    words = "The name holds a control character."
    assert said(client.post("/where", data={"name": name})) == (400, words)
    assert said(send(client, "/save", name)) == (400, words)


@pytest.mark.parametrize("name", ["Bildschirm\u202ffoto.png", "茶\u3000一.png", "👩\u200d🍳.png"])
def test_unusual_but_honest_names_are_welcome(client, name):
    assert kept(send(client, "/save", name))[0] == name


def body_of(length):
    """Write a multipart body of exactly that many bytes."""
    frame = part(b'name="file"; filename="tea.png"', b"")
    return part(b'name="file"; filename="tea.png"', bytes(length - len(frame)))


@pytest.mark.point("D2-15", "S2-32")
@both_ways
def test_the_limit_counts_every_byte_of_the_body(folder, path):
    config = {"DATA_FOLDER": folder, "MAX_CONTENT_LENGTH": 1000}
    client = create_app(config).test_client()
    beyond = client.post(path, data=body_of(1001), content_type=MULTIPART)
    assert said(beyond) == (413, "The data value transmitted exceeds the capacity limit.")
    assert not folder.exists()
    assert client.post(path, data=body_of(1000), content_type=MULTIPART).status_code == 201


@pytest.mark.parametrize(("length", "status"), [(1_000_000, 201), (1_000_001, 413)])
def test_the_limit_is_a_million_bytes(client, length, status):
    response = client.post("/save", data=body_of(length), content_type=MULTIPART)
    assert response.status_code == status


@pytest.mark.usefixtures("forgetful")
def test_a_body_of_unannounced_length_is_limited_too(folder):
    client = create_app({"DATA_FOLDER": folder, "MAX_CONTENT_LENGTH": 1000}).test_client()

    def post(length):
        return client.post(
            "/save",
            input_stream=BytesIO(body_of(length)),
            content_type=MULTIPART,
            environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        )

    assert post(1001).status_code == 413
    assert not folder.exists()
    assert post(999).status_code == 201


@pytest.mark.parametrize("path", ["/save", "/by-hand", "/where"])
def test_a_page_cannot_make_the_browser_upload_by_a_mere_link(client, path):
    assert client.get(path).status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        *["missing.png", "..", ".", "%2e%2e", "../secret.txt", "..%2fsecret.txt"],
        *["%2e%2e%2fsecret.txt", "..%5csecret.txt", "%00", "a%00.png", "%ff", "sub"],
        "sub/inner.txt",
    ],
)
def test_only_files_of_the_folder_are_handed_out(client, folder, name):
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "inner.txt").write_text("inner")
    (folder.parent / "secret.txt").write_text("secret")
    response = client.get(f"/files/{name}")
    assert response.status_code == 404
    assert "secret" not in response.text


def test_before_the_first_upload_there_is_no_folder_and_nothing_breaks(client, tmp_path):
    assert client.get("/").status_code == 200
    assert client.get("/files/tea.png").status_code == 404
    assert list(tmp_path.iterdir()) == []
    send(client, "/save")
    assert len(files_below(tmp_path)) == 1


def test_by_default_the_folder_lies_below_instance(app):
    default = create_app()
    assert default.config["DATA_FOLDER"] == Path(app.instance_path) / "day02_file_upload"
    assert Path(app.instance_path).name == "instance"


def test_a_folder_given_as_text_relative_to_here_works_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    client = create_app({"DATA_FOLDER": "uploads"}).test_client()
    link = kept(send(client, "/save"))[2]
    assert len(files_below(tmp_path / "uploads")) == 1
    with client.get(link) as answer:
        assert answer.data == PNG
