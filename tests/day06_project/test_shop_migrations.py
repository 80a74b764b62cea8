"""The migrations of the shop: they make what the models say, and lose no row.

Begin with test_the_models_are_what_the_migrations_make.
"""

import sys

import pytest
from alembic import op
from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from day06_project.shop.extensions import db, migrate
from day06_project.shop.models import CartItem, Goods, User, now
from tests.day06_project.stacks import ON_SERVERS, closing_apps

TABLES = {"users", "goods", "cart_items", "orders", "order_items", "idempotency_keys"}


@pytest.fixture(scope="module")
def stack(request, prepared_stack):
    """Give a stack of its own to the tests that change its tables."""
    with prepared_stack(request.param) as settings:
        yield settings


@pytest.fixture(scope="module")
def first_worker(stack):
    with closing_apps() as built:
        yield built("testing", **stack)


@pytest.fixture
def migrated(app):
    """Give the app with two users, their goods and a cart; it is at the head again afterwards."""
    with app.app_context():
        ada = User(name="ada", password_hash="!")
        db.session.add(ada)
        db.session.flush()
        goods = [Goods(owner_id=ada.id, name=name, price=1) for name in ("Cup", "Teapot")]
        db.session.add_all(goods)
        db.session.flush()
        for each in goods:
            db.session.add(CartItem(user_id=ada.id, goods_id=each.id, quantity=3))
        db.session.commit()
        db.session.remove()
    yield app
    with app.app_context():
        upgrade()


def rows(*names):
    """Count the rows with SQL, for the models know the newest columns only."""
    counts = [
        db.session.scalar(text(f"SELECT count(*) FROM {name}"))  # noqa: S608
        for name in names
    ]
    db.session.remove()
    return counts


def tables():
    return set(inspect(db.engine).get_table_names()) - {"alembic_version", "sqlite_sequence"}


def columns():
    return {column["name"] for column in inspect(db.engine).get_columns("goods")}


@pytest.fixture
def flask_db(migrated, monkeypatch):
    """Give a function that runs ``flask db`` and returns what it prints."""

    def print_here(config):
        config.stdout = sys.stdout  # Alembic takes what was stdout when it was imported
        return config

    monkeypatch.setattr(migrate, "configure_callbacks", [print_here])

    def run(*command):
        result = migrated.test_cli_runner().invoke(args=["db", *command])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_the_models_are_what_the_migrations_make(migrated, flask_db):
    assert "No new upgrade operations detected" in flask_db("check")
    with migrated.app_context():
        assert tables() == TABLES


def test_names_of_constraints_are_the_same_everywhere(migrated):
    with migrated.app_context():
        found = inspect(db.engine)
        assert [each["name"] for each in found.get_unique_constraints("users")] == ["uq_users_name"]
        assert {each["name"] for each in found.get_check_constraints("goods")} == {
            "ck_goods_price_not_negative",
            "ck_goods_stock_not_negative",
        }
        assert {each["name"] for each in found.get_foreign_keys("cart_items")} == {
            "fk_cart_items_user_id_users",
            "fk_cart_items_goods_id_goods",
        }
        names = {each["name"] for each in found.get_indexes("goods")}
        assert names >= {"ix_goods_name_id", "ix_goods_price_id"}


# Down and up


def test_the_way_to_the_first_revision_and_back_loses_no_row(migrated):
    with migrated.app_context():
        before = rows("users", "goods", "cart_items")
        assert before == [1, 2, 2]
        downgrade(revision="0001")
        assert not columns() & {"description", "stock"}
        assert rows("users", "goods", "cart_items") == before
        upgrade()
        assert columns() >= {"description", "stock"}
        assert rows("users", "goods", "cart_items") == before
        goods = db.session.scalars(select(Goods)).all()
        assert {(each.description, each.stock) for each in goods} == {("", 0)}


def test_all_the_way_down_and_up(migrated):
    with migrated.app_context():
        downgrade(revision="base")
        assert tables() == set()
        upgrade()
        assert tables() == TABLES
        assert rows("users", "goods", "cart_items") == [0, 0, 0]


def test_foreign_keys_are_checked_again_afterwards(migrated):
    with migrated.app_context():
        downgrade(revision="0001")
        upgrade()
        with pytest.raises(IntegrityError):
            db.session.execute(insert(CartItem).values(user_id=99, goods_id=99, quantity=1))
        db.session.rollback()


def test_ids_are_not_given_twice_after_a_table_was_rebuilt(migrated):
    with migrated.app_context():
        downgrade(revision="0001")
        upgrade()
        last = db.session.scalar(select(func.max(Goods.id)))
        owner = db.session.scalar(select(User.id))
        db.session.execute(delete(Goods).where(Goods.id == last))
        db.session.add(Goods(owner_id=owner, name="Ink", price=1, created_at=now()))
        db.session.commit()
        assert db.session.scalar(select(func.max(Goods.id))) > last


def test_each_migration_is_logged(migrated, caplog):
    with migrated.app_context():
        downgrade(revision="0001")
        upgrade()
    titles = {
        "0002": "Goods have a description and a stock, sort quickly, and cost something.",
        "0003": "Orders, and the keys that make a repeated request harmless.",
    }
    assert [message for message in caplog.messages if "migration" in message] == [
        *(f"migration down from {number}: {titles[number]}" for number in ("0003", "0002")),
        *(f"migration up to {number}: {titles[number]}" for number in ("0002", "0003")),
    ]
    assert not migrated.logger.disabled


# Commands


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["history"], "0002 -> 0003 (head)"),
        (["current"], "0003 (head)"),
        (["heads"], "0003 (head)"),
        (["upgrade", "0001", "--sql"], "CREATE TABLE goods"),
    ],
)
def test_the_commands_work(flask_db, command, words):
    assert words in flask_db(*command)


@pytest.mark.parametrize("stack", ON_SERVERS, indirect=True)
def test_the_sql_of_the_second_step_can_be_printed_for_servers(flask_db):
    """Not for SQLite, which rebuilds a table and has to look at it first."""
    assert "ADD" in flask_db("upgrade", "--sql")
    assert "DROP" in flask_db("downgrade", "--sql", "0002:0001")


# Failures


def test_a_price_that_the_new_rule_refuses_is_mended_first(migrated):
    with migrated.app_context():
        downgrade(revision="0001")
        db.session.execute(text("UPDATE goods SET price = -1 WHERE name = 'Cup'"))
        db.session.commit()
        upgrade()
        prices = db.session.execute(text("SELECT name, price, stock FROM goods ORDER BY name"))
        assert [tuple(row) for row in prices] == [("Cup", 0, 0), ("Teapot", 1, 0)]
        db.session.remove()


@pytest.mark.parametrize("stack", ["embedded", ON_SERVERS[0]], indirect=True)
def test_a_migration_that_fails_half_way_leaves_nothing_behind(migrated, monkeypatch):
    """On SQLite thanks to ``env.py``, on PostgreSQL in any case; MariaDB cannot."""
    with migrated.app_context():
        downgrade(revision="0001")
        create_index = op.create_index

        def fail(name, *rest, **more):
            if name == "ix_goods_price_id":
                raise ZeroDivisionError
            return create_index(name, *rest, **more)

        monkeypatch.setattr("alembic.op.create_index", fail)
        with pytest.raises(ZeroDivisionError):
            upgrade()
        monkeypatch.undo()
        assert not columns() & {"description", "stock"}
        assert rows("users", "goods", "cart_items") == [1, 2, 2]
        upgrade()
        assert columns() >= {"description", "stock"}
