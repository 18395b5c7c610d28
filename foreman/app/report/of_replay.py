"""The page of a replay: what differs, its plots, and both sides beside what stands on closed issues. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from foreman.app.replay import Replayed
from foreman.app.replay_report import SIDES, in_short, summary
from foreman.app.report.charts import calibration, cost, curve
from foreman.app.report.figures import counted, decimal, money, share
from foreman.app.report.markup import Child, Markup, element, foreign, join, link
from foreman.app.report.page import page
from foreman.app.report.tables import folded, matrix, table, tiles

MOST_SHOWN = 200
"""Decisions that differ; of more the page would not be read."""


def replay_page(done: Sequence[Replayed], *, model: str, now: datetime) -> str:
    """Return the page of a run.

    Args:
        done: Decisions, then and now.
        model: That was asked now; empty for none.
        now: When the page is made, aware UTC.

    Returns:
        HTML.
    """
    facts = summary(done)
    standing = facts["standing"]
    before = ", ".join(sorted({one.entry.model or "no model" for one in done}))
    spent = [one.now.usd for one in done if one.now is not None]
    plots = (
        curve([(side, standing[side]["cuts"]) for side in SIDES], whole=standing["issues"]),
        calibration(standing["now"]["calibration"], standing["now"]["calibration_error"], whole=standing["issues"]),
        cost(spent, calls=facts["calls"], tokens=facts["tokens"]),
    )
    return page(
        f"Replay of {counted(facts['decisions'], 'decision')}",
        element("p", f"Then by {before}; now by {model or 'no model'}, today's agent and configuration."),
        _tiles(facts),
        _told(facts),
        _differing(done),
        _sums(facts),
        _standing(standing),
        _matrix(facts["confusion"]),
        element("div", *plots, class_="plots"),
        _left_out(done),
        now=now,
    )


def _tiles(facts: Mapping[str, Any]) -> Markup:
    same = facts["again"] - facts["differ"]
    return tiles(
        (
            ("made again", f"{facts['again']:,} of {facts['decisions']:,}"),
            ("come out the same", share(same / facts["again"] if facts["again"] else None)),
            ("differ", f"{facts['differ']:,}"),
            ("cost then", money(facts["then"]["usd"])),
            ("cost now", money(facts["now"]["usd"])),
        )
    )


def _told(facts: Mapping[str, Any]) -> Markup:
    said = []
    if facts["failed"]:
        said.append(f"{counted(facts['failed'], 'decision')} failed: the agent or its model did not answer.")
    if facts["text_changed"]:
        said.append(f"The text of {counted(facts['text_changed'], 'issue')} has changed since.")
    return join(*(element("p", one, class_="warn") for one in said))


def _differing(done: Sequence[Replayed]) -> Markup:
    other = [one for one in done if one.now is not None and not one.same]
    if not other:
        return join(element("h2", "What differs"), element("p", "Nothing: each comes out as it did."))
    rows = [(_which(one), in_short(one.before), in_short(one.after or {})) for one in other[:MOST_SHOWN]]
    shown = table(("decision", "then", "now"), rows, caption="What the gate let through, held back and refused")
    more = len(other) - MOST_SHOWN
    return element(
        "section",
        element("h2", "What differs"),
        shown,
        element("p", f"{more:,} more in --csv and --json.", class_="soft") if more > 0 else None,
    )


def _which(one: Replayed) -> Markup:
    told = join(f"{one.entry.issue} ", foreign(one.title))
    changed = element("div", "its text has changed since", class_="soft") if one.text_changed else None
    return join(f"{one.entry.id}: ", link(one.url, told), changed)


def _sums(facts: Mapping[str, Any]) -> Markup:
    names = ("labels", "comments", "closes", "others", "held", "refused")
    rows: list[tuple[Child, ...]] = [(name, facts["then"][name], facts["now"][name]) for name in names]
    rows.append(("cost", money(facts["then"]["usd"]), money(facts["now"]["usd"])))
    caption = f"Over {counted(facts['again'], 'decision')} that could be made again"
    shown = table(("what would be done", *SIDES), rows, caption=caption, numbers=SIDES)
    return element("section", element("h2", "Then and now"), shown)


def _standing(facts: Mapping[str, Any]) -> Markup:
    head = element("h2", "Beside what stands")
    if not facts["issues"]:
        said = "None of these issues is closed with one of the labels, so nobody knows which side is right."
        return join(head, element("p", said))
    rows = [
        (
            side,
            *(facts[side][name] for name in ("hits", "wrong", "missed")),
            share(facts[side]["precision"]),
            share(facts[side]["recall"]),
            decimal(facts[side]["macro_f1"]),
            share(facts[side]["coverage"]),
        )
        for side in SIDES
    ]
    heads = ("", "right", "wrong", "missed", "precision", "recall", "macro F1", "coverage")
    caption = (
        f"Labels beside those of {counted(facts['issues'], 'issue')} closed since; what Foreman put on and people left"
        " counts as right"
    )
    return element("section", head, table(heads, rows, caption=caption, numbers=heads[1:]))


def _matrix(confusion: Mapping[str, Mapping[str, int]]) -> Markup:
    if not confusion:
        return Markup("")
    caption = "Decisions by the label then and the one now; framed is where both are the same"
    shown = matrix(confusion, rows="then", columns="now", caption=caption)
    return element("section", element("h2", "What became of what (confusion matrix)"), shown)


def _left_out(done: Sequence[Replayed]) -> Markup:
    out = [one for one in done if one.why_not]
    if not out:
        return Markup("")
    rows = [(f"{one.entry.id}", f"{one.entry.issue}", one.why_not) for one in out[:MOST_SHOWN]]
    shown = table(("decision", "issue", "why"), rows, caption=f"{len(out):,} not made again")
    return element("section", element("h2", "Not made again"), folded(counted(len(out), "decision"), shown))
