"""`foreman backtest`: what would have been decided about closed issues, beside what people did with them.

Each answer is kept in a file as soon as it is there, so that a run that was interrupted goes on where it was. Nothing
is written to a forge, nor to the action log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from uuid import uuid4

from foreman.app import forges
from foreman.app.answers import Answer, Kept, answer_of
from foreman.app.bench import Bench, bench, with_model
from foreman.app.gate_secrets import LiveSecrets
from foreman.app.one_issue import agents_for
from foreman.app.opening import open_store
from foreman.app.past import Past, Then, Truth
from foreman.app.workshop import utc_now
from foreman.config.effective import AgentPlan
from foreman.config.load import secrets_of
from foreman.config.models import Config
from foreman.errors import AgentError, BudgetExceeded, ConfigError, ForgeError, UsageError
from foreman.forge.base import ForgeReader
from foreman.model import IssueRef, RepoRef
from foreman.poller.backfill import BEGINNING
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import controls, mirror, mirror_reading, mirror_text
from foreman.store.database import Database
from foreman.store.mirror_text import CleanIssue

MOST_READ = 5_000
"""Issues that are read from the forge at the most where the mirror has no closed ones."""

_SAVED_EVERY = 100
_OVERLAP = timedelta(hours=1)  # of two readings: forges list what changed a little late


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One closed issue.

    Attributes:
        title: Without known secrets.
        url: Its page.
        answer: What would have been done; None when the agent failed.
        truth: What people did.
        failure: Why the agent failed; empty when it did not.
    """

    title: str
    url: str
    answer: Answer | None
    truth: Truth
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a run found.

    Attributes:
        repo: Which.
        plan: Of the agent that was tried.
        provider: Of the model; `none` without one.
        model: Empty without one.
        tried: In the order in which they were opened.
        reused: How many answers an earlier run had left.
        read: How many issues were read from the forge for it.
        unread: Why none could be, where some may be missing.
        stopped: Why it ended early; empty when it did not.
    """

    repo: RepoRef
    plan: AgentPlan
    provider: str
    model: str
    tried: tuple[Tried, ...]
    reused: int
    read: int = 0
    unread: str = ""
    stopped: str = ""


def run(
    config: Config,
    repo: RepoRef,
    *,
    limit: int,
    since: datetime | None,
    agent: str | None,
    model: str | None,
    settings: Settings,
    secrets: KnownSecrets,
    progress: Callable[[int, int], None],
) -> Backtest:
    """Try an agent on closed issues.

    Args:
        config: As loaded.
        repo: Which repository's.
        limit: How many at the most, the newest.
        since: Only what was opened since, aware UTC.
        agent: Which agent; None for the only one.
        model: Instead of the configured one.
        settings: Of the environment.
        secrets: Filled with every secret that is there.
        progress: Called with how many are done and how many there are.

    Returns:
        What was found.

    Raises:
        UsageError: There is nothing to try, or it must be said which agent.
    """
    plans = agents_for(config, IssueRef(repo, 1), agent)
    if len(plans) > 1:
        raise UsageError(f"say with --agent which one: {', '.join(plan.agent for plan in plans)}")
    plan = plans[0]
    config = with_model(config, model)
    with open_store(config, create=True) as db:
        read, unread = _catch_up(config, repo, db=db, secrets=secrets)
        past = Past(db, repo, plan, config)
        closed = past.closed(limit=limit, since=since)
        if not closed:
            why = unread or "try --since further back" if since else unread
            raise UsageError(f"no closed issue of {repo} is known" + (f": {why}" if why else ""))
        kept = Kept.at(settings.data_dir / "backtest", config, repo, plan)
        tried: list[Tried] = []
        reused, stopped = 0, ""
        with bench(config, db=db, settings=settings, secrets=secrets) as desk:
            for issue in closed:
                progress(len(tried), len(closed))
                then = past.then(issue)
                answer, failure = kept.get(issue.issue.number, then.digest), ""
                reused += answer is not None
                if answer is None:
                    try:
                        answer = _ask(desk, past, then, plan)
                    except BudgetExceeded as error:
                        stopped = str(error)
                        break
                    except AgentError as error:
                        failure = secrets.redact(str(error))
                    else:
                        kept.add(answer)
                tried.append(
                    Tried(
                        title=secrets.redact(issue.title),
                        url=then.look.facts.issue.url,
                        answer=answer,
                        truth=then.truth,
                        failure=failure,
                    )
                )
            progress(len(tried), len(closed))
    provider = config.llm.provider
    name = config.llm.model or "" if provider != "none" else ""
    return Backtest(
        repo=repo,
        plan=plan,
        provider=provider,
        model=name,
        tried=tuple(tried),
        reused=reused,
        read=read,
        unread=unread,
        stopped=stopped,
    )


def _ask(desk: Bench, past: Past, then: Then, plan: AgentPlan) -> Answer:
    thought = desk.thinker.think(
        then.look,
        plan,
        task_id=str(uuid4()),
        attempt=1,
        memory_summary="",
        known=lambda _look, _plan: past.known(then),
    )
    return answer_of(thought, digest=then.digest, found=tuple(hit.issue.number for hit in then.found))


def _catch_up(config: Config, repo: RepoRef, *, db: Database, secrets: KnownSecrets) -> tuple[int, str]:
    """Read what the daemon has not yet read into the mirror: how many, and why none could be; there may be enough."""
    key = f"backtest:read:{repo.key}"
    plan = config.plan_of(repo)
    with db.read() as connection:
        reading = mirror_reading.get(connection, repo)
        last = controls.meta_get(connection, key)
    if plan is None or not plan.mirror_issues:
        return 0, "`mirror_issues: 0` keeps none"
    if reading is not None and reading.done_at is not None:
        return 0, "it was forgotten" if reading.forgotten_at else ""
    began = utc_now()
    for reference in secrets_of(config):  # before anything of a stranger is stored
        reference.make_known(secrets)
    since = datetime.fromisoformat(last) - _OVERLAP if last else BEGINNING
    try:
        with _reader(config, repo, secrets) as connected:
            count = _read(connected, repo, since, db, LiveSecrets(secrets).redact)
    except ConfigError as error:
        return 0, "; ".join(f"{one.path} {one.message}" for one in error.problems)
    except ForgeError as error:
        return 0, str(error)
    if count < MOST_READ:
        with db.transaction() as connection:
            controls.meta_set(connection, key, began.isoformat())
    return count, ""


def _read(reader: ForgeReader, repo: RepoRef, since: datetime, db: Database, redact: Callable[[str], str]) -> int:
    count = 0
    page: list[CleanIssue] = []
    for issue in islice(reader.changed_since(repo, since=since), MOST_READ):
        page.append(mirror_text.clean(issue, redact))
        count += 1
        if len(page) == _SAVED_EVERY:
            _save(db, page)
            page = []
    _save(db, page)
    return count


@contextmanager
def _reader(config: Config, repo: RepoRef, secrets: KnownSecrets) -> Iterator[ForgeReader]:
    connection = forges.connect(config, repo.forge, secrets=secrets, now=utc_now, stop=threading.Event())
    try:
        yield connection.reader
    finally:
        connection.disconnect()


def _save(db: Database, issues: list[CleanIssue]) -> None:
    with db.transaction() as connection:
        for issue in issues:
            mirror.save(connection, issue, now=utc_now())
