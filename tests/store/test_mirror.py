from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from foreman.gate.secret_scan import KnownSecrets
from foreman.model import Account, ActionState, Comment, IssueRef, RepoRef, Role
from foreman.store import actions, memory, mirror, mirror_facts, mirror_text
from foreman.store.database import Database
from foreman.store.mirror_facts import LabelChange
from tests.store.conftest import NOW, Filler
from tests.store.issues_written import written

REPO = RepoRef.parse("o/r")
BOT, ADA, ROBOT = Account(login="us", id=99), Account(login="ada", id=7), Account(login="robot", id=8, is_bot=True)


def test_nothing_is_written_when_nothing_is_new(connection: Connection) -> None:
    issue = written(1, "Title", "Body")

    assert mirror.save(connection, issue, now=NOW)
    assert not mirror.save(connection, issue, now=NOW + timedelta(days=1))
    assert mirror.save(connection, replace(issue, thumbs_up=3), now=NOW)
    assert not mirror.save(
        connection, replace(issue, title="older", updated_at=issue.updated_at - timedelta(1)), now=NOW
    )
    found = mirror.get(connection, issue.ref)
    assert found is not None and (found.title, found.thumbs_up) == ("Title", 3)


def test_an_issue_comes_back_as_it_was_and_text_is_bounded_where_one_sees_it(connection: Connection) -> None:
    issue = replace(
        written(2, "T" * 600, "b" * 20_000 + "\0\ud800", state="open"), assignees=("ada",), comment_count=4
    )
    mirror.save(connection, issue, now=NOW)
    found = mirror.get(connection, issue.ref)

    assert found is not None
    assert len(found.title) == mirror_text.MAX_TITLE_CHARS and len(found.body) == mirror_text.MAX_BODY_CHARS
    assert found.body.endswith(mirror_text.CUT)
    assert (found.issue, found.forge_id, found.labels, found.assignees) == (issue.ref, 1002, ("bug",), ("ada",))
    assert (found.state, found.author_id, found.author_role, found.comment_count) == ("open", 7, "none", 4)
    assert (found.created_at, found.updated_at, found.closed_at) == (issue.created_at, issue.updated_at, None)


def test_no_secret_in_a_title_or_a_body_is_kept_not_even_where_the_text_is_cut(connection: Connection) -> None:
    token = "ghp_" + "a1B2" * 9
    at_the_end = "b " * (mirror_text.MAX_BODY_CHARS // 2 - 20)
    known = KnownSecrets({"OURS": "correct-horse-battery"})
    for number, (title, body) in enumerate(
        [
            (f"Why {token}", ""),
            ("It crashes", f"with correct-horse-battery and {token}"),
            ("Log", at_the_end + token + " z" * 20),
        ]
    ):
        issue = replace(written(number, title, body), milestone=token)
        mirror.save(connection, mirror_text.clean(issue, known.redact), now=NOW)
    mirror.save(connection, mirror_text.clean(replace(written(9, token, token), confidential=True), str), now=NOW)
    kept = list(mirror.of_repo(connection, REPO))
    words = connection.execute(text("SELECT group_concat(term) FROM mirror_terms")).scalar_one()

    assert not any(part in f"{one}" for one in kept for part in ("a1B2", "horse"))
    assert "horse" not in words and "a1b2" not in words
    assert [one.title for one in kept] == ["", "Log", "It crashes", "Why [secret removed]"]
    assert kept[1].body.endswith(mirror_text.CUT)
    much = mirror_text.clean(written(9, "t", token * 2_000), known.redact)
    assert much.body.endswith(mirror_text.CUT)


def test_pull_requests_are_not_kept(connection: Connection) -> None:
    assert not mirror.save(connection, replace(written(3, "PR", ""), is_pull_request=True), now=NOW)
    assert mirror.get(connection, IssueRef(REPO, 3)) is None


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"oldest_first": True}, [1, 2, 3, 4, 5]),
        ({"state": "open"}, [4, 2]),
        ({"newest": 2}, [5, 4]),
        ({"newest": 2, "state": "closed", "oldest_first": True}, [3, 5]),
        ({"newest": 0}, []),
    ],
)
def test_a_repositorys_issues_in_either_order(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], numbers: list[int]
) -> None:
    monkeypatch.setattr(mirror, "_PAGE", 2)
    for number in (3, 1, 5, 2, 4):
        mirror.save(connection, written(number, "t", "b", state="closed" if number % 2 else "open"), now=NOW)
    mirror.save(connection, written(9, "t", "b", repo="o/other"), now=NOW)

    assert [kept.issue.number for kept in mirror.of_repo(connection, REPO, **options)] == numbers


def test_what_is_forgotten_takes_its_facts_along_and_leaves_the_rest(connection: Connection) -> None:
    for number, repo in ((1, "o/r"), (2, "o/r"), (1, "o/other")):
        issue = written(number, "t", "b", repo=repo)
        mirror.save(connection, issue, now=NOW)
        mirror_facts.note_labels(connection, issue, [LabelChange(label="bug", account=ADA, at=NOW)], bot_id=BOT.id)
    memory.forget(connection, IssueRef(REPO, 1), now=NOW)

    assert mirror.get(connection, IssueRef(REPO, 1)) is None
    assert mirror_facts.label_facts(connection, IssueRef(REPO, 1)) == ()
    assert mirror_facts.label_facts(connection, IssueRef(REPO, 2)) != ()

    memory.forget(connection, REPO, now=NOW)
    assert mirror.count(connection, REPO) == 0 and mirror_facts.label_facts(connection, IssueRef(REPO, 2)) == ()
    assert mirror.repos(connection) == {"o/r", "o/other"}
    assert mirror.count(connection, RepoRef.parse("o/other")) == 1


def test_export_says_nothing_of_others_texts(connection: Connection) -> None:
    mirror.save(connection, written(1, "a stranger's title", "a stranger's body"), now=NOW)
    assert "stranger" not in str(list(memory.export(connection)))


def test_who_put_a_label_on_is_the_last_who_did(connection: Connection) -> None:
    issue = replace(written(1, "t", "b"), labels=("bug", "docs", "ours", "old"))
    put_on = [
        LabelChange(label="bug", account=ROBOT, at=NOW),
        LabelChange(label="bug", account=ADA, at=NOW + timedelta(hours=1)),
        LabelChange(label="docs", account=ROBOT, at=NOW),
        LabelChange(label="ours", account=BOT, at=NOW),
        LabelChange(label="gone", account=ADA, at=NOW),
    ]
    mirror_facts.note_labels(connection, issue, put_on, bot_id=BOT.id)
    assert mirror_facts.label_facts(connection, issue.ref) == ()  # it is not mirrored

    mirror.save(connection, issue, now=NOW)
    mirror_facts.note_labels(connection, issue, put_on, bot_id=BOT.id)
    facts = {fact.label: (fact.by, fact.by_id) for fact in mirror_facts.label_facts(connection, issue.ref)}
    assert facts == {"bug": ("person", 7), "docs": ("bot", 8), "ours": ("us", 99), "old": ("unknown", None)}


def test_our_own_labels_are_known_without_a_history(connection: Connection, fill: Filler) -> None:
    mirror.save(connection, replace(written(1, "t", "b"), labels=("bug", "docs")), now=NOW)
    for action in fill.decide(connection, ("add_label", {"label": "bug"}), ("add_label", {"label": "docs"})):
        actions.mark_sent(connection, action.id, now=NOW)
    connection.exec_driver_sql("UPDATE actions SET state = ?", (ActionState.DONE.value,))
    fill.decide(connection, ("remove_label", {"label": "docs"}))
    connection.exec_driver_sql("UPDATE actions SET state = ?", (ActionState.DONE.value,))

    assert mirror_facts.labels_of_repo(connection, REPO) == {1: {"bug": "us"}}


@pytest.mark.parametrize(
    ("text", "role", "expected"),
    [
        ("Duplicate of #12", Role.MEMBER, 12),
        ("Thanks!\n\nClosing as duplicate of #7.", Role.OWNER, 7),
        ("dup: #3", Role.COLLABORATOR, 3),
        ("This is not a duplicate of #12", Role.OWNER, None),
        ("Duplicate of #12", Role.NONE, None),
        ("Duplicate of #1", Role.OWNER, None),
        ("see #12", Role.OWNER, None),
    ],
)
def test_the_original_is_what_a_person_of_the_project_calls_so(
    connection: Connection, text: str, role: Role, expected: int | None
) -> None:
    mirror.save(connection, written(1, "t", "b"), now=NOW)
    said = Comment(id=5, author=ADA, role=role, body=text, created_at=NOW, updated_at=NOW)
    secret = replace(said, id=6, body="", internal=True)
    mirror_facts.note_comments(connection, IssueRef(REPO, 1), [said, secret], bot_id=BOT.id)

    (fact,) = mirror_facts.comments(connection, IssueRef(REPO, 1))
    assert (fact.comment_id, fact.by, fact.role, fact.duplicate_of) == (5, "person", role.value, expected)


def test_of_what_is_forgotten_or_hidden_no_word_stays_in_the_file(db: Database) -> None:
    with db.transaction() as connection:
        for number in range(1, 30):
            mirror.save(connection, written(number, f"Zebra {number}", f"stripes of zebra {number} " * 90), now=NOW)
    with db.transaction() as connection:
        for number in range(1, 29):
            mirror.save(connection, written(number, "z", "z", minutes=1, confidential=True), now=NOW)
    with db.transaction() as connection:
        assert memory.forget(connection, REPO, now=NOW) == 0
    with closing(sqlite3.connect(db.path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert b"zebra" not in db.path.read_bytes().lower()
