"""Neutralising: each step takes one kind of effect out of the source where that is safe; the words stay.

A step may overlook things; `text_checks` looks at the rendered result and refuses what is left.
"""

from __future__ import annotations

from collections.abc import Callable

from foreman.gate import text_effects as effects
from foreman.gate import text_markup as markup
from foreman.gate.characters import make_visible
from foreman.gate.text_context import TextContext
from foreman.values import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table.

    Attributes:
        name: What the documentation and the mutation test call it.
        run: Source in, source out; running it twice is running it once.
    """

    name: str
    run: Callable[[str, TextContext], str]


def invisible(text: str, _context: TextContext) -> str:
    """Take out what nobody can see, in code as well."""
    return make_visible(text, keep_ours=True).text


STEPS: tuple[Step, ...] = (
    Step("invisible characters", invisible),
    Step("fences", markup.fences),
    Step("character references", markup.entities),
    Step("HTML comments", markup.html_comments),
    Step("HTML", markup.html_tags),
    Step("definitions", markup.definitions),
    Step("images", markup.images),
    Step("links", markup.links),
    Step("URLs", effects.urls),
    Step("formulas", markup.formulas),
    Step("keywords", effects.keywords),
    Step("other repositories", effects.cross_repository),
    Step("too many references", effects.references),
    Step("mentions", effects.mentions),
    Step("commands", effects.commands),
)
"""All steps in order."""
