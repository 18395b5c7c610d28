"""Reads a repository's own files that say something about its issues, in the background, as long as there is quota.

A few requests at a time, the most important files first, once a day: four or five lists, and of the files in them only
those whose content is another one. Nobody waits for it, and what cannot be read is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from foreman.config.effective import RepoPlan
from foreman.errors import ForgeAuthError, ForgeError, ForgeRejected
from foreman.forge.base import ForgeReader, ListedFile
from foreman.guidance import sources
from foreman.log import get_logger
from foreman.model import RepoRef
from foreman.poller.leisure import Leisure
from foreman.store import polls, project_files
from foreman.store.database import Database
from foreman.store.project_files import ProjectFile

log = get_logger(__name__)

EVERY = timedelta(hours=24)
"""How often a repository's files are looked at."""

BURST = 6
"""Requests at once."""

MOST_BYTES = 131_072
"""Of one file."""

MOST_CHARS = 1_000_000
"""Of all files of a repository."""


class ProjectFiles:
    """Reads the files of one account's repositories. Used by one thread."""

    def __init__(
        self,
        *,
        db: Database,
        reader: ForgeReader,
        plan: Callable[[RepoRef], RepoPlan | None],
        redact: Callable[[str], str],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        """Keep the ports.

        Args:
            db: Where the files are kept.
            reader: The forge.
            plan: What is configured for a repository now; None when it is no longer.
            redact: Takes secrets out of a text.
            now: Current time, aware UTC.
            monotonic: Seconds that never jump.
        """
        self._db = db
        self._reader = reader
        self._plan = plan
        self._redact = redact
        self._now = now
        self._leisure = Leisure(reader=reader, event="project_files_rest", now=now, monotonic=monotonic)
        self._work: tuple[RepoPlan, Iterator[None]] | None = None

    @property
    def due(self) -> bool:
        """Whether it is time to look for something to read."""
        return self._leisure.due

    def tend(self, repos: Sequence[RepoRef]) -> bool:
        """Send a few requests for one repository, if it is time, something is due, and the quota allows it.

        Args:
            repos: What is configured and switched on now.

        Returns:
            Whether anything was asked of the forge.

        Raises:
            ForgeAuthError: The token is not valid any more (401).
        """
        if not self._leisure.due:
            return False
        if self._work is None and (plan := self._due(repos)) is not None:
            self._work = plan, self._steps(plan, most=None)
        if self._work is None or not self._leisure.affordable:
            self._leisure.nothing_to_do()
            return False
        self._leisure.take_turn()
        plan, steps = self._work
        try:
            for _ in range(BURST):
                if next(steps, _DONE) is _DONE:
                    self._work = None
                    break
        except ForgeError as error:
            self._work = None
            self._leisure.rest(plan.repo, error)
        return True

    def catch_up(self, repos: Sequence[RepoRef], *, most: int) -> None:
        """Read what is due at once, for a run that ends when its work is done; trouble of a repository waits.

        Args:
            repos: Which were just polled.
            most: Files of each that are asked for at the most.

        Raises:
            ForgeAuthError: The token is not valid any more (401).
        """
        for repo in repos:
            plan = self._plan(repo)
            if plan is None or not self._leisure.affordable:
                continue
            try:
                self.read(plan, most=most)
            except ForgeError as error:
                self._leisure.rest(repo, error)

    def read(self, plan: RepoPlan, *, most: int) -> None:
        """Read a repository's files now, unless that was done within a day.

        Args:
            plan: Of the repository.
            most: Files that are asked for at the most, the most important ones; the rest is left for the daemon.

        Raises:
            ForgeError: The forge did not answer.
        """
        with self._db.read() as connection:
            known = project_files.reading(connection, plan.repo)
        if known is not None and known.wanted == plan.docs and self._now() - known.read_at < EVERY:
            return
        for _ in self._steps(plan, most=most):
            continue

    def _due(self, repos: Sequence[RepoRef]) -> RepoPlan | None:
        """Return whose turn it is: what was never read first, then what was read longest ago."""
        now = self._now()
        with self._db.read() as connection:
            known = {reading.repo: reading for reading in project_files.readings(connection)}
            polled = {state.repo for state in polls.all(connection) if state.first_done and not state.failures}
        waiting: list[tuple[datetime, RepoPlan]] = []
        for repo in repos:
            plan = self._plan(repo) if repo in polled and not self._leisure.rests(repo) else None
            if plan is None:
                continue
            reading = known.get(repo)
            if reading is None or reading.wanted != plan.docs:
                waiting.append((_NEVER, plan))
            elif now - reading.read_at >= EVERY:
                waiting.append((reading.read_at, plan))
        return min(waiting, key=lambda pair: pair[0])[1] if waiting else None

    def _steps(self, plan: RepoPlan, *, most: int | None) -> Iterator[None]:
        """Read everything, and stop after each request."""
        repo, docs = plan.repo, plan.docs
        listed: list[ListedFile] = []
        trouble = ""
        for folder in sources.folders(repo.forge, docs):
            try:
                listed += self._reader.files(repo, folder)
            except (ForgeAuthError, ForgeRejected) as error:
                if error.status == 401:
                    raise
                trouble = str(error)
                break
            yield
        chosen = () if trouble else sources.choose(repo.forge, docs, listed)
        with self._db.read() as connection:
            known = project_files.kept(connection, repo)
        there: dict[str, int] = {}
        asked = 0
        for file in chosen:
            if sum(there.values()) >= MOST_CHARS or asked == most:
                break
            kept = known.get(file.path)
            if kept is not None and kept.sha == file.sha:
                there[file.path] = kept.chars
                continue
            if file.size is not None and file.size > MOST_BYTES:
                continue
            asked += 1
            if chars := self._take(repo, file):
                there[file.path] = chars
            yield
        if asked == most:
            return
        with self._db.transaction() as connection:
            project_files.keep_only(connection, repo, there)
            project_files.note(connection, repo, wanted=docs, trouble=trouble, now=self._now())
        log.info("project_files_read", repo=repo.key, files=len(there), requests=asked, trouble=trouble)

    def _take(self, repo: RepoRef, listed: ListedFile) -> int:
        """Read one file and keep it; returns how long its text is, 0 for one that is not to be had."""
        try:
            found = self._reader.file(repo, listed.path, most=MOST_BYTES)
        except (ForgeAuthError, ForgeRejected) as error:
            if error.status == 401:
                raise
            log.debug("project_file_refused", repo=repo.key, path=listed.path, reason=str(error))
            return 0
        if found is None:
            return 0
        text = self._redact(found.text)
        # By the content that the list told: a file that changed since is read again.
        file = ProjectFile(path=listed.path, text=text, sha=listed.sha, url=found.url, read_at=self._now())
        with self._db.transaction() as connection:
            project_files.save(connection, repo, file)
        return max(1, len(text))


_DONE = object()
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
