"""Everything this agent says in public by itself, one file per language. Short, first what is wanted, no restating."""

from agents.issue_triage.texts import de, en, es, fr, it, ja, ko, pt, ru, zh
from agents.issue_triage.texts.base import Texts

__all__ = ["LANGUAGES", "Texts", "in_language"]

LANGUAGES: dict[str, Texts] = {
    "de": de.TEXTS,
    "en": en.TEXTS,
    "es": es.TEXTS,
    "fr": fr.TEXTS,
    "it": it.TEXTS,
    "ja": ja.TEXTS,
    "ko": ko.TEXTS,
    "pt": pt.TEXTS,
    "ru": ru.TEXTS,
    "zh": zh.TEXTS,
}


def in_language(code: str) -> Texts:
    """Return the texts in a language, English where there are none."""
    return LANGUAGES.get(code, en.TEXTS)
