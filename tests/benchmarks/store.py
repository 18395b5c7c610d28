"""How long the store's everyday questions take at size, by hand: `python tests/benchmarks/store.py [ACTIONS] [ITEMS]`.

Fills a database in a temporary folder with straight inserts (the default of a million actions takes about a minute and
a gigabyte), then asks each question many times and prints median and worst in milliseconds.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from foreman.app import gauges
from foreman.config.effective import RepoPlan
from foreman.model import ActionState, EventKind, InboxState, IssueRef, Outcome, RepoRef
from foreman.store import actions, breakers, inbox, memory
from foreman.store.actions import NewAction, NewDecision
from foreman.store.database import Database

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REPOS = 50
ISSUES = 2_000
TARGET_MS = 10.0
STATES = ("done", "done", "done", "done", "done", "done", "denied", "shadow", "failed", "undone")


def fill(path: Path, *, number: int, items: int) -> None:
    """Write the rows of a long life, two actions to a decision."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("BEGIN")
        raw.executemany(_insert(raw, "action_log", 23), _log_rows(number // 2))
        raw.executemany(_insert(raw, "actions", 20), _action_rows(number))
        raw.executemany(_insert(raw, "inbox", 21), _inbox_rows(items))
        raw.execute("INSERT INTO action_counts SELECT state, count(*) FROM actions GROUP BY state")
        raw.execute(
            "INSERT INTO inbox_counts SELECT repo, agent, state, count(*) FROM inbox GROUP BY repo, agent, state"
        )
        raw.execute("INSERT INTO turns SELECT DISTINCT repo, 0, 0 FROM actions")
        raw.execute("INSERT OR IGNORE INTO turns SELECT DISTINCT repo, 0, 0 FROM inbox")
        raw.execute("COMMIT")


def _insert(raw: sqlite3.Connection, table: str, number: int) -> str:
    """Return what fills so many columns; those of later schemas have defaults."""
    columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")][:number]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * number)})"


def _place(index: int) -> tuple[str, int]:
    return f"owner/repo-{index % REPOS}", index // REPOS % ISSUES + 1


def _time(index: int, total: int) -> datetime:
    return NOW - timedelta(days=730) * (1 - index / total)


def _log_rows(number: int) -> Any:
    for index in range(number):
        repo, issue = _place(index)
        when = f"{_time(index, number):%Y-%m-%d %H:%M:%S}"
        text = '[{"type": "add_label", "label": "bug"}, {"type": "comment", "body": "' + "words " * 30 + '"}]'
        task = ("issue.triage", "label_and_respond", "because " * 20, text, when, f"task-{index}", "issue-triage")
        spent = ("m", 900, 90, 120_000, 5, None)
        yield (index + 1, repo, issue, *task, "opened", 1, "auto", "p1", 0.9, index % 997, "{}", *spent)


def _action_rows(number: int) -> Any:
    for index in range(number):
        repo, issue = _place(index // 2)
        when = f"{_time(index, number):%Y-%m-%d %H:%M:%S.%f}"
        kind, payload = (
            ("comment", '{"body": "' + "words " * 30 + '"}') if index % 2 else ("add_label", '{"label": "bug"}')
        )
        what = (index % 2, kind, payload, f"{index:032x}", "0" * 64, STATES[index % len(STATES)])
        yield (index + 1, index // 2 + 1, repo, issue, "a", *what, "", "", "{}", 1, when, when, None, when, None)


def _inbox_rows(number: int) -> Any:
    """Half of it finished, half ready, a tenth of that not due yet, and nearly all of it in one repository."""
    for index in range(number):
        repo = "owner/repo-0" if index % 10 else f"owner/repo-{index // 10 % REPOS}"
        state = "ready" if index % 2 else "done"
        due = NOW + timedelta(hours=1) if index % 20 == 1 else NOW - timedelta(days=1)
        when = f"{NOW - timedelta(days=1):%Y-%m-%d %H:%M:%S.%f}"
        yield (index + 1, repo, 1_000_000 + index, "issue-triage", "issue.triage", "opened", f"k{index}", None, 0, 0,
               state, "", 0, 0, "", "", when, f"{due:%Y-%m-%d %H:%M:%S.%f}", None, None, None)  # fmt: skip


def measure(db: Database, ask: Callable[[Any], Any], *, write: bool, times: int) -> tuple[float, float]:
    """Return median and worst of so many runs, milliseconds, each in a transaction of its own."""
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        with db.transaction() if write else db.read() as connection:
            ask(connection)
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent), max(spent)


def cycle(connection: Any) -> None:
    """Claim, decide, send, settle, remember: one piece of work in one transaction."""
    item = inbox.claim(connection, worker="w", lease=timedelta(minutes=5), now=NOW)
    assert item is not None
    wanted = (NewAction(type="add_label", payload={"label": "bug"}, state=ActionState.PLANNED),)
    decision = NewDecision(
        issue=item.issue, task_id=str(uuid4()), agent="issue-triage", task_type="t", decision="d", actions=wanted
    )
    log_id = actions.record(connection, decision, now=NOW)
    inbox.complete(connection, item, now=NOW)
    sent = actions.mark_sent(connection, actions.entry(connection, log_id).actions[0].id, now=NOW)
    actions.settle(connection, sent.id, Outcome(state=ActionState.DONE), now=NOW)
    memory.refresh(connection, item.issue, now=NOW)


def scrape(connection: Any) -> None:
    """Ask everything that a scrape of the metrics asks the database, for all repositories."""
    plans = [
        RepoPlan(repo=RepoRef.parse(f"owner/repo-{n}"), enabled=True, interval_seconds=60, first_run=None, agents=())
        for n in range(REPOS)
    ]
    gauges.kept(connection, plans=plans, polled={}, agents=("issue-triage",), since={}, now=NOW)


def main() -> int:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("actions", type=int, nargs="?", default=1_000_000)
    parser.add_argument("items", type=int, nargs="?", default=50_000)
    parser.add_argument("--times", type=int, default=50)
    wanted = parser.parse_args()
    repo = RepoRef.parse("owner/repo-7")
    issue = IssueRef(repo, 12)
    week = NOW - timedelta(days=7)
    questions: list[tuple[str, bool, Callable[[Any], Any]]] = [
        ("entries", False, lambda c: actions.entries(c)),
        ("entries of a repository", False, lambda c: actions.entries(c, repo=repo)),
        ("entries of an issue", False, lambda c: actions.entries(c, issue=issue)),
        ("entries since 7 days", False, lambda c: actions.entries(c, since=week)),
        ("entries with failed", False, lambda c: actions.entries(c, status=ActionState.FAILED)),
        ("entries with unknown (none)", False, lambda c: actions.entries(c, status=ActionState.UNKNOWN)),
        ("entries, a page in the middle", False, lambda c: actions.entries(c, before_id=wanted.actions // 4)),
        ("entry", False, lambda c: actions.entry(c, wanted.actions // 4)),
        ("states", False, actions.states),
        ("inbox counts", False, inbox.counts),
        ("oldest ready", False, inbox.oldest_ready),
        ("labels by us", False, lambda c: actions.labels_by_us(c, issue)),
        ("runs of an author", False, lambda c: actions.runs_of_author_since(c, repo, 7, NOW - timedelta(days=1))),
        ("writes in an hour", False, lambda c: actions.writes_since(c, None, NOW - timedelta(hours=1))),
        ("writes per hour, 14 days", False, lambda c: actions.writes_per_hour_history(c, NOW)),
        ("flood watch", True, lambda c: breakers.watch_flood(c, now=NOW)),
        ("open actions", False, lambda c: actions.open_actions(c, now=NOW, limit=10)),
        ("summary", False, lambda c: memory.summary(c, issue)),
        ("refresh", True, lambda c: memory.refresh(c, issue, now=NOW)),
        ("claimable", False, lambda c: inbox.claimable(c, now=NOW)),
        ("claimable, agent busy", False, lambda c: inbox.claimable(c, now=NOW, busy={"issue-triage"})),
        ("waiting, 100", False, lambda c: inbox.waiting(c, states=(InboxState.READY,))),
        (
            "enqueue",
            True,
            lambda c: inbox.enqueue(
                c,
                issue=IssueRef(repo, int(time.monotonic_ns() % 10**11) + 10**7),
                agent="issue-triage",
                task_type="t",
                event=EventKind.OPENED,
                event_key="k",
                now=NOW,
            ),
        ),
        ("claim", True, lambda c: inbox.claim(c, worker="w", lease=timedelta(hours=1), now=NOW)),
        ("a whole cycle", True, cycle),
        ("metrics", False, scrape),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        Database.open(path).close()
        begun = time.perf_counter()
        fill(path, number=wanted.actions, items=wanted.items)
        size = path.stat().st_size / 2**20
        print(
            f"filled in {time.perf_counter() - begun:.0f} s: "
            f"{wanted.actions} actions, {wanted.items} items, {size:.0f} MB"
        )
        begun = time.perf_counter()
        db = Database.open(path)
        print(f"opened in {(time.perf_counter() - begun) * 1000:.0f} ms")
        slow = 0
        print(f"{'question':32} {'median ms':>10} {'worst ms':>10}")
        for name, write, ask in questions:
            median, worst = measure(db, ask, write=write, times=wanted.times)
            slow += median > TARGET_MS
            print(f"{name:32} {median:10.2f} {worst:10.2f}{'  over' if median > TARGET_MS else ''}")
        db.close()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
