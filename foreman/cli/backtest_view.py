"""What `foreman backtest` prints for people: tables of at most 80 columns, and what would have annoyed somebody."""

from __future__ import annotations

import textwrap
from typing import Any

MOST_MIXED_UP = 10
"""Pairs of labels that are shown, the most frequent."""

_COLUMNS = 80
_LABEL_COLUMNS = 28  # the numbers beside it take the rest of 80
_TITLE_COLUMNS = 70


def show(facts: dict[str, Any]) -> None:
    """Print a run's document.

    Args:
        facts: As `document` made it.
    """
    from foreman.cli.output import line

    _head(facts)
    line()
    _labels(facts["labels"])
    line()
    _rest(facts)
    if facts["compared"]:
        line()
        _compared(facts["compared"])
    line()
    _annoying(facts["annoying"])


def _head(facts: dict[str, Any]) -> None:
    said = [f"{facts['repo']}: {facts['agent']} on {facts['issues']} closed issues, {facts['model'] or 'no model'}"]
    if facts["read_from_forge"]:
        said.append(f"{facts['read_from_forge']} issues were read from the forge first")
    if facts["not_read_because"]:
        said.append(f"some may be missing: {facts['not_read_because']}")
    if facts["comments_not_read_because"]:
        said.append(f"not all comments are known: {facts['comments_not_read_because']}")
    if facts["reused"]:
        said.append(f"{facts['reused']} answers are from an earlier run")
    said += [f"{count} left alone: {reason}" for reason, count in facts["left_alone"].items()]
    if facts["failed"]:
        said.append(f"{facts['failed']} failed: {'; '.join(facts['failures'])}")
    if facts["stopped"]:
        said.append(f"ended early: {facts['stopped']}; the same command goes on from here")
    for text in said:
        _say(text)


def _labels(labels: dict[str, Any]) -> None:
    from foreman.cli.output import fitted, line, table

    rows = [
        (fitted(name, _LABEL_COLUMNS).rstrip(), score["hits"], score["wrong"], score["missed"], *_rates(score))
        for name, score in (*labels["per_label"].items(), ("all", labels))
    ]
    heads = ("label", "right", "wrong", "missed", "precision", "recall", "f1")
    table(heads, rows, right=heads[1:])
    line(f"macro F1 {_share(labels['macro_f1'])}, coverage {_share(labels['coverage'])}")
    _say(
        f"on {labels['issues_people_labelled']} issues that bear one of these labels;"
        f" of {labels['who_labelled_not_known']} nobody knows who put them on"
    )
    mixed = sorted(
        (-count, right, said)
        for right, row in labels["confusion"].items()
        for said, count in row.items()
        if said != right
    )
    if mixed:
        line()
        shown = [(right, said, -count) for count, right, said in mixed[:MOST_MIXED_UP]]
        width = _LABEL_COLUMNS
        rows = [(fitted(one, width).rstrip(), fitted(two, width).rstrip(), number) for one, two, number in shown]
        table(("people chose", "it chose", "issues"), rows, right=("issues",))
        if len(mixed) > MOST_MIXED_UP:
            line(f"{len(mixed) - MOST_MIXED_UP} rarer ones: --json")
    if labels["calibration"]:
        line()
        table(
            ("confidence", "issues", "right"),
            [
                (f"{part['from']:.1f} to {part['to']:.1f}", part["issues"], _share(part["right"]))
                for part in labels["calibration"]
            ],
            right=("issues", "right"),
        )
        line(f"calibration error {_share(labels['calibration_error'])}")


def _rest(facts: dict[str, Any]) -> None:
    same, stale = facts["duplicates"], facts["stale"]
    _say(
        f"duplicates  {same['closed_as_duplicate']} closed as such, the original of {same['original_known']} is known;"
        f" suggested for {same['suggested']}, rightly for {same['suggested_right']}",
        beneath=12,
    )
    if same["original_known"]:
        depths = ", ".join(f"{_share(share)} at {depth}" for depth, share in same["found_at"].items())
        _say(f"            original found: {depths}", beneath=12)
    told = "cannot be told: of no issue all comments are known"
    if stale["comments_known"]:
        told = (
            f"{stale['would_be_stale']} of {stale['comments_known']} whose comments are known;"
            f" a person would have reversed {stale['person_would_have_reversed']}"
        )
    _say(f"stale       {told}", beneath=12)
    _say(f"words       {facts['comments']} comments, {facts['closes']} closes")
    usd = "unknown" if facts["usd"] is None else f"{facts['usd']:.4f}"
    _say(
        f"cost        USD {usd}: {facts['model_calls']} model calls, {facts['input_tokens']:,} +"
        f" {facts['output_tokens']:,} tokens; {facts['no_model_needed']} issues needed none",
        beneath=12,
    )


def _compared(sides: list[dict[str, Any]]) -> None:
    from foreman.cli.output import fitted, line, table

    line(f"both models on the same {sides[0]['issues']} issues:")
    heads = ("model", "precision", "recall", "f1", "coverage", "tokens", "usd")
    rows = [
        (
            fitted(one["model"], _LABEL_COLUMNS).rstrip(),
            *(_share(one[key]) for key in ("precision", "recall", "macro_f1", "coverage")),
            one["tokens"],
            "unknown" if one["usd"] is None else f"{one['usd']:.4f}",
        )
        for one in sides
    ]
    table(heads, rows, right=heads[1:])


def _annoying(found: list[Any]) -> None:
    from foreman.cli.output import fitted, line

    if not found:
        line("nothing here would have annoyed anybody")
        return
    line("these ten would have annoyed you:" if len(found) == 10 else "these would have annoyed you:")
    for bad in found:
        line(f"  #{bad.number} {fitted(bad.title, _TITLE_COLUMNS).rstrip()}")
        _say(f"    {bad.what}", beneath=4)
        line(f"    {bad.url}")


def _say(text: str, *, beneath: int = 2) -> None:
    """Print a sentence, folded at 80 columns; what follows the first line stands further right."""
    from foreman.cli.output import line

    indent = " " * (len(text) - len(text.lstrip()))
    for part in textwrap.wrap(text.lstrip(), _COLUMNS, initial_indent=indent, subsequent_indent=" " * beneath):
        line(part)


def _rates(score: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_share(score[key]) for key in ("precision", "recall", "f1"))


def _share(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}"
