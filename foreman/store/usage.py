"""What the model calls cost: the ledger behind `llm.base.UsageLedger`. An unknown price stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from sqlalchemy import Connection, func, insert, select

from foreman.counting import MODEL_CALLS, MODEL_SECONDS, MODEL_TOKENS, MODEL_USD, count, observe
from foreman.store.database import Database
from foreman.store.tables import model_calls
from foreman.values import dataclass

_ZERO = Decimal(0)


class Call(Protocol):
    """What is kept of a model call; `llm.base.ModelCall` is one. Adapters do not import each other."""

    @property
    def task_id(self) -> str:
        """For which task."""

    @property
    def repo(self) -> str:
        """Repository key."""

    @property
    def agent(self) -> str:
        """Agent type."""

    @property
    def provider(self) -> str:
        """Who answered."""

    @property
    def model(self) -> str:
        """Which model answered."""

    @property
    def input_tokens(self) -> int:
        """As the provider counts."""

    @property
    def output_tokens(self) -> int:
        """As the provider counts."""

    @property
    def cached_tokens(self) -> int:
        """Input tokens read from the provider's cache."""

    @property
    def usd(self) -> Decimal | None:
        """Price; None when not known."""

    @property
    def started_at(self) -> datetime:
        """Aware UTC."""

    @property
    def duration_ms(self) -> int:
        """Until the last byte."""

    @property
    def error(self) -> str:
        """Empty when it went well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTotal:
    """What one agent on one repository spent with one model.

    Attributes:
        repo: Repository key.
        agent: Agent type.
        provider: LiteLLM's name of the provider.
        model: The model.
        calls: How many.
        failed: How many of them went wrong.
        unpriced: How many of them have no known price.
        input_tokens: As the provider counts, cached ones included.
        output_tokens: As the provider counts.
        cached_tokens: Input tokens read from the provider's cache.
        usd: Sum of the known prices.
    """

    repo: str
    agent: str
    provider: str
    model: str
    calls: int
    failed: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    usd: Decimal


class UsageStore:
    """The ledger of one database."""

    def __init__(self, db: Database) -> None:
        """Keep the database.

        Args:
            db: Where the calls are kept.
        """
        self._db = db

    def record(self, call: Call) -> None:
        """Keep one call for ever, in a transaction of its own."""
        with self._db.transaction() as connection:
            connection.execute(
                insert(model_calls).values(
                    task_id=call.task_id,
                    repo=call.repo,
                    agent=call.agent,
                    provider=call.provider,
                    model=call.model,
                    input_tokens=call.input_tokens,
                    output_tokens=call.output_tokens,
                    cached_tokens=call.cached_tokens,
                    usd=call.usd,
                    started_at=call.started_at,
                    duration_ms=call.duration_ms,
                    error=call.error,
                )
            )
        _count(call)

    def usd_of_task(self, task_id: str) -> Decimal:
        """Return what a task spent so far, calls of unknown price not counted."""
        with self._db.read() as connection:
            spent = select(func.sum(model_calls.c.usd)).where(model_calls.c.task_id == task_id)
            return connection.execute(spent).scalar() or _ZERO

    def usd_of_day(self, now: datetime) -> Decimal:
        """Return what was spent since midnight UTC, calls of unknown price not counted."""
        with self._db.read() as connection:
            spent = select(func.sum(model_calls.c.usd)).where(model_calls.c.started_at >= _midnight(now))
            return connection.execute(spent).scalar() or _ZERO

    def calls_of_day(self, repo: str, now: datetime) -> int:
        """Return how many calls a repository's tasks made since midnight UTC."""
        here = (model_calls.c.repo == repo, model_calls.c.started_at >= _midnight(now))
        with self._db.read() as connection:
            return connection.execute(select(func.count()).where(*here)).scalar_one()


def totals(
    connection: Connection, since: datetime | None = None, *, repo: str | None = None
) -> tuple[UsageTotal, ...]:
    """Return what was spent, by repository, agent and model.

    Args:
        connection: To read from.
        since: Calls not older than this, aware UTC; None for all.
        repo: Of this repository only, by its key.

    Returns:
        The totals, the dearest first.
    """
    call = model_calls.c
    group = (call.repo, call.agent, call.provider, call.model)
    wanted = select(
        *group,
        func.count().label("calls"),
        func.count().filter(call.error != "").label("failed"),
        func.count().filter(call.usd.is_(None)).label("unpriced"),
        func.sum(call.input_tokens).label("input_tokens"),
        func.sum(call.output_tokens).label("output_tokens"),
        func.sum(call.cached_tokens).label("cached_tokens"),
        func.sum(call.usd).label("usd"),
    ).group_by(*group)
    if since is not None:
        wanted = wanted.where(call.started_at >= since)
    if repo is not None:
        wanted = wanted.where(call.repo == repo)
    found = [
        UsageTotal(
            repo=row.repo,
            agent=row.agent,
            provider=row.provider,
            model=row.model,
            calls=row.calls,
            failed=row.failed,
            unpriced=row.unpriced,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cached_tokens=row.cached_tokens,
            usd=row.usd or _ZERO,
        )
        for row in connection.execute(wanted)
    ]
    return tuple(sorted(found, key=lambda total: (-total.usd, -total.calls, total.repo, total.agent)))


def failure_of(connection: Connection, task_id: str) -> str:
    """Return why the last model call of a task went wrong; empty when it went well, or none was made."""
    call = model_calls.c
    last = select(call.error).where(call.task_id == task_id).order_by(call.started_at.desc(), call.id.desc()).limit(1)
    return connection.execute(last).scalar() or ""


def _count(call: Call) -> None:
    provider, model = call.provider, call.model
    count(MODEL_CALLS, provider=provider, model=model, outcome="failed" if call.error else "ok")
    count(MODEL_TOKENS, call.input_tokens, provider=provider, model=model, kind="input")
    count(MODEL_TOKENS, call.cached_tokens, provider=provider, model=model, kind="cached")
    count(MODEL_TOKENS, call.output_tokens, provider=provider, model=model, kind="output")
    count(MODEL_USD, float(call.usd or 0), provider=provider, model=model)
    observe(MODEL_SECONDS, call.duration_ms / 1000, provider=provider, model=model)


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
