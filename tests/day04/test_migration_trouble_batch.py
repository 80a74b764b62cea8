"""Batch mode on SQLite: it replaces a table, and can delete the rows of another one.

Begin with test_batch_mode_with_foreign_keys_on_deletes_the_children. The ``env.py`` of the lesson
prevents it; the one that ``flask db init`` generates does not.
"""

import logging.config
import re
import shutil
import subprocess
import sys
import warnings

import pytest

from day04.migration_trouble.app import create_app
from tests.day04.migrations import AUTHORS, BOOKS, TEMPLATE, command_in_a_process
from tests.helpers import ROOT


@pytest.fixture
def renamed(own, flask_command):
    """Take the corrected script of the second step; do not apply it."""
    flask_command("take", "script", "2")


@pytest.mark.parametrize(("switch", "left"), [([], BOOKS), (["-x", "foreign_keys=on"], [])])
def test_batch_mode_with_foreign_keys_on_deletes_the_children(renamed, db, rows, switch, left):
    said = db("upgrade", "0002", *switch)
    assert "rror" not in said
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == left


@pytest.mark.parametrize(("switch", "left"), [([], BOOKS), (["-x", "foreign_keys=on"], [])])
def test_a_downgrade_with_foreign_keys_on_deletes_them_too(renamed, db, rows, switch, left):
    db("upgrade", "0002")
    db("downgrade", *switch)
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == left


def test_the_app_does_not_get_the_connection_without_checks(renamed, tmp_path):
    app = create_app({"DATA_FOLDER": tmp_path, "SQLALCHEMY_ENGINE_OPTIONS": {}})
    assert app.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code == 0
    with app.app_context():
        engine = app.extensions["migrate"].db.engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        engine.dispose()


@pytest.fixture
def generated(renamed, db, workspace, tmp_path, monkeypatch):
    """Use the env.py that Flask-Migrate generates; return the calls that set up logging."""
    calls = []
    monkeypatch.setattr(logging.config, "fileConfig", lambda *call, **more: calls.append(more))
    scripts = (workspace / "migrations").rename(tmp_path / "aside")
    db("init")
    (workspace / "migrations" / "versions").rmdir()
    (scripts / "versions").rename(workspace / "migrations" / "versions")
    return calls


def test_with_the_generated_env_py_the_children_are_deleted_without_an_error(generated, db, rows):
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


def test_our_env_py_leaves_logging_alone(renamed, db, monkeypatch):
    monkeypatch.setattr(logging.config, "fileConfig", lambda *call: pytest.fail("is called"))
    logger = logging.getLogger("a logger of the app")
    db("upgrade")
    assert not logger.disabled


def test_env_py_of_the_template_is_enough_in_a_folder_that_exists(generated, db, rows, workspace):
    shutil.copy(TEMPLATE / "env.py", workspace / "migrations")
    db("upgrade", "0002")
    assert rows("SELECT * FROM author") == AUTHORS
    assert rows("SELECT * FROM book") == BOOKS
    assert generated == []  # and logging is left alone


def test_a_new_project_gets_the_template_by_an_option_of_init(renamed, db, rows, workspace):
    scripts = (workspace / "migrations").rename(workspace / "aside")
    db("init", "-t", str(TEMPLATE))
    (workspace / "migrations" / "versions").rmdir()
    (scripts / "versions").rename(workspace / "migrations" / "versions")
    db("upgrade", "0002")
    assert rows("SELECT * FROM book") == BOOKS


@pytest.mark.second_half
def test_the_generated_env_py_silences_the_loggers_of_an_app(renamed, tmp_path):
    program = f"""
        import logging
        from day04.migration_trouble.app import create_app
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
def test_in_a_process_of_its_own_there_is_no_error_either(generated, rows, tmp_path):
    done = command_in_a_process(create_app, tmp_path, "db", "upgrade", "0002", options=())
    assert (done.returncode, done.stdout) == (0, "")
    assert "rror" not in done.stderr
    assert rows("SELECT * FROM book") == []
