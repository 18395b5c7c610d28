"""What a label is for, by its name and its description: maintainers call the same things by many names. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

_LONGEST = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SPLIT = re.compile(r"[\W_]+")


class LabelRole(StrEnum):
    """What a label is for."""

    BUG = "bug"
    QUESTION = "question"
    FEATURE = "feature"
    DOCUMENTATION = "documentation"
    STALE = "stale"
    NEEDS_INFO = "needs_info"
    EXEMPT = "exempt"
    CHORE = "chore"
    """Says how far an issue has got, not what it is about."""
    TOPIC = "topic"
    """Anything else."""


KINDS = (LabelRole.BUG, LabelRole.QUESTION, LabelRole.FEATURE, LabelRole.DOCUMENTATION)
"""What an issue may be, in the order they are written down."""

_KIND_WORDS = {
    LabelRole.BUG: "bug bugs defect crash crashes regression fehler bogue erreur баг ошибка",
    LabelRole.QUESTION: "question questions support help usage howto faq discussion frage pregunta вопрос",
    LabelRole.FEATURE: "feature features enhancement enhancements improvement improvements proposal idea request wish",
    LabelRole.DOCUMENTATION: "doc docs documentation dokumentation",
}
_UNSPACED = (
    ("缺陷", LabelRole.BUG),
    ("错误", LabelRole.BUG),
    ("バグ", LabelRole.BUG),
    ("问题", LabelRole.QUESTION),
    ("質問", LabelRole.QUESTION),
    ("功能", LabelRole.FEATURE),
    ("要望", LabelRole.FEATURE),
    ("文档", LabelRole.DOCUMENTATION),
)
_STALE = re.compile(r"\bstale\b|\binactiv|\bno (?:recent )?activity|\bstalled\b|\babandoned\b")
_NEEDS_INFO = re.compile(
    r"\bneed(?:s|ed)? (?:\w+ )?(?:info\w*|detail\w*|feedback|repro\w*|clarification|response)|\bneedinfo\b"
    r"|\b(?:more|missing|incomplete) info\w*|\binfo needed|\b(?:await\w*|wait\w*|pending)(?: for| on)? (?:\w+ )?"
    r"(?:response|reply|feedback|info\w*|reporter|author|user|submitter|op)\b|\bcannot reproduce\b|\bincomplete\b"
)
_EXEMPT = re.compile(
    r"\bpinned\b|\bsecurity\b|\bvulnerab|\bhelp wanted\b|\bgood first\b|\bconfirmed\b|\baccepted\b|\bapproved\b"
    r"|\bon hold\b|\bblocked\b|\broadmap\b|\bepic\b|\btracking\b|\bmeta\b|\bkeep open\b|\b(?:never|not|no) stale\b"
    r"|\bexempt\b|\bfrozen\b|\bin progress\b|\bplanned\b|\bbacklog\b|\blong term\b|\bumbrella\b|\brfc\b"
)
_CHORE = re.compile(
    r"\bduplicate\b|\binvalid\b|\bwon ?t ?fix\b|\bwon t\b|\bnot planned\b|\bspam\b|\btriag|\bneeds?\b|\bwaiting\b"
    r"|\breleased?\b|\bpriorit|\bp\d\b|\bseverity\b|\bsize\b|\beffort\b|\bstatus\b|\bstate\b|\bresolution\b|\bready\b"
    r"|\bdone\b|\bfixed\b|\bbackport|\bhacktoberfest\b|\bdependenc|\bbreaking\b|\breview\b|\bupstream\b|\bforeman\b"
    r"|\bgithub actions\b|\bsemver\b|\bchangelog\b|\blifecycle\b|\bhold\b|\blocked\b|\bautomat|\bstaged\b"
)


def can_be_configured(name: str) -> bool:
    """Return whether a configuration can hold a label's name: not an endless one, nor one with control characters."""
    return 0 < len(name) <= _LONGEST and not _CONTROL.search(name)


def plain_name(name: str) -> str:
    """Return a label's name in small letters, words divided by one space."""
    return " ".join(word for word in _SPLIT.split(name.casefold()) if word)


def role_of(name: str) -> LabelRole:
    """Return what a label is for, by its name alone.

    Args:
        name: `bug`, `kind/bug`, `Type: Defect`, `lifecycle/stale`.

    Returns:
        What it is for.
    """
    plain = plain_name(name)
    if re.search(r"\b(?:never|not|no) stale\b|\bexempt\b", plain):
        return LabelRole.EXEMPT
    for pattern, role in ((_STALE, LabelRole.STALE), (_NEEDS_INFO, LabelRole.NEEDS_INFO), (_EXEMPT, LabelRole.EXEMPT)):
        if pattern.search(plain):
            return role
    if _CHORE.search(plain):
        return LabelRole.CHORE
    return kind_named(name) or LabelRole.TOPIC


def kind_named(text: str) -> LabelRole | None:
    """Return which kind of issue a name speaks of, a label's or a form's; None for none."""
    words = set(plain_name(text).split())
    if "wanted" in words:  # `help wanted` asks for help with work, not for support
        return None
    for role, named in _KIND_WORDS.items():
        if words & set(named.split()):
            return role
    return next((role for part, role in _UNSPACED if part in text), None)
