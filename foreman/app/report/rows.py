"""Rows for a spreadsheet (RFC 4180): one for each issue or decision; nothing in them is a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from foreman.app.annoyances import annoyance
from foreman.app.backtest import Backtest, Tried
from foreman.app.replay import Replayed
from foreman.printable import printable
from foreman.priors.pools import categories

_FORMULA = tuple("=+-@\t\r＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula; of full width too, as some turn these into the others."""

Cell = str | int | float | None


def of_backtest(found: Backtest) -> str:
    """Return a row for each issue that was tried, in the order in which they were opened.

    Args:
        found: The run.

    Returns:
        CSV with a head.
    """
    offered = categories(found.plan)
    return _csv(_tried(one, offered) for one in found.tried)


def of_replay(done: Iterable[Replayed]) -> str:
    """Return a row for each decision, oldest first.

    Args:
        done: Decisions, then and now.

    Returns:
        CSV with a head.
    """
    return _csv(_replayed(one) for one in done)


def _tried(one: Tried, offered: Sequence[str]) -> dict[str, Cell]:
    answer, truth = one.answer, one.truth
    bad = annoyance(one, offered)
    return {
        "number": one.number,
        "title": one.title,
        "url": one.url,
        "people_labels": _listed(sorted(truth.labels)),
        "people_closed_as": truth.state_reason,
        "people_duplicate_of": truth.duplicate_of,
        "decision": answer.decision if answer and not answer.left_alone else "",
        "confidence": answer.confidence if answer else None,
        "labels": _listed(answer.labels) if answer else "",
        "comment": _yes(answer is not None and answer.comment),
        "duplicates": _listed([f"{number}" for number in answer.duplicates]) if answer else "",
        "close": answer.close if answer else "",
        "others": _listed(answer.others) if answer else "",
        "held": _listed(answer.held) if answer else "",
        "denied": _listed(answer.denied) if answer else "",
        "left_alone": answer.left_alone if answer else "",
        "failure": one.failure,
        "annoying": bad.what if bad else "",
        "model_calls": answer.calls if answer else None,
        "input_tokens": answer.input_tokens if answer else None,
        "output_tokens": answer.output_tokens if answer else None,
        "usd": answer.usd if answer else None,
    }


def _replayed(one: Replayed) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "id": one.entry.id,
        "issue": str(one.entry.issue),
        "title": one.title,
        "url": one.url,
        "agent": one.entry.agent,
        "same": "" if one.now is None else _yes(one.same),
        "not_replayed_because": one.why_not,
        "failed": _yes(one.failed),
        "text_changed": _yes(one.text_changed),
        "labels_that_stand": "" if one.stands is None else _listed(sorted(one.stands)),
    }
    for side, made in (("before", one.before), ("after", one.after or {})):
        row |= {f"{name}_{side}": _made(made.get(name, "")) for name in one.before}
    more: dict[str, Cell] = {
        "confidence_before": one.entry.confidence,
        "confidence_after": one.now.confidence if one.now else None,
        "usd_before": one.usd_before,
        "usd_after": one.now.usd if one.now else None,
    }
    return row | more


def _made(value: bool | str | Sequence[str]) -> str:
    if isinstance(value, bool):
        return _yes(value)
    return value if isinstance(value, str) else _listed(value)


def _csv(rows: Iterable[Mapping[str, Cell]]) -> str:
    """Write rows that all have the same columns; text in quotes, so that no other sign parts cells either."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    for place, row in enumerate(rows):
        if not place:
            writer.writerow(row.keys())
        writer.writerow([_plain(cell) for cell in row.values()])
    return out.getvalue()


def _plain(cell: Cell) -> Cell:
    """Make a cell one line of text that no spreadsheet reckons with."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    shown = printable(cell)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) or cell.startswith(("\t", "\r", "\n")) else shown


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _yes(claim: bool) -> str:
    return "yes" if claim else "no"
