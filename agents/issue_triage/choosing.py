"""Which labels an issue should get by keywords and by what was learned from the maintainers. Pure.

The labels named in the configuration are categories, and an issue gets one of them at the most. What a person decided
on this issue stands, and what a person did not want here is not proposed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents.issue_triage.answers import may_add
from agents.issue_triage.keywords import Match, choose, confidence, is_sure, match
from agents.issue_triage.past import Past
from agents.issue_triage.reading import Parts
from agents.issue_triage.settings import Settings
from foreman.protocol import Task

_LEARNED = 0.8
"""Probability from which a learned label is sure where Foreman does not say whether it is."""

_MOST_WORDS = 4
_LONGEST_WORD = 40

LEANS = 0.5
"""Probability from which what was learned speaks against another label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """A label that the maintainers' own history speaks for.

    Attributes:
        label: Its name.
        probability: Between 0 and 1.
        sure: Above the threshold that was measured for it in this repository.
        why: The threshold, and the issue's own words that speak for it, for the maintainer.
    """

    label: str
    probability: float
    sure: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to label an issue.

    Attributes:
        labels: At most one category, and learned labels that are none.
        why: For the maintainer.
        confidence: Between 0 and 1.
        sure: No model needs to be asked.
    """

    labels: tuple[str, ...] = ()
    why: str = "found nothing to go by"
    confidence: float = 0.0
    sure: bool = False


def categories(task: Task, settings: Settings) -> tuple[str, ...]:
    """Return the labels of which an issue gets one: those of the configuration, else all that may be set."""
    if settings.keywords:
        return tuple(settings.keywords)
    return tuple(label.name for label in task.payload.labels if label.may_add and label.name not in settings.chores)


def one_category(names: tuple[str, ...], among: tuple[str, ...], *, limit: int = 3) -> tuple[str, ...]:
    """Keep the first category and what is none.

    Args:
        names: Wanted labels, best first.
        among: The categories.
        limit: Most labels altogether.

    Returns:
        The labels to set.
    """
    first = next((name for name in names if name in among), None)
    return tuple(name for name in dict.fromkeys(names) if name == first or name not in among)[:limit]


def priors(task: Task, settings: Settings, past: Past) -> tuple[Prior, ...]:
    """Read what was learned, the most probable first; labels that may not be set now are left out."""
    found = []
    for row in task.context.label_priors[:50]:
        name, probability, sure = row.get("label"), row.get("probability"), row.get("sure")
        if not isinstance(name, str) or isinstance(probability, bool) or not isinstance(probability, int | float):
            continue
        if not may_add(task, name) or name in settings.chores or past.is_refused(name) or not 0 <= probability <= 1:
            continue
        is_clear = sure if isinstance(sure, bool) else probability >= _LEARNED
        found.append(Prior(label=name, probability=float(probability), sure=is_clear, why=_because(row)))
    return tuple(sorted(found, key=lambda each: -each.probability))


def _because(row: dict[str, Any]) -> str:
    bound, words = row.get("threshold"), row.get("words")
    why = f", sure from {bound:.0%}" if isinstance(bound, float) else ""
    named = [str(word)[:_LONGEST_WORD] for word in words[:_MOST_WORDS]] if isinstance(words, list) else []
    return f"{why}: {', '.join(named)}" if named else why


def weigh(task: Task, settings: Settings, parts: Parts, past: Past) -> Choice:
    """Choose labels without a model.

    Keywords that leave no doubt come first, then what was learned and is sure, then keywords that are enough. Where
    keywords and what was learned contradict each other nobody is sure; what was measured to be right in this
    repository then goes before the keywords.

    Args:
        task: About which issue.
        settings: The maintainer's settings.
        parts: What the reporter said so far.
        past: What happened here before.

    Returns:
        The choice; without labels where there is nothing to go by.
    """
    usable = {name: words for name, words in settings.keywords.items() if may_add(task, name)}
    matches = match(parts, usable)
    learned = priors(task, settings, past)
    among = categories(task, settings)
    clear = [each for each in learned if each.sure]
    others = tuple(each.label for each in clear if each.label not in among)
    prior = next((each for each in clear if each.label in among), None)
    lean = next((each.label for each in learned if each.label in among and each.probability >= LEANS), "")
    sure = is_sure(matches)
    if sure and (prior is None or prior.label == matches[0].label):
        return _by_keywords(matches[0], matches, past, others, sure=lean in ("", matches[0].label))
    if prior is not None:
        why = f"learned labels speak for {prior.label} ({prior.probability:.0%}{prior.why})"
        why += f", keywords for {matches[0].label}" if sure else ""
        return Choice(labels=(prior.label, *others)[:3], why=why, confidence=prior.probability, sure=not sure)
    best = _best(matches, learned)
    if best is not None and lean in ("", best.label):
        return _by_keywords(best, matches, past, others, sure=False)
    if others:
        why = f"learned labels speak for {', '.join(others[:3])}"
        return Choice(labels=others[:3], why=why, confidence=clear[0].probability, sure=False)
    return Choice(why="keywords found nothing to go by")


def _by_keywords(
    best: Match, matches: tuple[Match, ...], past: Past, others: tuple[str, ...], *, sure: bool
) -> Choice:
    if past.is_refused(best.label):
        return Choice(labels=others[:3], why=f"keywords speak for {best.label}, which a person did not want here")
    why = f"keywords speak for {best.label} ({', '.join(best.words[:6])})"
    return Choice(labels=(best.label, *others)[:3], why=why, confidence=confidence(matches), sure=sure)


def _best(matches: tuple[Match, ...], learned: tuple[Prior, ...]) -> Match | None:
    """Return the strongest label; of several that are as strong the one learned most of, else none."""
    tied = [each for each in choose(matches) if each.points == matches[0].points]
    if len(tied) < 2:
        return tied[0] if tied else None
    named = {each.label: each for each in tied}
    return next((named[prior.label] for prior in learned if prior.label in named), None)
