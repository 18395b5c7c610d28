"""What kind of issue a label means, by its name: maintainers call the same three things by many names. Pure."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["bug", "question", "feature", ""]

_SPLIT = re.compile(r"[\W_]+")
_BUG_WORDS = "bug bugs defect crash crashes regression error errors failure fehler bogue erreur баг ошибка"
_QUESTION_WORDS = "question questions support help usage howto faq discussion frage pregunta вопрос"
_FEATURE_WORDS = "feature features enhancement enhancements improvement proposal idea request wish"
_BUG = frozenset(_BUG_WORDS.split())
_QUESTION = frozenset(_QUESTION_WORDS.split())
_FEATURE = frozenset(_FEATURE_WORDS.split())
_UNSPACED: tuple[tuple[str, Kind], ...] = (
    ("缺陷", "bug"),
    ("错误", "bug"),
    ("バグ", "bug"),
    ("问题", "question"),
    ("質問", "question"),
    ("功能", "feature"),
    ("要望", "feature"),
)


def kind_of(label: str) -> Kind:
    """Return what a label means, empty where its name does not say.

    Args:
        label: Its name: `bug`, `kind/bug`, `Type: Defect`, `question`.

    Returns:
        The kind.
    """
    words = {word for word in _SPLIT.split(label.casefold()) if word}
    if "wanted" in words:  # `help wanted` asks for help with work, not for support
        return ""
    if words & _BUG:
        return "bug"
    if words & _QUESTION:
        return "question"
    if words & _FEATURE:
        return "feature"
    return next((kind for part, kind in _UNSPACED if part in label), "")
