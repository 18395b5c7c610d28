"""GitLab's `updated_at` stands still for a minute after a change; what happens meanwhile is seen all the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foreman.forge.gitlab import GitLabForge
from foreman.model import RepoRef
from foreman.poller import Poller
from foreman.router import route
from foreman.sandbox import SandboxForge
from foreman.store.database import Database
from tests.empty import empty_database
from tests.rig import Clock, plan

GEAR = RepoRef.parse("gitlab:acme/tools/gear")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lab(clock: Clock) -> Iterator[SandboxForge]:
    with SandboxForge(clock=clock, kind="gitlab") as lab:
        lab.add_repo(GEAR.path, labels=["bug", "question"])
        lab.add_collaborator(GEAR.path, "bot")
        yield lab


@pytest.fixture
def poll(lab: SandboxForge, clock: Clock, tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Poll once; returns how many events were new."""
    (tmp_path / "memory.db").write_bytes(empty_database())
    db = Database.open(tmp_path / "memory.db")
    with GitLabForge(
        token=lambda: lab.token("bot"), url=lab.url, write_interval_seconds=0, timeout_seconds=60, clock=clock
    ) as forge:
        poller = Poller(
            db=db,
            reader=forge,
            bot=forge.whoami(),
            plan={GEAR: plan(repo=GEAR)}.get,
            route=route,
            redact=str,
            now=clock,
            jitter=lambda: 0.5,
            monotonic=clock.monotonic,
        )
        lab.open_issue(GEAR.path, title="It crashes", author="ann")
        clock.advance(3600)
        poller.poll(GEAR)
        yield lambda: poller.poll(GEAR).new_events
    db.close()


def test_a_comment_edited_within_the_minute_is_heard_when_it_is_over(
    lab: SandboxForge, clock: Clock, poll: Callable[[], int]
) -> None:
    note = lab.comment(GEAR.path, 1, author="ann", body="It does not happen any more.")
    clock.advance(20)
    first = poll()
    lab.edit_comment(GEAR.path, note, body="It happens again!")
    clock.advance(60)
    second = poll()
    clock.advance(60)

    assert (first, second, poll()) == (1, 1, 0)
    lab.clear_ledger()
    clock.advance(60)
    assert poll() == 0
    assert len(lab.ledger) == 1, "what has settled is not read again"


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_is_seen_once(lab: SandboxForge, clock: Clock, poll: Callable[[], int], seed: int) -> None:
    chance = random.Random(seed)
    for number in (2, 3):
        lab.open_issue(GEAR.path, title=f"T{number}", author="ann")
    notes: list[tuple[int, int]] = []
    made, seen = 2, poll()

    def comment() -> None:
        number = chance.randint(1, 3)
        notes.append((number, lab.comment(GEAR.path, number, author="ann", body=f"{clock()}")))

    def edit() -> None:
        _, note = notes.pop(chance.randrange(len(notes)))
        lab.edit_comment(GEAR.path, note, body=f"{clock()}")

    def label() -> None:
        issue = lab.issue(GEAR.path, chance.randint(1, 3))
        change = lab.remove_label if "bug" in issue.labels else lab.add_label
        change(GEAR.path, issue.number, "bug", by="mia")

    for _ in range(25):
        chance.choice([comment, edit, label] if notes else [comment])()
        made += 1
        clock.advance(chance.choice([1, 5, 20, 50, 70]))
        seen += poll()
    clock.advance(120)
    seen += poll()

    assert seen == made
