"""The cycle of a migration: write a script, apply it, go back, and see where the database is.

Begin with test_upgrade_applies_the_scripts_and_notes_it_in_the_database. The rows of the example
are followed in test_migrations_example.py, the other commands of the lesson in
test_migrations_workspace.py.
"""

import re
import sqlite3
from contextlib import closing

import pytest

from day04.migrations.app import LIMIT, create_app
from tests.day04.migrations import (
    AUTHORS,
    BOOKS,
    EXAMPLE,
    TEMPLATE,
    command_in_a_process,
    fill,
    script,
)
from tests.helpers import page


@pytest.fixture
def client(tmp_path):
    return create_app({"DATA_FOLDER": tmp_path}).test_client()


@pytest.mark.point("D4-01", "D4-08", "D6-47")
def test_upgrade_applies_the_scripts_and_notes_it_in_the_database(flask_command, db, rows, schema):
    flask_command("start-over")
    db("init", "-t", str(TEMPLATE))
    assert "Detected added table 'author'" in db("migrate", "-m", "Create", "--rev-id", "0001")
    assert schema().keys() == {"alembic_version"}  # migrate writes a script, and no tables
    assert rows("SELECT version_num FROM alembic_version") == []
    assert "Running upgrade  -> 0001, Create." in db("upgrade")
    assert schema().keys() == {"alembic_version", "author", "book"}
    assert rows("SELECT version_num FROM alembic_version") == [("0001",)]
    assert "Running" not in db("upgrade")  # each script once


@pytest.mark.point("D4-06", "D4-07", "D6-46")
def test_migrate_writes_a_script_that_is_named_after_its_message(own, db, workspace):
    path = script(workspace, "0001")
    assert path.name == "0001_create_authors_and_books.py"
    assert "create_table" in path.read_text()
    assert "0001 (head), Create authors and books." in db("history")


@pytest.mark.point("D4-09")
def test_history_and_current_tell_the_chain_and_the_place_in_it(example, db):
    assert db("history").splitlines() == [
        "0002 -> 0003 (head), Count the copies.",
        "0001 -> 0002, Rename name to full_name.",
        "<base> -> 0001, Create authors and books.",
    ]
    assert db("current").splitlines()[-1] == "0001"
    db("upgrade")
    assert db("current").splitlines()[-1] == "0003 (head)"


@pytest.mark.point("D6-48")
def test_downgrade_goes_one_step_or_to_a_revision_or_to_base(example, db, rows, schema):
    def revision():
        return rows("SELECT version_num FROM alembic_version")

    db("upgrade")
    db("downgrade")
    assert revision() == [("0002",)]
    before = schema()
    assert "Can't locate revision identified by '9999'" in db("downgrade", "9999", code=1)
    assert (revision(), schema()) == ([("0002",)], before)
    db("upgrade")
    db("downgrade", "0001")
    assert revision() == [("0001",)]
    db("downgrade", "base")
    assert revision() == []
    assert schema().keys() == {"alembic_version"}


def test_the_page_and_the_json_show_where_the_database_is(client, flask_command, db, tmp_path):
    html = page(client.get("/"))
    assert html.strong.text == "none"
    assert "start-over" in html.code.text
    flask_command("start-over", "--example")
    db("upgrade", "0001")
    fill(tmp_path)
    state = client.get("/state").json
    assert state["revisions"] == ["0001"]
    assert state["tables"].keys() == {"author", "book"}
    assert state["tables"]["author"] == {
        "columns": ["id", "name"],
        "rows": [list(author) for author in AUTHORS],
    }
    html = page(client.get("/"))
    assert html.strong.text == "0001"
    assert [each.text for each in html.select("caption")] == ["author", "book"]
    assert [each.text for each in html.select("table")[0].select("th")] == ["id", "name"]
    assert html.td.find_next("td").text == "Jane Austen"


# Edges of the cycle


@pytest.mark.second_half
@pytest.mark.point("D4-01")
def test_the_cycle_in_processes_of_its_own_with_warnings_as_errors(flask_command, db, tmp_path):
    flask_command("start-over")
    db("init", "-t", str(TEMPLATE))
    for step in ["migrate", "-m", "Create"], ["upgrade"]:
        done = command_in_a_process(tmp_path, "db", *step)
        assert done.returncode == 0, done.stderr
    assert "Running upgrade" in done.stderr


def test_a_revision_is_random_unless_it_is_given(flask_command, db, workspace):
    flask_command("start-over")
    db("init", "-t", str(TEMPLATE))
    db("migrate", "-m", "Create")
    [path] = (workspace / "migrations" / "versions").glob("*.py")
    assert re.fullmatch("[0-9a-f]{12}_create.py", path.name)


@pytest.mark.point("D4-05", "D6-45")
def test_init_makes_the_folder_once(flask_command, db, workspace):
    flask_command("start-over")
    db("init")
    migrations = workspace / "migrations"
    names = {path.name for path in migrations.iterdir()}
    assert {"alembic.ini", "env.py", "script.py.mako", "versions"} <= names
    (migrations / "env.py").write_text("# mine")
    assert "already exists and is not empty" in db("init", code=1)
    assert (migrations / "env.py").read_text() == "# mine"


@pytest.mark.point("D4-06")
def test_a_rename_is_drafted_as_add_and_drop(own, flask_command, db, workspace):
    flask_command("take", "models", "2")
    said = db("migrate", "-m", "Rename", "--rev-id", "0002")
    assert "Detected added column 'author.full_name'" in said
    assert "Detected removed column 'author.name'" in said
    draft = script(workspace, "0002").read_text()
    assert "add_column" in draft
    assert "drop_column" in draft
    assert "new_column_name" not in draft


@pytest.mark.point("D4-06")
def test_the_draft_of_a_rename_throws_the_names_away_where_it_can(own, db, models, rows):
    models(("name: Mapped[str] = ", "full_name: Mapped[str | None] = "))
    db("migrate", "-m", "Rename", "--rev-id", "0002")
    db("upgrade")
    assert rows("SELECT * FROM author") == [(1, None), (2, None)]


@pytest.mark.point("D4-06")
def test_migrate_wants_the_database_at_head(own, flask_command, db, workspace):
    flask_command("take", "models", "3")
    db("migrate", "-m", "More", "--rev-id", "0002")
    assert "Target database is not up to date" in db("migrate", "-m", "Again", code=1)
    assert len(list((workspace / "migrations" / "versions").glob("*.py"))) == 2


@pytest.mark.point("D4-06")
def test_models_that_were_not_imported_look_like_tables_to_be_dropped(own, db, models, workspace):
    text = (workspace / "models.py").read_text()
    models((text[text.index("class Author") :], ""))
    said = db("migrate", "-m", "Lost", "--rev-id", "0002")
    assert "Detected removed table 'author'" in said
    assert 'drop_table("author")' in script(workspace, "0002").read_text().replace("'", '"')


def test_no_script_is_written_where_nothing_has_changed(own, db, workspace):
    assert "No changes in schema detected." in db("migrate", "-m", "Nothing")
    assert len(list((workspace / "migrations" / "versions").glob("*.py"))) == 1
    db("revision", "-m", "Empty", "--rev-id", "0002")  # asked for by name
    assert "pass" in script(workspace, "0002").read_text()


@pytest.mark.point("D6-48")
def test_what_a_dropped_column_held_is_lost(example, db, rows):
    db("upgrade")
    rows("UPDATE book SET copies = 7")
    db("downgrade")
    db("upgrade")
    assert rows("SELECT DISTINCT copies FROM book") == [(1,)]


def test_check_fails_while_a_script_is_missing(own, flask_command, db):
    assert "No new upgrade operations detected" in db("check")
    flask_command("take", "models", "3")
    assert "New upgrade operations detected" in db("check", code=1)


UNIQUE = ("String(80), unique=True", "String(80)")


def test_without_a_name_a_dropped_unique_is_not_even_noticed(
    flask_command, db, models, schema, workspace
):
    text = EXAMPLE.joinpath("models_1.py").read_text("utf-8")
    convention = text[text.index("    metadata = ") : text.index("\n\ndb = ")]
    for naming, seen in [(convention, "Detected removed unique constraint"), ("    pass", None)]:
        flask_command("start-over", "--yes")
        models((convention, naming))
        db("init", "-t", str(TEMPLATE))
        db("migrate")
        db("upgrade")
        assert ("uq_author_name" in schema()["author"]) is (seen is not None)
        assert "UNIQUE(name)" in schema()["author"]
        models(UNIQUE)
        assert (seen or "No changes in schema detected") in db("migrate")


def test_a_new_column_that_must_not_be_empty_needs_a_server_default(own, db, models, rows):
    title = "    title: Mapped[str] = mapped_column(String(120))\n"
    models((title, title + "    copies: Mapped[int]\n"))
    db("migrate", "--rev-id", "0002")
    assert "Cannot add a NOT NULL column" in db("upgrade", code=1)
    assert rows("SELECT * FROM book") == BOOKS
    assert rows("SELECT version_num FROM alembic_version") == [("0001",)]


KEY = "title: Mapped[str] = mapped_column("


CHECK = """    __table_args__ = (db.CheckConstraint("title != ''", name="title"),)\n"""


@pytest.mark.parametrize(
    "change",
    [
        ("    title: Mapped", CHECK + "    title: Mapped"),
        (KEY, KEY + "primary_key=True, type_="),
    ],
    ids=["check", "primary key"],
)
def test_alembic_sees_neither_a_new_check_nor_another_primary_key(own, db, models, change):
    models(change)
    assert "No changes in schema detected" in db("migrate")
    assert "No new upgrade operations detected" in db("check")


def test_an_upgrade_waits_for_a_lock_and_then_says_so(example, db, workspace):
    options = {"connect_args": {"timeout": 0.05}}
    with closing(sqlite3.connect(workspace / "library.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        said = db("upgrade", code=1, SQLALCHEMY_ENGINE_OPTIONS=options)
    assert "database is locked" in said
    assert "Traceback" not in said


def test_there_is_no_flask_db_before_there_are_models(flask_command, db):
    assert "No such command 'db'" in db("upgrade", code=2)
    flask_command("start-over")
    assert "upgrade" in db("--help")


def test_sql_is_printed_and_not_sent(flask_command, db, workspace):
    flask_command("start-over", "--example")
    said = db("upgrade", "0001", "--sql")
    assert "CREATE TABLE author" in said
    assert "INSERT INTO alembic_version" in said
    assert not (workspace / "library.db").exists()
    assert "ADD COLUMN copies INTEGER DEFAULT '1' NOT NULL" in db("upgrade", "0002:0003", "--sql")
    assert "requires a live database connection" in db("upgrade", "--sql", code=1)


FILL = """
def upgrade():
    authors = sa.table("author", sa.column("name", sa.String()))
    op.execute(authors.insert().values(name="Emily O'Hara"))
"""


def test_sql_that_is_printed_has_the_values_in_it(own, db, workspace):
    db("revision", "-m", "Fill", "--rev-id", "0002")
    path = script(workspace, "0002")
    path.write_text(path.read_text().split("def upgrade")[0] + FILL)
    said = db("upgrade", "0001:0002", "--sql")
    assert "INSERT INTO author (name) VALUES ('Emily O''Hara')" in said


# The page


def test_the_page_follows_each_command(example, client, db):
    db("upgrade")  # while the app is running
    state = client.get("/state").json
    assert state["revisions"] == ["0003"]
    assert state["tables"]["author"]["columns"] == ["id", "full_name"]
    assert page(client.get("/")).find("th", string="copies")
    db("downgrade", "base")
    assert page(client.get("/")).strong.text == "none"


@pytest.mark.parametrize("path", ["/", "/state"])
def test_looking_at_the_page_makes_no_database(client, flask_command, workspace, path):
    flask_command("start-over")
    assert client.get(path).status_code == 200
    assert [each.name for each in workspace.iterdir()] == ["models.py"]


def test_the_page_works_under_a_prefix(client):
    html = page(client.get("/", base_url="http://localhost/lessons/migrations/"))
    assert html.a["href"] == "/lessons/migrations/state"


def test_the_page_escapes_and_limits_what_it_shows(client, example, rows):
    rows("DELETE FROM author")
    rows('CREATE TABLE "<b>x""y" (a)')
    rows("INSERT INTO author (name) VALUES ('<script>alert(1)</script>')")
    for _ in range(LIMIT):
        rows("INSERT INTO author (name) SELECT max(id) FROM author")
    html = page(client.get("/"))
    assert not html.script
    assert not html.b
    assert html.find("td", string="<script>alert(1)</script>")
    assert f"first {LIMIT} rows" in html.text
    assert len(client.get("/state").json["tables"]["author"]["rows"]) == LIMIT


def test_bytes_in_a_row_do_not_break_the_json(client, example, rows):
    rows("INSERT INTO author (name) VALUES (x'ff00')")
    assert [3, repr(b"\xff\0")] in client.get("/state").json["tables"]["author"]["rows"]
    assert client.get("/").status_code == 200


def test_a_file_that_is_no_database_is_503(client, example, workspace):
    (workspace / "library.db").write_bytes(b"no database at all, but long enough" * 50)
    for path in "/", "/state":
        response = client.get(path)
        assert response.status_code == 503
        assert response.mimetype == "text/plain"
        assert "file is not a database" in response.text


def test_other_methods_and_paths(client):
    assert client.post("/").status_code == 405
    assert client.get("/nowhere").status_code == 404
    assert client.head("/").status_code == 200
