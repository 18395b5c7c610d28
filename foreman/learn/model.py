"""A trained model: what it knows, what it says of an issue, and its form as bytes."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from operator import itemgetter, mul
from typing import TypeAlias

from foreman.learn import packing
from foreman.learn.calibration import NEVER, Scale
from foreman.learn.examples import OTHER, Correction, Prior, Proof
from foreman.learn.features import features
from foreman.learn.forest import WEIGHT, Forest
from foreman.learn.vectors import VOTERS, Counts, Vector, Vocabulary, asked_for, cosine
from foreman.values import dataclass

MOST_CORRECTIONS = 50
"""That a model carries beside what it was trained on, the newest."""

_PULL = 6.0
"""How far a correction moves the logit of the very same text; less the less alike another is."""

_DOUBT = 0.01
"""What every label gets at the least where something was put right: the model was too sure there before."""

_ALIKE = 0.3
"""Texts less alike than this have nothing in common but a form and a language."""

Rows: TypeAlias = "Sequence[Sequence[tuple[array[float], float]]]"
"""Per linear voter and class: weights by position as they hold in one repository, and the intercept."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fitting found.

    Attributes:
        known: The vocabulary of every part.
        weights: Per linear voter and class: for all repositories, then for each of its own, the intercept last.
        forest: Votes beside them.
    """

    known: dict[str, Vocabulary]
    weights: Sequence[Sequence[array[float]]]
    forest: Forest

    def vectors(self, counts: Counts) -> dict[str, Vector]:
        """Return an issue's vectors."""
        return {part: known.vector(counts[part]) for part, known in self.known.items()}

    def rows(self, repo: int) -> Rows:
        """Return the weights as they hold in one repository, by its number; -1 for none of its own."""
        return [
            [(_merged(row, voter.size(self.known), repo if voter.apart else -1), row[-1]) for row in rows]
            for voter, rows in zip(VOTERS, self.weights, strict=True)
        ]

    def votes(self, vectors: Mapping[str, Vector], repo: int, rows: Rows) -> tuple[float, ...]:
        """Let every voter say how likely each class is, and return the mean.

        Args:
            vectors: Of an issue.
            repo: Number of its repository, -1 for none of those with weights of their own.
            rows: What `rows` returned for it.

        Returns:
            Per class.
        """
        total = [WEIGHT * one for one in self.forest.vote(asked_for(vectors, repo))]
        for voter, classes in zip(VOTERS, rows, strict=True):
            where, values = voter.vector(vectors, self.known)
            get = itemgetter(*where, 0, 0)
            scores = [sum(map(mul, values, get(weights))) + shift for weights, shift in classes]
            top = max(scores)
            raised = [math.exp(score - top) for score in scores]
            whole = sum(raised)
            total = [a + b / whole for a, b in zip(total, raised, strict=True)]
        return tuple(one / (len(VOTERS) + WEIGHT) for one in total)


@dataclass(frozen=True, slots=True)
class _Corrected:
    correction: Correction
    vectors: Mapping[str, Vector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Tells how likely each label is for an issue.

    Attributes:
        labels: What it tells apart; may end in `OTHER`.
        repos: Those with weights of their own.
        form: Lines of forms.
        fitted: Vocabulary and weights; None for a model that knows nothing.
        scale: Makes probabilities mean what they say.
        thresholds: Per repository and label, from which probability on it is sure.
        proofs: Per repository: how it did on issues that were held back.
        corrections: What people said since it was trained.
    """

    labels: tuple[str, ...]
    repos: tuple[str, ...]
    form: frozenset[int]
    fitted: Fitted | None
    scale: Scale = field(default_factory=Scale)
    thresholds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    corrections: tuple[_Corrected, ...] = ()
    _rows: dict[int, Rows] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def empty(cls) -> Model:
        """Return a model that knows nothing."""
        return cls(labels=(), repos=(), form=frozenset(), fitted=None)

    @classmethod
    def of(cls, *, labels: tuple[str, ...], repos: tuple[str, ...], form: frozenset[int], fitted: Fitted) -> Model:
        """Return a model that was fitted and is never sure of anything yet."""
        return cls(labels=labels, repos=repos, form=form, fitted=fitted)

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Read what `to_bytes` wrote.

        Args:
            data: From the store.

        Returns:
            The model.

        Raises:
            ValueError: It is damaged, or was written by another version: train again.
        """
        head, known, weights, forest = packing.unpack(data)
        labels, repos = tuple(head["labels"]), tuple(head["repos"])
        if not labels or forest is None:
            return cls.empty()
        return cls(
            labels=labels,
            repos=repos,
            form=frozenset(head["form"]),
            fitted=Fitted(known, weights, forest),
            scale=Scale(power=float(head["power"]), shifts={repo: tuple(one) for repo, one in head["shifts"].items()}),
            thresholds={repo: tuple(values) for repo, values in head["thresholds"].items()},
            proofs={
                repo: Proof(counts=tuple(counts), sure=sure, right=right)
                for repo, (counts, sure, right) in head["proofs"].items()
            },
        )

    def to_bytes(self) -> bytes:
        """Return the model without its corrections; about a megabyte for five repositories."""
        head = {
            "labels": self.labels,
            "repos": self.repos,
            "form": sorted(self.form),
            "power": self.scale.power,
            "shifts": self.scale.shifts,
            "thresholds": self.thresholds,
            "proofs": {repo: (proof.counts, proof.sure, proof.right) for repo, proof in self.proofs.items()},
        }
        own = self.fitted
        return packing.pack(head, *((own.known, own.weights, own.forest) if own else ({}, [], None)))

    def calibrated(
        self, *, scale: Scale, thresholds: Mapping[str, tuple[float, ...]], proofs: Mapping[str, Proof]
    ) -> Model:
        """Return the same with what was found out about how sure it may be."""
        return replace(self, scale=scale, thresholds=thresholds, proofs=proofs)

    def corrected(self, corrections: Iterable[Correction]) -> Model:
        """Return the same with what people put right since it was trained; the newest first.

        Args:
            corrections: Of any repository; each counts in its own alone.

        Returns:
            A model whose answers move towards them, the more the more alike the texts are.
        """
        if self.fitted is None:
            return self
        wanted = [one for one in corrections if one.label in self.labels][:MOST_CORRECTIONS]
        return replace(self, corrections=tuple(_Corrected(one, self._vectors(one.title, one.body)) for one in wanted))

    def predict(self, repo: str, title: str, body: str) -> tuple[Prior, ...]:
        """Tell how likely each label is, the likeliest first.

        Args:
            repo: Key of the repository.
            title: Raw text.
            body: Raw text.

        Returns:
            One prior per label; nothing when nothing is known. They sum to less than 1 where none may fit.
        """
        if self.fitted is None:
            return ()
        number, rows = self.weights_in(repo, self.fitted)
        vectors = self._vectors(title, body)
        told = self.scale.of(self.fitted.votes(vectors, number, rows), repo)
        bounds = self.thresholds.get(repo, (NEVER,) * len(told))
        moved = self._moved(told, repo, vectors)
        priors = [
            # Corrections take sureness away and never give it: how often they are right was not measured.
            Prior(
                label=label,
                probability=round(now, 4),
                sure=now >= max(moved) and min(now, before) >= bound,
                threshold=bound if bound < NEVER else None,
            )
            for label, before, now, bound in zip(self.labels, told, moved, bounds, strict=True)
            if label != OTHER
        ]
        return tuple(sorted(priors, key=lambda prior: -prior.probability))

    def weights_in(self, repo: str, fitted: Fitted) -> tuple[int, Rows]:
        """Return a repository's number, -1 for one without weights of its own, and the weights that hold there."""
        number = self.repos.index(repo) if repo in self.repos else -1
        rows = self._rows.get(number) or fitted.rows(number)
        return number, self._rows.setdefault(number, rows)

    def _vectors(self, title: str, body: str) -> dict[str, Vector]:
        counts = features(title, body, self.form)
        return self.fitted.vectors(counts) if self.fitted else {}

    def _moved(self, told: tuple[float, ...], repo: str, vectors: Mapping[str, Vector]) -> tuple[float, ...]:
        moves = [0.0] * len(told)
        for one in self.corrections:
            if one.correction.repo != repo:
                continue
            alike = sum(cosine(vectors[part], one.vectors[part]) for part in ("title", "stems")) / 2
            if alike > _ALIKE:
                pull = _PULL * (alike - _ALIKE) / (1.0 - _ALIKE)
                moves[self.labels.index(one.correction.label)] += pull if one.correction.fits else -pull
        if not any(moves):
            return told
        raised = [
            max(one, _DOUBT) * math.exp(max(-_PULL, min(_PULL, move))) for one, move in zip(told, moves, strict=True)
        ]
        return tuple(one / sum(raised) for one in raised)


def _merged(row: array[float], size: int, repo: int) -> array[float]:
    """Add a repository's own weights to those of all."""
    if repo < 0:
        return row[:size]
    return array("d", [a + b for a, b in zip(row[:size], row[size * (1 + repo) : size * (2 + repo)], strict=True)])
