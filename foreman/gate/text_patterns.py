"""What in a comment makes a forge or another bot do something: mentions, keywords, references, commands.

The same patterns find things in the source, to neutralise them, and in the rendered text, to make sure that nothing is
left. Every quantifier is bounded, so that each search is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from foreman.model import ForgeKind
from foreman.patterns import late

MENTION = late(
    r"(?<![A-Za-z0-9])[@\uff20](?=[A-Za-z0-9_])([A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(?:/[A-Za-z0-9_.-]{1,254}){0,8})"
)
"""An active mention in rendered text."""

AT_SIGN = late(r"(?<![A-Za-z0-9])[@\uff20](?=[A-Za-z0-9_.\\*~\[&<!])|(?<=[A-Za-z0-9])\uff20(?=[A-Za-z0-9_])")
"""An at sign in the source that could end up in front of a name."""

_WORDS = (
    r"(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?"
    r"|duplicat(?:e|es|ing)(?:\W{1,3}of)?|dup(?:e|licated)?(?:\W{1,3}of)?)"
)
_PATH = r"(?:[A-Za-z0-9_][\w.-]{0,100}(?:/[\w.-]{1,100}){0,8})?"
_ISSUE_URL = r"https?://[^\s<>)\]\x00]{1,400}/(?:issues|pull|merge_requests|work_items)/\d"
_NUMBER = rf"(?:{_PATH}(?:\\?[#!]|G[HL]-)\d{{1,12}}|{_ISSUE_URL}\d{{0,12}})"

KEYWORD = late(
    rf"(?<![A-Za-z0-9]){_WORDS}(?![A-Za-z0-9])(?:(?!\x00)[\W_]){{0,40}}\s*"
    rf"(?:issues?(?:(?!\x00)[\W_]){{0,10}}\s*)?(?P<ref>{_NUMBER})",
    re.IGNORECASE,
)
"""A keyword that closes or marks another issue, with the reference behind it."""

ANOTHER = late(rf"(?:(?!\x00)[\s,&]){{1,6}}(?:and\s{{1,3}})?(?P<ref>{_NUMBER})", re.IGNORECASE)
"""One more reference behind the same keyword: `closes #1, #2 and #3`."""

_REPO = r"(?<![\w.-])[\w.-]{1,255}(?:/[\w.-]{1,255}){1,8}"
_NAME = r"(?<![\w./@-])[A-Za-z0-9_][\w.-]{0,254}"
_COMMIT = r"@[0-9a-fA-F]{7,40}(?![0-9A-Za-z])"
CROSS_REPOSITORY = {
    # A name alone is a person's fork: `kim@0123abc`. With a number (`C#12`) GitHub links nothing.
    ForgeKind.GITHUB: late(rf"(?P<path>{_REPO})\\?[#!]\d{{1,12}}|(?P<commit>{_REPO}|{_NAME}){_COMMIT}"),
    # A name alone is a project beside this one, or with `&` a group.
    ForgeKind.GITLAB: late(
        rf"(?P<path>{_REPO}|{_NAME})\\?[#!]\d{{1,12}}"
        rf"|(?P<other>{_REPO})(?:{_COMMIT}|(?:~|%|\$|&|&amp;)(?=[\w\"]))|(?P<group>{_NAME})(?:&|&amp;)\d{{1,12}}(?!\w|;)"
    ),
}
"""A reference into another repository."""

SIGIL = {
    ForgeKind.GITHUB: None,
    ForgeKind.GITLAB: late(
        r"(?<![\w&/])(?:(?:&|&amp;|\$)\d{1,12}(?!\w|;|[.,]\d)|[~%](?:\"[^\"\n\x00]{1,100}\"|[A-Za-z][\w:?.&-]{0,100}(?<![.:?&-]))"
        r"|\[(?:vulnerability|feature_flag|issue|epic|work_item):[^\]\s\x00]{1,200}\]|\^alert\\?#\d{1,12})"
    ),
}
"""GitLab's references to epics, snippets, labels, milestones and alerts."""

REFERENCE = {
    ForgeKind.GITHUB: late(r"(?<![A-Za-z0-9_/&])(?:\\?#\d{1,12}|[Gg][Hh]-\d{1,12})"),
    ForgeKind.GITLAB: late(r"(?<![A-Za-z0-9_/&])(?:\\?[#!]\d{1,12}|[Gg][Ll]-\d{1,12})"),
}
"""A reference to an issue or merge request of the same repository."""

COMMAND = late(r"^(?P<lead>(?:[^\S\n]|>)*)(?P<sign>[/!.])(?=[A-Za-z])(?!(?<=/)[\w.-]{1,100}/[\w.])", re.MULTILINE)
"""A line that other bots or GitLab read as an order; an absolute path is none."""


def quick_actions(text: str) -> Iterator[int]:
    """Yield where lines begin that GitLab may carry out, in code or not.

    It looks for them in the source, by a pattern that leaves out fenced blocks, quotes between lines of `>>>`, HTML
    and inline code, each as that pattern sees them: a fence that a quote before it swallows hides nothing, nor does
    one with a space behind its end, and versions differ. But not even one space may stand before an order.
    """
    for found in COMMAND.finditer(text):
        if found["sign"] == "/" and not found["lead"]:
            yield found.start("sign")


SPOKEN = late(
    r"^(?P<lead>(?:[^\S\n]|>)*(?:bors|homu|r\?|recheck))(?P<gap>[ \t]|$)"
    r"|(?:ok|add)(?= to test| to whitelist| to allowlist)(?P<gap2> )"
    r"|(?:re)?test(?= this please)(?P<gap3> )",
    re.MULTILINE | re.IGNORECASE,
)
"""Orders without a sign in front, as bors, Zuul and Jenkins take them."""

ENTITY = late(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
"""A character reference."""

DEFINITION = late(r"^(?P<lead>(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*)\[(?=[^\]\x00]{0,999}\]:)", re.MULTILINE)
"""A line that defines a link or a footnote and shows nothing itself."""
