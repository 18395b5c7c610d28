"""What the database tells of the present: it outlives a restart, and costs a few rows however long the log is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from foreman.app.gauges.polling import polls
from foreman.app.gauges.rows import age, metric, one, summed
from foreman.app.reach import quotas_now
from foreman.config.effective import RepoPlan
from foreman.counting import MOST_SERIES, OTHER, plain
from foreman.model import RepoRef
from foreman.server import Metric
from foreman.store import actions, backup, breakers, controls, inbox, ladder, usage
from foreman.store.polls import PollState

MOST_REPOS = 100
"""With more repositories than this none is named: the label is empty and the numbers are summed up. Thousands of them
would be ten thousands of series; the maxima for each forge are there in any case."""


def kept(
    connection: Connection,
    *,
    plans: Sequence[RepoPlan],
    polled: Mapping[RepoRef, PollState],
    agents: Sequence[str],
    since: Mapping[RepoRef, datetime],
    now: datetime,
) -> list[Metric]:
    """Return what the database tells; each number comes from a few rows or an index, however long the log is.

    Args:
        connection: To read from.
        plans: What is looked after now.
        polled: Where polling each stands.
        agents: Agent types that are at work.
        since: From when on each repository is.
        now: Current time, aware UTC.

    Returns:
        Gauges, and one counter that survives restarts.
    """
    named = len(plans) <= MOST_REPOS
    oldest = inbox.oldest_ready(connection)
    # A step down fails nothing: it is measured by its own name, so that the alarm of this one stays silent.
    known = {state.scope: state for state in breakers.all(connection) if not ladder.is_step(state)}
    down = [
        ({"repo": step.repo.key if named else "", "action": step.action_type}, 1.0)
        for step in ladder.steps(connection)
    ]
    pauses = [pause.scope for pause in controls.all(connection) if "#" not in pause.scope]
    out = {agent: (state := known.get(f"agent:{agent}")) is not None and state.open for agent in agents}
    return [
        metric(
            "foreman_inbox_items",
            "Pieces of work by state.",
            [({"state": state.value}, number) for state, number in inbox.counts(connection).items()],
        ),
        one(
            "foreman_inbox_oldest_ready_seconds",
            "How long the oldest piece of ready work has been waiting; 0 when none is.",
            age(oldest, now) if oldest else 0.0,
        ),
        metric(
            "foreman_actions",
            "Logged actions by the state they are in now.",
            [({"state": state.value}, number) for state, number in actions.states(connection).items()],
        ),
        one(
            "foreman_log_entries_total",
            "Decisions ever written into the log.",
            actions.newest(connection),
            counter=True,
        ),
        one(
            "foreman_writes_last_hour",
            "Actions sent to forges in the last hour.",
            actions.writes_since(connection, None, now - timedelta(hours=1)),
        ),
        metric(
            "foreman_last_backup_timestamp_seconds",
            "When the newest copy was made by `foreman db backup`, Unix time; not there before the first.",
            [({}, made.timestamp())] if (made := backup.last(connection)) else [],
        ),
        *polls(plans, polled, since, now, named=named),
        *_quotas(connection, now),
        metric(
            "foreman_breaker_open",
            "1 while something is kept from being used because it fails, else 0.",
            [({"scope": state.scope}, int(state.open)) for state in known.values()],
        ),
        metric(
            "foreman_agent_kept_out",
            "1 while an agent gets no task because it keeps failing, else 0.",
            [({"agent": agent}, int(is_out)) for agent, is_out in out.items()],
        ),
        metric(
            "foreman_stepped_down",
            "Types of action that wait for a person because people reversed too many.",
            summed(down),
        ),
        metric(
            "foreman_paused",
            "1 for each pause a person ordered.",
            summed([({"scope": scope if named or scope == "all" else "repo"}, 1.0) for scope in pauses]),
        ),
        *_spending(usage.totals(connection, now.replace(hour=0, minute=0, second=0, microsecond=0)), named=named),
    ]


def _quotas(connection: Connection, now: datetime) -> list[Metric]:
    found = list(quotas_now(connection, now))
    return [
        metric(
            "foreman_forge_quota_limit",
            "Requests that an account may send in one window, where the forge tells.",
            [({"forge": told.name}, told.limit) for told in found],
        ),
        metric(
            "foreman_forge_quota_remaining",
            "How many of them are left.",
            [({"forge": told.name}, told.remaining) for told in found],
        ),
    ]


def _spending(spent: Sequence[usage.UsageTotal], *, named: bool) -> list[Metric]:
    """Return what models cost since midnight UTC: gauges, since they fall back to nothing then."""
    labels = [
        {
            "repo": row.repo if named else "",
            "agent": row.agent,
            "provider": plain(row.provider),
            # The dearest come first; a provider with another name for its model in each answer ends among the rest.
            "model": plain(row.model) if position < MOST_SERIES else OTHER,
        }
        for position, row in enumerate(spent)
    ]
    numbers: Mapping[str, tuple[str, list[float]]] = {
        "calls": ("Model calls since midnight UTC.", [row.calls for row in spent]),
        "failed": ("Model calls since midnight UTC that failed.", [row.failed for row in spent]),
        "unpriced": ("Model calls since midnight UTC whose price is not known.", [row.unpriced for row in spent]),
        "input_tokens": ("Tokens sent to models since midnight UTC.", [row.input_tokens for row in spent]),
        "output_tokens": ("Tokens that models wrote since midnight UTC.", [row.output_tokens for row in spent]),
        "usd": ("Known prices of model calls since midnight UTC, dollars.", [float(row.usd) for row in spent]),
    }
    return [
        metric(f"foreman_model_{name}_today", text, summed(zip(labels, values, strict=True)))
        for name, (text, values) in numbers.items()
    ]
