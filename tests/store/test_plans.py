"""The questions that are asked all day are answered from an index, whatever the size: SQLite's own plan says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from foreman.model import ActionState, ForgeKind, IssueRef, RepoRef
from foreman.store import actions, commands, escalations, inbox, memory
from foreman.store.rows import driver

REPO = RepoRef.parse("o/r")
ISSUE = IssueRef(REPO, 1)
Ask = Callable[[Connection, datetime], Any]

QUESTIONS: dict[str, tuple[Ask, tuple[str, ...]]] = {
    "claim": (
        lambda c, now: inbox.claimable(c, now=now + timedelta(hours=2)),
        ("inbox_ready", "inbox_one_running", "actions_open_by_issue"),
    ),
    "open actions": (lambda c, now: actions.open_actions(c, now=now, limit=5), ("actions_open",)),
    "of issue open": (lambda c, now: actions.of_issue_open(c, ISSUE), ("actions_by_issue",)),
    "oldest ready": (lambda c, now: inbox.oldest_ready(c), ("inbox_by_age",)),
    "log": (lambda c, now: actions.entries(c), ("action_log_by_time",)),
    "log of a repository": (lambda c, now: actions.entries(c, repo=REPO, since=now), ("action_log_by_repo",)),
    "log of an issue": (lambda c, now: actions.entries(c, issue=ISSUE), ("action_log_by_issue",)),
    "log by state": (lambda c, now: actions.entries(c, status=ActionState.FAILED), ("actions_by_state",)),
    "log by repository and state": (
        lambda c, now: actions.entries(c, status=ActionState.DONE, repo=REPO),
        ("actions_by_repo_state",),
    ),
    "held": (lambda c, now: actions.held(c), ("actions_by_state",)),
    "labels by us": (lambda c, now: actions.labels_by_us(c, ISSUE), ("actions_by_issue",)),
    "runs of an author": (lambda c, now: actions.runs_of_author_since(c, REPO, 7, now), ("action_log_by_author",)),
    "writes": (lambda c, now: actions.writes_since(c, None, now), ("actions_by_sent",)),
    "writes of a repository": (lambda c, now: actions.writes_since(c, REPO, now), ("actions_by_repo_sent",)),
    "memory": (lambda c, now: memory.summary(c, ISSUE), ("sqlite_autoindex_memory_summary_1",)),
    "answers to orders": (lambda c, now: actions.open_of_type(c, "react", now=now, limit=5), ("actions_by_state",)),
    "orders": (lambda c, now: commands.due(c, ForgeKind.GITHUB, now=now), ("commands_open",)),
    "orders on an issue": (lambda c, now: commands.quiet_ones(c, ISSUE), ("commands_by_issue",)),
    "orders of one person": (lambda c, now: commands.taken_since(c, 7, now), ("commands_by_author",)),
    "left to people": (
        lambda c, now: escalations.unseen(c, now=now),
        ("action_log_escalated", "actions_of_holes"),
    ),
    "states": (lambda c, now: (actions.states(c), inbox.counts(c)), ()),
}
SMALL = ("CONSTANT", "action_counts", "inbox_counts", "turns")


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_large_table_is_read_through(connection: Connection, fill, now, question: str) -> None:
    fill.want(connection)
    fill.decide(connection, ("comment", {"body": "hi"}), ("close", {}, ActionState.FAILED))
    ask, indexes = QUESTIONS[question]
    raw = driver(connection)
    asked: list[str] = []
    raw.set_trace_callback(asked.append)
    ask(connection, now - timedelta(hours=1))
    raw.set_trace_callback(None)
    plan = [row[3] for statement in asked for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}")]
    scans = [line for line in plan if line.startswith("SCAN") and " USING INDEX" not in line]

    assert [line for line in scans if line.split()[1] not in SMALL and "(subquery" not in line] == []
    for index in indexes:
        assert any(index in line.split() for line in plan), "\n".join(plan)
