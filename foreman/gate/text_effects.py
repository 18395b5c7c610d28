"""Steps that take apart what a forge and other bots make of plain words: URLs, references, mentions, commands.

Each takes source and context and returns source; what it overlooks, `text_checks` refuses.
"""

from __future__ import annotations

import re

from foreman.gate import text_patterns as patterns
from foreman.gate.characters import ZWSP
from foreman.gate.text_context import MAX_REFERENCES, TextContext
from foreman.gate.text_links import (
    URL,
    WWW,
    bare_hosts,
    inside_url,
    is_allowed,
    issue_of,
    mail_addresses,
    runs_on,
    trim,
)
from foreman.gate.text_source import Edit, apply, as_code, masked
from foreman.model import ForgeKind


def urls(text: str, context: TextContext) -> str:
    """Show URLs, mail addresses and host names that are not allowed as code, so that nothing links them."""
    if "." not in text and "://" not in text:
        return text
    mask = masked(text)
    spans: list[tuple[int, int]] = []
    edits: list[Edit] = []
    for found in URL.finditer(mask):
        url = trim(found[0].split("](")[0])
        end = found.start() + len(url)
        if not is_allowed(url, context) or runs_on(mask, *found.span()):
            spans.append((found.start(), end))
        elif "@" in url:
            edits.append((found.start(), end, url.replace("@", "%40")))
    if edits:
        return urls(apply(text, edits), context)
    if spans:
        text = as_code(text, mask, spans)
        mask = masked(text)
    others = [(f.start(), f.start() + len(trim(f[0]))) for f in WWW.finditer(mask)]
    others += mail_addresses(mask)
    others += [(start, start + len(trim(text[start:end]))) for start, end in bare_hosts(mask)]
    inside = inside_url(mask)
    others = [span for span in others if not inside(span[0])]
    return as_code(text, mask, others) if others else text


def keywords(text: str, _context: TextContext) -> str:
    """Put a reference behind a closing or duplicate keyword into code."""
    mask = masked(text)
    spans: list[tuple[int, int]] = []
    for found in patterns.KEYWORD.finditer(mask):
        spans.append(found.span("ref"))
        end = found.end()
        while (another := patterns.ANOTHER.match(mask, end)) is not None:
            spans.append(another.span("ref"))
            end = another.end()
    return _references_as_code(text, mask, spans)


def _references_as_code(text: str, mask: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    escapes: list[Edit] = []
    for start, end in spans:
        escapes += [(at, at + 1, "") for at in range(start, end) if text[at] == "\\"]
        if start and text[start - 1] == "\\":
            escapes.append((start - 1, start, ""))
    if escapes:
        return apply(text, escapes)
    return as_code(text, mask, spans)


def cross_repository(text: str, context: TextContext) -> str:
    """Put references into other repositories, and GitLab's to other things, into code."""
    mask = masked(text)
    inside = inside_url(mask)
    others = patterns.CROSS_REPOSITORY[context.forge].finditer(mask)
    spans = [
        _with_tail(mask, found) for found in others if not is_own_path(found, context) and not inside(found.start())
    ]
    sigil = patterns.SIGIL[context.forge]
    if sigil is not None:
        spans += [found.span() for found in sigil.finditer(mask) if not inside(found.start())]
    return _references_as_code(text, mask, spans)


def _with_tail(mask: str, found: re.Match[str]) -> tuple[int, int]:
    end = found.end()
    while end < len(mask) and (mask[end].isalnum() or mask[end] in '_-"'):
        end += 1
    return found.start(), end


def is_own_path(found: re.Match[str], context: TextContext) -> bool:
    """Return whether a match of `CROSS_REPOSITORY` names the issue's own repository after all."""
    names = found.groupdict()
    return (names["path"] or names.get("commit") or "").casefold() == context.repo.path.casefold()


def references(text: str, context: TextContext) -> str:
    """Let only the first few references to other issues be active."""
    mask = masked(text)
    seen: set[str] = set()
    spans: list[tuple[int, int]] = []
    links: list[tuple[int, int]] = []
    for start, end, name in referred(mask, context):
        if name in seen or len(seen) < MAX_REFERENCES:
            seen.add(name)
        elif mask.startswith("](", start - 2) and start >= 2:
            links.append((start, end))
        else:
            spans.append((start, end))
    if links:
        # The words stay, and where they would have led is shown behind them.
        text = apply(text, [(start - 1, start - 1, " ") for start, _ in links])
        return references(text, context)
    return _references_as_code(text, mask, spans)


def referred(mask: str, context: TextContext) -> list[tuple[int, int, str]]:
    """Return every reference to an issue of this repository, by number or by address: where it is, and to what."""
    inside = inside_url(mask)
    found = [
        (one.start(), one.end(), _number(one[0]))
        for one in patterns.REFERENCE[context.forge].finditer(mask)
        if not inside(one.start())
    ]
    for one in URL.finditer(mask):
        url = trim(one[0].split("](")[0])
        if name := issue_of(url):
            found.append((one.start(), one.start() + len(url), name))
    return sorted(found)


def _number(reference: str) -> str:
    return reference.lstrip("\\").upper().replace("GH-", "#").replace("GL-", "#")


def mentions(text: str, context: TextContext) -> str:
    """Put a zero-width space behind an at sign, so that nobody is called."""
    if "@" not in text and "\uff20" not in text:
        return text
    mask = masked(text)
    edits: list[Edit] = []
    for found in patterns.AT_SIGN.finditer(mask):
        name = patterns.MENTION.match(mask, found.start())
        if not (name and is_mentionable(name[1], context)):
            edits.append((found.end(), found.end(), ZWSP))
    return apply(text, edits)


def is_mentionable(name: str, context: TextContext) -> bool:
    """Return whether this is the one login that may be called."""
    return bool(context.mentionable) and name.rstrip(".").casefold() == context.mentionable.casefold()


def commands(text: str, context: TextContext) -> str:
    """Escape what other bots and GitLab read as an order at the start of a line; in code, indent it for GitLab."""
    mask = masked(text)
    escaped = {found.start("sign") for found in patterns.COMMAND.finditer(mask)}
    edits: list[Edit] = [(place, place, "\\") for place in escaped]
    if context.forge is ForgeKind.GITLAB:
        edits += [(place, place, " ") for place in patterns.quick_actions(text) if place not in escaped]
    for found in patterns.SPOKEN.finditer(mask):
        gap = next(name for name in ("gap", "gap2", "gap3") if found[name] is not None)
        edits.append((*found.span(gap), "&#32;"))
    return apply(text, edits)
