"""How far polling reaches, for `foreman status`: what is left of each quota, and what each pattern stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from foreman.config.effective import RepoPattern
from foreman.config.models import Config
from foreman.store import discovered, quotas
from foreman.values import dataclass

LOOKUPS_FAILED = 3
"""So many lookups of a pattern in a row without an answer, and a person is told."""

TOLD_LATELY = timedelta(hours=2)
"""What a forge told longer ago says nothing about its quota now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaStatus:
    """What is left of an account's requests.

    Attributes:
        name: `github`.
        limit: Requests in one window.
        remaining: What was left of them when the forge last said so.
        reset_at: When the quota is filled again.
        told_at: When the forge said so.
        slowed: How many times less often everything is looked at for that; 1 for as configured.
    """

    name: str
    limit: int
    remaining: int
    reset_at: datetime
    told_at: datetime
    slowed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternStatus:
    """What a pattern stands for.

    Attributes:
        pattern: As it is named.
        repos: Repositories that are looked after.
        skipped: Others, by why they are not.
        looked_up_at: When the forge last listed them; None before the first time.
        failures: Lookups in a row that did not go well.
        error: Why, one line; empty when it went well.
        cut: There are more than are taken.
    """

    pattern: str
    repos: int
    skipped: dict[str, int]
    looked_up_at: datetime | None
    failures: int
    error: str
    cut: bool


def quotas_now(connection: Connection, now: datetime) -> Iterator[QuotaStatus]:
    """Yield what is left of each account's quota, where the forge tells.

    Args:
        connection: To the store.
        now: Current time, aware UTC.

    Yields:
        One for each account that was told lately.
    """
    for state in quotas.all(connection):
        if now - state.told_at > TOLD_LATELY:
            continue
        full = state.reset_at <= now
        yield QuotaStatus(
            name=state.scope.partition(":")[2],
            limit=state.limit,
            remaining=state.limit if full else state.remaining,
            reset_at=state.reset_at,
            told_at=state.told_at,
            slowed=1.0 if full else round(state.stretch, 1),
        )


def patterns_now(connection: Connection, config: Config) -> tuple[PatternStatus, ...]:
    """Return what each configured pattern stands for, as last looked up."""
    return tuple(_pattern(connection, pattern) for pattern in config.patterns())


def troubles(patterns: tuple[PatternStatus, ...]) -> Iterator[str]:
    """Yield what of patterns needs a person."""
    for one in patterns:
        if one.failures >= LOOKUPS_FAILED:
            yield f"{one.pattern} could not be looked up {one.failures} times in a row: {one.error}"
        if one.cut:
            more = sum(count for reason, count in one.skipped.items() if reason.startswith("beyond"))
            yield (
                f"{one.pattern} takes no more than {one.repos} repositories, {more} are left out: "
                "narrow it by `include`, or part it"
            )


def _pattern(connection: Connection, pattern: RepoPattern) -> PatternStatus:
    state = discovered.state(connection, pattern.key)
    rows = discovered.of_pattern(connection, pattern.key)
    found = [one for one in rows if one.gone_at is None and pattern.takes(one.repo)]
    return PatternStatus(
        pattern=str(pattern),
        repos=sum(one.polled for one in found),
        skipped=dict(sorted(Counter(one.skipped for one in found if one.skipped).items())),
        looked_up_at=state.last_ok_at,
        failures=state.failures,
        error=state.last_error,
        cut=state.cut,
    )
