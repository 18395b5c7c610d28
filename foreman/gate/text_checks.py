"""The last word on a comment: each check looks at the rendered result for one kind of effect that must not be there.

The steps before neutralise what is written in the usual ways; whatever is left was hidden on purpose, or is so odd
that nobody can say what a forge makes of it. It is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from foreman.gate import text_patterns as patterns
from foreman.gate.characters import make_visible
from foreman.gate.text_context import MAX_REFERENCES, TextContext
from foreman.gate.text_effects import is_mentionable, is_own_path, referred
from foreman.gate.text_links import URL, WWW, inside_url, is_allowed, issue_of, mail_addresses, runs_on, trim
from foreman.gate.text_remote import unsaid
from foreman.gate.text_rendered import Rendered
from foreman.gate.text_source import masked
from foreman.model import ForgeKind
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A comment at its end.

    Attributes:
        text: The source.
        rendered: What is seen of it.
        context: Where it goes.
    """

    text: str
    rendered: Rendered
    context: TextContext


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table.

    Attributes:
        name: What the documentation and the mutation test call it.
        fault: Returns what is wrong in a few words, "" when nothing is.
    """

    name: str
    fault: Callable[[Result], str]


def no_html(result: Result) -> str:
    """Raw HTML can hide, track, and draw forms."""
    return "raw HTML" if result.rendered.html or "<!--" in result.rendered.flat else ""


def no_image(result: Result) -> str:
    """A picture tells its server who reads."""
    return "a picture" if result.rendered.images else ""


def links_allowed(result: Result) -> str:
    """Links go where the maintainer lets them, and say nothing that only a pointer sees."""
    for url, title in result.rendered.links:
        if title:
            return "a hidden link title"
        if not is_allowed(url, result.context):
            return "a link to a place that is not allowed"
    return ""


def no_definition(result: Result) -> str:
    """A definition is text that nobody sees."""
    hidden = result.rendered.definitions or patterns.DEFINITION.search(masked(result.text))
    return "a hidden link definition" if hidden else ""


def urls_allowed(result: Result) -> str:
    """Text that a forge or a mail program turns into a link counts as one."""
    flat = result.rendered.flat
    for found in URL.finditer(flat):
        if not is_allowed(trim(found[0]), result.context):
            return "a URL that is not allowed"
    mask = masked(result.text)
    if any(runs_on(mask, *found.span()) for found in URL.finditer(mask)):
        return "a URL that does not end where it seems to"
    inside = inside_url(flat)
    addresses = [found.start() for found in WWW.finditer(flat)] + [start for start, _ in mail_addresses(flat)]
    return "an address that would become a link" if any(not inside(start) for start in addresses) else ""


def no_mention(result: Result) -> str:
    """Nobody is called but whom the maintainer allows; looked for in each run by itself and across runs."""
    for text in (*result.rendered.runs, result.rendered.flat):
        for found in patterns.MENTION.finditer(text):
            if not is_mentionable(found[1], result.context):
                return "a mention"
    return ""


def no_keyword(result: Result) -> str:
    """Nothing is closed or marked elsewhere."""
    return "a closing or duplicate keyword" if patterns.KEYWORD.search(result.rendered.flat) else ""


def no_cross_repository(result: Result) -> str:
    """Other repositories learn nothing of this issue."""
    flat = result.rendered.flat
    inside = inside_url(flat)
    for found in patterns.CROSS_REPOSITORY[result.context.forge].finditer(flat):
        if not is_own_path(found, result.context) and not inside(found.start()):
            return "a reference into another repository"
    sigil = patterns.SIGIL[result.context.forge]
    other = sigil is not None and any(not inside(found.start()) for found in sigil.finditer(flat))
    return "a reference to something else" if other else ""


def few_references(result: Result) -> str:
    """Each reference leaves a line on another issue."""
    names = {name for _, _, name in referred(result.rendered.flat, result.context)}
    names |= {name for url, _ in result.rendered.links if (name := issue_of(url))}
    return "too many references" if len(names) > MAX_REFERENCES else ""


def no_command(result: Result) -> str:
    """No line orders another bot; only plain fenced blocks may hold what looks like one, on GitLab indented."""
    blocks = masked(result.text, blocks_only=True)
    if patterns.COMMAND.search(blocks) or patterns.SPOKEN.search(blocks):
        return "a command line"
    if result.context.forge is ForgeKind.GITLAB and any(patterns.quick_actions(result.text)):
        return "a command line in a code block"
    return ""


def no_remote_code(result: Result) -> str:
    """Nobody is told to run what the network gives, or anything as root, but in the project's own words."""
    told = unsaid(result.rendered.everything, result.context.said)
    return "a command that hands over the machine of whoever follows it" if told else ""


def nothing_invisible(result: Result) -> str:
    """Everything there is can be seen."""
    parts = (result.text, result.rendered.flat)
    return "an invisible character" if any(make_visible(part, keep_ours=True).removed for part in parts) else ""


def nothing_hidden(result: Result) -> str:
    """Every letter of the source is somewhere on the page: no cell too many, nothing nested too deep."""
    there = Counter(result.rendered.everything.casefold())
    shown = Counter(patterns.ENTITY.sub("", masked(result.text)).casefold())  # names of characters are not shown
    missing = any(count > there[letter] for letter, count in shown.items() if letter.isalpha())
    return "text that nobody sees" if missing else ""


CHECKS: tuple[Check, ...] = (
    Check("no raw HTML", no_html),
    Check("no picture", no_image),
    Check("links allowed", links_allowed),
    Check("no definition", no_definition),
    Check("URLs allowed", urls_allowed),
    Check("no mention", no_mention),
    Check("no keyword", no_keyword),
    Check("no other repository", no_cross_repository),
    Check("few references", few_references),
    Check("no command", no_command),
    Check("no code from the network", no_remote_code),
    Check("nothing invisible", nothing_invisible),
    Check("nothing hidden", nothing_hidden),
)
"""All checks; the first fault refuses the comment."""
