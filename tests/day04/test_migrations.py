import ast
import importlib.metadata
import logging
import os
import re
import runpy
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

import day04.migrations.workspace
from day04.migrations.app import LIMIT, create_app

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "day04" / "migrations" / "example"
TEMPLATE = "day04/migrations/template"
AUTHORS = [(1, "Jane Austen"), (2, "Jules Verne")]
BOOKS = [(1, "Emma", 1), (2, "Persuasion", 1), (3, "Around the World in Eighty Days", 2)]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


@pytest.fixture
def typed(tmp_path):
    """Give a function that runs a command as if typed, and returns what it printed."""

    return partial(command, tmp_path)


def command(folder, *words, code=0, answer=None, **config):
    group = FlaskGroup(
        create_app=lambda: create_app({"DATA_FOLDER": folder, **config}), load_dotenv=False
    )
    result = CliRunner().invoke(group, words, input=answer, prog_name="flask")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def db(typed):
    """Give a function that runs ``flask db``."""
    return partial(typed, "db")


@pytest.fixture
def rows(workspace):
    """Give a function that sends SQL past all lesson code, checks of foreign keys off."""

    def send(statement):
        with closing(sqlite3.connect(workspace / "library.db")) as connection, connection:
            return connection.execute(statement).fetchall()

    return send


@pytest.fixture
def schema(rows):
    """Give a function that returns the SQL of all tables, without spaces and quotes."""

    def read():
        found = rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        return {name: re.sub(r'[\s"]', "", text) for name, text in found}

    return read


@pytest.fixture
def models(workspace):
    """Give a function that changes the models of the workspace as an editor would."""

    def edit(*changes):
        path = workspace / "models.py"
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")

    return edit


def fill(folder):
    with closing(sqlite3.connect(folder / "workspace" / "library.db")) as connection, connection:
        connection.executemany("INSERT INTO author (id, name) VALUES (?, ?)", AUTHORS)
        connection.executemany("INSERT INTO book (id, title, author_id) VALUES (?, ?, ?)", BOOKS)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Begin two histories, each with its first script applied, and with rows."""
    own, example = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("example")
    command(own, "start-over")
    command(own, "db", "init", "-t", str(ROOT / TEMPLATE))
    command(own, "db", "migrate", "-m", "Create authors and books", "--rev-id", "0001")
    command(own, "db", "upgrade")
    command(example, "start-over", "--example")
    command(example, "db", "upgrade", "0001")
    fill(own)
    fill(example)
    return SimpleNamespace(own=own, example=example)


@pytest.fixture
def own(begun, tmp_path):
    """Begin with one script of one's own."""
    shutil.copytree(begun.own, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def example(begun, tmp_path):
    """Begin with the three scripts of the example."""
    shutil.copytree(begun.example, tmp_path, dirs_exist_ok=True)


def script(workspace, revision):
    [path] = (workspace / "migrations" / "versions").glob(f"{revision}_*.py")
    return path


def real(tmp_path, *words, options=("-W", "error"), cwd=ROOT):
    """Run a command in a process of its own."""
    call = f"day04.migrations.app:create_app({{'DATA_FOLDER': {str(tmp_path)!r}}})"
    return subprocess.run(
        [sys.executable, *options, "-m", "flask", "--app", call, *words],
        check=False,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


# The cycle


@pytest.mark.point("D4-01", "D4-08", "D6-47")
def test_upgrade_applies_the_scripts_and_notes_it_in_the_database(typed, db, rows, schema):
    typed("start-over")
    db("init", "-t", TEMPLATE)
    assert "Detected added table 'author'" in db("migrate", "-m", "Create", "--rev-id", "0001")
    assert schema().keys() == {"alembic_version"}  # migrate writes a script, and no tables
    assert rows("SELECT version_num FROM alembic_version") == []
    assert "Running upgrade  -> 0001, Create." in db("upgrade")
    assert schema().keys() == {"alembic_version", "author", "book"}
    assert rows("SELECT version_num FROM alembic_version") == [("0001",)]
    assert "Running" not in db("upgrade")  # each script once


@pytest.mark.point("D4-01")
def test_the_cycle_in_processes_of_its_own_with_warnings_as_errors(
    typed, db, tmp_path, workspace, rows
):
    typed("start-over")
    db("init", "-t", TEMPLATE)
    for step in ["migrate", "-m", "Create"], ["upgrade"]:
        done = real(tmp_path, "db", *step)
        assert done.returncode == 0, done.stderr
    assert "Running upgrade" in done.stderr
    [path] = (workspace / "migrations" / "versions").glob("*.py")
    revision = path.name.removesuffix("_create.py")
    assert re.fullmatch("[0-9a-f]{12}", revision)  # random, where none is given
    assert rows("SELECT version_num FROM alembic_version") == [(revision,)]


@pytest.mark.point("D4-02")
def test_the_manager_of_old_is_gone_and_so_is_what_it_stood_on():
    with pytest.raises(ImportError):
        importlib.import_module("flask_script")
    with pytest.raises(ImportError):
        importlib.import_module("flask._compat")  # the first thing that it imports


@pytest.mark.point("D4-03")
def test_migrate_adds_the_command(typed, db, tmp_path):
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    tables = SQLAlchemy(app)
    assert "db" not in app.cli.commands
    Migrate(app, tables)
    assert "db" in app.cli.commands
    other = Flask("other")
    Migrate().init_app(other, tables)
    assert "db" in other.cli.commands
    assert "No such command 'db'" in db("upgrade", code=2)
    typed("start-over")
    assert "upgrade" in db("--help")


@pytest.mark.point("D4-04")
def test_the_assignment_of_old_adds_no_command():
    with pytest.raises(ImportError, match="MigrateCommand"):
        from flask_migrate import MigrateCommand  # noqa: F401
    app = Flask("shop")
    manager = SimpleNamespace(app=app)
    manager.add_command = "db", object  # as the notes have it: only a tuple in an attribute
    assert manager.add_command == ("db", object)
    assert "db" not in app.cli.commands


@pytest.mark.point("D4-05", "D6-45")
def test_init_makes_the_folder_once(typed, db, workspace):
    typed("start-over")
    db("init")
    migrations = workspace / "migrations"
    names = {path.name for path in migrations.iterdir()}
    assert {"alembic.ini", "env.py", "script.py.mako", "versions"} <= names
    (migrations / "env.py").write_text("# mine")
    assert "already exists and is not empty" in db("init", code=1)
    assert (migrations / "env.py").read_text() == "# mine"


@pytest.mark.point("D4-05", "D6-45", "D6-46", "D6-47")
def test_a_script_of_old_does_nothing_for_nobody_runs_a_command_in_it(tmp_path):
    source = """
        from flask import Flask
        from flask_migrate import Migrate
        from flask_sqlalchemy import SQLAlchemy
        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
        Migrate(app, SQLAlchemy(app))
    """
    (tmp_path / "db.py").write_text(re.sub("^ +", "", source, flags=re.MULTILINE))
    done = subprocess.run(
        [sys.executable, "db.py", "db", "init"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout + done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["db.py"]


@pytest.mark.point("D4-06", "D4-07", "D6-46")
def test_migrate_writes_a_script_that_is_named_after_its_message(own, db, workspace):
    path = script(workspace, "0001")
    assert path.name == "0001_create_authors_and_books.py"
    assert "create_table" in path.read_text()
    assert "0001 (head), Create authors and books." in db("history")


@pytest.mark.point("D4-06")
def test_a_rename_is_drafted_as_add_and_drop(own, typed, db, workspace):
    typed("take", "models", "2")
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
def test_migrate_wants_the_database_at_head(own, typed, db, workspace):
    typed("take", "models", "3")
    db("migrate", "-m", "More", "--rev-id", "0002")
    assert "Target database is not up to date" in db("migrate", "-m", "Again", code=1)
    assert len(list((workspace / "migrations" / "versions").glob("*.py"))) == 2


@pytest.mark.point("D4-06")
def test_models_that_nobody_imported_look_like_tables_to_be_dropped(own, db, models, workspace):
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


@pytest.mark.point("D6-44")
def test_the_extension_is_installed():
    version = importlib.metadata.version("flask-migrate")
    assert tuple(map(int, version.split(".")[:2])) >= (4, 1)


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


@pytest.mark.point("D6-48")
def test_what_a_dropped_column_held_is_lost(example, db, rows):
    db("upgrade")
    rows("UPDATE book SET copies = 7")
    db("downgrade")
    db("upgrade")
    assert rows("SELECT DISTINCT copies FROM book") == [(1,)]


def test_check_fails_while_a_script_is_missing(own, typed, db):
    assert "No new upgrade operations detected" in db("check")
    typed("take", "models", "3")
    assert "New upgrade operations detected" in db("check", code=1)


# The example


def test_every_row_survives_up_and_down(example, db, rows, schema):
    first = schema()
    assert "CONSTRAINTuq_author_nameUNIQUE(name)" in first["author"]
    db("upgrade")
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == [(*book, 1) for book in BOOKS]
    last = schema()
    assert last.keys() == first.keys()  # no half of anything
    assert "full_nameVARCHAR(80)NOTNULL" in last["author"]
    assert "CONSTRAINTuq_author_full_nameUNIQUE(full_name)" in last["author"]
    assert "copiesINTEGERDEFAULT'1'NOTNULL" in last["book"]
    assert "REFERENCESauthor(id)ONDELETECASCADE" in last["book"]
    assert "No new upgrade operations detected" in db("check")
    db("downgrade", "0001")
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == BOOKS
    assert schema() == first


@pytest.mark.parametrize("step", ["1", "2", "3"])
def test_the_scripts_of_the_example_lead_to_its_models(typed, db, step):
    typed("start-over", "--example")
    db("upgrade", f"000{step}")
    typed("take", "models", step)
    if step == "3":
        assert "No new upgrade operations detected" in db("check")
    else:  # check wants the newest script applied
        db("stamp", "0003")
        assert "No new upgrade operations detected" in db("check")


def functions(text):
    """Return what a script does, whatever its layout and comments."""
    tree = ast.parse(text)
    return [ast.dump(node) for node in tree.body if not isinstance(node, ast.Expr)]


def test_alembic_drafts_the_first_and_third_script_as_they_stand_in_the_example(
    own, typed, db, workspace
):
    def is_as_in_the_example(revision):
        [ours] = EXAMPLE.glob(f"versions/{revision}_*.py")
        drafted = script(workspace, revision)
        same = functions(drafted.read_text("utf-8")) == functions(ours.read_text("utf-8"))
        return same and drafted.name == ours.name

    assert is_as_in_the_example("0001")
    typed("take", "models", "2")
    db("migrate", "-m", "Rename name to full_name", "--rev-id", "0002")
    assert not is_as_in_the_example("0002")
    typed("take", "script", "2")
    assert is_as_in_the_example("0002")
    db("upgrade")
    typed("take", "models", "3")
    db("migrate", "-m", "Count the copies", "--rev-id", "0003")
    assert is_as_in_the_example("0003")
    db("upgrade")
    assert "No new upgrade operations detected" in db("check")


def test_a_constraint_on_a_renamed_column_is_left_out_in_the_same_batch(
    example, db, workspace, schema
):
    path = script(workspace, "0002")
    text = path.read_text("utf-8")
    again = text.index("    # A batch of its own")
    create = text.index("        batch_op.create_unique", again)
    path.write_text(text[:again].rstrip() + "\n" + text[create:], "utf-8")
    db("upgrade", "0002")
    assert "full_name" in schema()["author"]
    assert "UNIQUE" not in schema()["author"]


# Batch mode and its trap


@pytest.mark.parametrize(("switch", "left"), [([], BOOKS), (["-x", "foreign_keys=on"], [])])
def test_batch_mode_with_foreign_keys_on_deletes_the_children(example, db, rows, switch, left):
    said = db("upgrade", "0002", *switch)
    assert "rror" not in said
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == left


@pytest.mark.parametrize(("switch", "left"), [([], BOOKS), (["-x", "foreign_keys=on"], [])])
def test_the_trap_waits_on_the_way_down_too(example, db, rows, switch, left):
    db("upgrade", "0002")
    db("downgrade", *switch)
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == left


def test_the_app_itself_checks_foreign_keys(example, typed, tmp_path):
    assert "FOREIGN KEY" in typed("sql", "INSERT INTO book VALUES (9, 'x', 99)", code=1)
    app = create_app({"DATA_FOLDER": tmp_path})
    with app.app_context():
        engine = app.extensions["migrate"].db.engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_no_pool_hands_on_the_connection_whose_checks_are_off(example, tmp_path):
    app = create_app({"DATA_FOLDER": tmp_path, "SQLALCHEMY_ENGINE_OPTIONS": {}})
    group = FlaskGroup(create_app=lambda: app, load_dotenv=False)
    result = CliRunner().invoke(group, ["db", "upgrade"], prog_name="flask")
    assert result.exit_code == 0
    with app.app_context():
        engine = app.extensions["migrate"].db.engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        engine.dispose()


def test_the_generated_env_py_falls_into_the_trap_silently(
    example, typed, db, rows, workspace, tmp_path
):
    scripts = (workspace / "migrations").rename(tmp_path / "aside")
    db("init")
    (workspace / "migrations" / "versions").rmdir()
    (scripts / "versions").rename(workspace / "migrations" / "versions")
    strict = real(tmp_path, "db", "upgrade", "0002")
    assert strict.returncode == 1
    assert "'get_engine' is deprecated" in strict.stderr
    assert rows("SELECT * FROM book") == BOOKS
    done = real(tmp_path, "db", "upgrade", "0002", options=())
    assert (done.returncode, done.stdout) == (0, "")
    assert "rror" not in done.stderr
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == []


def test_the_generated_env_py_silences_loggers_and_ours_does_not(example, db, tmp_path):
    logger = logging.getLogger("a logger of the app")
    db("upgrade")
    assert not logger.disabled
    program = f"""
        import logging
        from day04.migrations.app import create_app
        from flask_migrate import init, migrate
        logger = logging.getLogger("a logger of the app")
        with create_app({{"DATA_FOLDER": {str(tmp_path)!r}}}).app_context():
            init({str(tmp_path / "generated")!r})
            migrate({str(tmp_path / "generated")!r})
        print(logger.disabled)
    """
    (tmp_path / "workspace" / "library.db").unlink()
    done = subprocess.run(
        [sys.executable, "-c", re.sub("^ {8}", "", program, flags=re.MULTILINE)],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "True"


def test_batch_mode_is_the_default_of_flask_migrate(tmp_path):
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    Migrate(app, SQLAlchemy(app))
    assert app.extensions["migrate"].configure_args["render_as_batch"] is True


# Names, defaults, and what Alembic does not see


UNIQUE = ("String(80), unique=True", "String(80)")


def test_without_a_name_a_dropped_unique_is_not_even_noticed(typed, db, models, schema, workspace):
    text = EXAMPLE.joinpath("models_1.py").read_text("utf-8")
    convention = text[text.index("    metadata = ") : text.index("\n\ndb = ")]
    for naming, seen in [(convention, "Detected removed unique constraint"), ("    pass", None)]:
        typed("start-over", "--yes")
        models((convention, naming))
        db("init", "-t", TEMPLATE)
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


# Half-way


def test_a_script_that_fails_half_way_leaves_its_first_half_and_a_way_out(
    own, typed, db, rows, schema
):
    typed("take", "models", "2")
    db("migrate", "-m", "Rename", "--rev-id", "0002")
    first = schema()
    said = db("upgrade", code=1)
    assert "NOT NULL constraint failed: _alembic_tmp_author.full_name" in said
    assert "Traceback" not in said
    assert schema().keys() - first.keys() == {"_alembic_tmp_author"}
    assert rows("SELECT version_num FROM alembic_version") == [("0001",)]
    assert rows("SELECT * FROM author") == AUTHORS
    typed("take", "script", "2")
    assert "table _alembic_tmp_author already exists" in db("upgrade", code=1)
    typed("sql", "DROP TABLE _alembic_tmp_author")
    db("upgrade")
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == BOOKS
    assert "No new upgrade operations detected" in db("check")


HALF = """
def upgrade():
    op.create_table("shelf", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO nowhere VALUES (1)")
"""


@pytest.mark.parametrize("transactional", [False, True])
def test_sqlite_rolls_back_only_if_it_is_told_to(own, db, workspace, schema, transactional):
    db("revision", "-m", "Half", "--rev-id", "0002")
    path = script(workspace, "0002")
    path.write_text(path.read_text().split("def upgrade")[0] + HALF)
    if transactional:
        env = workspace / "migrations" / "env.py"
        text = env.read_text()
        changed = text.replace(
            "            **migrate", "            transactional_ddl=True,\n            **migrate"
        ).replace(
            "                context.run_migrations()",
            '                connection.exec_driver_sql("BEGIN")\n'
            "                context.run_migrations()",
        )
        assert changed.count("BEGIN") == 1
        assert changed.count("transactional_ddl") == 1
        env.write_text(changed)
    assert "no such table: nowhere" in db("upgrade", code=1)
    assert ("shelf" in schema()) is not transactional
    path.write_text(path.read_text().replace('    op.execute("INSERT', '    # op.execute("INSERT'))
    said = db("upgrade", code=0 if transactional else 1)
    assert ("table shelf already exists" in said) is not transactional


def test_of_two_upgrades_at_once_one_fails(typed, db, workspace, rows, tmp_path):
    typed("start-over", "--example")
    path = script(workspace, "0001")
    # The first one has begun, and before it changes anything the second one runs from end to end.
    begin = f"""
    import os, subprocess, sys
    if "SECOND" not in os.environ:
        call = "day04.migrations.app:create_app({{'DATA_FOLDER': " + repr({str(tmp_path)!r}) + "}})"
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", call, "db", "upgrade"],
            check=True, timeout=60, capture_output=True, env=os.environ | {{"SECOND": "1"}},
        )
    op.create_table("""
    path.write_text(path.read_text().replace("\n    op.create_table(", begin, 1))
    assert "table author already exists" in db("upgrade", code=1)
    assert rows("SELECT version_num FROM alembic_version") == [("0003",)]


def test_an_upgrade_waits_for_a_lock_and_then_says_so(example, db, workspace):
    options = {"connect_args": {"timeout": 0.05}}
    with closing(sqlite3.connect(workspace / "library.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        said = db("upgrade", code=1, SQLALCHEMY_ENGINE_OPTIONS=options)
    assert "database is locked" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("dialect", "rename"),
    [
        ("postgresql", "ALTER TABLE author RENAME name TO full_name"),
        ("mysql", "ALTER TABLE author CHANGE name full_name VARCHAR(80) NOT NULL"),
    ],
)
def test_on_other_databases_the_same_scripts_are_ordinary_alter_table(dialect, rename):
    said = StringIO()
    options = {"as_sql": True, "output_buffer": said}
    context = MigrationContext.configure(dialect_name=dialect, opts=options)
    with Operations.context(context):
        for path in sorted(EXAMPLE.glob("versions/*.py")):
            runpy.run_path(str(path))["upgrade"]()
    assert rename in said.getvalue()
    assert "DROP TABLE" not in said.getvalue()
    assert said.getvalue().count("CREATE TABLE") == 2


def test_sql_is_printed_and_not_sent(typed, db, workspace):
    typed("start-over", "--example")
    said = db("upgrade", "0001", "--sql")
    assert "CREATE TABLE author" in said
    assert "INSERT INTO alembic_version" in said
    assert not (workspace / "library.db").exists()
    assert "ADD COLUMN copies INTEGER DEFAULT '1' NOT NULL" in db("upgrade", "0002:0003", "--sql")
    assert "requires a live database connection" in db("upgrade", "--sql", code=1)


# The workspace


def test_everything_lies_below_the_folder_of_the_app_wherever_one_stands(
    typed, db, tmp_path, workspace, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert str(workspace) in typed("start-over", "--example")
    db("upgrade")
    db("revision", "-m", "more", "--rev-id", "0004")
    assert script(workspace, "0004").exists()
    assert list(elsewhere.iterdir()) == []
    names = {path.name for path in workspace.iterdir()}
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


def test_start_over_asks_and_touches_no_file_of_yours(own, typed, workspace, tmp_path):
    mine = [workspace / "notes.txt", workspace / "library.db.copy", tmp_path / "other.txt"]
    for path in mine:
        path.write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for answer in "n\n", "", "\n":
        assert "Aborted!" in typed("start-over", code=1, answer=answer)
    assert {path: path.read_bytes() for path in before} == before
    typed("start-over", answer="y\n")
    assert {path.name for path in workspace.iterdir()} == {
        "models.py",
        "notes.txt",
        "library.db.copy",
    }
    assert {path.read_text() for path in mine} == {"mine"}
    assert "fresh" in typed("start-over", "--yes")


def test_a_folder_that_cannot_be_made_is_told_in_one_line(typed, workspace):
    workspace.write_text("a file")
    said = typed("start-over", code=1)
    assert said.startswith("Error: ")
    assert workspace.read_text() == "a file"


@pytest.mark.parametrize("example", [[], ["--example"]])
def test_start_over_begins_at_the_right_models(typed, workspace, example):
    typed("start-over", *example)
    number = 3 if example else 1
    ours = EXAMPLE / f"models_{number}.py"
    assert (workspace / "models.py").read_bytes() == ours.read_bytes()
    versions = [path.name for path in workspace.glob("migrations/versions/*.py")]
    assert len(versions) == (3 if example else 0)
    assert not list(workspace.rglob("*.ini.mako"))


def test_take_asks_before_it_overwrites_words_of_your_own(own, typed, models, workspace):
    models(("One author", "My author"))
    assert "Aborted!" in typed("take", "models", "2", code=1, answer="n\n")
    assert "My author" in (workspace / "models.py").read_text()
    typed("take", "models", "2", answer="y\n")
    assert "full_name" in (workspace / "models.py").read_text()
    typed("take", "models", "1")  # from one of ours to another: no question


def test_take_needs_a_file_to_put_it_into(typed, own):
    assert "has 0 files for script 2" in typed("take", "script", "2", code=1)
    typed("take", "models", "4", code=2)
    typed("take", "words", "1", code=2)


def test_take_without_a_workspace(typed, tmp_path):
    assert "has 0 files for models 1" in typed("take", "models", "1", code=1)
    assert list(tmp_path.iterdir()) == []


def test_sql_prints_rows_and_counts_changes(example, typed, rows):
    said = typed("sql", "SELECT * FROM author")
    assert said == "(1, 'Jane Austen')\n(2, 'Jules Verne')\n"
    assert typed("sql", "UPDATE author SET name = name || '!'") == "Rows changed: 2\n"
    assert rows("SELECT name FROM author") == [("Jane Austen!",), ("Jules Verne!",)]
    assert typed("sql", "DELETE FROM author WHERE id = 1") == "Rows changed: 1\n"
    assert rows("SELECT id FROM book") == [(3,)]  # the cascade, as in the app


@pytest.mark.parametrize("statement", ["SELCT", "SELECT 1; SELECT 2", "SELECT * FROM nowhere"])
def test_sql_that_cannot_be_run_is_told_in_one_line(example, typed, statement):
    said = typed("sql", statement, code=1)
    assert said.startswith("Error: ")
    assert said.count("\n") == 1


def test_sql_before_there_is_a_database(typed, workspace):
    typed("start-over")
    assert "There is no database yet" in typed("sql", "SELECT 1", code=1)
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
def test_broken_models_are_told_and_can_be_mended(own, typed, db, workspace, tmp_path, text, told):
    (workspace / "models.py").write_text(text)
    said = db("upgrade", code=2)
    assert "until models.py is mended" in said
    assert told in said
    assert "No such command 'db'" in said
    assert create_app({"DATA_FOLDER": tmp_path}).test_client().get("/").status_code == 200
    typed("take", "models", "1", answer="y\n")
    assert "0001 (head)" in db("current")


# The page


@pytest.fixture
def client(tmp_path):
    return create_app({"DATA_FOLDER": tmp_path}).test_client()


def test_the_page_and_the_json_show_where_the_database_is(client, typed, db, tmp_path):
    assert "start-over" in client.get("/").text
    assert "<strong>none</strong>" in client.get("/").text
    typed("start-over", "--example")
    db("upgrade", "0001")
    fill(tmp_path)
    table = {"columns": ["id", "name"], "rows": [list(author) for author in AUTHORS]}
    assert client.get("/state").json["revisions"] == ["0001"]
    assert client.get("/state").json["tables"]["author"] == table
    assert client.get("/state").json["tables"].keys() == {"author", "book"}
    text = client.get("/").text
    assert "<strong>0001</strong>" in text
    assert "<td>Jane Austen</td>" in text
    db("upgrade")  # behind the back of the app that is running
    assert client.get("/state").json["revisions"] == ["0003"]
    assert client.get("/state").json["tables"]["author"]["columns"] == ["id", "full_name"]
    assert '<th scope="col">copies</th>' in client.get("/").text
    db("downgrade", "base")
    assert "<strong>none</strong>" in client.get("/").text


def test_the_page_works_under_a_prefix(client):
    text = client.get("/", base_url="http://localhost/lessons/migrations/").text
    assert 'href="/lessons/migrations/state"' in text


def test_the_page_escapes_and_limits_what_it_shows(client, example, rows):
    rows("DELETE FROM author")
    rows('CREATE TABLE "<b>x""y" (a)')
    rows("INSERT INTO author (name) VALUES ('<script>alert(1)</script>')")
    for _ in range(LIMIT):
        rows("INSERT INTO author (name) SELECT max(id) FROM author")
    text = client.get("/").text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "<b>" not in text
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


def test_the_template_of_the_notes_is_the_one_of_the_lesson():
    assert day04.migrations.workspace.TEMPLATE == ROOT / TEMPLATE
