"""Train the priors again when enough new labels came in: in a child process, one pool at a time, at most daily."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from foreman.config.effective import RepoPlan
from foreman.learn import Example, Model
from foreman.learn.calibration import NEVER
from foreman.learn.examples import OTHER
from foreman.learn.packing import VERSION
from foreman.log import get_logger
from foreman.model import RepoRef
from foreman.priors import pools
from foreman.priors.pools import Pool
from foreman.store import priors
from foreman.store.database import Database

log = get_logger(__name__)

COMMAND = (sys.executable, "-I", "-m", "foreman.learn")

LEAST_EXAMPLES = 20
"""Labelled issues before anything is learned at all."""

LEAST_NEW = 10
"""Labels given, changed or taken off before it is worth training again."""

EVERY = timedelta(days=1)
"""At most so often, unless there is twice as much to learn from as before: the mirror is still being read."""

LOOK_EVERY = timedelta(minutes=10)
"""How often the labels of a pool are counted; that reads its mirror."""

MOST_SECONDS = 1_800.0
"""A training that takes longer is given up; on a busy machine it gets little."""


class Retraining:
    """Keeps the models fresh; `tend` is called by one thread."""

    def __init__(
        self,
        *,
        db: Database,
        plans: Callable[[], Sequence[RepoPlan]],
        private: Callable[[RepoRef], bool],
        now: Callable[[], datetime],
        stop: threading.Event,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """Keep the ports.

        Args:
            db: Where the mirror and the models are.
            plans: What is configured now.
            private: Tells whether a repository is private; in doubt it is.
            now: Current time, aware UTC.
            stop: Set when everything ends; a training under way is broken off.
            command: Trains: examples on stdin, model on stdout.
        """
        self._db = db
        self._plans = plans
        self._private = private
        self._now = now
        self._stop = stop
        self._command = tuple(command)
        self._next_look: dict[str, datetime] = {}

    def tend(self) -> bool:
        """Train the pools that are due; returns False: it makes no work for others."""
        for pool in pools.pools(self._plans(), private=self._private):
            if self._stop.is_set():
                break
            now = self._now()
            if self._next_look.get(pool.key, now) <= now:
                self._next_look[pool.key] = now + LOOK_EVERY
                self._look(pool, now)
        return False

    def _look(self, pool: Pool, now: datetime) -> None:
        with self._db.read() as connection:
            known = priors.learned(connection, pool.key)
            found = pools.examples(connection, pool)
        marks = _marks(found)
        if known is None:
            due = len(found) >= LEAST_EXAMPLES
        elif list(known.facts.get("labels", ())) != list(pool.labels) or known.facts.get("version") != VERSION:
            due = True
        else:
            before = set(known.facts.get("marks", ()))
            new = len(before.symmetric_difference(marks))
            due = new >= LEAST_NEW and (now - known.trained_at >= EVERY or len(found) >= 2 * len(before))
        if due:
            self._train(pool, found, marks)

    def _train(self, pool: Pool, found: Sequence[Example], marks: Sequence[str]) -> None:
        began = time.monotonic()
        data, trouble = self._run(_asked(pool, found))
        proofs: dict[str, Any] = {}
        if not trouble:
            try:
                proofs = _proofs(Model.from_bytes(data))
            except ValueError as error:
                trouble = str(error)
        if trouble:
            # Looked at again in a day: what failed once fails again with the same issues.
            self._next_look[pool.key] = self._now() + EVERY
            log.warning("priors_not_trained", pool=pool.key, examples=len(found), reason=trouble)
            return
        if self._stop.is_set():
            return
        seconds = round(time.monotonic() - began, 1)
        facts: dict[str, Any] = {
            "examples": len(found),
            "labels": list(pool.labels),
            "seconds": seconds,
            "marks": list(marks),
        }
        facts |= {"proofs": proofs, "version": VERSION}
        with self._db.transaction() as connection:
            priors.save(connection, pool.key, data, facts, self._now())
        log.info("priors_trained", pool=pool.key, examples=len(found), seconds=seconds, bytes=len(data))

    def _run(self, asked: bytes) -> tuple[bytes, str]:
        """Run the child; returns what it said, or why that is of no use."""
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
            )
        except OSError as error:
            return b"", f"it cannot be started: {error}"
        until = time.monotonic() + MOST_SECONDS
        rest: bytes | None = asked
        with process:
            while True:
                try:
                    said, _ = process.communicate(rest, timeout=0.5)
                except subprocess.TimeoutExpired:
                    rest = None  # it goes on with what it was given first
                    if not self._stop.is_set() and time.monotonic() < until:
                        continue
                    process.kill()
                    process.communicate()
                    return b"", "it was broken off"
                return said, f"it ended with {process.returncode}" if process.returncode else ""


def _asked(pool: Pool, found: Sequence[Example]) -> bytes:
    rows = [
        {
            "repo": one.repo,
            "title": one.title,
            "body": one.body,
            "labels": sorted(one.labels),
            "at": one.at.isoformat(),
            "weight": one.weight,
        }
        for one in found
    ]
    return json.dumps({"labels": pool.labels, "examples": rows}).encode()


def _marks(found: Sequence[Example]) -> list[str]:
    """Return one short mark per issue and its labels: two sets of them tell how much changed."""
    return sorted(
        hashlib.sha256(
            "\0".join([one.repo, one.at.isoformat(), one.title, str(one.weight), *sorted(one.labels)]).encode(
                "utf-8", "replace"
            )
        ).hexdigest()[:10]
        for one in found
    )


def _proofs(model: Model) -> dict[str, Any]:
    """Return what a model knows about itself, as JSON for the facts beside it."""
    found = {}
    for repo, proof in model.proofs.items():
        bounds = model.thresholds[repo]
        found[repo] = {
            "sure": proof.sure,
            "right": proof.right,
            "labels": [
                [label, count, bound if bound < NEVER else None]
                for label, count, bound in zip(model.labels, proof.counts, bounds, strict=True)
                if label != OTHER
            ],
            "issues": sum(proof.counts),
        }
    return found
