"""Plots as SVG: lines of shares, bars of shares beside a diagonal, bars of counts. Pure; no colour but by class.

Drawn 340 units wide, so that the letters can be read on a telephone and are not too large on a desk.
"""

from __future__ import annotations

from collections.abc import Sequence

from foreman.app.report.markup import Markup, element, join
from foreman.values import dataclass

WIDTH, HEIGHT = 340.0, 246.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 12.0, 28.0, 42.0
_WIDE, _HIGH = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_DOT = 3.5
_GAP = 2.0
_BENEATH = 18.0
"""From the floor to the names beneath it, which are clear of those beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A point of a line.

    Attributes:
        x: Between 0 and 1.
        y: Between 0 and 1.
        told: What a reader sees who points at it.
    """

    x: float
    y: float
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar.

    Attributes:
        height: A share, or a count.
        told: What a reader sees who points at it.
        name: Beneath it; empty for none.
        mark: Where else on its way up something is marked, a share; None for nothing.
    """

    height: float
    told: str
    name: str = ""
    mark: float | None = None


def lines(series: Sequence[Sequence[Dot]], *, name: str, title: str, along: str, up: str) -> Markup:
    """Draw shares over shares; the first line full, the second dashed and with squares.

    Args:
        series: One or two lines, each from left to right.
        name: Of the plot within the page.
        title: What a reader who cannot see it is told.
        along: Of the axis along.
        up: Of the axis up.

    Returns:
        An `svg` element.
    """
    drawn = []
    for number, dots in enumerate(series):
        kind = "abc"[number]
        path = " ".join(f"{_x(dot.x)},{_y(dot.y)}" for dot in dots)
        drawn.append(element("polyline", points=path, class_=f"line {kind}", fill="none"))
        drawn += [_dot(dot, kind) for dot in dots]
    ticks = [_tick(share, f"{share * 100:.0f} %") for share in _QUARTERS]
    return _plot(name, title, _shares_up(), *ticks, _names(along, up), *drawn)


def shares(bars: Sequence[Bar], *, name: str, title: str, along: str, up: str) -> Markup:
    """Draw shares in parts of equal width between 0 and 1, and the diagonal on which all would be well.

    Args:
        bars: One for each part; one of which nothing is told is not drawn.
        name: Of the plot within the page.
        title: What a reader who cannot see it is told.
        along: Of the axis along.
        up: Of the axis up.

    Returns:
        An `svg` element.
    """
    ticks = [_tick(share, f"{share:.2f}".rstrip("0").rstrip(".")) for share in _QUARTERS]
    diagonal = element("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), class_="ideal")
    return _plot(name, title, _shares_up(), *ticks, _names(along, up), *_bars(bars, 1.0), diagonal)


def counts(bars: Sequence[Bar], *, name: str, title: str, along: str, up: str) -> Markup:
    """Draw how many there are of each.

    Args:
        bars: From left to right, with the names of every other one beneath: there is no room for all.
        name: Of the plot within the page.
        title: What a reader who cannot see it is told.
        along: Of the axis along.
        up: Of the axis up.

    Returns:
        An `svg` element.
    """
    most = max((bar.height for bar in bars), default=0) or 1
    step = _WIDE / max(len(bars), 1)
    tops = [
        _words(f"{bar.height:,.0f}", _LEFT + step * (place + 0.5), _y(bar.height / most) - 4, "middle")
        for place, bar in enumerate(bars)
        if bar.height
    ]
    beneath = [
        _words(bar.name, _LEFT + step * (place + 0.5), _y(0) + _BENEATH, "middle")
        for place, bar in enumerate(bars)
        if bar.name and place % 2 == 0
    ]
    floor = element("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(0), class_="grid")
    return _plot(name, title, floor, *_bars(bars, most), *tops, *beneath, _names(along, up))


def _plot(name: str, title: str, *parts: Markup) -> Markup:
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        *parts,
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        role="img",
        aria_labelledby=f"{name}-title",
        class_="plot",
    )


def _shares_up() -> Markup:
    """Draw the lines across, a quarter apart, and what they stand for."""
    return join(
        *(element("line", x1=_x(0), y1=_y(one), x2=_x(1), y2=_y(one), class_="grid") for one in _QUARTERS),
        *(_words(f"{one * 100:.0f} %", _LEFT - 6, _y(one) + 4, "end") for one in _QUARTERS),
    )


def _names(along: str, up: str) -> Markup:
    return join(
        _words(along, _LEFT + _WIDE / 2, HEIGHT - 6, "middle"),
        _words(up, 4, 12, "start"),
    )


def _tick(share: float, words: str) -> Markup:
    return _words(words, _x(share), _y(0) + _BENEATH, "middle" if share < 1 else "end")


def _bars(bars: Sequence[Bar], most: float) -> list[Markup]:
    step = _WIDE / max(len(bars), 1)
    drawn = []
    for place, bar in enumerate(bars):
        if not bar.told:
            continue
        left, top = _LEFT + step * place + _GAP / 2, _y(bar.height / most)
        wide = round(step - _GAP, 1)
        drawn.append(
            element(
                "rect",
                element("title", bar.told),
                x=round(left, 1),
                y=top,
                width=wide,
                height=round(max(_y(0) - top, 0.5), 1),
                class_="bar",
            )
        )
        if bar.mark is not None:
            level = _y(bar.mark / most)
            drawn.append(
                element("line", x1=round(left, 1), y1=level, x2=round(left + wide, 1), y2=level, class_="mark")
            )
    return drawn


def _dot(dot: Dot, kind: str) -> Markup:
    told = element("title", dot.told)
    if kind == "a":
        return element("circle", told, cx=_x(dot.x), cy=_y(dot.y), r=_DOT, class_=f"dot {kind}")
    left, top = round(_x(dot.x) - _DOT, 1), round(_y(dot.y) - _DOT, 1)
    return element("rect", told, x=left, y=top, width=2 * _DOT, height=2 * _DOT, class_=f"dot {kind}")


def _words(words: str, x: float, y: float, anchor: str) -> Markup:
    return element("text", words, x=round(x, 1), y=round(y, 1), text_anchor=anchor)


def _x(share: float) -> float:
    return round(_LEFT + _WIDE * min(max(share, 0.0), 1.0), 1)


def _y(share: float) -> float:
    return round(_TOP + _HIGH * (1 - min(max(share, 0.0), 1.0)), 1)
