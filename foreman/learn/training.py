"""Train a model on what people labelled, and hold some of it back to find out how sure it may be."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterable, Sequence

from foreman.learn import calibration, fitting
from foreman.learn.examples import Example, Proof, classes_of
from foreman.learn.features import features, form_lines
from foreman.learn.forest import grow
from foreman.learn.model import Fitted, Model
from foreman.learn.vectors import VOTERS, Counts, asked_count, asked_for, vocabularies
from foreman.values import dataclass

FOLDS = 3
"""Trainings on two thirds each, to see what the model says of issues it was not shown."""

MOST_EXAMPLES = 2_000
"""Of a pool that are learned from, the newest of every repository in turn."""

MOST_OWN = 12
"""Repositories with weights of their own: those with the most examples."""

LEAST_OWN = 20
"""Examples a repository needs for weights of its own."""


@dataclass(frozen=True, slots=True)
class _Data:
    """Everything there is to learn from: what each issue says, its class, its repository and how much it counts."""

    issues: tuple[Counts, ...]
    classes: tuple[int, ...]
    repos: tuple[int, ...]
    weights: tuple[float, ...]

    def only(self, rows: Sequence[int]) -> _Data:
        """Return a part of it."""
        return _Data(
            tuple(self.issues[row] for row in rows),
            tuple(self.classes[row] for row in rows),
            tuple(self.repos[row] for row in rows),
            tuple(self.weights[row] for row in rows),
        )


def train(examples: Iterable[Example], *, labels: Sequence[str], folds: int = FOLDS) -> Model:
    """Learn which label people give to what.

    Args:
        examples: Of all repositories that learn together.
        labels: Those that may be offered; an issue bears one of them at the most.
        folds: Into how many parts the examples are cut for finding out how sure the model may be; 0 leaves that out,
            and the model is never sure.

    Returns:
        The model; one that knows nothing when there are too few examples.
    """
    kept, classes, names = classes_of(newest_in_turn(examples), labels)
    if len(names) < 2:
        return Model.empty()
    form = form_lines(example.body for example in kept)
    own = _own_repos(kept)
    data = _Data(
        tuple(features(example.title, example.body, form) for example in kept),
        tuple(classes),
        tuple(own.get(example.repo, -1) for example in kept),
        tuple(example.weight for example in kept),
    )
    model = Model.of(labels=names, repos=tuple(own), form=form, fitted=_fit(data, len(names), len(own)))
    if not folds:
        return model
    told = _held_out(data, len(names), len(own), folds)
    scale = calibration.scale(told, data.classes, data.weights, [example.repo for example in kept])
    told = [scale.of(probabilities, example.repo) for probabilities, example in zip(told, kept, strict=True)]
    by_repo: dict[str, list[int]] = {}
    for row, example in enumerate(kept):
        by_repo.setdefault(example.repo, []).append(row)
    thresholds: dict[str, tuple[float, ...]] = {}
    proofs: dict[str, Proof] = {}
    for repo, rows in by_repo.items():
        mine, truths = [told[row] for row in rows], [classes[row] for row in rows]
        thresholds[repo] = calibration.thresholds(mine, truths)
        proofs[repo] = calibration.proof(mine, truths, thresholds[repo])
    return model.calibrated(scale=scale, thresholds=thresholds, proofs=proofs)


def newest_in_turn(examples: Iterable[Example]) -> list[Example]:
    """Return at most `MOST_EXAMPLES`, taking the newest of every repository in turn."""
    by_repo: dict[str, list[Example]] = {}
    for example in sorted(examples, key=lambda one: (one.at, one.repo, one.title), reverse=True):
        by_repo.setdefault(example.repo, []).append(example)
    taken: list[Example] = []
    turn = 0
    while len(taken) < MOST_EXAMPLES:
        found = [mine[turn] for mine in by_repo.values() if turn < len(mine)]
        if not found:
            break
        taken += found[: MOST_EXAMPLES - len(taken)]
        turn += 1
    return taken


def _own_repos(examples: Sequence[Example]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for example in examples:
        counts[example.repo] = counts.get(example.repo, 0) + 1
    most = sorted((repo for repo in counts if counts[repo] >= LEAST_OWN), key=lambda repo: (-counts[repo], repo))
    return {repo: number for number, repo in enumerate(most[:MOST_OWN])}


def _fit(data: _Data, class_count: int, repo_count: int) -> Fitted:
    known = vocabularies(data.issues, data.classes)
    vectors = [{part: known[part].vector(issue[part]) for part in known} for issue in data.issues]
    weights: list[list[array[float]]] = []
    for voter in VOTERS:
        table = fitting.Table.of(
            [voter.vector(vector, known) for vector in vectors],
            voter.size(known),
            repos=data.repos if voter.apart else [-1] * len(data.repos),
            repo_count=repo_count if voter.apart else 0,
        )
        weights.append(fitting.fit(table, data.classes, class_count, data.weights))
    rows = [asked_for(vector, repo) for vector, repo in zip(vectors, data.repos, strict=True)]
    forest = grow(rows, data.classes, data.weights, features=asked_count(repo_count), class_count=class_count)
    return Fitted(known, weights, forest)


def _held_out(data: _Data, class_count: int, repo_count: int, folds: int) -> list[tuple[float, ...]]:
    """Return what a model says of each issue that was not shown it."""
    fold = _folds(data, folds)
    told: list[tuple[float, ...]] = [()] * len(fold)
    for number in range(folds):
        fitted = _fit(data.only([row for row, own in enumerate(fold) if own != number]), class_count, repo_count)
        rows = {repo: fitted.rows(repo) for repo in range(-1, repo_count)}
        for row, own in enumerate(fold):
            if own == number:
                repo = data.repos[row]
                told[row] = fitted.votes(fitted.vectors(data.issues[row]), repo, rows[repo])
    return told


def _folds(data: _Data, folds: int) -> list[int]:
    """Deal the issues out so that every part has as many of each label and repository as the others."""
    groups: dict[tuple[int, int], list[int]] = {}
    for row, key in enumerate(zip(data.repos, data.classes, strict=True)):
        groups.setdefault(key, []).append(row)
    result = [0] * len(data.classes)
    dealt = 0
    shuffle = random.Random(0).shuffle  # noqa: S311 - the same parts at every training
    for _, rows in sorted(groups.items()):
        shuffle(rows)
        for row in rows:
            result[row] = dealt % folds
            dealt += 1
    return result
