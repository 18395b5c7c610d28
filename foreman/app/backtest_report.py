"""What a backtest comes to, in numbers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from foreman.app.annoyances import annoying, on
from foreman.app.answers import Answer
from foreman.app.backtest import Backtest, Tried
from foreman.learn import scoring
from foreman.learn.scoring import Score
from foreman.priors.pools import categories

DEPTHS = (1, 3, 5, 10)


def document(found: Backtest) -> dict[str, Any]:
    """Return a run's numbers as a JSON-ready document; what nothing was there to count for is null.

    Args:
        found: The run.

    Returns:
        The document.
    """
    offered = categories(found.plan)
    answered = [(one, one.answer) for one in found.tried if one.answer is not None]
    asked = [(one, answer) for one, answer in answered if not answer.left_alone]
    scored = [(answer.labels, one.truth.labels) for one, answer in asked if on(one.truth.labels, offered)]
    scores = scoring.per_label(scored, offered)
    told = _confidence(asked, offered)
    return {
        "repo": found.repo,
        "agent": found.plan.agent,
        "provider": found.provider,
        "model": found.model,
        "issues": len(found.tried),
        "reused": found.reused,
        "read_from_forge": found.read,
        "not_read_because": found.unread,
        "comments_not_read_because": found.comments_unread,
        "asked": len(asked),
        "left_alone": dict(Counter(answer.left_alone.split(":")[0] for _, answer in answered if answer.left_alone)),
        "failed": sum(1 for one in found.tried if one.answer is None),
        "failures": sorted({one.failure for one in found.tried if one.failure})[:5],
        "stopped": found.stopped,
        "decisions": dict(Counter(answer.decision for _, answer in asked)),
        "held": dict(Counter(kind for _, answer in asked for kind in answer.held)),
        "denied": dict(Counter(kind for _, answer in asked for kind in answer.denied)),
        "labels": {
            "issues_people_labelled": len(scored),
            "who_labelled_not_known": sum(
                1 for one, _ in asked if on(one.truth.labels, offered) and not one.truth.known
            ),
            **numbers(scoring.micro(scores.values())),
            "macro_f1": _rounded(scoring.macro_f1(scores.values())),
            "coverage": _rounded(scoring.coverage(bool(on(said, offered)) for said, _ in scored)),
            "calibration_error": _rounded(scoring.calibration_error(told)),
            "calibration": calibration(told),
            "precision_over_coverage": cuts(told, len(scored)),
            "per_label": {label: numbers(score) for label, score in scores.items()},
            "confusion": scoring.confusion(scored, offered),
        },
        "duplicates": _duplicates(asked),
        "stale": _stale(found.tried),
        "comments": sum(1 for _, answer in asked if answer.comment),
        "closes": sum(1 for _, answer in asked if answer.close),
        "input_tokens": sum(answer.input_tokens for _, answer in asked),
        "output_tokens": sum(answer.output_tokens for _, answer in asked),
        "usd": price([answer.usd for _, answer in asked]),
        "model_calls": sum(answer.calls for _, answer in asked),
        "no_model_needed": sum(1 for _, answer in asked if not answer.calls),
        "compared": [_in_short(found, model, answers) for model, answers in _sides(found)],
        "annoying": annoying(found),
    }


def cuts(told: Sequence[tuple[float, bool]], whole: int) -> list[dict[str, Any]]:
    """Return how right is what is sure, for every bound, as the document has it.

    Args:
        told: Confidence, and whether it was right.
        whole: How many issues could have got a label.

    Returns:
        The highest bound first.
    """
    return [
        {
            "min_confidence": cut.confidence,
            "coverage": _rounded(cut.coverage),
            "right": _rounded(cut.right),
            "issues": cut.count,
        }
        for cut in scoring.precision_over_coverage(told, whole)
    ]


def calibration(told: Sequence[tuple[float, bool]]) -> list[dict[str, Any]]:
    """Return how right was what was told with about the same confidence, as the document has it.

    Args:
        told: Confidence, and whether it was right.

    Returns:
        The lowest confidence first.
    """
    return [
        {
            "from": part.low,
            "to": part.high,
            "issues": part.count,
            "confidence": _rounded(part.confidence),
            "right": _rounded(part.right),
        }
        for part in scoring.calibration(told)
    ]


def _sides(found: Backtest) -> tuple[tuple[str, tuple[Answer, ...]], ...]:
    """Return this run's and another model's answers to the issues that both were asked about."""
    if found.other is None:
        return ()
    mine = {one.answer.number: one.answer for one in found.tried if one.answer is not None}
    both = [number for number in mine if number in found.other.answers]
    return (
        (found.other.model, tuple(found.other.answers[number] for number in both)),
        (found.model, tuple(mine[number] for number in both)),
    )


def _in_short(found: Backtest, model: str, answers: Sequence[Answer]) -> dict[str, Any]:
    offered = categories(found.plan)
    tried = {one.answer.number: one for one in found.tried if one.answer is not None}
    truth = {number: one.truth.labels for number, one in tried.items()}
    asked = [(tried[answer.number], answer) for answer in answers if not answer.left_alone]
    scored = [
        (answer.labels, truth[answer.number])
        for answer in answers
        if not answer.left_alone and on(truth[answer.number], offered)
    ]
    scores = scoring.per_label(scored, offered)
    whole = numbers(scoring.micro(scores.values()))
    return {
        "model": model,
        "issues": len(answers),
        "precision": whole["precision"],
        "recall": whole["recall"],
        "macro_f1": _rounded(scoring.macro_f1(scores.values())),
        "coverage": _rounded(scoring.coverage(bool(on(said, offered)) for said, _ in scored)),
        "precision_over_coverage": cuts(_confidence(asked, offered), len(scored)),
        "tokens": sum(answer.input_tokens + answer.output_tokens for answer in answers),
        "usd": price([answer.usd for answer in answers]),
    }


def _duplicates(asked: Sequence[tuple[Tried, Answer]]) -> dict[str, Any]:
    # Of a newer one nobody could know: people close the older of two as well.
    known = [
        (one, answer)
        for one, answer in asked
        if one.truth.duplicate_of is not None and one.truth.duplicate_of < answer.number
    ]
    closed = [one for one, _ in asked if one.truth.state_reason == "duplicate"]
    named = [(one, answer) for one, answer in asked if answer.duplicates]
    rankings = [(answer.found, one.truth.duplicate_of or 0) for one, answer in known]
    return {
        "closed_as_duplicate": len(closed),
        "original_known": len(known),
        "found_at": {str(depth): _rounded(share) for depth, share in scoring.recall_at(rankings, DEPTHS).items()},
        "suggested": len(named),
        "suggested_right": sum(1 for one, answer in named if one.truth.duplicate_of in answer.duplicates),
        "suggested_where_people_closed_as_duplicate": sum(
            1 for one, _ in named if one.truth.state_reason == "duplicate"
        ),
    }


def _stale(tried: Sequence[Tried]) -> dict[str, Any]:
    known = [one.truth.silence for one in tried if one.truth.silence is not None]
    return {
        "comments_known": len(known),
        "would_be_stale": sum(1 for quiet, _ in known if quiet),
        "person_would_have_reversed": sum(1 for quiet, back in known if quiet and back),
    }


def _confidence(asked: Sequence[tuple[Tried, Answer]], offered: Sequence[str]) -> list[tuple[float, bool]]:
    found = []
    for one, answer in asked:
        said, right = on(answer.labels, offered), on(one.truth.labels, offered)
        if said and right and answer.confidence is not None:
            theirs = {label.casefold() for label in right}
            found.append((answer.confidence, all(label.casefold() in theirs for label in said)))
    return found


def numbers(score: Score) -> dict[str, Any]:
    """Return a score as the document has it."""
    return {
        "hits": score.hits,
        "wrong": score.wrong,
        "missed": score.missed,
        "precision": _rounded(score.precision),
        "recall": _rounded(score.recall),
        "f1": _rounded(score.f1),
    }


def price(prices: Sequence[float | None]) -> float | None:
    """Add prices up; None where one of them is not known."""
    known = [price for price in prices if price is not None]
    return round(sum(known), 6) if len(known) == len(prices) else None


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
