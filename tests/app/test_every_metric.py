"""A bad day, after which every documented metric has moved, and no label says what it must not."""

from __future__ import annotations

import json
import math
import os
import re
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from foreman.app.found import in_use
from foreman.app.vitals import Life, StoreVitals
from foreman.app.workshop import Workshop
from foreman.config.load import load
from foreman.model import InboxState, RepoRef
from foreman.sandbox.faults import Fault, commit_then_drop, reply
from foreman.server.page import exposition
from foreman.store import backup, controls, inbox
from tests.promtool import promtool
from tests.world import REPO, TOKEN, Ahead, World, decision, wait_until

pytestmark = pytest.mark.timeout(600)

SECRET = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
STEADY = {"foreman_build_info"}
"""Always 1."""

LABELS = {
    "action", "agent", "check", "ending", "forge", "kind", "le", "loop", "method", "model", "of", "outcome", "place",
    "provider", "reason", "repo", "scope", "state", "then", "verdict", "version", "where",
}  # fmt: skip
"""Every label there may be. None of them is for an issue, a person or a text."""

EVIL = '"} 1\nforeman_evil{x="'


class Prometheus:
    """Keeps what was scraped."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
        self.looks = 0
        self.text = ""

    def look(self, vitals: StoreVitals) -> None:
        self.text = exposition(vitals.metrics())[0].decode()
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                self.seen.setdefault(key, [0.0] * self.looks).append(sample.value)
        self.looks += 1

    def moved(self) -> set[str]:
        return {name for (name, _), values in self.seen.items() if len(set(values)) > 1}

    def value(self, name: str, **labels: str) -> float:
        """Return the newest value of all series that have these labels, together."""
        wanted = set(labels.items())
        return math.fsum(
            values[-1] for (known, has), values in self.seen.items() if known == name and wanted <= {*has}
        )


@contextmanager
def opened(world: World) -> Iterator[tuple[Workshop, StoreVitals]]:
    with world.shop() as shop:
        vitals = StoreVitals(
            db=shop.db,
            plans=lambda: shop.config.plans,
            agents=tuple(in_use(load(world.file))),
            life=Life(stopping=lambda: shop.daemon.stopping, hanging=shop.daemon.hanging),
            now=world.clock,
        )
        yield shop, vitals


@pytest.fixture
def clock() -> Ahead:
    return Ahead()


@pytest.fixture
def world(tmp_path: Path, clock: Ahead, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("FOREMAN_LLM_RECORD", str(tmp_path / "answers"))
    (tmp_path / "answers").mkdir()
    made = World(tmp_path, clock)
    made.config["llm"] = {"provider": "recorded", "model": "m", "when": "always"}
    made.config["agents"]["issue-triage"]["max_retries"] = 0
    made.config["polling"]["interval_seconds"] = 60
    made.forge.add_account("boss")
    made.forge.add_collaborator(REPO, "boss", permission="admin")
    made.forge.add_account("chatter[bot]", is_bot=True)
    made.agent.answer = lambda task: _answer(made, task)
    yield made
    made.close()


def _answer(world: World, task: dict[str, Any]) -> Any:
    """Answer as the issue's title asks for."""
    title, label = task["payload"]["issue"]["title"], {"type": "add_label", "label": "bug"}
    number = task["payload"]["issue"]["number"]
    if "model" in title:
        _call_model(task["context"]["llm_backend"], title)
    if "down" in title:
        return 503
    if "nonsense" in title:
        return b"I would rather not"
    if "secret" in title:
        return decision(task, {"type": "comment", "body": f"Try it with {SECRET}"}, rationale=EVIL)
    if "moving" in title:
        world.forge.edit_issue(REPO, number, body="something else entirely", by="kim")
    if "missing" in title:
        return decision(task, {"type": "add_label", "label": "no-such-label"})
    return decision(task, label)


def _call_model(backend: dict[str, str], question: str) -> None:
    body = {"model": backend["model"], "messages": [{"role": "user", "content": question}]}
    request = urllib.request.Request(
        f"{backend['base_url']}/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {backend['token']}", "Content-Type": "application/json"},
    )
    with suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def _record_answers(world: World) -> None:
    """Record an answer for each call that had none: the first with a price, the others without."""
    with sqlite3.connect(world.folder / "memory.db") as raw:
        errors = [error for (error,) in raw.execute("SELECT error FROM model_calls ORDER BY id")]
    raw.close()
    usage = {"prompt_tokens": 70, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 20}}
    message = {"index": 0, "message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}
    for position, error in enumerate(errors):
        name = re.search(r"[0-9a-f]{32}\.json", error)
        assert name is not None, error
        record = {
            "made": "by hand", "request": {}, "provider": "somebody", "model": f"m{EVIL}"[:40],
            "response": {"id": "1", "created": 1, "model": "m", "choices": [message], "usage": usage},
            "usd": None if position else "0.01",
        }  # fmt: skip
        (world.folder / "answers" / name[0]).write_text(json.dumps(record))


def _documented(project: Path) -> dict[str, bool]:
    """Return every metric of the handbook, with whether it is a histogram."""
    text = (project / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(foreman_[a-z_]+)` \|[^|]*\| (.*)$", text, re.MULTILINE)
    return {name: tells.startswith("histogram") for name, tells in rows}


def test_every_documented_metric_moves_on_a_bad_day(world: World, clock: Ahead, project: Path) -> None:
    eyes, forge = Prometheus(), world.forge
    plain = [forge.open_issue(REPO, title=f"It crashes {n}", body=f"{EVIL} {SECRET}", author="kim") for n in range(5)]
    with opened(world) as (shop, vitals):
        eyes.look(vitals)
        for title in ("ask the model", "ask the model again", "a secret", "nonsense", "a missing label"):
            forge.open_issue(REPO, title=title, author="kim")
        for author in ("boss", "chatter[bot]"):
            forge.open_issue(REPO, title="nothing for us", author=author)
        shop.daemon.once()
        eyes.look(vitals)
        assert eyes.value("foreman_model_calls_total", outcome="failed") >= 2
        assert eyes.value("foreman_secrets_caught_total", where="outgoing") >= 1
        assert eyes.value("foreman_inbox_items", state="dead") == 1

        # The answers are there now, one with a price; a write gets no answer, and one issue moves on meanwhile.
        _record_answers(world)
        lost = forge.inject(Fault(method="POST", path=r"/labels$", action=commit_then_drop))
        for title in ("ask the model", "ask the model again", "moving"):
            forge.open_issue(REPO, title=title, author="kim")
        clock.by += timedelta(minutes=2)
        shop.daemon.once()
        clock.by += timedelta(minutes=2)
        shop.daemon.once()
        eyes.look(vitals)
        assert lost.hits == 1
        assert eyes.value("foreman_replies_lost_total") >= 1
        assert eyes.value("foreman_stale_conflicts_total") >= 1
        assert eyes.value("foreman_model_usd_total") >= 0.01

        # People take back what was labelled: that type of action steps down.
        for number in plain:
            forge.remove_label(REPO, number, "bug", by="boss")
        clock.by += timedelta(minutes=2)
        shop.daemon.once()
        eyes.look(vitals)
        assert eyes.value("foreman_stepped_down", action="add_label") == 1

        # The forge is ill, then refuses the token; nothing is read for ten minutes.
        ill = forge.inject(Fault(method="GET", path="/issues", times=1, action=reply(500)))
        clock.by += timedelta(minutes=2)
        shop.daemon.once()
        assert ill.hits == 1
        os.environ[TOKEN] = "nobody's"
        shop.daemon.once()
        clock.by += timedelta(minutes=10)
        eyes.look(vitals)
        assert eyes.value("foreman_ready", check="account:github") == 0
        assert eyes.value("foreman_repos_late", forge="github") == 1
        os.environ[TOKEN] = world.token
        shop.accounts[RepoRef.parse(REPO).forge].tend()

        # The agent is down until it is kept out, and its tasks wait; somebody pauses; the disk fills a little.
        for number in range(7):
            forge.open_issue(REPO, title=f"down {number}", author="kim")
        with shop.db.transaction() as connection:
            controls.pause(connection, REPO, "kim", world.clock())
        (world.folder / "filler").write_bytes(os.urandom(16 * 1024**2))
        shop.daemon.once()
        clock.by += timedelta(minutes=5)
        with shop.db.transaction() as connection:
            inbox.release_held(connection, now=world.clock())
        eyes.look(vitals)
        assert eyes.value("foreman_agent_kept_out", agent="issue-triage") == 1
        assert eyes.value("foreman_inbox_oldest_ready_seconds") > 0

        backup.backup(shop.db, world.folder / "copy.db")
        eyes.look(vitals)

        # Another daemon takes the database over.
        shop.daemon.start()
        with sqlite3.connect(world.folder / "memory.db", timeout=60) as raw:
            raw.execute("UPDATE daemon_lease SET fence = fence + 1")
        raw.close()
        wait_until(lambda: shop.daemon.lost is not None, "the lease is lost")
        shop.daemon.stop()
        eyes.look(vitals)
        assert eyes.value("foreman_loop_errors_total", kind="lease") >= 1

    forge.add_repo("acme/other", labels=["bug"])
    world.config["repos"].append(world.repo("acme/other"))
    with opened(world) as (shop, vitals):
        eyes.look(vitals)

    documented = _documented(project)
    names = {f"{name}_count" if histogram else name for name, histogram in documented.items()}
    shown = {re.sub(r"(_bucket|_sum|_count)$", "", name) for name, _ in eyes.seen if "_process_" not in name}
    assert shown == set(documented)
    assert names - eyes.moved() == STEADY
    _holds_nothing_it_must_not(eyes, world)
    checked = promtool("check", "metrics", folder=world.folder, given=eyes.text)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def _holds_nothing_it_must_not(eyes: Prometheus, world: World) -> None:
    series = [labels for _, labels in eyes.seen]
    assert {name for labels in series for name, _ in labels} <= LABELS
    values = {value for labels in series for name, value in labels if name not in {"version", "le"}}
    strange = {value for value in values if not re.fullmatch(r"[A-Za-z0-9_:/.-]{0,60}", value)}
    assert strange == set()
    assert not any(
        "kim" in value or "boss" in value or "#" in value or value.isdigit() for value in values - _STATUSES
    )
    assert "foreman_evil" not in {name for name, _ in eyes.seen}
    assert SECRET not in eyes.text


_STATUSES = {"304", "401", "403", "404", "429"}


def test_states_of_work_are_all_shown(world: World) -> None:
    with opened(world) as (_, vitals):
        eyes = Prometheus()
        eyes.look(vitals)

    shown = {dict(labels)["state"] for name, labels in eyes.seen if name == "foreman_inbox_items"}
    assert shown == {state.value for state in InboxState}
