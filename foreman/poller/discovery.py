"""Looks up which repositories the configured patterns stand for: at the start, after a reload, and every hour.

A repository is known by the forge's numeric id, so that a new name is no new repository. What is archived, locked by
the forge or without issues is left out. One that is not listed any more is asked for by itself before it is given up:
a list may lag, or leave out a row that moved while it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from foreman.config.effective import RepoPattern
from foreman.errors import ForgeAuthError, ForgeError, ForgeMoved, ForgeNotFound, ForgeRateLimited
from foreman.forge.base import ForgeReader, RepoInfo
from foreman.log import get_logger
from foreman.model import RepoRef
from foreman.store import discovered
from foreman.store.database import Database
from foreman.store.discovered import Found, PatternState

log = get_logger(__name__)

EVERY = timedelta(hours=1)
"""How often a pattern is looked up."""

LONGEST_PAUSE = timedelta(minutes=15)
"""Longest wait after lookups in a row that failed; the first waits a minute."""

MOST = 2_000
"""Repositories taken for one pattern, the oldest first: more than one account can poll at five minutes."""

MOST_MISSED = 50
"""Repositories that are not listed any more and asked for in one lookup; the rest is for the next."""

BEYOND = f"beyond the {MOST} of a pattern"

_NEVER = datetime.max.replace(tzinfo=UTC)

_Alike = tuple[RepoPattern, ...]


class Discovery:
    """Keeps what the patterns of one forge account stand for. Used by one thread."""

    def __init__(
        self,
        *,
        db: Database,
        reader: ForgeReader,
        patterns: Callable[[], Sequence[RepoPattern]],
        changed: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        """Keep the ports.

        Args:
            db: Where it is kept.
            reader: The forge.
            patterns: What is configured now, of every forge.
            changed: Called when something was found or lost.
            now: Current time, aware UTC.
        """
        self._db = db
        self._reader = reader
        self._patterns = patterns
        self._changed = changed
        self._now = now
        self._asked: set[_Alike] = set()

    @property
    def wanted(self) -> tuple[RepoPattern, ...]:
        """What is configured now, of every forge."""
        return tuple(self._patterns())

    def next_at(self) -> datetime:
        """Tell when there is something to look up next.

        Returns:
            A time that may be over; the end of time where there is no pattern.

        Raises:
            StoreError: The database cannot be used.
        """
        mine = self._mine()
        if not mine:
            return _NEVER
        with self._db.read() as connection:
            states = [(alike, discovered.state(connection, alike[0].key)) for alike in mine]
        return min(
            self._now() if state.next_at is None or self._is_new(alike, state) else state.next_at
            for alike, state in states
        )

    def tend(self) -> bool:
        """Look up what is due; a pattern that this process has not asked for yet is.

        Returns:
            Whether another set of repositories is looked after now.

        Raises:
            ForgeAuthError: The token is not valid any more (401).
        """
        news = False
        mine = self._mine()
        self._asked &= set(mine)
        for alike in mine:
            with self._db.read() as connection:
                state = discovered.state(connection, alike[0].key)
            due = state.next_at is None or state.next_at <= self._now()
            if due or self._is_new(alike, state):
                news = self._look_up(alike, state) or news
        if news:
            self._changed()
        return news

    def _mine(self) -> list[_Alike]:
        return _alike(pattern for pattern in self._patterns() if pattern.forge is self._reader.kind)

    def _is_new(self, alike: _Alike, state: PatternState) -> bool:
        return alike not in self._asked and not state.failures

    def _look_up(self, alike: _Alike, state: PatternState) -> bool:
        pattern = alike[0]
        with self._db.read() as connection:
            known = discovered.of_pattern(connection, pattern.key)
        try:
            listed = self._reader.owned(pattern.owner, nested=pattern.nested)
            here = {info.id for info in listed}
            missed = [one for one in known if one.gone_at is None and one.forge_id not in here][:MOST_MISSED]
            lost = [one for one in missed if not self._is_there(one)]
        except ForgeError as error:
            self._failed(state, error)
            if isinstance(error, ForgeAuthError) and error.status != 403:
                raise
            return False
        self._asked.add(alike)
        return self._keep(alike, state, known, tuple(self._rows(alike, listed, known)), lost)

    def _is_there(self, one: Found) -> bool:
        try:
            info = self._reader.repository(one.repo)
        except (ForgeNotFound, ForgeMoved):
            return False
        return info.id == one.forge_id and info.path.casefold() == one.repo.path.casefold()

    def _rows(self, alike: _Alike, listed: Sequence[RepoInfo], known: Sequence[Found]) -> Iterator[Found]:
        first_seen = {one.forge_id: one.seen_at for one in known}
        taken = 0
        for info in listed:
            repo = RepoRef(self._reader.kind, info.path)
            if not _take(alike, repo):
                continue
            skipped = _reason(info)
            taken += not skipped
            yield Found(
                pattern=alike[0].key,
                repo=repo,
                forge_id=info.id,
                skipped=skipped or (BEYOND if taken > MOST else ""),
                seen_at=first_seen.get(info.id, self._now()),
            )

    def _keep(
        self,
        alike: _Alike,
        state: PatternState,
        known: Sequence[Found],
        rows: Sequence[Found],
        lost: Sequence[Found],
    ) -> bool:
        now, pattern = self._now(), alike[0]
        before = {one.forge_id: one for one in known}
        listed = {row.repo for row in rows}
        with self._db.transaction() as connection:
            # All old names first: two repositories may have changed names with each other.
            for row in rows:
                earlier = before.get(row.forge_id)
                if earlier is not None and earlier.repo != row.repo:
                    _renamed(connection, earlier, row.repo)
            for one in known:
                if not _take(alike, one.repo):
                    discovered.drop(connection, one)
            for row in rows:
                if before.get(row.forge_id) != row:
                    discovered.save(connection, row)
            for one in lost:
                if one.repo not in listed:
                    discovered.save(connection, replace(one, gone_at=now))
            discovered.save_state(
                connection,
                PatternState(
                    pattern=pattern.key,
                    next_at=now + EVERY,
                    last_ok_at=now,
                    cut=any(row.skipped == BEYOND for row in rows),
                ),
            )
            after = discovered.of_pattern(connection, pattern.key)
        if state.failures:
            log.info("pattern_recovered", pattern=pattern.key, failures=state.failures)
        was, is_now = ({one.repo for one in some if one.polled} for some in (known, after))
        if was != is_now:
            log.info("repositories_found", pattern=pattern.key, new=len(is_now - was), lost=len(was - is_now))
        return was != is_now or state.last_ok_at is None

    def _failed(self, state: PatternState, error: ForgeError) -> None:
        now = self._now()
        failures = state.failures + 1
        due = now + min(timedelta(minutes=1) * 2 ** min(failures - 1, 6), LONGEST_PAUSE)
        if isinstance(error, ForgeRateLimited):
            due = error.retry_at or due
        told = str(error)[:500]
        with self._db.transaction() as connection:
            discovered.save_state(connection, replace(state, next_at=due, last_error=told, failures=failures))
        if told != state.last_error:
            log.warning("pattern_failed", pattern=state.pattern, reason=told, next_at=due.isoformat())


def _alike(patterns: Iterable[RepoPattern]) -> list[_Alike]:
    """Put together what one lookup answers: patterns that differ in `include` and `exclude` alone."""
    found: dict[str, list[RepoPattern]] = {}
    for pattern in patterns:
        found.setdefault(pattern.key, []).append(pattern)
    return [tuple(alike) for alike in found.values()]


def _take(alike: _Alike, repo: RepoRef) -> bool:
    return any(pattern.takes(repo) for pattern in alike)


def _reason(info: RepoInfo) -> str:
    if info.archived:
        return "archived"
    if info.disabled:
        return "locked by the forge"
    return "" if info.has_issues else "without issues"


def _renamed(connection: Connection, earlier: Found, new: RepoRef) -> None:
    carried = discovered.rename(connection, earlier, new)
    log.info("repository_renamed", old=earlier.repo.key, new=new.key, carried_over=carried)
