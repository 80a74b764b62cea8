"""The workspace: the commands around ``flask db`` that lay it out and look into it.

Begin with test_start_over_begins_with_the_models_of_step_1.
"""

import pytest

from day04.migrations.app import EXAMPLE, create_app
from tests.day04.migrations import TEMPLATE, command, script


def test_start_over_begins_with_the_models_of_step_1(flask_command, workspace):
    assert flask_command("start-over") == f"The new workspace is in {workspace}\n"
    assert (workspace / "models.py").read_bytes() == (EXAMPLE / "models_1.py").read_bytes()
    assert [path.name for path in workspace.iterdir()] == ["models.py"]


def test_all_files_are_below_the_folder_of_the_app(
    flask_command, db, tmp_path, workspace, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert str(workspace) in flask_command("start-over")
    db("init", "-t", str(TEMPLATE))
    db("migrate", "--rev-id", "0001")
    db("upgrade")
    db("revision", "-m", "more", "--rev-id", "0002")
    assert script(workspace, "0002").exists()
    assert list(elsewhere.iterdir()) == []
    names = {path.name for path in workspace.iterdir()}
    assert names == {"library.db", "migrations", "models.py"}


def test_a_relative_folder_counts_from_where_flask_is_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command(create_app, "data", "start-over")
    command(create_app, "data", "db", "init", "-t", str(TEMPLATE))
    command(create_app, "data", "db", "upgrade")
    command(create_app, "data", "db", "current")
    names = {path.name for path in (tmp_path / "data" / "workspace").iterdir()}
    assert names == {"library.db", "migrations", "models.py"}


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
    assert "The new workspace" in flask_command("start-over", "--yes")


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
    assert "copies: " in (workspace / "models.py").read_text()
    flask_command("take", "models", "1")  # from one of ours to another: no question


def test_take_adds_the_script_of_the_example_or_replaces_yours(flask_command, own, db, workspace):
    flask_command("take", "script", "2")
    [ours] = EXAMPLE.glob("versions/0002_*.py")
    assert script(workspace, "0002").read_bytes() == ours.read_bytes()
    script(workspace, "0002").rename(workspace / "migrations" / "versions" / "0002_mine.py")
    assert "0002_mine.py is now as in step 2" in flask_command("take", "script", "2")
    assert script(workspace, "0002").name == "0002_mine.py"
    (workspace / "migrations" / "versions" / "0002_mine_too.py").touch()
    assert "has no place for script 2" in flask_command("take", "script", "2", code=1)


def test_take_knows_two_steps_of_two_things(flask_command, own):
    flask_command("take", "models", "3", code=2)
    flask_command("take", "words", "1", code=2)


def test_take_without_a_workspace(flask_command, tmp_path):
    assert "has no place for models 1" in flask_command("take", "models", "1", code=1)
    assert "has no place for script 1" in flask_command("take", "script", "1", code=1)
    assert list(tmp_path.iterdir()) == []


def test_sql_prints_rows_and_counts_changes(own, flask_command, rows):
    said = flask_command("sql", "SELECT * FROM author")
    assert said == "(1, 'Jane Austen')\n(2, 'Jules Verne')\n"
    assert flask_command("sql", "UPDATE author SET name = name || '!'") == "Rows changed: 2\n"
    assert rows("SELECT name FROM author") == [("Jane Austen!",), ("Jules Verne!",)]
    assert flask_command("sql", "DELETE FROM author WHERE id = 1") == "Rows changed: 1\n"
    assert rows("SELECT id FROM book") == [(3,)]  # the cascade, as in the app


@pytest.mark.parametrize("statement", ["SELCT", "SELECT 1; SELECT 2", "SELECT * FROM nowhere"])
def test_sql_that_cannot_be_run_is_an_error_of_one_line(own, flask_command, statement):
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
    assert "There is no 'flask db' until you correct models.py." in said
    assert told in said
    assert create_app({"DATA_FOLDER": tmp_path}).test_client().get("/").status_code == 200
    flask_command("take", "models", "1", answer="y\n")
    assert "0001 (head)" in db("current")


def test_the_app_itself_checks_foreign_keys(own, flask_command, tmp_path):
    assert "FOREIGN KEY" in flask_command("sql", "INSERT INTO book VALUES (9, 'x', 99)", code=1)
    app = create_app({"DATA_FOLDER": tmp_path})
    with app.app_context():
        engine = app.extensions["migrate"].db.engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
