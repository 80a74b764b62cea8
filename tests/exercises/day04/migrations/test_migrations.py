"""Tests of the exercise: a migration of a table that has rows."""

import pytest

TITLES = ["The Book of Tea", "茶经", "A Cup of Rain"]


def rows(call, *commands):
    """Return the rows after these commands, each as (title, copies)."""
    found = call("run", *commands)
    return [(row.get("title"), row.get("copies")) for row in found["books"]]


def told(*commands):
    lines = [f"flask db {command}" for command in commands]
    return "\n".join(f"{'Run:' if n == 0 else '':10} {line}" for n, line in enumerate(lines))


def expect_rows(found, wanted, *commands):
    """Fail unless the table has these rows after the commands."""
    if found != wanted:
        lines = [told(*commands), f"Came back: the rows {found}", f"Expected:  the rows {wanted}"]
        pytest.fail("\n".join(lines), pytrace=False)


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("A NOT NULL column needs a value for old rows: server_default of sa.Column.")
def test_the_books_get_one_copy_each(call):
    """After the upgrade, the three books are still there, each with one copy."""
    commands = ("upgrade 0001", "upgrade 0002")
    expect_rows(rows(call, *commands), [(title, 1) for title in TITLES], *commands)


@pytest.mark.task(2)
@pytest.mark.hint("The name, the type and nullable=False are compared with the model.")
def test_nothing_is_left_to_change(call):
    """After the upgrade, the table is what the model says."""
    found = call("run", "upgrade 0002")["differences"]
    if found:
        lines = [told("upgrade", "check"), f"Came back: {found[0]}", "Expected:  no difference"]
        pytest.fail("\n".join(lines), pytrace=False)


@pytest.mark.task(3)
@pytest.mark.needs("test_the_books_get_one_copy_each")
@pytest.mark.hint("batch.drop_column(...) removes one column; the rows stay.")
def test_the_downgrade_keeps_the_books(call):
    """After upgrade and downgrade, the books are there, without the column."""
    commands = ("upgrade 0002", "downgrade 0001")
    expect_rows(rows(call, *commands), [(title, None) for title in TITLES], *commands)


@pytest.mark.task(3)
@pytest.mark.needs("test_the_downgrade_keeps_the_books")
@pytest.mark.hint("What upgrade makes, downgrade has to remove: nothing more, nothing less.")
def test_it_can_be_upgraded_again(call):
    """After a downgrade, the upgrade works once more."""
    commands = ("upgrade 0002", "downgrade 0001", "upgrade 0002")
    expect_rows(rows(call, *commands), [(title, 1) for title in TITLES], *commands)
