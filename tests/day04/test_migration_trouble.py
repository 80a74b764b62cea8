"""Difficult migrations: a wrong draft, a script that fails half-way, and what Alembic overlooks.

Begin with test_every_row_survives_up_and_down. Batch mode, with the rows that it can delete, is
tested in test_migration_trouble_batch.py.
"""

import runpy
import shutil
import sqlite3
from contextlib import closing
from io import StringIO

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from day04.migration_trouble.app import HERE, create_app
from tests.day04.migrations import AUTHORS, BOOKS, TEMPLATE, command, script
from tests.helpers import page

EXAMPLE = HERE / "example"


@pytest.fixture
def renamed(own, flask_command):
    """Take the models and the corrected script of the second step; do not apply it."""
    flask_command("take", "models", "2")
    flask_command("take", "script", "2")


def test_every_row_survives_up_and_down(renamed, db, rows, schema):
    first = schema()
    assert "CONSTRAINTuq_author_nameUNIQUE(name)" in first["author"]
    db("upgrade")
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == BOOKS
    last = schema()
    assert last.keys() == first.keys()  # no half of anything
    assert "full_nameVARCHAR(80)NOTNULL" in last["author"]
    assert "CONSTRAINTuq_author_full_nameUNIQUE(full_name)" in last["author"]
    assert "REFERENCESauthor(id)ONDELETECASCADE" in last["book"]
    assert "No new upgrade operations detected" in db("check")
    db("downgrade", "0001")
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == BOOKS
    assert schema() == first


def test_the_page_shows_the_database_of_this_lesson(flask_command, db, tmp_path):
    client = create_app({"DATA_FOLDER": tmp_path}).test_client()
    html = page(client.get("/"))
    assert html.code.text == "flask --app day04.migration_trouble.app start-over"
    flask_command("start-over")
    db("upgrade")
    assert client.get("/state").json["revisions"] == ["0001"]


def test_start_over_lays_out_the_template_and_the_first_script(flask_command, db, workspace):
    flask_command("start-over")
    migrations = workspace / "migrations"
    assert {path.name for path in migrations.iterdir()} == {
        "alembic.ini",
        "env.py",
        "script.py.mako",
        "versions",
    }
    assert (migrations / "env.py").read_bytes() == (TEMPLATE / "env.py").read_bytes()
    assert [path.name for path in (migrations / "versions").iterdir()] == [
        "0001_create_authors_and_books.py"
    ]
    db("upgrade")
    assert "No new upgrade operations detected" in db("check")


def test_the_lesson_starts_with_the_template_of_the_notes(tmp_path):
    assert create_app({"DATA_FOLDER": tmp_path}).config["TEMPLATE"] == TEMPLATE


# A draft that is wrong


def test_a_rename_is_drafted_as_add_and_drop(own, flask_command, db, workspace):
    flask_command("take", "models", "2")
    said = db("migrate", "-m", "Rename", "--rev-id", "0002")
    assert "Detected added column 'author.full_name'" in said
    assert "Detected removed column 'author.name'" in said
    draft = script(workspace, "0002").read_text()
    assert "add_column" in draft
    assert "drop_column" in draft
    assert "new_column_name" not in draft


def test_the_draft_of_a_rename_deletes_the_names_if_the_column_may_be_empty(own, db, models, rows):
    models(("name: Mapped[str] = ", "full_name: Mapped[str | None] = "))
    db("migrate", "-m", "Rename", "--rev-id", "0002")
    db("upgrade")
    assert rows("SELECT * FROM author") == [(1, None), (2, None)]


def test_the_script_leads_to_the_models(renamed, db):
    db("upgrade")
    assert "No new upgrade operations detected" in db("check")


def test_a_constraint_on_a_renamed_column_is_lost_in_the_same_batch(renamed, db, workspace, schema):
    path = script(workspace, "0002")
    text = path.read_text("utf-8")
    again = text.index("    # A second batch")
    create = text.index("        batch_op.create_unique", again)
    path.write_text(text[:again].rstrip() + "\n" + text[create:], "utf-8")
    db("upgrade", "0002")
    assert "full_name" in schema()["author"]
    assert "UNIQUE" not in schema()["author"]


UNIQUE = ("String(80), unique=True", "String(80)")


def test_alembic_does_not_notice_that_a_unique_without_a_name_is_dropped(
    flask_command, db, models, schema, workspace
):
    text = EXAMPLE.joinpath("models_1.py").read_text("utf-8")
    convention = text[text.index("    metadata = ") : text.index("\n\ndb = ")]
    for naming, seen in [(convention, "Detected removed unique constraint"), ("    pass", None)]:
        flask_command("start-over", "--yes")
        shutil.rmtree(workspace / "migrations")
        models((convention, naming))
        db("init", "-t", str(TEMPLATE))
        db("migrate")
        db("upgrade")
        assert ("uq_author_name" in schema()["author"]) is (seen is not None)
        assert "UNIQUE(name)" in schema()["author"]
        models(UNIQUE)
        assert (seen or "No changes in schema detected") in db("migrate")


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
def test_alembic_sees_neither_a_new_check_nor_another_primary_key(
    own, db, models, workspace, change
):
    models(change)
    assert "No changes in schema detected" in db("migrate")
    assert len(list((workspace / "migrations" / "versions").glob("*.py"))) == 1
    assert "No new upgrade operations detected" in db("check")


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
    flask_command("start-over")
    flask_command("take", "script", "2")
    path = script(workspace, "0001")
    # The first one has begun; before it changes anything, the second one runs from end to end.
    begin = f"""
    import os, subprocess, sys
    if "SECOND" not in os.environ:
        call = "day04.migration_trouble.app:create_app({{'DATA_FOLDER': %r}})" % {str(tmp_path)!r}
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", call, "db", "upgrade"],
            check=True, capture_output=True, env=os.environ | {{"SECOND": "1"}},
        )
    op.create_table("""
    path.write_text(path.read_text().replace("\n    op.create_table(", begin, 1))
    assert "table author already exists" in db("upgrade", code=1)
    assert rows("SELECT version_num FROM alembic_version") == [("0002",)]


def test_an_upgrade_waits_for_a_lock_and_then_says_so(renamed, db, workspace):
    options = {"connect_args": {"timeout": 0.05}}
    with closing(sqlite3.connect(workspace / "library.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        said = db("upgrade", code=1, SQLALCHEMY_ENGINE_OPTIONS=options)
    assert "database is locked" in said
    assert "Traceback" not in said


def test_flask_migrate_cannot_work_below_a_percent_sign(tmp_path):
    folder = tmp_path / "flask%20course"
    command(create_app, folder, "start-over")
    with pytest.raises(ValueError, match="invalid interpolation syntax"):
        command(create_app, folder, "db", "upgrade")


# SQL that is printed


def test_sql_is_printed_and_not_sent(flask_command, db, workspace):
    flask_command("start-over")
    flask_command("take", "script", "2")
    said = db("upgrade", "0001", "--sql")
    assert "CREATE TABLE author" in said
    assert "INSERT INTO alembic_version" in said
    assert not (workspace / "library.db").exists()
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
