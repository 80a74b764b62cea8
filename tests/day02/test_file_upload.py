"""File uploads: files are stored under new names, and the sender's name is only shown.

Begin with test_a_file_is_stored_byte_for_byte_and_sent_back_as_an_attachment.
"""

import re
import shutil
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask, Request, request

from day02.file_upload import first
from day02.file_upload.app import EXAMPLE, SUFFIXES, create_app, new_name
from tests.day02.helpers import files_below, upload
from tests.helpers import ROOT, status_and_message

# Line ends of both kinds, NUL and bytes that are not UTF-8: only a true copy keeps them.
PNG = (ROOT / "day02/file_upload/tea.png").read_bytes() + b"\r\n\n\r\0\xff\xfe" + bytes(range(256))
MULTIPART = "multipart/form-data; boundary=B"

both_ways = pytest.mark.parametrize("path", ["/save", "/by-hand"])


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """Give a folder in place of the whole disk of a server."""
    return tmp_path_factory.mktemp("disk")


@pytest.fixture(scope="module")
def folder(disk):
    """Give the only folder on the disk in which the lesson may write."""
    return disk / "srv" / "shop" / "uploads"


@pytest.fixture(autouse=True)
def _empty_disk(disk):
    """Remove what a test has written."""
    yield
    for path in disk.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def app(folder):
    return create_app({"DATA_FOLDER": folder})


@pytest.fixture
def client(app):
    return app.test_client()


def stored(response):
    """Return what the page shows: the sender's name, the size, the link and the new name."""
    assert response.status_code == 201
    pattern = r'Stored <q>(.*)</q>, (\d+) bytes, as\s+<a href="(.*)">(.*)</a>'
    original, size, link, name = re.search(pattern, response.text).groups()
    return unescape(original), int(size), link, name


@both_ways
def test_a_file_is_stored_byte_for_byte_and_sent_back_as_an_attachment(client, folder, path):
    original, size, link, name = stored(upload(client, path, content=PNG))
    assert (original, size, link) == ("tea.png", len(PNG), f"/files/{name}")
    assert (folder / name).read_bytes() == PNG
    with client.get(link) as response:
        assert response.data == PNG
        assert response.mimetype == "image/png"
        assert response.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert f'<li><a href="{link}">{name}</a></li>' in client.get("/").text


@both_ways
def test_two_uploads_of_one_name_are_two_files(client, folder, path):
    first = stored(upload(client, path, content=b"first"))[3]
    second = stored(upload(client, path, content=b"second"))[3]
    assert files_below(folder) == {first, second}
    assert (folder / first).read_bytes() == b"first"
    assert (folder / second).read_bytes() == b"second"


def test_any_other_ending_is_415_and_leaves_nothing_behind(client, disk):
    for name in [
        *["a.exe", "a.py", "a.html", "a.svg", "a.png.exe", "a.png.", "a.ｐng", "a.png:x"],
        *["a.png/..", "png", ".png", "a", "a.", "..", "/"],
    ]:
        status, message = status_and_message(upload(client, "/save", name))
        assert status == 415, name
        assert message == "Send a file that ends in .txt, .png, .jpg, .jpeg, .pdf."
    assert list(disk.iterdir()) == []


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


def test_before_the_first_upload_there_is_no_folder_and_no_error(client, disk):
    assert client.get("/").status_code == 200
    assert client.get("/files/tea.png").status_code == 404
    assert list(disk.iterdir()) == []
    upload(client, "/save")
    assert len(files_below(disk)) == 1


# The small program


def test_the_small_program_stores_a_file_under_a_new_name(folder, disk):
    small = first.create_app({"DATA_FOLDER": folder}).test_client()
    assert 'enctype="multipart/form-data"' in small.get("/").text
    stored_names = set()
    for name in ["tea.png", "tea.png", "../evil.png"]:
        response = upload(small, "/save", name, PNG).json
        stored_names.add(response["stored"])
        assert (response["sent"], response["size"]) == (name, len(PNG))
        assert (folder / response["stored"]).read_bytes() == PNG
    assert files_below(disk) == {f"srv/shop/uploads/{name}" for name in stored_names}
    assert len(stored_names) == 3


def test_the_small_program_needs_a_file(folder, disk):
    small = first.create_app({"DATA_FOLDER": folder}).test_client()
    body = part(b'name="file"; filename=""', b"")
    for response in [
        small.post("/save"),
        small.post("/save", data={"file": "tea.png"}),
        small.post("/save", data=body, content_type=MULTIPART),
    ]:
        assert status_and_message(response) == (400, "Choose a file first.")
    assert list(disk.iterdir()) == []


# Edges


@both_ways
def test_an_empty_file_is_a_file_too(client, path):
    assert stored(upload(client, path, "empty.txt", b""))[:2] == ("empty.txt", 0)


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
def test_only_the_ending_of_a_name_is_kept(client, folder, name, suffix):
    ours = stored(upload(client, "/save", name))[3]
    assert re.fullmatch(rf"[0-9a-f]{{32}}\{suffix}", ours)
    assert new_name(name) != new_name(name)


@both_ways
def test_chinese_names_are_two_files_and_shown_as_they_are(client, folder, path):
    names = ["茶.png", "水.png"]
    responses = [stored(upload(client, path, name)) for name in names]
    assert [original for original, *_ in responses] == names
    assert len(files_below(folder)) == 2


@pytest.mark.parametrize("name", ["Bildschirm\u202ffoto.png", "茶\u3000一.png", "👩\u200d🍳.png"])
def test_unusual_names_are_accepted(client, name):
    assert stored(upload(client, "/save", name))[0] == name


def test_the_folder_may_be_a_relative_path(disk, monkeypatch):
    monkeypatch.chdir(disk)
    client = create_app({"DATA_FOLDER": "uploads"}).test_client()
    link = stored(upload(client, "/save"))[2]
    assert len(files_below(disk / "uploads")) == 1
    with client.get(link) as response:
        assert response.data == b"tea"


def test_by_default_the_folder_is_below_instance(app):
    default = create_app()
    assert default.config["DATA_FOLDER"] == Path(app.instance_path) / "day02_file_upload"
    assert Path(app.instance_path).name == "instance"


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
def test_where_shows_the_path_and_both_defences(client, name, joined, inside, secure):
    response = client.post("/where", data={"name": name}).json
    ours = response.pop("our_name")
    assert response == {"joined": joined, "stays_inside": inside, "secure_filename": secure}
    assert (ours is None) == (not name.endswith(".png"))


def test_where_writes_nothing(client, disk):
    client.post("/where", data={"name": "../static/logo.png"})
    assert list(disk.iterdir()) == []


# Requests that are not an upload


def part(disposition, content=b"x"):
    """Write a multipart body by hand, as no browser writes it."""
    head = b"--B\r\nContent-Disposition: form-data; " + disposition
    return head + b"\r\n\r\n" + content + b"\r\n--B--\r\n"


@pytest.mark.parametrize("path", ["/where", "/save", "/by-hand"])
def test_an_empty_body_is_400(client, path):
    assert client.post(path).status_code == 400


@both_ways
def test_a_form_sent_without_choosing_a_file_is_400(client, disk, path):
    body = part(b'name="file"; filename=""', b"")
    response = client.post(path, data=body, content_type=MULTIPART)
    assert status_and_message(response) == (400, "There is no name. Choose a file first.")
    assert list(disk.iterdir()) == []


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
def test_a_request_without_the_file_is_400(client, disk, options):
    for path in ["/save", "/by-hand"]:
        status, message = status_and_message(client.post(path, **options))
        assert status == 400
        assert message == "Send a multipart form with a file in its field 'file'."
    assert list(disk.iterdir()) == []


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
def test_a_malformed_form_is_400(client, disk, body, content_type):
    response = client.post("/save", data=body, content_type=content_type)
    assert response.status_code == 400
    assert list(disk.iterdir()) == []


@pytest.fixture
def files_in_memory(monkeypatch):
    """Keep a file of which only a part arrives in memory: Werkzeug does not close it."""
    monkeypatch.setattr(Request, "_get_file_stream", lambda *_, **__: BytesIO())


@pytest.mark.usefixtures("files_in_memory")
def test_an_incomplete_form_is_400(client, disk):
    body = part(b'name="file"; filename="a.png"', PNG)[:-9]
    assert client.post("/save", data=body, content_type=MULTIPART).status_code == 400
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize("path", ["/save", "/by-hand", "/where"])
def test_a_link_cannot_upload(client, path):
    assert client.get(path).status_code == 405


# Attacks


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


@pytest.mark.parametrize("name", ATTACKS, ids=lambda name: name[:30])
def test_no_name_of_the_sender_decides_where_a_file_is_stored(client, disk, name):
    paths = set()
    for view in ["/save", "/by-hand"]:
        original, _, _, ours = stored(upload(client, view, name))
        assert re.fullmatch(r"[0-9a-f]{32}\.png", ours)
        assert original.endswith("evil.png" if "evil" in name and "exe" not in name else name[-5:])
        paths.add(f"srv/shop/uploads/{ours}")
    assert files_below(disk) == paths


@pytest.fixture
def naive(folder):
    """Give a client of the upload in older tutorials, which trusts the sender's name."""
    app = Flask("naive")
    folder.mkdir(parents=True)

    @app.post("/save")
    def save():
        sent = request.files["file"]
        sent.save(f"{folder}/{sent.filename}")
        return "saved"

    @app.post("/by-hand")
    def by_hand():
        sent = request.files["file"]
        with open(folder / sent.filename, "wb") as file:
            file.write(sent.read())
        return "saved"

    return app.test_client()


@pytest.mark.parametrize(
    ("name", "target"), [("../app.py", "srv/shop/app.py"), ("../../../evil.py", "evil.py")]
)
@both_ways
def test_the_naive_way_writes_outside_of_its_folder(naive, client, disk, path, name, target):
    assert upload(naive, path, name, b"stolen").text == "saved"
    assert files_below(disk) == {target}
    assert (disk / target).read_bytes() == b"stolen"
    # The lesson shows the same path.
    response = client.post("/where", data={"name": name}).json
    assert response["joined"] == f"/{target}"
    assert response["stays_inside"] is False


def test_an_absolute_name_replaces_the_folder(naive, client, disk):
    victim = disk / "victim.txt"
    upload(naive, "/by-hand", str(victim), b"stolen")
    assert victim.read_bytes() == b"stolen"
    response = client.post("/where", data={"name": "/etc/hosts"}).json
    assert (response["joined"], response["stays_inside"]) == ("/etc/hosts", False)


@both_ways
def test_the_naive_way_overwrites_a_file_of_the_same_name(naive, folder, path):
    upload(naive, path, content=b"first")
    upload(naive, path, content=b"second")
    assert files_below(folder) == {"tea.png"}
    assert (folder / "tea.png").read_bytes() == b"second"


def test_only_files_of_the_folder_are_sent(client, folder):
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "inner.txt").write_text("inner")
    (folder.parent / "secret.txt").write_text("secret")
    for name in [
        *["missing.png", "..", ".", "%2e%2e", "../secret.txt", "..%2fsecret.txt"],
        *["%2e%2e%2fsecret.txt", "..%5csecret.txt", "%00", "a%00.png", "%ff", "sub"],
        "sub/inner.txt",
    ]:
        response = client.get(f"/files/{name}")
        assert response.status_code == 404, name
        assert "secret" not in response.text


@both_ways
def test_the_name_of_the_sender_is_shown_as_text(client, path):
    response = upload(client, path, "<img src=x onerror=alert(1)>.png")
    assert "<img" not in response.text
    assert stored(response)[0] == "<img src=x onerror=alert(1)>.png"


@pytest.mark.parametrize("name", ["a\0.png", "a\x1b[31m.png", "\x7f.png", "\x1f.png"])
def test_a_control_character_in_a_name_is_refused(client, name):
    for response in [client.post("/where", data={"name": name}), upload(client, "/save", name)]:
        assert status_and_message(response) == (
            400,
            "The name contains a control character. Rename the file.",
        )


def test_an_ending_says_nothing_about_the_content_so_files_are_never_opened_as_pages(client):
    page = b"<script>alert(1)</script>"
    link = stored(upload(client, "/save", "cat.png", page, content_type="multipart/form-data"))[2]
    with client.get(link) as response:
        assert response.data == page
        assert response.mimetype == "image/png"
        assert response.headers["Content-Disposition"].startswith("attachment")


def body_of(length):
    """Write a multipart body of exactly that many bytes."""
    frame = part(b'name="file"; filename="tea.png"', b"")
    return part(b'name="file"; filename="tea.png"', bytes(length - len(frame)))


@both_ways
def test_the_limit_counts_every_byte_of_the_body(folder, path):
    config = {"DATA_FOLDER": folder, "MAX_CONTENT_LENGTH": 1000}
    client = create_app(config).test_client()
    beyond = client.post(path, data=body_of(1001), content_type=MULTIPART)
    assert status_and_message(beyond) == (
        413,
        "The data value transmitted exceeds the capacity limit.",
    )
    assert not folder.exists()
    assert client.post(path, data=body_of(1000), content_type=MULTIPART).status_code == 201


def test_the_environment_changes_the_limit(folder, monkeypatch):
    monkeypatch.setenv("FLASK_MAX_CONTENT_LENGTH", "1000")
    client = create_app({"DATA_FOLDER": folder}).test_client()
    for length, status in [(1000, 201), (1001, 413)]:
        response = client.post("/save", data=body_of(length), content_type=MULTIPART)
        assert response.status_code == status


@pytest.mark.parametrize(("length", "status"), [(1_000_000, 201), (1_000_001, 413)])
def test_the_limit_is_a_million_bytes(client, length, status):
    response = client.post("/save", data=body_of(length), content_type=MULTIPART)
    assert response.status_code == status


@pytest.mark.usefixtures("files_in_memory")
def test_a_body_without_a_length_is_limited_too(folder):
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
