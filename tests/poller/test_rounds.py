"""In which order repositories have their turn."""

from __future__ import annotations

from datetime import timedelta

from foreman.model import RepoRef
from foreman.poller import rounds
from foreman.store import polls
from foreman.store.polls import PollState
from tests.rig import Rig

REPOS = [RepoRef.parse(f"o/n{number}") for number in range(6)]


def test_what_becomes_due_meanwhile_has_its_turn_in_the_same_round_and_nobody_two(bench: Rig) -> None:
    with bench.db.transaction() as connection:
        for number, repo in enumerate(REPOS):
            polls.save(
                connection, PollState(repo=repo, next_poll_at=bench.clock() + timedelta(seconds=4 * number - 8))
            )
    turns = []
    for repo in rounds.due(bench.db, lambda: REPOS, now=bench.clock, monotonic=bench.clock.monotonic):
        turns.append(repo)
        with bench.db.transaction() as connection:
            polls.save(connection, PollState(repo=repo, next_poll_at=bench.clock()))  # behind: due again at once
        bench.clock.advance(3)

    assert turns == REPOS


def test_a_repository_that_was_taken_out_has_no_turn(bench: Rig) -> None:
    configured = list(REPOS)
    turns = []
    for repo in rounds.due(bench.db, lambda: configured, now=bench.clock, monotonic=bench.clock.monotonic):
        turns.append(repo)
        configured[:] = [REPOS[0], REPOS[5]]
        bench.clock.advance(rounds.DUE_SECONDS + 1)

    assert turns == [REPOS[0], REPOS[5]]
