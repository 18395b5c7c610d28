"""Tables of a page: plain ones, and one with shaded cells for what was taken for what. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from foreman.app.report.markup import Child, Markup, element, foreign, join
from foreman.learn.scoring import NOTHING

_SHADES = 5
MOST_COLUMNS = 24
"""Labels in a matrix; the rest are added up."""

OTHERS = "(others)"


def table(
    heads: Sequence[str], rows: Iterable[Sequence[Child]], *, caption: str, numbers: Sequence[str] = ()
) -> Markup:
    """Return a table that scrolls by itself where it is wider than the page.

    Args:
        heads: Of the columns; the first names each row.
        rows: As many cells each.
        caption: What it shows.
        numbers: Heads of columns whose cells are numbers.

    Returns:
        Markup.
    """
    classes = ["number" if head in numbers else None for head in heads]
    head = element(
        "tr", *(element("th", name, scope="col", class_=kind) for name, kind in zip(heads, classes, strict=True))
    )
    body = []
    for first, *rest in rows:
        cells = [element("td", cell, class_=kind) for cell, kind in zip(rest, classes[1:], strict=True)]
        body.append(element("tr", element("th", first, scope="row"), *cells))
    return _scrolled(
        element("table", element("caption", caption), element("thead", head), element("tbody", *body)), caption
    )


def matrix(confusion: Mapping[str, Mapping[str, int]], *, rows: str, columns: str, caption: str) -> Markup:
    """Return how often what is right was taken for what; columns have the numbers of the rows.

    Args:
        confusion: By what is right, then by what was said.
        rows: What a row stands for.
        columns: What a column stands for.
        caption: What it shows.

    Returns:
        Markup.
    """
    confusion = _narrowed(confusion)
    names = _names(confusion)
    heads = [
        element("th", element("span", place, aria_hidden="true"), element("span", name, class_="unseen"), scope="col")
        for place, name in enumerate(names, start=1)
    ]
    top = element("tr", element("th", f"{rows}\N{NO-BREAK SPACE}↓ {columns}\N{NO-BREAK SPACE}→", scope="col"), *heads)
    body = []
    for place, name in enumerate(names, start=1):
        row = confusion.get(name, {})
        whole = sum(row.values())
        cells = [_cell(row.get(other, 0), whole, same=other == name) for other in names]
        body.append(
            element("tr", element("th", element("span", place, class_="place"), foreign(name), scope="row"), *cells)
        )
    shown = element(
        "table", element("caption", caption), element("thead", top), element("tbody", *body), class_="matrix"
    )
    return _scrolled(shown, caption)


def folded(words: str, *children: Child) -> Markup:
    """Return what is shown to whoever asks, and on paper."""
    return element("details", element("summary", words), *children)


def _scrolled(shown: Markup, caption: str) -> Markup:
    return element("div", shown, class_="wide", tabindex=0, role="region", aria_label=caption)


def _cell(count: int, whole: int, *, same: bool) -> Markup:
    shade = -(-_SHADES * count // whole) if count else 0
    kinds = " ".join(part for part in ("same" if same else "", f"shade{shade}" if count else "") if part)
    return element("td", count or element("span", 0, class_="none"), class_=kinds or None)


def _names(confusion: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return all names: those that are right in their order, then what was only said, what is no label last."""
    names = dict.fromkeys((*confusion, *(name for row in confusion.values() for name in row)))
    return sorted(names, key=lambda name: (name == OTHERS) + 2 * (name == NOTHING))


def _narrowed(confusion: Mapping[str, Mapping[str, int]]) -> Mapping[str, Mapping[str, int]]:
    """Add up the rarest names where there are too many for a page."""
    weight = {name: sum(confusion.get(name, {}).values()) for name in _names(confusion)}
    for row in confusion.values():
        for name, count in row.items():
            weight[name] += count
    if len(weight) <= MOST_COLUMNS:
        return confusion
    kept = set(sorted(weight, key=lambda name: -weight[name])[: MOST_COLUMNS - 1])
    made: dict[str, dict[str, int]] = {}
    for right, row in confusion.items():
        mine = made.setdefault(right if right in kept else OTHERS, {})
        for said, count in row.items():
            place = said if said in kept else OTHERS
            mine[place] = mine.get(place, 0) + count
    return made


def tiles(facts: Iterable[tuple[str, str]]) -> Markup:
    """Return numbers that are read first, each with what it is."""
    return element(
        "dl", *(element("div", element("dt", name), element("dd", number)) for name, number in facts), class_="tiles"
    )


def sentences(told: Iterable[Child]) -> Markup:
    """Return a paragraph for each."""
    return join(*(element("p", one) for one in told))
