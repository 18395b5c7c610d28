"""Bring the mirror of one repository up to date while somebody waits, where no daemon does it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection as StoreConnection

from foreman.app import forges
from foreman.app.connection import Connection
from foreman.app.gate_secrets import LiveSecrets
from foreman.app.workshop import utc_now
from foreman.config.effective import RepoPlan
from foreman.config.load import secrets_of
from foreman.config.models import Config
from foreman.errors import ConfigError, ForgeError, ForgeMoved, ForgeNotFound
from foreman.forge.base import ForgeReader
from foreman.model import RepoRef
from foreman.poller import pace
from foreman.poller.backfill import Backfill
from foreman.secrets import KnownSecrets
from foreman.store import controls, mirror, mirror_facts, mirror_reading, mirror_text, polls
from foreman.store.database import Database
from foreman.store.mirror import MirrorIssue
from foreman.store.mirror_reading import Reading
from foreman.values import dataclass

FRESH = timedelta(hours=1)
"""What was read so lately need not be read again; a daemon that polls reads more often than that."""

MOST_ASKED = 300
"""Issues whose comments are read in one run, a request each: a sixteenth of GitHub's quota of an hour."""

_OVERLAP = timedelta(hours=1)  # of two readings: forges list what changed a little late
_SAVED_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """What came of it.

    Attributes:
        read: How many issues were read from the forge that were not known, or had changed.
        why_not: Why something may be missing; empty when nothing is.
    """

    read: int = 0
    why_not: str = ""


def catch_up(
    config: Config, repo: RepoRef, *, db: Database, secrets: KnownSecrets, progress: Callable[[int, int], None]
) -> CaughtUp:
    """Read into the mirror what no daemon has read yet; the newest first, and nothing twice.

    Args:
        config: As loaded.
        repo: Which repository.
        db: With the mirror.
        secrets: Filled with every secret that is there.
        progress: Called with how many were read; how many there are is not known, which is 0.

    Returns:
        What was read, and what could not be; without a token or a forge that is all there is to say.
    """
    plan = config.plan_of(repo)
    with db.read() as connection:
        reading = mirror_reading.get(connection, repo)
        known_until = _known_until(connection, repo, reading)
    if plan is None or not plan.mirror_issues:
        return CaughtUp(why_not="`mirror_issues: 0` keeps none")
    if reading is not None and reading.forgotten_at is not None:
        return CaughtUp(why_not="it was forgotten, and is not read again by itself")
    done = reading is not None and reading.done_at is not None
    if done and known_until is not None and utc_now() - known_until < FRESH:
        return CaughtUp()
    for reference in secrets_of(config):  # before anything of a stranger is stored
        reference.make_known(secrets)
    began = utc_now()
    count, why_not = _Count(progress), ""
    try:
        with _connected(config, repo, secrets) as connected:
            reader = connected.reader
            redact = LiveSecrets(secrets).redact
            if done and known_until is not None:
                _refresh(db, reader, repo, known_until - _OVERLAP, redact, count)
            elif not _read_older(db, reader, plan, redact, count):
                why_not = "few requests are left; the same command reads on later"
    except (ConfigError, ForgeError) as error:
        why_not = _in_words(error)
    if not why_not:
        with db.transaction() as connection:
            controls.meta_set(connection, _key(repo), began.isoformat())
    return CaughtUp(read=count.read, why_not=secrets.redact(why_not))


def catch_up_on_comments(
    config: Config,
    repo: RepoRef,
    issues: Sequence[MirrorIssue],
    *,
    db: Database,
    secrets: KnownSecrets,
    progress: Callable[[int, int], None],
) -> CaughtUp:
    """Read who said when something on issues, and which original a maintainer named; of the text nothing is kept.

    Args:
        config: As loaded.
        repo: Of which repository.
        issues: Of which of its issues, in order; the last ones are read first.
        db: With the mirror.
        secrets: Filled with every secret that is there.
        progress: Called with how many were read; 0 for how many there are.

    Returns:
        Of how many they were read, one request each, and why not of all.
    """
    with db.read() as connection:
        missing = [one for one in issues if one.comment_count and not mirror_facts.comments(connection, one.issue)]
    if not missing:
        return CaughtUp()
    count, why_not = _Count(progress), ""
    try:
        with _connected(config, repo, secrets) as connected:
            reader = connected.reader
            for issue in missing[: -MOST_ASKED - 1 : -1]:
                if not pace.affordable(reader.quota):
                    return CaughtUp(read=count.read, why_not="few requests are left")
                try:
                    said = reader.comments(issue.issue)
                except (ForgeNotFound, ForgeMoved):
                    continue
                with db.transaction() as connection:
                    mirror_facts.note_comments(connection, issue.issue, said, bot_id=connected.bot.id)
                count.add(1)
    except (ConfigError, ForgeError) as error:
        why_not = _in_words(error)
    if not why_not and len(missing) > MOST_ASKED:
        why_not = f"of {MOST_ASKED} issues in one run; the same command reads on"
    return CaughtUp(read=count.read, why_not=secrets.redact(why_not))


def _in_words(error: ConfigError | ForgeError) -> str:
    if isinstance(error, ConfigError):
        return "; ".join(f"{one.path} {one.message}" for one in error.problems)
    return str(error)


class _Count:
    """How many were read, told as it grows."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self.read = 0
        self._progress = progress

    def add(self, number: int) -> None:
        self.read += number
        self._progress(self.read, 0)


def _read_older(
    db: Database, reader: ForgeReader, plan: RepoPlan, redact: Callable[[str], str], count: _Count
) -> bool:
    """Do what the daemon does in the background, without its pauses; returns whether all was read."""
    backfill = Backfill(
        db=db, reader=reader, plan=lambda _repo: plan, redact=redact, now=utc_now, monotonic=time.monotonic
    )
    asked = -1
    kept = _kept(db, plan.repo)
    while True:
        reading = backfill.read_on(plan)
        before, kept = kept, _kept(db, plan.repo)
        count.add(max(0, kept - before))
        if reading.done_at is not None or reading.requests == asked:
            return reading.done_at is not None
        asked = reading.requests


def _kept(db: Database, repo: RepoRef) -> int:
    with db.read() as connection:
        return mirror.count(connection, repo)


def _refresh(
    db: Database,
    reader: ForgeReader,
    repo: RepoRef,
    since: datetime,
    redact: Callable[[str], str],
    count: _Count,
) -> None:
    """Read what changed since the last time, as a poll would."""
    changed = iter(reader.changed_since(repo, since=since))
    while page := [mirror_text.clean(issue, redact) for issue in islice(changed, _SAVED_EVERY)]:
        with db.transaction() as connection:
            count.add(sum(mirror.save(connection, issue, now=utc_now()) for issue in page))


def _known_until(connection: StoreConnection, repo: RepoRef, reading: Reading | None) -> datetime | None:
    """Return up to when the mirror is known to be up to date."""
    polled = polls.get(connection, repo)
    kept = controls.meta_get(connection, _key(repo))
    told = (
        polled.last_ok_at if polled else None,
        datetime.fromisoformat(kept) if kept else None,
        reading.done_at if reading else None,
    )
    return max((at for at in told if at is not None), default=None)


def _key(repo: RepoRef) -> str:
    return f"backtest:read:{repo.key}"


@contextmanager
def _connected(config: Config, repo: RepoRef, secrets: KnownSecrets) -> Iterator[Connection]:
    connection = forges.connect(config, repo.forge, secrets=secrets, now=utc_now, stop=threading.Event())
    try:
        yield connection
    finally:
        connection.disconnect()
