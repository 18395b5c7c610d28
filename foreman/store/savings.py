"""What was not spent because no model had to be asked: an estimate by what others cost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from foreman.store.tables import action_log, model_calls
from foreman.values import dataclass

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was not spent because no model had to be asked.

    Attributes:
        tasks: Decided without a model, by agents that do ask one here.
        usd: What as many tasks of the same agent and repository cost on average; an estimate.
    """

    tasks: int
    usd: Decimal


def saved(connection: Connection, since: datetime | None, *, repo: str | None = None) -> Saved:
    """Estimate what was saved since a moment; where no task ever cost anything there is nothing to estimate from.

    Args:
        connection: To read from.
        since: Decisions not older than this, aware UTC; None for all.
        repo: Of this repository only, by its key.

    Returns:
        The estimate.
    """
    found = by_repo(connection, since, repo=repo).values()
    return Saved(tasks=sum(one.tasks for one in found), usd=sum((one.usd for one in found), _ZERO))


def by_repo(connection: Connection, since: datetime | None, *, repo: str | None = None) -> dict[str, Saved]:
    """Estimate the same for each repository by itself.

    Args:
        connection: To read from.
        since: Decisions not older than this, aware UTC; None for all.
        repo: Of this repository only, by its key.

    Returns:
        By the repository's key; those where nothing was saved are left out.
    """
    call, entry = model_calls.c, action_log.c
    tasks = func.count(call.task_id.distinct()).label("tasks")
    paid = select(call.repo, call.agent, tasks, func.sum(call.usd).label("usd")).where(call.usd.is_not(None))
    # What the gate skips before any agent is asked saves nothing: it would not have been asked either way.
    without = select(entry.repo, entry.agent, func.count().label("tasks")).where(
        entry.undoes.is_(None),
        entry.model == "",
        entry.decision.in_(("label_and_respond", "close")),
    )
    if since is not None:
        without = without.where(entry.timestamp >= since)
    if repo is not None:
        paid, without = paid.where(call.repo == repo), without.where(entry.repo == repo)
    means = {
        (row.repo, row.agent): row.usd / row.tasks
        for row in connection.execute(paid.group_by(call.repo, call.agent))
        if row.usd
    }
    found: dict[str, Saved] = {}
    if not means:
        return found
    for row in connection.execute(without.group_by(entry.repo, entry.agent)):
        mean, before = means.get((row.repo, row.agent)), found.get(row.repo, Saved(tasks=0, usd=_ZERO))
        if mean is not None:
            found[row.repo] = Saved(tasks=before.tasks + row.tasks, usd=before.usd + row.tasks * mean)
    return found
