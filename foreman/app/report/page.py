"""The frame of a page: one file without a script, that loads nothing. Pure, but for the style that comes with it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files

from foreman import __version__
from foreman.app.report.markup import Child, Markup, element, join

_SAMPLE_WIDTH, _SAMPLE_HEIGHT = 32, 12


def page(title: str, *parts: Child, now: datetime) -> str:
    """Return a whole page.

    Args:
        title: Of the page.
        *parts: What is in it.
        now: When it is made, aware UTC.

    Returns:
        HTML that opens from a file, with a policy that lets it load and run nothing.
    """
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("meta", name="generator", content=f"foreman {__version__}"),
        element("title", title),
        element("style", Markup(style)),
    )
    made = f"Made by foreman {__version__}, {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC. Nothing was written to a forge."
    body = element("body", element("main", element("h1", title), *parts), element("footer", made))
    return join(Markup("<!DOCTYPE html>\n"), element("html", head, Markup("\n"), body, lang="en"), Markup("\n"))


def figure(head: str, plot: Child, *beneath: Child) -> Markup:
    """Return a plot with its head and what belongs to it."""
    return element("section", element("h2", head), element("figure", plot, *beneath))


def key(names: Sequence[str]) -> Markup:
    """Return what the lines of a plot stand for; nothing where there is but one."""
    if len(names) < 2:
        return Markup("")
    return element(
        "ul", *(element("li", _sample("ab"[place]), name) for place, name in enumerate(names)), class_="key"
    )


def note(words: Child) -> Markup:
    """Return a sentence beneath a plot."""
    return element("figcaption", words)


def _sample(kind: str) -> Markup:
    middle = _SAMPLE_HEIGHT / 2
    drawn = element("line", x1=0, y1=middle, x2=_SAMPLE_WIDTH, y2=middle, class_=f"line {kind}")
    return element("svg", drawn, viewBox=f"0 0 {_SAMPLE_WIDTH} {_SAMPLE_HEIGHT}", aria_hidden="true")
