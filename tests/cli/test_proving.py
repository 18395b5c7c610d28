"""`foreman backtest`, on the demonstration: its closed issues, its forge, the real agent."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from foreman.app.past import FOUND, Past
from foreman.config.load import load
from foreman.model import RepoRef
from foreman.sandbox import SandboxForge
from foreman.store.database import Database

REPO = "acme/widget"


def _log(folder: Path) -> tuple[int, int, int]:
    connection = sqlite3.connect(folder / "memory.db")
    try:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("action_log", "actions", "inbox")
        ]
    finally:
        connection.close()
    return counts[0], counts[1], counts[2]


def _writes(folder: Path) -> int:
    forge = SandboxForge(state_file=folder / "forge.json")
    try:
        return len(forge.writes())
    finally:
        forge.close()


def test_a_backtest_compares_with_what_people_did_writes_nothing_and_is_not_done_twice(
    own_demo, run, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "data"))
    log, writes = _log(own_demo.folder), _writes(own_demo.folder)

    first = run("backtest", REPO, "--json", config=own_demo.config)

    facts = json.loads(first.answer)
    assert first.code == 0
    assert (_log(own_demo.folder), _writes(own_demo.folder)) == (log, writes)
    assert (facts["issues"], facts["asked"], facts["failed"], facts["reused"]) == (20, 20, 0, 0)
    assert facts["read_from_forge"] == 19, "the closed ones it had not seen"
    assert facts["not_read_because"] == ""
    assert facts["labels"]["issues_people_labelled"] == 20
    assert facts["labels"]["who_labelled_not_known"] == 20, "no history was read"
    assert facts["labels"]["precision"] >= 0.8
    assert facts["labels"]["confusion"]["documentation"]["bug"] == 1
    assert (facts["usd"], facts["model_calls"], facts["no_model_needed"]) == (0.0, 0, 20)
    worst = facts["annoying"][0]
    assert worst["what"] == "would have put on bug; people chose question"
    assert worst["url"].endswith(f"/acme/widget/issues/{worst['number']}")

    # No forge any more, and no token: the mirror has all that is needed.
    config = own_demo.folder / "config.yaml"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if "sandbox:" not in line and "state:" not in line))
    again = run("backtest", REPO, "--json", config=config)

    second = json.loads(again.answer)
    assert again.code == 0
    assert second["reused"] == 20
    assert (second["read_from_forge"], second["not_read_because"]) == (0, ""), "it was read only just now"
    assert second["labels"] == facts["labels"]
    shown = run("backtest", REPO, "--limit", 5, config=config)
    assert shown.code == 0
    assert "issue-triage on 5 closed issues, no model" in shown.answer
    assert "5 answers are from an earlier run" in shown.answer


def test_an_issue_is_shown_as_it_was_when_it_was_opened(own_demo, run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "data"))
    assert run("backtest", REPO, "--limit", 1, config=own_demo.config).code == 0
    config = load(Path(own_demo.config))
    repo = RepoRef.parse(REPO)
    plan = config.plan_of(repo)
    assert plan is not None
    db = Database.open(config.storage.path)
    try:
        past = Past(db, repo, plan.agents[0], config)
        closed = past.closed(limit=100, since=None)
        assert [one.created_at for one in closed] == sorted(one.created_at for one in closed)
        seen = 0
        for issue in closed:
            then = past.then(issue)
            shown = then.look.facts.issue
            assert (shown.state, shown.labels, shown.comment_count, then.look.comments) == ("open", (), 0, ())
            assert shown.updated_at == shown.created_at == then.look.facts.now
            assert len(then.found) <= FOUND
            assert all(hit.created_at < issue.created_at for hit in then.found)
            assert then.truth.labels == frozenset(issue.labels)
            seen += len(then.found)
        assert seen
    finally:
        db.close()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("acme/other",), "acme/other is not in the configuration"),
        ((REPO, "--agent", "nobody"), "no agent 'nobody' works on"),
        ((REPO, "--since", "soon"), "soon"),
        ((REPO, "--since", "1m"), "no closed issue of acme/widget is known"),
    ],
)
def test_what_cannot_be_tried_is_told_in_one_line(own_demo, run, arguments, told) -> None:
    done = run("backtest", *arguments, config=own_demo.config)

    assert done.code == 2
    assert told in done.story


def test_a_replay_shows_what_differs_under_todays_configuration_and_writes_nothing(own_demo, run) -> None:
    log = _log(own_demo.folder)
    (number,) = [
        entry["id"] for entry in json.loads(run("log", "acme/widget#8", "--json", config=own_demo.config).answer)
    ]

    same = json.loads(run("replay", number, "--json", config=own_demo.config).answer)
    config = Path(own_demo.config)
    config.write_text(config.read_text().replace("- crash\n", "- collapse\n").replace("- error\n", "- mistake\n"))
    other = json.loads(run("replay", number, "--json", config=config).answer)
    shown = run("replay", "--since", "1d", config=config)

    assert [(one["same"], one["text_changed"], one["before"]["labels"]) for one in same] == [(True, False, ["bug"])]
    assert [(one["same"], one["after"]["labels"]) for one in other] == [(False, [])]
    assert shown.code == 0
    assert "acme/widget#8\n    - label_and_respond: +bug\n    + skip: nothing" in shown.answer
    assert "comments or later events, which are not kept" in shown.answer
    assert _log(own_demo.folder) == log
    assert run("replay", config=config).code == 2
