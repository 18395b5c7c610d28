"""Reads what the list of issues does not tell: who put labels on, and which original a duplicate has.

In the background, a request at a time, as far as the quota allows and to a bound for each repository. Without it a
label that a bot put on long ago would teach like a person's, and a backtest would know of few originals.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from foreman.errors import ForgeMoved, ForgeNotFound, ForgeRejected
from foreman.forge.base import ForgeReader, Labelling
from foreman.log import get_logger
from foreman.model import IssueRef, RepoRef
from foreman.store import mirror_facts, mirror_gaps, mirror_reading
from foreman.store.database import Database
from foreman.store.mirror_facts import LabelChange
from foreman.store.mirror_reading import Reading

log = get_logger(__name__)

MOST_PAGES = 50
"""Pages of a repository's history that are read, the newest: 5,000 happenings, every fourth or so a label put on."""

MOST_ISSUES = 200
"""Labelled issues, the newest, that are asked for one by one where the forge tells of one at a time."""

MOST_DUPLICATES = 100
"""Duplicates, the newest, whose comments are read for the original that a person named."""

_GONE = (ForgeNotFound, ForgeMoved, ForgeRejected)  # this issue cannot be read; the next one may


class LookingBack:
    """Looks back at the issues of the repositories of one account. Used by one thread."""

    def __init__(self, *, db: Database, reader: ForgeReader, bot_id: int, now: Callable[[], datetime]) -> None:
        """Keep the ports.

        Args:
            db: Where the mirror is.
            reader: The forge.
            bot_id: Our own account there.
            now: Current time, aware UTC.
        """
        self._db = db
        self._reader = reader
        self._bot_id = bot_id
        self._now = now

    def read_on(self, reading: Reading) -> bool:
        """Send the next request for a repository whose older issues were read, and keep what it told.

        Args:
            reading: How far it was read.

        Returns:
            Whether there was anything to ask.

        Raises:
            ForgeError: It cannot be read.
        """
        before = reading.labels_read + reading.duplicates_read
        if reading.labels_below != 0:
            reading = self._labels(reading)
        if reading.labels_read + reading.duplicates_read == before:
            reading = self._originals(reading)
        if reading.labels_below == 0 and reading.duplicates_below == 0:
            reading = replace(reading, facts_done_at=self._now())
            log.info("looked_back", repo=reading.repo.key, requests=reading.labels_read + reading.duplicates_read)
        with self._db.transaction() as connection:
            mirror_reading.save(connection, reading)
        return reading.labels_read + reading.duplicates_read > before

    def _labels(self, reading: Reading) -> Reading:
        repo, number = reading.repo, reading.labels_read + 1
        with self._db.read() as connection:
            ref = mirror_gaps.labelled_by_nobody_knows(connection, repo, below=reading.labels_below)
        if ref is None:
            return replace(reading, labels_below=0)
        try:
            page = self._reader.labellings(repo, page=number)
        except ForgeRejected:  # so far back it does not go
            page = (), False
        if page is None:
            return self._labels_of_one(reading, ref)
        found, more = page
        self._keep(repo, found)
        return replace(reading, labels_read=number, labels_below=None if more and number < MOST_PAGES else 0)

    def _labels_of_one(self, reading: Reading, ref: IssueRef) -> Reading:
        if reading.labels_read >= MOST_ISSUES:
            return replace(reading, labels_below=0)
        with suppress(*_GONE):
            self._keep(reading.repo, self._reader.labellings_of(ref)[::-1])
        return replace(reading, labels_read=reading.labels_read + 1, labels_below=ref.number)

    def _keep(self, repo: RepoRef, found: tuple[Labelling, ...]) -> None:
        put_on = [(one.number, LabelChange(label=one.label, account=one.actor, at=one.at)) for one in found]
        with self._db.transaction() as connection:
            mirror_gaps.add_labels(connection, repo, put_on, bot_id=self._bot_id)

    def _originals(self, reading: Reading) -> Reading:
        with self._db.read() as connection:
            ref = mirror_gaps.duplicate_of_nobody_knows(connection, reading.repo, below=reading.duplicates_below)
        if ref is None or reading.duplicates_read >= MOST_DUPLICATES:
            return replace(reading, duplicates_below=0)
        with suppress(*_GONE):
            said = self._reader.comments(ref)
            with self._db.transaction() as connection:
                mirror_facts.note_comments(connection, ref, said, bot_id=self._bot_id)
        return replace(reading, duplicates_read=reading.duplicates_read + 1, duplicates_below=ref.number)
