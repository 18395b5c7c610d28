"""What could be learned from labels at a moment in the past: from issues that were opened and labelled before it.

Learned again whenever there is so much more to learn from, always at the same moments: a run that was interrupted, or
that begins later, is told the same.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from foreman.learn import Example, Model, Prior, train
from foreman.learn.features import MAX_BODY_CHARS, MAX_TITLE_CHARS
from foreman.model import Issue
from foreman.priors.asking import MOST_PRIORS
from foreman.priors.retraining import LEAST_EXAMPLES
from foreman.store.mirror import MirrorIssue
from foreman.store.mirror_facts import By

GROWTH = 1.3
"""How much more there must be to learn from before it is done again."""

_NOT_PEOPLE = frozenset({"us", "bot"})

LabelTimes = Mapping[int, Mapping[str, datetime]]
"""By number and label: when a label was put on. What is missing nobody knows."""


class PastLearning:
    """One repository's labels, in the order in which they came to be known."""

    def __init__(
        self,
        repo: str,
        issues: Iterable[MirrorIssue],
        *,
        by: Mapping[int, Mapping[str, By]],
        times: LabelTimes,
        offered: Sequence[str],
    ) -> None:
        """Sort what there is to learn from.

        Args:
            repo: Key of the repository.
            issues: Of its mirror.
            by: Who put on which label.
            times: When.
            offered: Labels that are asked about.
        """
        self._repo = repo
        self._offered = tuple(offered)
        known = []
        for issue in issues:
            labels = by_people(issue, by)
            if labels and not issue.confidential:
                at = max(known_at(issue, label, times) for label in labels)
                known.append((at, issue.issue.number, issue, labels))
        known.sort(key=lambda one: one[:2])
        self._known = [(issue, labels) for _, _, issue, labels in known]
        self._moments = [at for at, *_ in known]
        self._steps = _steps(len(known))
        self._marks = self._marked()
        self._model: tuple[int, Model] = (0, Model.empty())

    def mark(self, at: datetime) -> str:
        """Return what tells apart what is learned from at a moment; empty where nothing is learned yet."""
        return self._marks.get(self._count(at), "")

    def priors(self, issue: Issue, *, at: datetime) -> tuple[Prior, ...]:
        """Tell what is likely for an issue by what was known at a moment, the likeliest label first."""
        count = self._count(at)
        if not count:
            return ()
        if self._model[0] != count:
            examples = [self._example(one, labels) for one, labels in self._known[:count]]
            self._model = (count, train(examples, labels=self._offered))
        wanted = {label.casefold() for label in self._offered}
        told = self._model[1].predict(self._repo, issue.title, issue.body)
        return tuple(prior for prior in told if prior.label.casefold() in wanted)[:MOST_PRIORS]

    def _count(self, at: datetime) -> int:
        """Return from how many is learned at a moment."""
        there = bisect_right(self._moments, at)
        return self._steps[bisect_right(self._steps, there) - 1]

    def _example(self, issue: MirrorIssue, labels: frozenset[str]) -> Example:
        return Example(
            repo=self._repo,
            title=issue.title[:MAX_TITLE_CHARS],
            body=issue.body[:MAX_BODY_CHARS],
            labels=labels,
            at=issue.created_at,
        )

    def _marked(self) -> dict[int, str]:
        digest = hashlib.sha256(repr(self._offered).encode("utf-8", "replace"))
        steps = frozenset(self._steps[1:])
        marks = {}
        for count, (issue, labels) in enumerate(self._known, start=1):
            told = repr((issue.issue.number, issue.title, issue.body, sorted(labels)))
            digest.update(told.encode("utf-8", "replace"))
            if count in steps:
                marks[count] = digest.hexdigest()
        return marks


def known_at(issue: MirrorIssue, label: str, times: LabelTimes) -> datetime:
    """Return from when on a label that an issue has counts as known: in doubt from when the issue was done with."""
    at = times.get(issue.issue.number, {}).get(label)
    return max(at, issue.created_at) if at is not None else issue.closed_at or issue.updated_at


def by_people(issue: MirrorIssue, by: Mapping[int, Mapping[str, By]]) -> frozenset[str]:
    """Return the labels of an issue that neither Foreman nor another bot is known to have put on."""
    who = by.get(issue.issue.number, {})
    return frozenset(label for label in issue.labels if who.get(label) not in _NOT_PEOPLE)


def _steps(most: int) -> list[int]:
    steps = [0]
    step = float(LEAST_EXAMPLES)
    while step <= most:
        steps.append(int(step))
        step *= GROWTH
    return steps
