"""What happened in a stretch of time and what waits for whom, by the store alone: the facts of a digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice

from sqlalchemy import Connection

from foreman.app.digest_needs import Need, needs, unnamed
from foreman.config.effective import RepoPlan
from foreman.gate import security
from foreman.gate.turn import Turn
from foreman.model import ActionState, EventKind, IssueRef, Mode, RepoRef
from foreman.store import mirror, savings, tallies, usage
from foreman.store.database import Database
from foreman.store.logged import Correction
from foreman.store.tallies import Closed, Standing
from foreman.store.usage import UsageTotal
from foreman.values import dataclass

LONGEST = 5
"""So many issues are named that have waited for a maintainer for the longest time."""

_WITHDRAWN = "thumbs_down_withdrawn"
_NOTHING_SAVED = savings.Saved(tasks=0, usd=Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An issue that waits for a maintainer.

    Attributes:
        number: Of the issue.
        title: As it was last decided upon; empty where none is kept.
        since: Since when, aware UTC; None where nobody in particular made it so.
    """

    number: int
    title: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoDigest:
    """What happened in one repository.

    Attributes:
        repo: Its key.
        modes: Agent type to mode.
        came_in: Events by kind.
        decided: Decisions by the log's word.
        done: Actions carried out, by type, on decisions of agents.
        labels: How often each label was put on.
        closed: Issues that were closed.
        shadow: Actions that would have been done in another mode.
        refused: Actions that the gate or a person did not let pass.
        failed: Actions that went wrong, or of which nobody knows.
        held: Actions that wait for a person now, decided at any time.
        put_right: What people put right, newest first.
        waits: Open issues by whose turn it is: `reporter`, `maintainer`, `nobody`, and `unknown`.
        longest: Those that have waited for a maintainer for the longest time, the longest first.
        usd: What models cost, calls of unknown price not counted.
        calls: Model calls.
        unpriced: Of these, calls whose price is not known.
        saved_tasks: Decided without a model by an agent that asks one elsewhere in the repository.
        saved_usd: What they would have cost, by the mean of those that did.
    """

    repo: str
    modes: dict[str, Mode]
    came_in: dict[str, int]
    decided: dict[str, int]
    done: dict[str, int]
    labels: dict[str, int]
    closed: tuple[Closed, ...]
    shadow: int
    refused: int
    failed: int
    held: int
    put_right: tuple[Correction, ...]
    waits: dict[str, int]
    longest: tuple[Waiting, ...]
    usd: Decimal
    calls: int
    unpriced: int
    saved_tasks: int
    saved_usd: Decimal

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell of it."""
        counted = (*self.came_in.values(), *self.decided.values(), *self.done.values(), *self.waits.values())
        return not any((*counted, self.held, self.calls, len(self.put_right)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What happened.

    Attributes:
        since: From when on, aware UTC.
        until: The moment it was made, aware UTC.
        needs: What a person should look at, the most pressing first.
        repos: Each repository that is told of, in the order of the configuration.
    """

    since: datetime
    until: datetime
    needs: tuple[Need, ...]
    repos: tuple[RepoDigest, ...]


def digest(db: Database, plans: Sequence[RepoPlan], *, since: datetime, now: datetime, posted: bool = False) -> Digest:
    """Look what happened; sends no request and changes nothing.

    Args:
        db: The store.
        plans: The repositories to tell of.
        since: From when on, aware UTC.
        now: Current time, aware UTC.
        posted: It will be read on a forge: name no issue that is confidential or may report a security hole.

    Returns:
        The facts, of one moment.
    """
    with db.read() as connection:
        found = tuple(needs(connection, plans, now=now))
        repos = [plan.repo for plan in plans]
        kept = tallies.sensitive(connection, repos) if posted else dict.fromkeys(repos, frozenset[int]())
        facts = _facts(connection, repos, since)
        return Digest(
            since=since,
            until=now,
            needs=unnamed(found, kept) if posted else found,
            repos=tuple(_of_repo(connection, plan, facts, kept[plan.repo], posted=posted) for plan in plans),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the store counts, each of it for all repositories at once."""

    came_in: Mapping[RepoRef, Mapping[EventKind, int]]
    decided: Mapping[RepoRef, dict[str, int]]
    done: Mapping[RepoRef, dict[str, int]]
    labels: Mapping[RepoRef, dict[str, int]]
    closed: Mapping[RepoRef, tuple[Closed, ...]]
    stood: Mapping[RepoRef, Counter[ActionState]]
    replaced: Mapping[RepoRef, int]
    held: Mapping[RepoRef, Counter[ActionState]]
    put_right: Mapping[RepoRef, tuple[Correction, ...]]
    standing: Mapping[RepoRef, tuple[Standing, ...]]
    spent: Mapping[str, Sequence[UsageTotal]]
    saved: Mapping[str, savings.Saved]


_STOOD = (ActionState.SHADOW, ActionState.DENIED, ActionState.FAILED, ActionState.UNKNOWN)


def _facts(connection: Connection, repos: Sequence[RepoRef], since: datetime) -> _Facts:
    only = repos[0].key if len(repos) == 1 else None
    spent: dict[str, list[UsageTotal]] = {}
    for total in usage.totals(connection, since, repo=only):
        spent.setdefault(total.repo, []).append(total)
    return _Facts(
        came_in=tallies.came_in(connection, repos, since),
        decided=tallies.decided(connection, repos, since),
        done=tallies.done(connection, repos, since),
        labels=tallies.labels_put_on(connection, repos, since),
        closed=tallies.closes(connection, repos, since),
        stood=tallies.stood(connection, repos, since, _STOOD),
        replaced=tallies.replaced(connection, repos, since),
        held=tallies.stood(connection, repos, None, (ActionState.HELD,)),
        put_right=tallies.put_right(connection, repos, since),
        standing=tallies.standing(connection, repos),
        spent=spent,
        saved=savings.by_repo(connection, since, repo=only),
    )


def _of_repo(
    connection: Connection, plan: RepoPlan, facts: _Facts, left_out: frozenset[int], *, posted: bool
) -> RepoDigest:
    repo = plan.repo
    asking = {agent.policy.needs_info_label.casefold() for agent in plan.agents} - {""}
    turns = [(_whose(one, asking), one) for one in facts.standing[repo]]
    yours = [one for whose, one in turns if whose == Turn.MAINTAINER and one.number not in left_out]
    yours.sort(key=lambda one: (one.since or datetime.max.replace(tzinfo=UTC), one.number))
    longest = (one for one in yours if not posted or not _may_report_a_hole(connection, repo, one))
    stood, spent = facts.stood[repo], facts.spent.get(repo.key, ())
    saved = facts.saved.get(repo.key, _NOTHING_SAVED)
    return RepoDigest(
        repo=repo.key,
        modes={agent.agent: agent.policy.mode for agent in plan.agents},
        came_in={kind.value: number for kind, number in facts.came_in[repo].items()},
        decided=facts.decided[repo],
        done=facts.done[repo],
        labels=facts.labels[repo],
        closed=tuple(one for one in facts.closed[repo] if one.number not in left_out),
        shadow=stood[ActionState.SHADOW],
        refused=stood[ActionState.DENIED] - facts.replaced[repo],
        failed=stood[ActionState.FAILED] + stood[ActionState.UNKNOWN],
        held=facts.held[repo][ActionState.HELD],
        put_right=tuple(one for one in facts.put_right[repo] if one.kind != _WITHDRAWN),
        waits=dict(Counter(whose for whose, _ in turns)),
        longest=tuple(
            Waiting(number=one.number, title=one.title, since=one.since) for one in islice(longest, LONGEST)
        ),
        usd=sum((total.usd for total in spent), Decimal(0)),
        calls=sum(total.calls for total in spent),
        unpriced=sum(total.unpriced for total in spent),
        saved_tasks=saved.tasks,
        saved_usd=saved.usd,
    )


def _may_report_a_hole(connection: Connection, repo: RepoRef, one: Standing) -> bool:
    kept = mirror.get(connection, IssueRef(repo, one.number))
    return security.is_report(one.title, kept.body if kept else "")


def _whose(one: Standing, asking: set[str]) -> str:
    """Return whose turn it is; where Foreman itself asked, a label says so, which no turn of people's knows of."""
    if asking & {label.casefold() for label in one.labels} and one.turn == Turn.MAINTAINER:
        return Turn.REPORTER.value
    return {"": "unknown", Turn.UPSTREAM.value: Turn.NOBODY.value}.get(one.turn, one.turn)
