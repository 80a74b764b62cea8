"""The cycle of a migration: write a script, apply it, go back, and see where the database is.

Begin with test_four_commands_make_the_table_and_remove_it. The other commands of the lesson are
tested in test_migrations_workspace.py; what is difficult, in test_migration_trouble.py.
"""

import ast
import logging.config
import re
from pathlib import Path

import pytest

from day04.migrations import first
from day04.migrations.app import EXAMPLE, create_app
from day04.migrations.page import LIMIT
from tests.day04.migrations import (
    AUTHORS,
    BOOKS,
    TEMPLATE,
    command,
    command_in_a_process,
    fill,
    script,
)
from tests.helpers import page, set_up_alembic_logging


@pytest.fixture
def client(tmp_path):
    return create_app({"DATA_FOLDER": tmp_path}).test_client()


@pytest.fixture
def second(own, flask_command, db):
    """Write the second script, and do not apply it."""
    flask_command("take", "models", "2")
    db("migrate", "-m", "Count the copies", "--rev-id", "0002")


@pytest.fixture
def generated_env(monkeypatch):
    """Let the generated ``env.py`` set up no loggers but Alembic's."""
    monkeypatch.setattr(logging.config, "fileConfig", set_up_alembic_logging)


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")
def test_four_commands_make_the_table_and_remove_it(generated_env, tmp_path):
    def db(*words, code=0):
        app = first.create_app({"DATA_FOLDER": tmp_path})
        result = app.test_cli_runner().invoke(args=["db", *words])
        assert result.exit_code == code, result.output
        return result.output

    db("init")
    assert {path.name for path in (tmp_path / "first").iterdir()} == {"migrations"}
    assert "Detected added table 'author'" in db("migrate", "-m", "Create authors")
    [path] = (tmp_path / "first" / "migrations" / "versions").glob("*_create_authors.py")
    assert "op.create_table('author'" in path.read_text("utf-8")
    revision = path.name[:12]
    assert f"Running upgrade  -> {revision}, Create authors" in db("upgrade")
    db("check")
    assert f"Running downgrade {revision} -> , Create authors" in db("downgrade")
    db("check", code=1)


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")
def test_without_a_directory_the_scripts_are_where_flask_is_run(
    generated_env, tmp_path, monkeypatch
):
    migrate = first.Migrate

    class PlainMigrate(migrate):
        def __init__(self, app, db, directory):
            super().__init__(app, db)

    monkeypatch.setattr(first, "Migrate", PlainMigrate)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    command(first.create_app, tmp_path, "db", "init")
    assert Path("migrations", "env.py").exists()
    assert not (tmp_path / "first").exists()


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


def test_migrate_writes_a_script_that_is_named_after_its_message(own, db, workspace):
    path = script(workspace, "0001")
    assert path.name == "0001_create_authors_and_books.py"
    assert "create_table" in path.read_text()
    assert "0001 (head), Create authors and books." in db("history")


def test_history_and_current_tell_the_chain_and_the_place_in_it(second, db):
    assert db("history").splitlines() == [
        "0001 -> 0002 (head), Count the copies.",
        "<base> -> 0001, Create authors and books.",
    ]
    assert db("current").splitlines()[-1] == "0001"
    db("upgrade")
    assert db("current").splitlines()[-1] == "0002 (head)"


def test_downgrade_goes_one_step_or_to_a_revision_or_to_base(second, db, rows, schema):
    def revision():
        return rows("SELECT version_num FROM alembic_version")

    db("upgrade")
    db("downgrade")
    assert revision() == [("0001",)]
    before = schema()
    assert "Can't locate revision identified by '9999'" in db("downgrade", "9999", code=1)
    assert (revision(), schema()) == ([("0001",)], before)
    db("upgrade")
    db("downgrade", "0001")
    assert revision() == [("0001",)]
    db("downgrade", "base")
    assert revision() == []
    assert schema().keys() == {"alembic_version"}


def test_a_new_column_has_its_default_in_the_rows_that_are_there(second, db, rows, schema):
    before = schema()
    db("upgrade")
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == [(*book, 1) for book in BOOKS]
    assert "copiesINTEGERDEFAULT'1'NOTNULL" in schema()["book"]
    assert "REFERENCESauthor(id)ONDELETECASCADE" in schema()["book"]
    db("downgrade")
    assert rows("SELECT * FROM book") == BOOKS
    assert schema() == before


def test_the_page_and_the_json_show_where_the_database_is(client, flask_command, db, tmp_path):
    html = page(client.get("/"))
    assert html.strong.text == "none"
    assert html.code.text == "flask --app day04.migrations.app start-over"
    flask_command("start-over")
    db("init", "-t", str(TEMPLATE))
    db("migrate", "-m", "Create", "--rev-id", "0001")
    db("upgrade")
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
def test_the_cycle_in_processes_of_its_own_with_warnings_as_errors(flask_command, db, tmp_path):
    flask_command("start-over")
    db("init", "-t", str(TEMPLATE))
    for step in ["migrate", "-m", "Create"], ["upgrade"]:
        done = command_in_a_process(create_app, tmp_path, "db", *step)
        assert done.returncode == 0, done.stderr
    assert "Running upgrade" in done.stderr


def contents(text):
    """Return what a script does, without its docstrings, its comments and its layout."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if hasattr(node, "body") and isinstance(node.body, list):
            node.body = [each for each in node.body if not ast.unparse(each).startswith(('"', "'"))]
    return ast.dump(tree)


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_alembic_drafts_both_scripts_as_they_are_in_the_example(second, workspace, revision):
    [ours] = EXAMPLE.glob(f"versions/{revision}_*.py")
    draft = script(workspace, revision)
    assert draft.name == ours.name
    assert contents(draft.read_text("utf-8")) == contents(ours.read_text("utf-8"))


def test_a_revision_is_random_unless_it_is_given(flask_command, db, workspace):
    flask_command("start-over")
    db("init", "-t", str(TEMPLATE))
    db("migrate", "-m", "Create")
    [path] = (workspace / "migrations" / "versions").glob("*.py")
    assert re.fullmatch("[0-9a-f]{12}_create.py", path.name)


def test_init_makes_the_folder_once(flask_command, db, workspace):
    flask_command("start-over")
    db("init")
    migrations = workspace / "migrations"
    names = {path.name for path in migrations.iterdir()}
    assert {"alembic.ini", "env.py", "script.py.mako", "versions"} <= names
    (migrations / "env.py").write_text("# mine")
    assert "already exists and is not empty" in db("init", code=1)
    assert (migrations / "env.py").read_text() == "# mine"


def test_migrate_wants_the_database_at_head(own, flask_command, db, workspace):
    flask_command("take", "models", "2")
    db("migrate", "-m", "More", "--rev-id", "0002")
    assert "Target database is not up to date" in db("migrate", "-m", "Again", code=1)
    assert len(list((workspace / "migrations" / "versions").glob("*.py"))) == 2


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


def test_what_a_dropped_column_held_is_lost(second, db, rows):
    db("upgrade")
    rows("UPDATE book SET copies = 7")
    db("downgrade")
    db("upgrade")
    assert rows("SELECT DISTINCT copies FROM book") == [(1,)]


def test_check_fails_while_a_script_is_missing(own, flask_command, db):
    assert "No new upgrade operations detected" in db("check")
    flask_command("take", "models", "2")
    assert "New upgrade operations detected" in db("check", code=1)


def test_a_new_column_that_must_not_be_empty_needs_a_server_default(own, db, models, rows):
    title = "    title: Mapped[str] = mapped_column(String(120))\n"
    models((title, title + "    copies: Mapped[int]\n"))
    db("migrate", "--rev-id", "0002")
    assert "Cannot add a NOT NULL column" in db("upgrade", code=1)
    assert rows("SELECT * FROM book") == BOOKS
    assert rows("SELECT version_num FROM alembic_version") == [("0001",)]


def test_there_is_no_flask_db_before_there_are_models(flask_command, db):
    assert "No such command 'db'" in db("upgrade", code=2)
    flask_command("start-over")
    assert "upgrade" in db("--help")


def test_sql_can_be_printed_for_one_step(second, db):
    said = db("upgrade", "0001:0002", "--sql")
    assert "ADD COLUMN copies INTEGER DEFAULT '1' NOT NULL" in said


# The page


def test_the_page_follows_each_command(second, client, db):
    db("upgrade")  # while the app is running
    state = client.get("/state").json
    assert state["revisions"] == ["0002"]
    assert state["tables"]["author"]["columns"] == ["id", "name"]
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


def test_the_page_escapes_and_limits_what_it_shows(client, own, rows):
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


def test_bytes_in_a_row_do_not_break_the_json(client, own, rows):
    rows("INSERT INTO author (name) VALUES (x'ff00')")
    assert [3, repr(b"\xff\0")] in client.get("/state").json["tables"]["author"]["rows"]
    assert client.get("/").status_code == 200


def test_a_file_that_is_not_a_database_is_503(client, own, workspace):
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
