"""What a replay comes to: each decision then and now, and both beside what stands on closed issues. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foreman.app.annoyances import on
from foreman.app.backtest_report import calibration, cuts, numbers, price
from foreman.app.replay import Replayed
from foreman.learn import scoring

SIDES = ("then", "now")
_KINDS = ("comment", "close")


def document(done: Sequence[Replayed]) -> list[dict[str, Any]]:
    """Return each decision as a JSON-ready document.

    Args:
        done: Decisions, then and now.

    Returns:
        In their order.
    """
    return [
        {
            "id": one.entry.id,
            "issue": str(one.entry.issue),
            "title": one.title,
            "url": one.url,
            "agent": one.entry.agent,
            "before": one.before,
            "after": one.after,
            "same": one.same,
            "text_changed": one.text_changed,
            "failed": one.failed,
            "not_replayed_because": one.why_not,
            "labels_that_stand": None if one.stands is None else sorted(one.stands),
            "confidence_before": one.entry.confidence,
            "confidence_after": one.now.confidence if one.now else None,
            "usd_before": one.usd_before,
            "usd_after": one.now.usd if one.now else None,
        }
        for one in done
    ]


def summary(done: Sequence[Replayed]) -> dict[str, Any]:
    """Add up what was decided then and what would be today, over decisions that could be made again.

    Args:
        done: Decisions, then and now.

    Returns:
        Numbers for people; None for what nothing was there to count for.
    """
    again = [one for one in done if one.now is not None]
    offered = tuple(dict.fromkeys(label for one in again for label in one.offered))
    return {
        "decisions": len(done),
        "again": len(again),
        "failed": sum(one.failed for one in done),
        "differ": sum(not one.same for one in again),
        "text_changed": sum(one.text_changed for one in again),
        "then": _side([one.before for one in again], [one.usd_before for one in again]),
        "now": _side([one.after or {} for one in again], [one.now.usd for one in again if one.now]),
        "calls": sum(one.now.calls for one in again if one.now),
        "tokens": sum(one.now.input_tokens + one.now.output_tokens for one in again if one.now),
        "confusion": scoring.confusion(
            [(one.after["labels"] if one.after else (), one.before["labels"]) for one in again], offered
        ),
        "standing": _standing(again, offered),
    }


def in_short(made: Mapping[str, Any]) -> str:
    """Return what was decided in a line.

    Args:
        made: One side of a decision.

    Returns:
        The agent's word, and what would be done.
    """
    parts = [f"+{label}" for label in made["labels"]] + [kind for kind in _KINDS if made[kind]]
    parts += made["others"]
    parts += [f"{kind} (held)" for kind in made["held"]] + [f"{kind} (refused)" for kind in made["refused"]]
    return f"{made['decision']}: {', '.join(parts) or 'nothing'}"


def _side(made: Sequence[dict[str, Any]], spent: Sequence[float | None]) -> dict[str, Any]:
    return {
        "labels": sum(len(one["labels"]) for one in made),
        **{f"{kind}s": sum(one[kind] for one in made) for kind in _KINDS},
        "others": sum(len(one["others"]) for one in made),
        "held": sum(len(one["held"]) for one in made),
        "refused": sum(len(one["refused"]) for one in made),
        "usd": price(spent),
    }


def _standing(again: Sequence[Replayed], offered: Sequence[str]) -> dict[str, Any]:
    """Compare both with the labels of closed issues."""
    known = [(one, one.stands) for one in again if one.stands is not None and on(one.stands, offered)]
    sides = {
        "then": [(one.before["labels"], right, one.entry.confidence) for one, right in known],
        "now": [(one.now.labels, right, one.now.confidence) for one, right in known if one.now],
    }
    found: dict[str, Any] = {"issues": len(known)}
    for name, said in sides.items():
        scores = scoring.per_label([(labels, right) for labels, right, _ in said], offered)
        told = [
            (confidence, {label.casefold() for label in mine} <= {label.casefold() for label in right})
            for labels, right, confidence in said
            if confidence is not None and (mine := on(labels, offered))
        ]
        found[name] = {
            **numbers(scoring.micro(scores.values())),
            "macro_f1": scoring.macro_f1(scores.values()),
            "coverage": scoring.coverage(bool(on(labels, offered)) for labels, _, _ in said),
            "cuts": cuts(told, len(known)),
            "calibration": calibration(told),
            "calibration_error": scoring.calibration_error(told),
        }
    return found
