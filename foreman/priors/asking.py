"""What the priors say of an issue."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from foreman.config.effective import AgentPlan
from foreman.learn import Model, Prior, words
from foreman.log import get_logger
from foreman.model import Issue
from foreman.priors import pools
from foreman.store import corrections, priors
from foreman.store.database import Database

log = get_logger(__name__)

MOST_PRIORS = 8
"""That are told of an issue, the likeliest."""

MOST_MODELS = 2
"""Kept in memory, the last used; each takes about 15 MB."""


class Priors:
    """Asks the models in the store; may be shared by threads."""

    def __init__(self, db: Database) -> None:
        """Keep the store.

        Args:
            db: Where models, corrections and the mirror are.
        """
        self._db = db
        self._lock = threading.Lock()
        self._models: dict[str, tuple[datetime, Model]] = {}
        self._corrected: dict[str, tuple[datetime, int, Model]] = {}

    def of(self, issue: Issue, plan: AgentPlan, *, private: bool) -> tuple[Prior, ...]:
        """Tell how likely each label is for an issue.

        Args:
            issue: Which.
            plan: Of the agent that asks; only labels it offers as categories are told.
            private: The repository is private, or nobody knows.

        Returns:
            The likeliest first; nothing where nothing was learned yet, and of a confidential issue.
        """
        if issue.confidential:
            return ()
        offered = {label.casefold() for label in pools.categories(plan)}
        with self._lock:
            model = self._model(issue, priors.pool_of(issue.ref.repo, private=private))
        if model is None:
            return ()
        told = model.predict(issue.ref.repo.key, issue.title, issue.body)
        told = tuple(prior for prior in told if prior.label.casefold() in offered)[:MOST_PRIORS]
        return tuple(
            replace(prior, words=words(model, issue.ref.repo.key, issue.title, issue.body, prior.label))
            if prior.sure
            else prior
            for prior in told
        )

    def _model(self, issue: Issue, pool: str) -> Model | None:
        repo = issue.ref.repo
        with self._db.read() as connection:
            known = priors.learned(connection, pool)
            if known is None:
                self._models.pop(pool, None)
                return None
            at, model = self._models.pop(pool, (None, None))
            if at != known.trained_at or model is None:
                data = priors.load(connection, pool)
                try:
                    model = Model.from_bytes(data or b"")
                except ValueError as error:
                    log.warning("priors_unreadable", pool=pool, reason=str(error))
                    model = Model.empty()
            self._models[pool] = (known.trained_at, model)
            while len(self._models) > MOST_MODELS:
                del self._models[next(iter(self._models))]
            newest = next((one.id for one in corrections.of_repo(connection, repo, 1)), 0)
            kept = self._corrected.pop(repo.key, None)
            if kept is None or kept[:2] != (known.trained_at, newest):
                since = pools.corrections_since(connection, repo, known.trained_at)
                kept = (known.trained_at, newest, model.corrected(since) if since else model)
            self._corrected[repo.key] = kept
            while len(self._corrected) > MOST_MODELS:
                del self._corrected[next(iter(self._corrected))]
            return kept[2]
