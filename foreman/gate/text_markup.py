"""Steps that take apart what Markdown itself can do: raw HTML, pictures, hidden definitions, drawn blocks, links.

Each takes source and context and returns source; what it overlooks, `text_checks` refuses.
"""

from __future__ import annotations

import html
import re
from itertools import pairwise

from foreman.gate import text_patterns as patterns
from foreman.gate.characters import make_visible
from foreman.gate.text_context import TextContext
from foreman.gate.text_links import is_allowed, is_plain
from foreman.gate.text_source import MASK, Edit, apply, as_code, close_last_fence, fence_infos, masked
from foreman.model import ForgeKind
from foreman.patterns import late

_PLAIN_INFO = late(r"[ \t]*[A-Za-z0-9+#._-]{0,30}[ \t]*\r?")
# Fences that a forge draws instead of showing; the last two lines are what Kroki draws for GitLab.
_DRAWN = late(
    r"mermaid|math|geojson|topojson|stl|suggestion|plantuml|kroki|glql|query|json:table|graphviz"
    r"|(?:block|seq|act|nw|packet|rack)diag|bpmn|bytefield|c4plantuml|d2|dbml|diagramsnet|ditaa|dot|erd|excalidraw|nomnoml"
    r"|pikchr|structurizr|svgbob|symbolator|tikz|umlet|vega|vegalite|wavedrom|wireviz"
)
_DECODED = frozenset("@#/:.-%$+=,;?\uff20")
_COMMENT = late(r"<!--")
_ANGLE = late(
    r"(?<!\\)<(?:(?P<url>[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>\x00]{0,2000})>"
    r"|(?P<mail>[^\s<>@\x00]{1,254}@[^\s<>@\x00]{1,254})>|(?=[A-Za-z/!?]))"
)
_LINK = late(
    r"\]\([ \t]*(?:<(?P<angle>[^<>\n\x00]{0,1000})>"
    r"|(?P<bare>[^\s()<>\x00]{0,1000}(?:\([^\s()<>\x00]{0,300}\)[^\s()<>\x00]{0,300}){0,3}))"
    r"(?P<title>[ \t\n]{1,4}(?:\"[^\"\x00]{0,1000}\"|'[^'\x00]{0,1000}'|\([^()\x00]{0,1000}\)))?[ \t\n]{0,4}\)"
)
_WIKI_LINK = late(r"(?<!\\)\[(?=\[[^\[\]\n]{1,2000}\]\])")
_DOLLARS = late(r"\$+")
_PARAGRAPH_END = late(r"\n[ \t>]*\r?\n")


def fences(text: str, _context: TextContext) -> str:
    """Leave a fence its language and nothing else; one that a forge would draw becomes plain text."""
    if "```" not in text and "~~~" not in text:
        return text
    edits: list[Edit] = []
    for start, end in fence_infos(text):
        info = text[start:end]
        word = info.strip().split(maxsplit=1)[0].casefold() if info.strip() else ""
        if not _PLAIN_INFO.fullmatch(info) or _DRAWN.fullmatch(word.strip("{}")):
            edits.append((start, end, _plain_info(word)))
    return close_last_fence(apply(text, edits))


def _plain_info(word: str) -> str:
    return word if _PLAIN_INFO.fullmatch(word) and not _DRAWN.fullmatch(word) else "text"


def entities(text: str, _context: TextContext) -> str:
    """Write letters and signs that hide behind character references as themselves; structure stays escaped."""
    for _ in range(4):
        if "&" not in text:
            return text
        edits: list[Edit] = []
        for found in patterns.ENTITY.finditer(masked(text)):
            plain = html.unescape(found[0])
            if plain != found[0] and all(_is_decoded(character) for character in plain):
                edits.append((*found.span(), plain))
        if not edits:
            return text
        text = make_visible(apply(text, edits), keep_ours=True).text
    return text


def _is_decoded(character: str) -> bool:
    hides = bool(make_visible(f"a{character}b").removed)
    return character.isalnum() or character in _DECODED or hides


def html_comments(text: str, _context: TextContext) -> str:
    """Take HTML comments out; nobody would have seen them."""
    if "<!--" not in text:
        return text
    mask = masked(text)
    edits: list[Edit] = []
    position = 0
    while (found := _COMMENT.search(mask, position)) is not None:
        end = text.find("-->", found.start() + 2)
        if end < 0:
            break
        edits.append((found.start(), end + 3, ""))
        position = end + 3
    return apply(text, edits)


def html_tags(text: str, context: TextContext) -> str:
    """Show raw HTML as text; of angle links only allowed ones stay."""
    if "<" not in text:
        return text
    mask = masked(text)
    escapes: list[Edit] = []
    links: list[tuple[int, int]] = []
    for found in _ANGLE.finditer(mask):
        url = found["url"]
        if mask.startswith("](", found.start() - 2) and found.start() >= 2:
            continue  # the destination of a link, which has its own step
        if url is not None and is_plain(url) and is_allowed(url, context):
            continue
        if url is not None or found["mail"] is not None:
            links.append((found.start(), found.end()))
        else:
            escapes.append((found.start(), found.start() + 1, "&lt;"))
    if links:
        text = as_code(text, mask, links)
        return html_tags(text, context) if escapes else text
    return apply(text, escapes)


def definitions(text: str, _context: TextContext) -> str:
    """Show lines that would only define a link or a footnote."""
    if "]:" not in text:
        return text
    mask = masked(text)
    return apply(text, [(f.end() - 1, f.end(), "\\[") for f in patterns.DEFINITION.finditer(mask)])


def images(text: str, _context: TextContext) -> str:
    """Turn pictures into links, which the next step judges."""
    if "![" not in text:
        return text
    return apply(text, [(*found.span(), "") for found in re.finditer(r"(?<!\\)!+(?=\[)", masked(text))])


def links(text: str, context: TextContext) -> str:
    """Leave allowed links without their hover text; others show where they would have led."""
    if context.forge is ForgeKind.GITLAB and "[[" in text:
        text = apply(text, [(f.end(), f.end(), "\\") for f in _WIKI_LINK.finditer(masked(text))])
    if "](" not in text:
        return text
    mask = masked(text)
    hidden: list[Edit] = []
    shown: list[tuple[int, int]] = []
    for found in _LINK.finditer(mask):
        group = "angle" if found["angle"] is not None else "bare"
        if is_plain(found[group]) and is_allowed(found[group], context):
            if found["title"]:
                hidden.append((found.start("title"), found.end("title"), ""))
        else:
            shown.append(found.span(group))
            hidden.append((found.start(), found.start(), ""))
            hidden.append((found.start() + 1, found.start() + 1, " "))
            if found["title"]:
                hidden.append((found.start("title"), found.end("title"), ""))
            if group == "angle":
                hidden.append((found.start(group) - 1, found.start(group), ""))
                hidden.append((found.end(group), found.end(group) + 1, ""))
    return _code_and(text, mask, shown, hidden)


def _code_and(text: str, mask: str, spans: list[tuple[int, int]], edits: list[Edit]) -> str:
    """Make edits and put spans into code at once; the edits come last, so they must not move the spans."""
    wanted = [(start, end, text[start:end]) for start, end in spans if end > start]
    marker = "\x01"
    text = apply(text, [*edits, *((start, end, f"{marker}{inner}{marker}") for start, end, inner in wanted)])
    mask = masked(text.replace(marker, ""))
    found: list[tuple[int, int]] = []
    clean: list[str] = []
    length = 0
    for index, part in enumerate(text.split(marker)):
        if index % 2:
            found.append((length, length + len(part)))
        clean.append(part)
        length += len(part)
    return as_code("".join(clean), mask, found)


def formulas(text: str, _context: TextContext) -> str:
    """Show formulas with commands or remarks as code: a colour of white hides as well as a comment does."""
    if text.count("$") < 2:
        return text
    mask, blocks = masked(text), masked(text, blocks_only=True)
    edits: list[Edit] = []
    spans: list[tuple[int, int]] = []
    dollars = [found.span() for found in _DOLLARS.finditer(mask)]
    for (start, inside), (outside, end) in pairwise(dollars):
        inner = mask[inside:outside]
        if not inner or MASK in blocks[inside:outside] or _PARAGRAPH_END.search(inner):
            continue
        if inner[0] == inner[-1] == MASK:  # the forges' other way to write one
            edits += [(inside, inside, " "), (outside, outside, " ")]
        elif _is_drawn(inner.removesuffix("\\"), display=inside - start > 1 and end - outside > 1):
            spans.append((start, end))
    return apply(text, edits) if edits else as_code(text, mask, spans) if spans else text


def _is_drawn(inner: str, *, display: bool) -> bool:
    between = display or not (inner[:1].isspace() or inner[-1:].isspace())
    return between and ("\\" in inner or "%" in inner)
