"""The workspace: the commands around ``flask db`` that lay it out and look into it.

Begin with test_start_over_begins_at_the_right_models.
"""

import pytest

import day04.migrations.workspace
from day04.migrations.app import create_app
from tests.day04.migrations import EXAMPLE, TEMPLATE, command, script


@pytest.mark.parametrize("example", [[], ["--example"]])
def test_start_over_begins_at_the_right_models(flask_command, workspace, example):
    flask_command("start-over", *example)
    number = 3 if example else 1
    ours = EXAMPLE / f"models_{number}.py"
    assert (workspace / "models.py").read_bytes() == ours.read_bytes()
    versions = [path.name for path in workspace.glob("migrations/versions/*.py")]
    assert len(versions) == (3 if example else 0)
    assert not list(workspace.rglob("*.ini.mako"))


def test_all_files_are_below_the_folder_of_the_app(
    flask_command, db, tmp_path, workspace, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert str(workspace) in flask_command("start-over", "--example")
    db("upgrade")
    db("revision", "-m", "more", "--rev-id", "0004")
    assert script(workspace, "0004").exists()
    assert list(elsewhere.iterdir()) == []
    names = {path.name for path in workspace.iterdir()}
    assert names == {"library.db", "migrations", "models.py"}


def test_a_relative_folder_counts_from_where_flask_is_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command("data", "start-over", "--example")
    command("data", "db", "upgrade")
    names = {path.name for path in (tmp_path / "data" / "workspace").iterdir()}
    assert names == {"library.db", "migrations", "models.py"}


def test_flask_migrate_cannot_work_below_a_percent_sign(tmp_path):
    folder = tmp_path / "flask%20course"
    command(folder, "start-over", "--example")
    with pytest.raises(ValueError, match="invalid interpolation syntax"):
        command(folder, "db", "upgrade")


def test_building_the_app_and_looking_at_it_writes_nothing(tmp_path):
    client = create_app({"DATA_FOLDER": tmp_path / "new"}).test_client()
    assert client.get("/").status_code == 200
    assert client.get("/state").json == {"revisions": [], "tables": {}}
    assert list(tmp_path.iterdir()) == []


def test_start_over_asks_and_touches_no_file_of_yours(own, flask_command, workspace, tmp_path):
    mine = [workspace / "notes.txt", workspace / "library.db.copy", tmp_path / "other.txt"]
    for path in mine:
        path.write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for answer in "n\n", "", "\n":
        assert "Aborted!" in flask_command("start-over", code=1, answer=answer)
    assert {path: path.read_bytes() for path in before} == before
    flask_command("start-over", answer="y\n")
    assert {path.name for path in workspace.iterdir()} == {
        "models.py",
        "notes.txt",
        "library.db.copy",
    }
    assert {path.read_text() for path in mine} == {"mine"}
    assert "fresh" in flask_command("start-over", "--yes")


def test_a_folder_that_cannot_be_made_is_an_error_of_one_line(flask_command, workspace):
    workspace.write_text("a file")
    said = flask_command("start-over", code=1)
    assert said.startswith("Error: ")
    assert workspace.read_text() == "a file"


def test_take_asks_before_it_overwrites_your_own_models(own, flask_command, models, workspace):
    models(("One author", "My author"))
    assert "Aborted!" in flask_command("take", "models", "2", code=1, answer="n\n")
    assert "My author" in (workspace / "models.py").read_text()
    said = flask_command("take", "models", "2", answer="y\n")
    assert "models.py is now as in step 2 of the example" in said
    assert "full_name" in (workspace / "models.py").read_text()
    flask_command("take", "models", "1")  # from one of ours to another: no question


def test_take_needs_a_file_to_put_it_into(flask_command, own):
    assert "has 0 files for script 2" in flask_command("take", "script", "2", code=1)
    flask_command("take", "models", "4", code=2)
    flask_command("take", "words", "1", code=2)


def test_take_without_a_workspace(flask_command, tmp_path):
    assert "has 0 files for models 1" in flask_command("take", "models", "1", code=1)
    assert list(tmp_path.iterdir()) == []


def test_sql_prints_rows_and_counts_changes(example, flask_command, rows):
    said = flask_command("sql", "SELECT * FROM author")
    assert said == "(1, 'Jane Austen')\n(2, 'Jules Verne')\n"
    assert flask_command("sql", "UPDATE author SET name = name || '!'") == "Rows changed: 2\n"
    assert rows("SELECT name FROM author") == [("Jane Austen!",), ("Jules Verne!",)]
    assert flask_command("sql", "DELETE FROM author WHERE id = 1") == "Rows changed: 1\n"
    assert rows("SELECT id FROM book") == [(3,)]  # the cascade, as in the app


@pytest.mark.parametrize("statement", ["SELCT", "SELECT 1; SELECT 2", "SELECT * FROM nowhere"])
def test_sql_that_cannot_be_run_is_an_error_of_one_line(example, flask_command, statement):
    said = flask_command("sql", statement, code=1)
    assert said.startswith("Error: ")
    assert said.count("\n") == 1


def test_sql_before_there_is_a_database(flask_command, workspace):
    flask_command("start-over")
    assert "There is no database yet" in flask_command("sql", "SELECT 1", code=1)
    assert not (workspace / "library.db").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("class Author(", "SyntaxError: '(' was never closed"),
        ("x = 1 / 0", "ZeroDivisionError"),
        ("", "KeyError: 'db'"),
        ("db = 1", "AttributeError"),
    ],
)
def test_broken_models_are_reported_and_can_be_repaired(
    own, flask_command, db, workspace, tmp_path, capsys, text, told
):
    (workspace / "models.py").write_text(text)
    assert "No such command 'db'" in db("upgrade", code=2)
    said = capsys.readouterr().err
    assert "There is no 'flask db' until models.py is mended." in said
    assert told in said
    assert create_app({"DATA_FOLDER": tmp_path}).test_client().get("/").status_code == 200
    flask_command("take", "models", "1", answer="y\n")
    assert "0001 (head)" in db("current")


def test_the_template_of_the_notes_is_the_one_of_the_lesson():
    assert day04.migrations.workspace.TEMPLATE == TEMPLATE
