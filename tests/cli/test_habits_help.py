"""The help of every command: fits a terminal, has examples, and the examples do what they say."""

from __future__ import annotations

import shlex
import sqlite3

import pytest

from foreman.cli.examples import EXAMPLES
from foreman.cli.lazily import names_of
from foreman.cli.main import FAMILIES, GROUPS

COMMANDS = [
    f"{group} {names_of(entry)[0]}".strip() for _, group, entries in FAMILIES for entry in entries if "=" not in entry
]
ELSEWHERE = {
    "foreman demo": "the fixture of all tests here is what it left",
    "foreman init": "needs a clone; tests of `init` run it in one",
    "foreman init --repo owner/name --yes --print": "asks github.com; tests of `init` ask a forge of their own",
    "foreman run": "does not end; tests of the daemon run it",
    "foreman agent build issue-triage": "needs a container engine; a test of agents runs it where there is one",
    "foreman agent test http://127.0.0.1:9000": "nothing listens there; tests of agents ask one that does",
    "foreman agent test issue-triage": "tests of agents run it",
    "foreman backtest acme/widget --limit 5": "the test of the documents runs it with --json",
    "foreman backtest acme/widget --limit 5 --html page.html --csv rows.csv": "tests of reports write both files",
    "foreman triage 'acme/widget#2' --dry-run": "the test of the documents runs it with --json",
    "foreman retry 12": "the test of the documents runs it with --json",
    "foreman replay 12": "the test of the documents runs it with --json",
    "foreman check --json": "the test of the documents runs it",
}
"""Examples that are not run here, and why."""


@pytest.mark.parametrize("command", ["", *GROUPS, *COMMANDS])
def test_help_is_a_page_of_a_manual_in_eighty_columns(command, run) -> None:
    text = run(*command.split(), "--help").answer

    assert max(map(len, text.splitlines())) <= 80
    for word in ("<str>", "<int", "<list", "9223372036854775807", "\b", "Args:", "Returns:"):
        assert word not in text
    if command in COMMANDS:
        summary = text.split("\n\n")[1].strip()
        assert summary[0].isupper()
        _, _, below = text.partition("\n  Example")
        for _, line in EXAMPLES[command]:
            assert f"\n    {line}\n" in below
            assert line.startswith("foreman ")
            words = shlex.split(line)
            assert command.split() == [word for word in words[1:] if not word.startswith("-")][: len(command.split())]


def test_there_is_no_example_of_what_is_no_command() -> None:
    lines = {line for each in EXAMPLES.values() for _, line in each}

    assert set(EXAMPLES) == set(COMMANDS)
    assert set(ELSEWHERE) <= lines


def let_wait(path) -> str:
    """Make number 12 of everything wait for a person; return the hash of the action."""
    with sqlite3.connect(path) as db:
        for table, counts, state in (("actions", "action_counts", "held"), ("inbox", "inbox_counts", "dead")):
            db.execute(f"UPDATE {table} SET state = ? WHERE id = 12", (state,))
            db.execute(f"DELETE FROM {counts}")
            keys = [row[1] for row in db.execute(f"PRAGMA table_info({counts})") if row[1] != "number"]
            listed = ", ".join(keys)
            db.execute(
                f"INSERT INTO {counts} ({listed}, number) SELECT {listed}, count(*) FROM {table} GROUP BY {listed}"
            )
        db.execute("UPDATE actions SET settled_at = NULL WHERE id = 12")
        db.execute("UPDATE action_log SET decision = 'escalate' WHERE id = 12")
        (digest,) = db.execute("SELECT payload_hash FROM actions WHERE id = 12").fetchone()
    db.close()
    return digest


def test_examples_are_what_can_be_typed(own_demo, run, monkeypatch, tmp_path) -> None:
    """All in one test, in the order of the help: each may rely on what the one before did."""
    monkeypatch.setenv("FOREMAN_CONFIG", own_demo.config)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "backup.db").write_bytes((own_demo.folder / "memory.db").read_bytes())
    failed = {}
    for command, examples in EXAMPLES.items():
        for _, line in examples:
            if line in ELSEWHERE:
                continue
            digest = let_wait(own_demo.folder / "memory.db")
            words = shlex.split(line.replace("1a2b3c4d", digest[:8]))[1:]
            end = next((at for at, word in enumerate(words) if word in {">", "||"}), len(words))
            done = run(*words[:end])
            if done.code not in ({0, 1} if command in {"status", "check"} else {0}):
                failed[line] = (done.code, done.answer, done.story)

    assert failed == {}
