"""In which language somebody wrote: by script, and by the small words of each language. Pure, and cheap.

Only the reporter's own sentences are asked about; program output is English everywhere. Languages without texts of
their own are told apart too, so that an Italian is not answered in Spanish.
"""

from __future__ import annotations

import re
from collections import Counter

DEFAULT = "en"
"""Where there is nothing to go by."""

_SAMPLE_CHARS = 4_000
_LEAST_HITS, _LEAST_DIFFERENT, _LEAST_SHARE = 3, 2, 0.1
_IDEOGRAM = 2.5  # letters that one ideogram or syllable stands for
_SCRIPT_SHARE = 0.25  # of a text that names many programs in Latin letters

_WORD = re.compile(r"(?<!\S)[(\"“‘«¿¡*]{0,3}([^\W\d_]+(?:['’][^\W\d_]+)?)[)\"”’»*.,;:!?…]{0,4}(?!\S)")
"""A word between spaces, with nothing but punctuation around it: `com` in a host name or a package is none."""
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_UKRAINIAN = re.compile(r"[іїєґ]", re.IGNORECASE)

_SMALL_WORDS = {
    "en": "the is and to it of in that when not with this for have on but be are was can i my from what how does a as"
    " an at by do if me no or so we you after any which there using",
    "de": "der die das und ist nicht ich ein eine mit auf wenn dass zu den für es bei wie wird beim von im aber auch",
    "fr": "le la les et est une des je que pas dans pour quand sur avec ne il ce du mais lorsque plus cette qui mon",
    "es": "el la los y es una de que no en para cuando con se por lo al pero mi del las esta como más hay ya",
    "pt": "o a os e é uma de que não em para quando com se por no na mas meu do da ao isso como mais você está",
    "it": "il lo gli e è una di che non in per quando con si un ma mio del della alla questo come più ho sono nel",
    "nl": "de het een en is niet ik van dat op te met voor als maar wordt bij naar deze mijn er zijn wanneer kan",
    "pl": "nie jest się na do że z w i po gdy to jak przy mam dla ale czy jeśli przez od tym już błąd",
    "sv": "och är inte jag det en ett som på att med för när men av till den om har min kan efter",
    "tr": "bir ve bu için ile değil ama gibi çok var yok ne nasıl olarak daha sonra bunu hata",
}
_LISTS = {code: frozenset(words.split()) for code, words in _SMALL_WORDS.items()}


def detect(text: str) -> str:
    """Name the language of a text.

    Args:
        text: Sentences of one person.

    Returns:
        A two-letter code; `en` where it cannot be told.
    """
    sample = text[:_SAMPLE_CHARS]
    return _by_script(sample) or _by_words(sample)


def _by_script(text: str) -> str:
    counts = {
        "kana": len(_KANA.findall(text)) * _IDEOGRAM,
        "ko": len(_HANGUL.findall(text)) * _IDEOGRAM,
        "han": len(_HAN.findall(text)) * _IDEOGRAM,
        "ru": float(len(_CYRILLIC.findall(text))),
    }
    letters = sum(counts.values()) + len(_LATIN.findall(text))
    east = counts["kana"] + counts["han"]
    if letters and east / letters >= _SCRIPT_SHARE:
        return "ja" if counts["kana"] / east >= 0.1 else "zh"
    if letters and counts["ko"] / letters >= _SCRIPT_SHARE:
        return "ko"
    if letters and counts["ru"] / letters >= _SCRIPT_SHARE:
        return "uk" if len(_UKRAINIAN.findall(text)) * 50 >= counts["ru"] else "ru"
    return ""


def _by_words(text: str) -> str:
    words = Counter(found.casefold().replace("’", "'") for found in _WORD.findall(text))
    hits = {code: sum(words[word] for word in known) for code, known in _LISTS.items()}
    best, second = sorted(hits, key=lambda code: -hits[code])[:2]
    different = sum(1 for word in _LISTS[best] if words[word] and len(word) > 1)  # letters stand in formulas and lists
    told = hits[best] >= max(_LEAST_HITS, _LEAST_SHARE * words.total()) and different >= _LEAST_DIFFERENT
    return best if told and hits[best] > hits[second] else DEFAULT
