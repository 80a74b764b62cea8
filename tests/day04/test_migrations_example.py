"""The example: three scripts that change the tables of a library and keep each row.

Begin with test_every_row_survives_up_and_down.
"""

import ast
import logging.config
import re
import runpy
import subprocess
import sys
import warnings
from io import StringIO

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from day04.migrations.app import create_app
from tests.day04.migrations import AUTHORS, BOOKS, EXAMPLE, command_in_a_process, script
from tests.helpers import ROOT


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
def test_the_scripts_of_the_example_lead_to_its_models(flask_command, db, step):
    flask_command("start-over", "--example")
    db("upgrade", f"000{step}")
    flask_command("take", "models", step)
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
    own, flask_command, db, workspace
):
    def is_as_in_the_example(revision):
        [ours] = EXAMPLE.glob(f"versions/{revision}_*.py")
        drafted = script(workspace, revision)
        same = functions(drafted.read_text("utf-8")) == functions(ours.read_text("utf-8"))
        return same and drafted.name == ours.name

    assert is_as_in_the_example("0001")
    flask_command("take", "models", "2")
    db("migrate", "-m", "Rename name to full_name", "--rev-id", "0002")
    assert not is_as_in_the_example("0002")
    flask_command("take", "script", "2")
    assert is_as_in_the_example("0002")
    db("upgrade")
    flask_command("take", "models", "3")
    db("migrate", "-m", "Count the copies", "--rev-id", "0003")
    assert is_as_in_the_example("0003")
    db("upgrade")
    assert "No new upgrade operations detected" in db("check")


def test_a_constraint_on_a_renamed_column_is_lost_in_the_same_batch(example, db, workspace, schema):
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


def test_the_app_itself_checks_foreign_keys(example, flask_command, tmp_path):
    assert "FOREIGN KEY" in flask_command("sql", "INSERT INTO book VALUES (9, 'x', 99)", code=1)
    app = create_app({"DATA_FOLDER": tmp_path})
    with app.app_context():
        engine = app.extensions["migrate"].db.engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_no_pool_hands_on_the_connection_whose_checks_are_off(example, tmp_path):
    app = create_app({"DATA_FOLDER": tmp_path, "SQLALCHEMY_ENGINE_OPTIONS": {}})
    assert app.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code == 0
    with app.app_context():
        engine = app.extensions["migrate"].db.engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        engine.dispose()


@pytest.fixture
def generated(example, db, workspace, tmp_path, monkeypatch):
    """Use the env.py that Flask-Migrate writes; return the calls that set up logging."""
    calls = []
    monkeypatch.setattr(logging.config, "fileConfig", lambda *call, **more: calls.append(more))
    scripts = (workspace / "migrations").rename(tmp_path / "aside")
    db("init")
    (workspace / "migrations" / "versions").rmdir()
    (scripts / "versions").rename(workspace / "migrations" / "versions")
    return calls


def test_the_generated_env_py_falls_into_the_trap_silently(generated, db, rows):
    with pytest.raises(DeprecationWarning, match="'get_engine' is deprecated"):
        db("upgrade", "0002")
    assert rows("SELECT * FROM book") == BOOKS
    with warnings.catch_warnings(action="ignore"):
        assert "rror" not in db("upgrade", "0002")
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == []


def test_the_generated_env_py_sets_up_logging_and_with_it_silences_all_loggers(generated, db):
    with warnings.catch_warnings(action="ignore"):
        db("current")
    [options] = generated
    assert "disable_existing_loggers" not in options  # the default is True


def test_our_env_py_leaves_logging_alone(example, db, monkeypatch):
    monkeypatch.setattr(logging.config, "fileConfig", lambda *call: pytest.fail("is called"))
    logger = logging.getLogger("a logger of the app")
    db("upgrade")
    assert not logger.disabled


@pytest.mark.second_half
def test_the_generated_env_py_silences_the_loggers_of_an_app(example, tmp_path):
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
    )
    assert done.stdout.splitlines()[-1] == "True"


@pytest.mark.second_half
def test_in_a_process_of_its_own_the_trap_is_as_silent(generated, rows, tmp_path):
    done = command_in_a_process(tmp_path, "db", "upgrade", "0002", options=())
    assert (done.returncode, done.stdout) == (0, "")
    assert "rror" not in done.stderr
    assert rows("SELECT * FROM book") == []


# A script that fails half-way


def test_a_script_that_fails_half_way_leaves_its_first_half_and_a_way_out(
    own, flask_command, db, rows, schema
):
    flask_command("take", "models", "2")
    db("migrate", "-m", "Rename", "--rev-id", "0002")
    first = schema()
    said = db("upgrade", code=1)
    assert "NOT NULL constraint failed: _alembic_tmp_author.full_name" in said
    assert "Traceback" not in said
    assert schema().keys() - first.keys() == {"_alembic_tmp_author"}
    assert rows("SELECT version_num FROM alembic_version") == [("0001",)]
    assert rows("SELECT * FROM author") == AUTHORS
    flask_command("take", "script", "2")
    assert "table _alembic_tmp_author already exists" in db("upgrade", code=1)
    flask_command("sql", "DROP TABLE _alembic_tmp_author")
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


@pytest.mark.second_half
def test_of_two_upgrades_at_once_one_fails(flask_command, db, workspace, rows, tmp_path):
    flask_command("start-over", "--example")
    path = script(workspace, "0001")
    # The first one has begun, and before it changes anything the second one runs from end to end.
    begin = f"""
    import os, subprocess, sys
    if "SECOND" not in os.environ:
        call = "day04.migrations.app:create_app({{'DATA_FOLDER': " + repr({str(tmp_path)!r}) + "}})"
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", call, "db", "upgrade"],
            check=True, capture_output=True, env=os.environ | {{"SECOND": "1"}},
        )
    op.create_table("""
    path.write_text(path.read_text().replace("\n    op.create_table(", begin, 1))
    assert "table author already exists" in db("upgrade", code=1)
    assert rows("SELECT version_num FROM alembic_version") == [("0003",)]


# Other databases


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
