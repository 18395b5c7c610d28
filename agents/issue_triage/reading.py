"""Tell apart what is in an issue: the reporter's own words, program output, and what a form or somebody else wrote.

Line by line, no expression that backtracks: a body may be 64 KB of anything.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_URL = re.compile(r"\bhttps?://\S+")
_IMAGE = re.compile(r"!\[[^\[\]]{0,200}\]\([^()]{0,500}\)|\[image(?: [^\[\]]{0,500})?\]")
"""A picture, as it is written and as Foreman shows it to an agent."""
_UPLOAD = re.compile(r"\bhttps?://\S*(?:/assets/|user-images|/uploads/|\.(?:png|jpe?g|gif|mp4|mov|webm)\b)\S*")
_EXACT = re.compile(
    r"`[^`]|\bhttps?://|(?<!\w)#\d|--[a-z]{2}|\b[a-z]+[A-Z]\w|\b[A-Z][a-z]+[A-Z]\w+|[A-Za-z]\w*_\w*[A-Za-z]"
    r"|\w\(\)|\b\w+\.[a-z_]\w*\(|\b[\w-]+\.(?:py|js|jsx|ts|tsx|rs|go|rb|php|java|c|cc|cpp|h|hpp|cs|sh|sql|css|html"
    r"|json|ya?ml|toml|xml|ini|cfg|conf|md|txt|csv|log)\b|\b[0-9a-f]*(?:[0-9][a-f]|[a-f][0-9])[0-9a-f]{6,}\b"
)
_BRANDS = re.compile(
    r"\b(?:macOS|iOS|iPadOS|iPhone|iPad|GitHub|GitLab|YouTube|WhatsApp|PowerShell|JavaScript|TypeScript)\b"
)
_ERROR_NAME = re.compile(r"[a-z](Error|Exception)\b")
_CHECKBOX = re.compile(r"[ \t]*[-*+][ \t]+\[[ xX]\]")
_OUTPUT_LINE = re.compile(
    r"(?:Traceback \(most recent call last\)|[ \t]+File \"|[ \t]+at [\w.$<>]+\(|panic: |goroutine \d+ \[)"
)
_LINE_CHARS, _LINES = 500, 100  # are looked at for exact names
_EMPTY_ANSWERS = frozenset({"_no response_", "no response", "n/a", "none", "-", "..."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """An issue's text, sorted.

    Attributes:
        title: As `plain` makes it.
        prose: The reporter's own sentences, as `plain` makes them.
        output: Code blocks and tracebacks, as `plain` makes them.
        prose_words: Words in the prose.
        has_output: Whether there is any code block or traceback.
        names: Whether title or prose name anything exactly: an identifier, an option, a file, a commit, another issue,
            a link that is no picture.
    """

    title: str
    prose: str
    output: str
    prose_words: int
    has_output: bool
    names: bool


def plain(text: str) -> str:
    """Prepare text for comparing words: one case, one kind of space and quote.

    `ValueError` also counts as the word `error`, since that is how programs spell it.
    """
    text = _ERROR_NAME.sub(lambda match: f"{match[0]} {match[1]}", text)
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(text.split())


def read(title: str, body: str) -> Parts:
    """Sort the text of an issue.

    Args:
        title: Its title.
        body: Its body, Markdown.

    Returns:
        The parts.
    """
    prose: list[str] = []
    output: list[str] = []
    fence = ""
    in_comment = False
    for line in body.splitlines():
        bare = line.strip()
        if fence:
            if bare.startswith(fence) and not bare.strip(fence[0]):
                fence = ""
            else:
                output.append(line)
            continue
        if not in_comment and bare.startswith(("```", "~~~")):
            mark = bare[0]
            fence = mark * (len(bare) - len(bare.lstrip(mark)))
            continue
        kept, in_comment = _without_comments(line, in_comment)
        bare = kept.strip()
        if not bare or bare.startswith((">", "#")) or bare.casefold() in _EMPTY_ANSWERS or _CHECKBOX.match(kept):
            continue
        if kept.startswith(("    ", "\t")) or _OUTPUT_LINE.match(kept):
            output.append(kept)
        else:
            prose.append(_UPLOAD.sub(" ", _IMAGE.sub(" ", kept)))
    said = plain("\n".join(_URL.sub(" ", line) for line in prose))
    return Parts(
        title=plain(title), prose=said, output=plain("\n".join(output)),
        prose_words=len(said.split()), has_output=any(line.strip() for line in output),
        names=any(_EXACT.search(_BRANDS.sub(" ", line[:_LINE_CHARS])) for line in (title, *prose[:_LINES])),
    )  # fmt: skip


def _without_comments(line: str, inside: bool) -> tuple[str, bool]:
    """Take HTML comments out of a line; `inside` says whether one is open before and after it."""
    kept: list[str] = []
    position = 0
    while position < len(line):
        if inside:
            end = line.find("-->", position)
            if end < 0:
                return "".join(kept), True
            position, inside = end + 3, False
        else:
            start = line.find("<!--", position)
            if start < 0:
                kept.append(line[position:])
                break
            kept.append(line[position:start])
            position, inside = start + 4, True
    return "".join(kept), inside
