"""What of a digest needs a person: what waits for a word, and what failed without a sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from foreman.app import redirect
from foreman.app.digest_quiet import LOOK_BACK, Silence, fell_silent
from foreman.approvals import state as dashboards
from foreman.config.effective import RepoPlan
from foreman.model import ActionState, EventKind, IssueRef, RepoRef
from foreman.store import actions, breakers, closing, controls, escalations, flood, ladder, polls, tallies
from foreman.store.polls import PollState
from foreman.store.scopes import scope_of
from foreman.values import dataclass

Kind = Literal[
    "security",
    "escalated",
    "held",
    "announced",
    "unknown",
    "dead",
    "polling",
    "silent",
    "stepped_down",
    "agent",
    "account",
    "writes",
    "dashboard",
]

_COUNTED: dict[Kind, str] = {"security": "may report a security hole in public", "escalated": "left to you"}

_NEWS = (EventKind.OPENED, EventKind.COMMENTED, EventKind.REOPENED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that a person should look at.

    Attributes:
        kind: Of which sort.
        where: A repository or an issue; empty where it concerns everything.
        text: What there is, in our own words.
        detail: What others said of it: an error, a reason; empty when nothing.
        command: What to type.
    """

    kind: Kind
    where: str
    text: str
    detail: str = ""
    command: str


def needs(connection: Connection, plans: Sequence[RepoPlan], *, now: datetime) -> Iterator[Need]:
    """Name what needs a person, the most pressing first.

    Args:
        connection: To read from.
        plans: The repositories that are told of.
        now: Current time, aware UTC.

    Yields:
        One for each.
    """
    told = {plan.repo: plan for plan in plans if plan.enabled}
    yield from _left_to_people(connection, told, now)
    yield from _everywhere(connection, told, now)
    yield from _of_repos(connection, told, now)
    for close in closing.announced(connection):
        if close.issue.repo in told:
            due = closing.closes_at(close)
            text = f"is closed as a duplicate at {due:%Y-%m-%d %H:%M} UTC unless somebody objects"
            yield Need(kind="announced", where=str(close.issue), text=text, command=f"foreman reject {close.id}")


def unnamed(found: Iterable[Need], sensitive: Mapping[RepoRef, frozenset[int]]) -> tuple[Need, ...]:
    """Return needs as they may be told on a forge: which issues were left to people is not said there.

    Args:
        found: All.
        sensitive: Issues that are not named, by number.

    Returns:
        Without them; of those left to people only how many there are.
    """
    kept, counted = [], Counter[Kind]()
    for need in found:
        if need.kind in _COUNTED:
            counted[need.kind] += 1
        elif "#" not in need.where or (ref := IssueRef.parse(need.where)).number not in sensitive.get(ref.repo, ()):
            kept.append(need)
    return tuple(
        [
            Need(kind=kind, where="", text=f"{number} {_COUNTED[kind]}", command="foreman status")
            for kind, number in counted.items()
        ]
        + kept
    )


def _left_to_people(connection: Connection, told: dict[RepoRef, RepoPlan], now: datetime) -> Iterator[Need]:
    for one in escalations.unseen(connection, now=now):
        if one.issue.repo not in told:
            continue
        hole = one.security or redirect.is_about_a_hole(connection, actions.entry(connection, one.log_id))
        yield Need(
            kind="security" if hole else "escalated",
            where=str(one.issue),
            text="may report a security hole in public" if hole else "is left to you",
            command=f"foreman explain {one.log_id}",
        )


def _everywhere(connection: Connection, told: dict[RepoRef, RepoPlan], now: datetime) -> Iterator[Need]:
    if breakers.flood_open(connection, now=now):
        tide = breakers.get(connection, flood.SCOPE)
        why = tide.reason if tide else ""
        yield Need(kind="writes", where="", text="all writing stops", detail=why, command="foreman log")
    forges = {repo.forge.value for repo in told}
    for state in breakers.all(connection):
        name = state.scope.removeprefix("account:")
        if state.open and name != state.scope and name in forges:
            text = f"{name} refuses the bot's token"
            yield Need(kind="account", where="", text=text, detail=state.reason, command="foreman check")
    for agent in dict.fromkeys(agent.agent for plan in told.values() for agent in plan.agents):
        found = breakers.get(connection, scope_of(agent))
        if found is not None and found.open:
            text, command = f"agent {agent} is kept away from work", f"foreman agent test {agent}"
            yield Need(kind="agent", where="", text=text, detail=found.reason, command=command)
    boards = {
        RepoRef(plan.repo.forge, agent.policy.dashboard)
        for plan in told.values()
        for agent in plan.agents
        if agent.policy.dashboard
    }
    for board in sorted(boards):
        if dashboards.load(connection, board).gone:
            text = "the dashboard there is gone, and no new one is opened by itself"
            yield Need(kind="dashboard", where=board.key, text=text, command=f"foreman resume {board.key}")


def _of_repos(connection: Connection, told: dict[RepoRef, RepoPlan], now: datetime) -> Iterator[Need]:
    stood = tallies.stood(connection, told, None, (ActionState.HELD, ActionState.UNKNOWN))
    dead = tallies.gave_up(connection, told)
    polled = {state.repo: state for state in polls.all(connection)}
    hours = tallies.by_hour(connection, told, now - LOOK_BACK)
    down: dict[RepoRef, set[str]] = {}
    for step in ladder.steps(connection):
        down.setdefault(step.repo, set()).add(step.action_type)
    for repo, plan in told.items():
        yield from _of_actions(repo, stood[repo], dead[repo])
        if repo in polled:
            yield from _of_polling(plan, polled[repo], now)
        for action_type in sorted(down.get(repo, ())):
            text = f"each {action_type} waits for your word, since people reversed too many"
            yield Need(kind="stepped_down", where=repo.key, text=text, command="foreman status")
        silence = fell_silent(hours[repo], now=now)
        if silence is not None and not controls.paused(connection, repo):
            yield _of_silence(connection, repo, silence)


def _of_actions(repo: RepoRef, stood: Counter[ActionState], dead: int) -> Iterator[Need]:
    if held := stood[ActionState.HELD]:
        text = "1 action waits for your word" if held == 1 else f"{held} actions wait for your word"
        yield Need(kind="held", where=repo.key, text=text, command=f"foreman pending {repo.key}")
    if unknown := stood[ActionState.UNKNOWN]:
        text = f"{unknown} sent with unknown outcome: look on the forge"
        yield Need(kind="unknown", where=repo.key, text=text, command=f"foreman log {repo.key} --status unknown")
    if dead:
        text = "1 task gave up" if dead == 1 else f"{dead} tasks gave up"
        yield Need(kind="dead", where=repo.key, text=text, command="foreman dead")


def _of_polling(plan: RepoPlan, polled: PollState, now: datetime) -> Iterator[Need]:
    late = polls.LATE_INTERVALS * timedelta(seconds=polled.interval_seconds or plan.interval_seconds)
    if polled.failures and (polled.last_ok_at is None or now - polled.last_ok_at > late):
        text = f"could not be polled {polled.failures} times in a row"
        yield Need(kind="polling", where=plan.repo.key, text=text, detail=polled.last_error, command="foreman check")


def _of_silence(connection: Connection, repo: RepoRef, silence: Silence) -> Need:
    came = tallies.came_in(connection, [repo], silence.since)[repo]
    news = sum(came.get(kind, 0) for kind in _NEWS)
    meanwhile = f"though {news} came in" if news else "and nothing came in"
    text = f"nothing done since {silence.since:%Y-%m-%d}, {meanwhile}; before, {silence.per_day:.1f} a day"
    return Need(kind="silent", where=repo.key, text=text, command=f"foreman log {repo.key}")
