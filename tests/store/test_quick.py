"""What is asked a second time goes to the driver itself, and answers as it did the first time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import MultipleResultsFound, NoResultFound

from foreman.errors import StoreError
from foreman.store import quick
from foreman.store.database import Database
from foreman.store.quick import Found
from foreman.store.tables import controls, corrections, meta, model_calls
from tests.store.conftest import NOW

_ONE = select(meta.c.value).where(meta.c.key == bindparam("key"))
_PAUSES = select(controls).order_by(controls.c.scope)
_LISTED = select(meta.c.value).where(meta.c.key.in_(bindparam("keys", expanding=True)))
_CHANGE = update(meta).where(meta.c.key == bindparam("of_key"))
_END = delete(meta).where(meta.c.key == bindparam("key"))
_COST = select(func.sum(model_calls.c.usd).label("usd"), func.count().label("calls"))


def _fill(db: Database) -> None:
    with db.transaction() as connection:
        for number in range(3):
            connection.execute(insert(meta), {"key": f"k{number}", "value": f"v{number}"})
            row = {"scope": f"s{number}", "paused_by": "kim", "paused_at": NOW + timedelta(microseconds=number)}
            connection.execute(insert(controls), row | {"reason": ""})


@pytest.mark.parametrize("statement", [_ONE, _PAUSES, _COST], ids=["value", "rows with times", "money"])
def test_a_statement_answers_the_same_each_time(db: Database, statement: Any) -> None:
    _fill(db)
    values = {"key": "k1"} if statement is _ONE else None
    with db.read() as connection:
        slow = connection.execute(statement, values)
        first = [tuple(row) for row in slow]
        again = connection.execute(statement, values)

        assert isinstance(again, Found)
        assert not isinstance(slow, Found)
        assert [tuple(row) for row in again] == first


def test_rows_have_names_and_our_types(db: Database) -> None:
    _fill(db)
    with db.read() as connection:
        connection.execute(_PAUSES)
        row = connection.execute(_PAUSES).first()

    assert (row.scope, row.paused_at, row[1]) == ("s0", NOW, "kim")


def test_what_changes_rows_says_how_many(db: Database) -> None:
    _fill(db)
    with db.transaction() as connection:
        changed = [connection.execute(_CHANGE, {"of_key": "k1", "value": f"new {turn}"}).rowcount for turn in range(3)]
        ended = [connection.execute(_END, {"key": key}).rowcount for key in ("k0", "k0", "k2", "none")]
    with db.read() as connection:
        left = [connection.execute(_ONE, {"key": key}).scalar() for key in ("k0", "k1", "k2")]

    assert (changed, ended) == ([1, 1, 1], [1, 0, 1, 0])
    assert left == [None, "new 2", None]


def test_one_statement_with_other_columns_is_another_one(db: Database) -> None:
    _fill(db)
    both = update(controls).where(controls.c.scope == bindparam("of_scope"))
    with db.transaction() as connection:
        for _ in range(3):
            connection.execute(both, {"of_scope": "s0", "reason": "tired"})
            connection.execute(both, {"of_scope": "s0", "paused_by": "lee", "reason": "busy"})
    with db.read() as connection:
        assert connection.execute(_PAUSES).first()[1:4:2] == ("lee", "busy")


def test_lists_of_any_length_answer_the_same(db: Database) -> None:
    _fill(db)
    wanted = [["k0"], ["k0", "k2"], [], ["k1", "k2"], ["no"] * quick.LONGEST_LIST, ["no"] * 500 + ["k1"]]
    with db.read() as connection:
        connection.execute(_LISTED, {"keys": ["k0"]})
        answers = [connection.execute(_LISTED, {"keys": keys}) for keys in wanted]

        assert [isinstance(answer, Found) for answer in answers] == [True] * 5 + [False]
        assert [sorted(answer.scalars()) for answer in answers] == [["v0"], ["v0", "v2"], [], ["v1", "v2"], [], ["v1"]]


def test_lists_that_are_part_of_the_statement_answer_the_same(db: Database) -> None:
    _fill(db)
    some = select(controls.c.scope).where(controls.c.scope.in_(("s0", "s2")), controls.c.paused_at <= bindparam("now"))
    with db.read() as connection:
        told = [connection.execute(some, {"now": NOW}).all() for _ in range(3)]

    assert told == [[("s0",)]] * 3


def test_new_rows_get_their_keys_and_our_types(db: Database) -> None:
    add = insert(corrections)
    row = {"repo": "github:a/b", "issue_id": 1, "action_type": "comment", "kind": "edited", "by": "kim", "at": NOW}
    row |= {"value": "ä\0", "because": "", "action_id": None}
    with db.transaction() as connection:
        keys = [connection.execute(add, row).inserted_primary_key[0] for _ in range(4)]
        connection.execute(add, [row | {"issue_id": 2}, row | {"issue_id": 3}])
        kept = connection.execute(select(corrections.c.id, corrections.c.issue_id, corrections.c.value)).all()

    assert keys == [1, 2, 3, 4]
    assert [row[:2] for row in kept] == [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (6, 3)]
    assert len({row.value for row in kept}) == 1


def test_a_row_that_breaks_a_rule_is_refused_as_ever(db: Database) -> None:
    _fill(db)
    add = insert(meta)
    for _ in range(3):
        with pytest.raises(StoreError), db.transaction() as connection:
            connection.execute(add, {"key": "k1", "value": "again"})


def test_what_is_written_by_the_short_way_goes_with_its_transaction(db: Database) -> None:
    _fill(db)
    with pytest.raises(ZeroDivisionError), db.transaction() as connection:
        for turn in range(3):
            connection.execute(_CHANGE, {"of_key": "k1", "value": f"{turn}"})
        raise ZeroDivisionError
    with db.read() as connection:
        assert connection.execute(_ONE, {"key": "k1"}).scalar() == "v1"


def test_nothing_is_written_while_reading(db: Database) -> None:
    _fill(db)
    with db.transaction() as connection:
        connection.execute(_END, {"key": "none"})
        connection.execute(_END, {"key": "none"})
    with pytest.raises(StoreError), db.read() as connection:
        connection.execute(_END, {"key": "k1"})
    with db.read() as connection:
        assert connection.execute(_ONE, {"key": "k1"}).scalar() == "v1"


def test_a_statement_that_nobody_holds_is_forgotten(db: Database) -> None:
    before = len(quick._known)
    with db.read() as connection:
        for number in range(20):
            connection.execute(select(meta.c.value).where(meta.c.key == f"k{number}"))

    assert len(quick._known) <= before + 1


def test_one_row_is_one_row() -> None:
    one, none, two = Found([(1,)], -1), Found([], -1), Found([(1,), (2,)], -1)

    assert (one.one()[0], one.scalar_one(), one.scalar_one_or_none(), none.scalar_one_or_none()) == (1, 1, 1, None)
    assert (none.first(), none.scalar(), two.all(), list(two.scalars())) == (None, None, [(1,), (2,)], [1, 2])
    with pytest.raises(MultipleResultsFound):
        two.one_or_none()
    with pytest.raises(NoResultFound):
        none.one()
