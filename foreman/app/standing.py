"""How everything stands, as values: what `foreman status` shows and gives as JSON."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from foreman.app.ladder import Rung
from foreman.app.learned import Learned
from foreman.app.reach import PatternStatus, QuotaStatus
from foreman.model import ActionState, InboxState, Mode
from foreman.store.controls import Pause
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoStatus:
    """How a repository stands.

    Attributes:
        repo: Its key.
        enabled: Whether it is looked after.
        modes: Agent type to mode.
        interval_seconds: Between two polls, as configured.
        polled_every_seconds: The same as it is now: longer where nothing happens or the quota is low.
        last_poll_at: When it was last tried.
        last_ok_at: When it last went well.
        lag_seconds: Since then; None before the first.
        failures: Tries in a row that did not go well.
        error: Why, one line; empty when it went well.
        failing: It has not gone well for more than `polls.LATE_INTERVALS` intervals.
        paused: Nothing is written there.
        mirrored_issues: Of how many issues the text is kept.
        mirror: `off`; `reading` while older issues are read; `complete`; `forgotten` where a person wanted that.
    """

    repo: str
    enabled: bool
    modes: dict[str, Mode]
    interval_seconds: float
    polled_every_seconds: float
    last_poll_at: datetime | None
    last_ok_at: datetime | None
    lag_seconds: float | None
    failures: int
    error: str
    failing: bool
    paused: bool
    mirrored_issues: int
    mirror: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How an agent, an account or a host is doing.

    Attributes:
        name: `issue-triage`, `github`.
        well: Whether work goes to it.
        failures: In a row.
        reason: Why not; empty when it is well.
        retry_at: When it is tried again; None when it is well or a person must act.
    """

    name: str
    well: bool
    failures: int
    reason: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What models cost since midnight UTC.

    Attributes:
        usd: US dollars, calls of unknown price not counted.
        budget_usd: Of the day.
        calls: Model calls.
        unpriced: Of these, calls whose price is not known.
        saved_tasks: Decided without a model by an agent that asks one elsewhere in the same repository.
        saved_usd: What they would have cost, by the mean of those that did.
    """

    usd: Decimal
    budget_usd: Decimal
    calls: int
    unpriced: int
    saved_tasks: int = 0
    saved_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How everything stands.

    Attributes:
        daemon_pid: The process that works on the database: 0 when its id is not known, None when there is none.
        repos: Each that is configured, and each that a pattern stands for.
        patterns: What is configured for many.
        quotas: What is left of each account's requests.
        inbox: Tasks by state.
        oldest_ready_at: Since when the oldest task waits that could be begun.
        actions: Actions by state.
        spend: What models cost today.
        learned: What was learned from labels, and where there are not enough yet.
        agents: Each type at work.
        accounts: Bot accounts that are or were refused.
        hosts: Forges that do or did not answer.
        flood: Why all writing stops; empty when it does not.
        free_bytes: Of the disk the database is on.
        pauses: What people stopped.
        ladder: Where each type of action stands in each repository, and what people's deeds speak for.
        announced: Issues that will be closed as duplicates unless somebody objects, one line each.
        attention: What needs a person, one line each.
    """

    daemon_pid: int | None
    repos: tuple[RepoStatus, ...]
    patterns: tuple[PatternStatus, ...]
    quotas: tuple[QuotaStatus, ...]
    inbox: dict[InboxState, int]
    oldest_ready_at: datetime | None
    actions: dict[ActionState, int]
    spend: Spend
    learned: tuple[Learned, ...]
    agents: tuple[Health, ...]
    accounts: tuple[Health, ...]
    hosts: tuple[Health, ...]
    flood: str
    free_bytes: int
    pauses: tuple[Pause, ...]
    ladder: tuple[Rung, ...]
    announced: tuple[str, ...]
    attention: tuple[str, ...]
