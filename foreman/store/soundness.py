"""Everything that can be wrong with a database, looked for without changing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from foreman.errors import StoreError
from foreman.model import ActionState, InboxState
from foreman.store import lock, schema
from foreman.store.action_rows import key_of
from foreman.store.commands import CommandState
from foreman.store.controls import MARKER_SECRET
from foreman.store.failures import translated
from foreman.store.tables import metadata

_AGAIN = "`foreman memory forget REPO --yes` empties a repository's, and what is opened or changes is kept again"

MOST_PROBLEMS = 20
"""Told at a time: after the first few there is nothing to learn from more."""


def check(path: Path) -> list[str]:
    """Look for everything that can be wrong with a database; changes nothing.

    Args:
        path: The file.

    Returns:
        One line per problem, none when it is sound.
    """
    if not path.is_file():
        return [f"there is no file {path}"]
    problems = []
    if path.stat().st_mode & 0o077:
        problems.append(f"{path} can be read by others; run `chmod 600 {path}`")
    try:
        with (
            closing(sqlite3.connect(path, timeout=5.0, isolation_level=None)) as raw,
            translated(path),
        ):
            raw.execute("BEGIN")  # one moment of it, whatever a daemon writes meanwhile
            tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            schema.refuse_strange(raw, path, tables)
            damage = [str(row[0]) for row in raw.execute(f"PRAGMA integrity_check({MOST_PROBLEMS})")]
            problems += [" ".join(line.split()) for line in damage if line != "ok"]
            for table, row, parent, _ in raw.execute("PRAGMA foreign_key_check"):
                problems.append(f"row {row} of {table} belongs to a row of {parent} that is not there")
            if "action_counts" in tables:
                problems += _wrong_counts(raw)
            if schema.raw_revision(raw) == schema.HEAD:
                problems += _never(raw)
                raw.execute("ROLLBACK")
                problems += _words(raw, path)
    except StoreError as error:
        problems.append(str(error))
    return problems[:MOST_PROBLEMS]


def _wrong_counts(raw: sqlite3.Connection) -> Iterator[str]:
    pairs = (("actions", "action_counts", "state"), ("inbox", "inbox_counts", "repo, agent, state"))
    for table, counts, key in pairs:
        real = dict(_keyed(raw.execute(f"SELECT {key}, count(*) FROM {table} GROUP BY {key}")))  # noqa: S608 - fixed names
        kept = dict(_keyed(raw.execute(f"SELECT {key}, number FROM {counts} WHERE number != 0")))  # noqa: S608
        if real != kept:
            yield f"the numbers in {counts} are not those of {table}; `foreman status` shows wrong ones"


def _keyed(rows: sqlite3.Cursor) -> list[tuple[tuple[object, ...], int]]:
    return [(tuple(row[:-1]), row[-1]) for row in rows]


def _quoted(words: type[ActionState | InboxState | CommandState]) -> str:
    return ", ".join(f"'{word.value}'" for word in words)


NEVER = (
    ("actions", f"state NOT IN ({_quoted(ActionState)})", "is in a state that there is not"),
    ("actions", "state = 'sent' AND sent_at IS NULL", "is sent, and nothing says when"),
    ("actions", "state IN ('done', 'failed', 'unknown') AND settled_at IS NULL", "is settled, and nothing says when"),
    ("actions", "state IN ('planned', 'sent', 'held') AND settled_at IS NOT NULL", "is open and settled"),
    ("actions", "NOT json_valid(payload) OR NOT json_valid(undo)", "cannot be read"),
    ("action_log", "NOT json_valid(actions) OR NOT json_valid(seen)", "cannot be read"),
    (
        "action_log",
        (
            "json_valid(actions) AND json_array_length(actions) !="
            " (SELECT count(*) FROM actions WHERE actions.log_id = action_log.id)"
        ),
        "has another number of actions than it was logged with",
    ),
    ("inbox", f"state NOT IN ({_quoted(InboxState)})", "is in a state that there is not"),
    ("inbox", "state = 'claimed' AND (lease_until IS NULL OR task_id = '')", "is claimed by nobody"),
    ("inbox", "state IN ('done', 'dead', 'cancelled') AND finished_at IS NULL", "has ended, and nothing says when"),
    ("inbox", "state IN ('ready', 'held', 'claimed') AND finished_at IS NOT NULL", "has ended and goes on"),
    (
        "inbox_attempts",
        (
            "ended_at IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM inbox WHERE inbox.id = inbox_attempts.item_id AND inbox.state = 'claimed')"
        ),
        "goes on at work that nobody has claimed",
    ),
    ("commands", f"state NOT IN ({_quoted(CommandState)})", "is in a state that there is not"),
    ("commands", "state IN ('taken', 'answered') AND taken_at IS NULL", "was taken, and nothing says when"),
    ("issues", "NOT json_valid(labels) OR NOT json_valid(heard)", "cannot be read"),
)
"""Tables, rows that no move of ours ever leaves behind, and what is wrong with them."""


def _never(raw: sqlite3.Connection) -> Iterator[str]:
    indexes = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    for table in metadata.sorted_tables:
        for index in sorted(str(index.name) for index in table.indexes if index.name not in indexes):
            yield f"the index {index} of {table.name} is not there"
    for name, condition, trouble in NEVER:
        for (row,) in raw.execute(f"SELECT rowid FROM {name} WHERE {condition} LIMIT {MOST_PROBLEMS}"):  # noqa: S608
            yield f"row {row} of {name} {trouble}"
    keys = "SELECT actions.id, task_id, position, key FROM actions JOIN action_log ON action_log.id = log_id"
    for row, task_id, position, key in raw.execute(keys):
        if key != key_of(task_id, position):
            yield f"row {row} of actions has a key that is not its own: its comment would not be known again"
    if raw.execute("SELECT 1 FROM meta WHERE key = ?", (MARKER_SECRET,)).fetchone() is None:
        yield "the secret by which Foreman knows its own comments is not there"


def _words(raw: sqlite3.Connection, path: Path) -> Iterator[str]:
    """Compare the full-text index with what it is an index of; word by word where no daemon has to wait."""
    wanted = {row[0] for row in raw.execute("SELECT id FROM mirror WHERE NOT confidential")}
    found = {row[0] for row in raw.execute("SELECT id FROM mirror_text_docsize")}
    for rows, trouble in ((wanted - found, "cannot be found by its words"), (found - wanted, "is still found")):
        if rows:
            yield f"row {min(rows)} of mirror {trouble}, and {len(rows) - 1} more; {_AGAIN}"
    if lock.holder(path) is not None:
        return
    with suppress(sqlite3.OperationalError):  # a file that may not be written to
        raw.execute("BEGIN IMMEDIATE")
        try:
            raw.execute("INSERT INTO mirror_text (mirror_text) VALUES ('integrity-check')")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            yield f"the full-text index is not of the texts that it holds; {_AGAIN}"
        finally:
            raw.execute("ROLLBACK")
