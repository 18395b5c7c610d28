"""What strangers wrote, made fit for an agent: what a person does not see on the page, the agent does not get.

HTML comments and invisible characters are taken out and counted, pictures' alternative text and lines that only define
a link are shown as what they are, and long text is cut with a notice. Linear scans only; nothing here understands.
"""

from __future__ import annotations

import re

from foreman.gate.characters import make_visible
from foreman.patterns import late
from foreman.values import dataclass

_IMAGE = late(r"!\[([^\[\]\n]{0,300})\]\(([^()\s<>]{0,600})[^()\n]{0,300}\)")
_PICTURE = r"<(?:img|picture|source|svg|video|audio|object|embed|iframe)\b"
_HTML_IMAGES = (
    # First with quotes in pairs, for a bracket between them; then what has a stray one.
    late(_PICTURE + r"(?:[^<>\"']|\"[^<\"]{0,2000}\"|'[^<']{0,2000}')*+>", re.IGNORECASE),
    late(_PICTURE + r"[^<>]{0,4000}>", re.IGNORECASE),
)
# Declarations, processing instructions and CDATA: raw HTML that no page shows.
_DECLARATION = late(r"<\?[^<>]{0,4000}\?>|<![A-Za-z][^<>]{0,4000}>|<!\[CDATA\[[^<>]{0,4000}\]\]>")
_DATA = late(r"data:[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60};base64,[A-Za-z0-9+/=]{64,}", re.IGNORECASE)
_DEFINITION = late(
    r"^[ \t]{0,3}\[([^\[\]\n]{1,200})\]:[ \t]{0,4}"
    r"(?=#|<>|//|[^\s<>]{1,600}[ \t]{1,4}(?:\"[^\"\n]{1,600}\"|'[^'\n]{1,600}'|\([^()\n]{1,600}\))[ \t]*$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Cleaned text from outside.

    Attributes:
        text: At most `limit` characters, the notice of a cut included.
        hidden: How many hidden parts of each kind there were, for the log.
        cut: Whether something was left out at the end.
    """

    text: str
    hidden: dict[str, int]
    cut: bool


def clean(text: str, *, limit: int) -> Inbound:
    """Clean one title, body or comment.

    Args:
        text: As the forge returned it.
        limit: Most characters to hand on.

    Returns:
        What an agent may read.
    """
    # Whatever is far beyond the limit is dropped first, so that cost is bounded by the limit and not by the sender.
    window = max(4 * limit, 4096)
    dropped = max(0, len(text) - window)
    seen = make_visible(text[:window])
    hidden = dict(seen.removed)
    body = seen.text.replace("\r\n", "\n")
    for kind, step in (
        ("html_comment", _without_comments),
        ("declaration", _declarations),
        ("image", _images),
        ("data", _data),
        ("definition", _defs),
    ):
        body, count = step(body)
        if count:
            hidden[kind] = count
    if len(body) <= limit and not dropped:
        return Inbound(text=body, hidden=hidden, cut=False)
    left_out = dropped + max(0, len(body) - limit)
    notice = f"\n[cut here: about {left_out} more characters]"
    return Inbound(text=body[: max(0, limit - len(notice))] + notice[: max(0, limit)], hidden=hidden, cut=True)


def _without_comments(text: str) -> tuple[str, int]:
    """Take HTML comments out, also inside code; of one that never ends only the opener goes, and the rest is seen."""
    parts: list[str] = []
    count = position = 0
    while (start := text.find("<!--", position)) >= 0:
        count += 1
        parts.append(text[position:start])
        end = text.find("-->", start + 2)
        if end < 0:
            parts.append(text[start:].replace("<!--", " "))
            position = len(text)
            break
        parts.append(" ")
        position = end + 3
    parts.append(text[position:])
    return "".join(parts), count


def _declarations(text: str) -> tuple[str, int]:
    return _DECLARATION.subn(" ", text) if "<!" in text or "<?" in text else (text, 0)


def _images(text: str) -> tuple[str, int]:
    if "![" not in text and "<" not in text:
        return text, 0
    text, markdown = _IMAGE.subn(lambda found: f"[image {found[2][:200]}: {found[1]!r}]", text)
    count = markdown
    for pattern in _HTML_IMAGES:
        text, tags = pattern.subn("[image]", text)
        count += tags
    return text, count


def _data(text: str) -> tuple[str, int]:
    return _DATA.subn("[data]", text) if "base64," in text else (text, 0)


def _defs(text: str) -> tuple[str, int]:
    return _DEFINITION.subn(r"[not shown on the page: \1] ", text)
