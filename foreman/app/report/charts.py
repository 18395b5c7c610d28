"""The plots of a page, each with the table of its numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foreman.app.report.figures import counted, decimal, money, share
from foreman.app.report.markup import Child, Markup, element
from foreman.app.report.page import figure, key, note
from foreman.app.report.plots import Bar, Dot, counts, lines, shares
from foreman.app.report.tables import folded, table

_BINS = 10
_COST_BINS = 6
_MOST_DOTS = 40

Cuts = Sequence[Mapping[str, Any]]


def curve(series: Sequence[tuple[str, Cuts]], *, whole: int) -> Markup:
    """Return how right is what is sure, over how much that leaves.

    Args:
        series: One or two, each with a name; empty where there is but one.
        whole: How many issues could have got a label.

    Returns:
        A plot with its numbers; a sentence where there are none.
    """
    head = "Precision over coverage"
    told = [(name, _thinned(cuts)) for name, cuts in series if cuts]
    if not told:
        return figure(head, element("p", _why_not(whole)))
    dots = [
        [Dot(x=cut["coverage"], y=cut["right"], told=f"{name + ': ' if name else ''}{_in_words(cut)}") for cut in cuts]
        for name, cuts in told
    ]
    plot = lines(
        dots,
        name="curve",
        title=f"{head}: {'; '.join((f'{name}: ' if name else '') + _in_words(cuts[-1]) for name, cuts in told)}",
        along="issues that get a label",
        up="of these, all labels right",
    )
    beneath: list[Child] = [
        key([name for name, _ in told]),
        note(
            f"Each dot is a bound for confidence (min_confidence), the highest on the left; of"
            f" {counted(whole, 'issue')} that could get a label."
        ),
    ]
    heads = ("confidence from", "issues", "coverage", "all labels right")
    for name, cuts in told:
        rows = [
            (decimal(cut["min_confidence"]), cut["issues"], share(cut["coverage"]), share(cut["right"]))
            for cut in cuts
        ]
        caption = f"{head}{', ' + name if name else ''}"
        beneath.append(
            folded(
                f"The numbers{' of ' + name if name else ''}", table(heads, rows, caption=caption, numbers=heads[1:])
            )
        )
    return figure(head, plot, *beneath)


def calibration(parts: Sequence[Mapping[str, Any]], error: float | None, *, whole: int) -> Markup:
    """Return how right it was when it was so sure.

    Args:
        parts: Of confidence, in which anything was told.
        error: How far confidence is from it, on average.
        whole: How many issues could have got a label.

    Returns:
        A plot with its numbers; a sentence where there are none.
    """
    head = "Calibration"
    if not parts:
        return figure(head, element("p", _why_not(whole)))
    known = {round(part["from"] * _BINS): part for part in parts}
    bars = [
        Bar(height=known[place]["right"], told=_of_part(known[place]), mark=known[place]["confidence"])
        if place in known
        else Bar(height=0, told="")
        for place in range(_BINS)
    ]
    plot = shares(
        bars,
        name="calibration",
        title=f"Calibration: {'; '.join(_of_part(part) for part in parts)}",
        along="confidence it told",
        up="of these, all labels right",
    )
    said = note(
        f"A bar that ends at its mark is as right as it is sure; on the dotted line all would. Calibration error"
        f" {decimal(error)}."
    )
    heads = ("confidence", "issues", "told on average", "all labels right")
    rows = [
        (f"{part['from']:.1f} to {part['to']:.1f}", part["issues"], decimal(part["confidence"]), share(part["right"]))
        for part in parts
    ]
    return figure(head, plot, said, folded("The numbers", table(heads, rows, caption=head, numbers=heads[1:])))


def cost(spent: Sequence[float | None], *, calls: int, tokens: int, name: str = "cost", head: str = "Cost") -> Markup:
    """Return how many issues cost how much.

    Args:
        spent: For each issue; None where the price is not known.
        calls: Of the model.
        tokens: Of the model.
        name: Of the plot within the page.
        head: Of the plot.

    Returns:
        A plot with its numbers; a sentence where nothing was paid or no price is known.
    """
    known = [usd for usd in spent if usd is not None]
    used = f"{counted(calls, 'model call')}, {counted(tokens, 'token')}"
    if not calls and not any(known):
        return figure(head, element("p", "No model was asked: it cost nothing."))
    if not any(known):
        free = "The price of the model is not known" if len(known) < len(spent) else "The model costs nothing"
        return figure(head, element("p", f"{free}: {used}."))
    bounds, numbers = _by_cost(known)
    names = ["0", *(f"≤ {bound:.2g}" for bound in bounds)]
    told = [
        f"{counted(count, 'issue')} for {'nothing' if place == 0 else f'USD {names[place]}'}"
        for place, count in enumerate(numbers)
    ]
    bars = [Bar(height=count, told=words, name=each) for count, words, each in zip(numbers, told, names, strict=True)]
    title = f"{head}: {'; '.join(words for words, count in zip(told, numbers, strict=True) if count)}"
    plot = counts(bars, name=name, title=title, along="USD for one issue", up="issues")
    whole = sum(known)
    unknown = len(spent) - len(known)
    each = f"{money(whole / len(known))} an issue on average, {money(max(known))} at the most"
    said = f"{money(whole)} in all, {each}; {used}."
    if unknown:
        said += f" The price of {counted(unknown, 'issue')} is not known."
    rows = list(zip(names, numbers, strict=True))
    numbers_of = table(("USD for one issue", "issues"), rows, caption=head, numbers=("issues",))
    return figure(head, plot, note(said), folded("The numbers", numbers_of))


def _why_not(whole: int) -> str:
    why = "No answer came with a confidence" if whole else "No closed issue here bears one of the labels"
    return f"{why}, so there is nothing to draw."


def _by_cost(known: Sequence[float]) -> tuple[list[float], list[int]]:
    """Count issues that cost nothing, and the others in parts of equal width."""
    most = max(known)
    bounds = [most * place / _COST_BINS for place in range(1, _COST_BINS + 1)]
    numbers = [0] * (_COST_BINS + 1)
    for usd in known:
        numbers[0 if usd <= 0 else min(int(usd / most * _COST_BINS - 1e-9), _COST_BINS - 1) + 1] += 1
    return bounds, numbers


def _thinned(cuts: Cuts) -> Cuts:
    """Leave out bounds that are too near to each other to be told apart; the first and the last stay."""
    if len(cuts) <= _MOST_DOTS:
        return cuts
    step = (len(cuts) - 1) / (_MOST_DOTS - 1)
    return [cuts[round(place * step)] for place in range(_MOST_DOTS)]


def _in_words(cut: Mapping[str, Any]) -> str:
    return (
        f"from confidence {decimal(cut['min_confidence'])}: {share(cut['coverage'])} of the issues,"
        f" {share(cut['right'])} of them right"
    )


def _of_part(part: Mapping[str, Any]) -> str:
    return (
        f"{part['from']:.1f} to {part['to']:.1f}: {counted(part['issues'], 'issue')}, {share(part['right'])} right,"
        f" {decimal(part['confidence'])} told"
    )
