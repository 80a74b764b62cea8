"""Facts about Flask and its extensions that the notes state: SQLAlchemy, Flask-SQLAlchemy, SQLite.

The lessons themselves are tested in the other files. The fixture ``small`` is an app with a
database that has no tables yet.
"""

import sqlite3

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, String, func, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, LegacyAPIWarning
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def app_with_database(uri, **options):
    """Return an app with a database of its own, which is ``app.db``."""

    class Base(DeclarativeBase):
        pass

    app = Flask("small", **options)
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    app.db = SQLAlchemy(app, model_class=Base)
    return app


@pytest.fixture
def small():
    """Give an app with an empty database in memory."""
    app = app_with_database("sqlite:///:memory:")
    yield app
    with app.app_context():
        app.db.engine.dispose()


# Configuration


def test_init_app_wants_a_database_and_only_once(small):
    with pytest.raises(RuntimeError, match="SQLALCHEMY_DATABASE_URI"):
        SQLAlchemy(Flask("without"))
    with pytest.raises(RuntimeError, match="already been registered"):
        small.db.init_app(small)


def test_a_relative_path_is_inside_the_instance_folder(tmp_path):
    small = app_with_database("sqlite:///small.db", instance_path=str(tmp_path / "instance"))
    with small.app_context():
        assert small.db.engine.url.database == str(tmp_path / "instance" / "small.db")
        small.db.engine.dispose()


def test_modifications_are_not_tracked_by_default(small):
    assert small.config["SQLALCHEMY_TRACK_MODIFICATIONS"] is False


def test_tables_need_an_application_context(small):
    with pytest.raises(RuntimeError, match="outside of application context"):
        small.db.create_all()


# Models and tables


def test_create_all_does_not_change_a_table_that_exists(small):
    class Note(small.db.Model):
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]

    with small.app_context():
        small.db.session.execute(text("CREATE TABLE note (id INTEGER PRIMARY KEY)"))
        small.db.create_all()
        columns = small.db.session.execute(text("PRAGMA table_info(note)"))
        assert [column.name for column in columns] == ["id"]


def test_the_old_way_to_write_a_column_still_works_and_leaves_it_nullable(small):
    class Old(small.db.Model):
        id = small.db.Column(small.db.Integer, primary_key=True)
        name = small.db.Column(small.db.String(3))

    class New(small.db.Model):
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(3))
        nickname: Mapped[str | None]

    assert small.db.Column is Column
    assert small.db.Integer is Integer
    assert Old.__table__.c.name.nullable
    assert not New.__table__.c.name.nullable
    assert New.__table__.c.nickname.nullable
    with small.app_context():
        small.db.create_all()
        small.db.session.add(Old(name="longer than three"))
        small.db.session.commit()
        assert small.db.session.scalar(select(Old.name)) == "longer than three"


def test_a_model_without_a_key_is_refused(small):
    with pytest.raises(ArgumentError, match="could not assemble any primary key"):

        class Keyless(small.db.Model):
            amount: Mapped[int]


def test_a_single_number_counts_up_by_itself(small):
    class Note(small.db.Model):
        id: Mapped[int] = mapped_column(primary_key=True)

    with small.app_context():
        small.db.create_all()
        small.db.session.add_all([Note(), Note()])
        small.db.session.commit()
        assert small.db.session.scalars(select(Note.id).order_by(Note.id)).all() == [1, 2]


# Queries


def test_query_is_legacy_and_its_get_is_deprecated(small):
    class Line(small.db.Model):
        cart: Mapped[int] = mapped_column(primary_key=True)
        goods: Mapped[int] = mapped_column(primary_key=True)

    with small.app_context():
        small.db.create_all()
        small.db.session.add(Line(cart=1, goods=2))
        small.db.session.commit()
        line = small.db.session.get(Line, (1, 2))
        assert Line.query.filter_by(goods=2).first() is line
        with pytest.warns(LegacyAPIWarning, match="legacy"):
            assert Line.query.get((1, 2)) is line
        assert small.db.get_or_404(Line, (1, 2)) is line


def test_paginate_reads_the_page_itself_and_a_bad_one_is_404(small):
    class Note(small.db.Model):
        id: Mapped[int] = mapped_column(primary_key=True)

    @small.get("/")
    def index():
        return {"page": small.db.paginate(select(Note), per_page=1).page}

    with small.app_context():
        small.db.create_all()
        small.db.session.add_all([Note(), Note()])
        small.db.session.commit()
    client = small.test_client()
    assert client.get("/?page=2").json == {"page": 2}
    assert [client.get(f"/?page={bad}").status_code for bad in ("0", "x", "3")] == [404] * 3


def test_sqlite_has_an_upsert_of_its_own(small):
    class Line(small.db.Model):
        cart: Mapped[int] = mapped_column(primary_key=True)
        goods: Mapped[int] = mapped_column(primary_key=True)
        amount: Mapped[int]

    with small.app_context():
        small.db.create_all()
        for amount in 2, 7:
            upsert = sqlite.insert(Line).values(cart=1, goods=1, amount=amount)
            upsert = upsert.on_conflict_do_update(
                index_elements=["cart", "goods"], set_={"amount": amount}
            )
            small.db.session.execute(upsert)
        assert small.db.session.scalars(select(Line.amount)).all() == [7]


# SQLite


def test_length_in_sqlite_stops_at_a_nul(small):
    with small.app_context():
        assert small.db.session.scalar(select(func.length("ab\0cd"))) == 2


def test_sqlite_checks_no_foreign_keys_unless_told_so(small):
    with small.app_context():
        assert small.db.session.scalar(text("PRAGMA foreign_keys")) == 0


def test_a_key_of_two_columns_in_plain_sql_accepts_an_empty_part_twice():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE line (a INTEGER, b INTEGER, PRIMARY KEY (a, b))")
    for _ in range(2):
        connection.execute("INSERT INTO line VALUES (1, NULL)")
    assert connection.execute("SELECT * FROM line").fetchall() == [(1, None), (1, None)]
    connection.close()
