"""What a bug report lacks that nobody could start without: version, steps, expected, actual, log. Pure, no model.

Little is asked for. Who gives steps and tells what happened, or shows program output, or names something exactly, or
has a picture and a title that says something, or writes much, is left alone; only an answer that a form asked for and
did not get is asked for again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.issue_triage.evidence import CRASH, EVIDENCE, HEADING_OF, TROUBLE, WISH
from agents.issue_triage.reading import Parts
from agents.issue_triage.saying import plain_words

FACTS = ("version", "steps", "expected", "actual", "log")
"""What may be asked for, in the order it is asked for in."""

VAGUE_WORDS = 12
"""An issue with fewer words of its own, and nothing it names exactly, says too little to start on."""

_LONG_WORDS = 60
"""Who writes so many words of their own, title and all, has most likely said what matters."""

_NAMING_WORDS, _PICTURE_WORDS = 4, 5
"""Words in title and text from which an exact name, or a picture, is worth starting on."""

_MOST_HEADINGS, _HEADING_CHARS = 6, 100  # of a form, named in one comment

_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_HEADING = re.compile(r"\s{0,3}(?:#{1,6}\s+(?P<sharp>.{1,120})|\*\*(?P<bold>[^*]{1,120}?):?\*\*:?\s*(?P<rest>.*))")
_PICTURE = re.compile(r"!\[|\[image\b|<(?:img|video)\b|\.(?:png|jpe?g|gif|mp4|mov)\b", re.IGNORECASE)
_AUTOMATIC = re.compile(r"automat|optional")
_EMPTY = frozenset({"", "_no response_", "no response", "n/a", "none", "-", "...", "?", "[image]", "```"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a report holds.

    Attributes:
        present: Facts it gives.
        unanswered: Facts that a form asked for and did not get.
        words: Of the reporter's own in the text; scripts without spaces are counted by characters.
        all_words: With those of the title.
        shows: There is program output, or something in code quotes.
        points: It names something exactly, or shows a picture, and says a few words about it.
        crashed: It speaks of an error or a crash.
        troubled: It speaks of something that does not work.
        wished: Its title asks a question, or for something new.
    """

    present: frozenset[str]
    unanswered: tuple[str, ...]
    words: int
    all_words: int
    shows: bool
    points: bool
    crashed: bool
    troubled: bool
    wished: bool


def examine(parts: Parts, body: str) -> Report:
    """Look for the facts in a report.

    Args:
        parts: Title and text, sorted.
        body: The text as it was written, for the headings of a form.

    Returns:
        What is there.
    """
    text = f"{parts.title}\n{parts.prose}"
    filled, empty = _form(body)
    shows = parts.has_output or "`" in parts.prose
    present = filled | {name for name, pattern in EVIDENCE.items() if pattern.search(text)}
    picture = bool(_PICTURE.search(body))
    if picture:
        present |= {"actual"}
    if shows:
        present |= {"log"}
        if "version" not in present and EVIDENCE["version"].search(parts.output):
            present |= {"version"}
    words = parts.prose_words + len(_UNSPACED.findall(parts.prose)) // 2
    all_words = words + len(parts.title.split()) + len(_UNSPACED.findall(parts.title)) // 2
    return Report(
        present=frozenset(present),
        unanswered=tuple(name for name in FACTS if name in empty - present),
        words=words,
        all_words=all_words,
        shows=shows,
        points=(parts.names and all_words >= _NAMING_WORDS) or (picture and all_words >= _PICTURE_WORDS),
        crashed=bool(CRASH.search(text)),
        troubled=bool(TROUBLE.search(text)),
        wished=bool(WISH.match(parts.title)) or parts.title.endswith(("?", "\uff1f")),
    )


def lacking(report: Report) -> tuple[str, ...]:
    """Name what to ask for.

    Args:
        report: Of a bug.

    Returns:
        Facts in their order; empty where somebody could start.
    """
    has = report.present
    if report.shows and "version" in has:
        return ()
    asked_by_form = tuple(name for name in report.unanswered if name in ("version", "steps"))
    told = report.words >= VAGUE_WORDS and {"steps", "actual"} <= has
    if told or report.shows or report.points or report.all_words >= _LONG_WORDS:
        return asked_by_form
    wanted = {"version", "steps", "actual"} - has
    if report.crashed:
        wanted |= {"log"} - has
    if report.words < VAGUE_WORDS or "expected" in report.unanswered:
        wanted |= {"expected"} - has
    if report.words < VAGUE_WORDS:
        wanted |= {"steps"} - _believed(report)
    if wanted <= {"expected"} or (report.words >= VAGUE_WORDS and len(wanted) < 2):  # not worth a comment
        return asked_by_form
    return tuple(name for name in FACTS if name in wanted)


def unfilled(missing: Sequence[str], report: Report) -> tuple[str, ...]:
    """Name what a form of the project requires and did not get.

    Args:
        missing: Headings of the form under which nothing stands.
        report: What the report holds all the same.

    Returns:
        Headings, without those whose fact stands elsewhere in the report.
    """
    named = dict.fromkeys(plain_words(heading, _HEADING_CHARS) for heading in missing)
    kept = [name for name in named if name and fact_of(name) not in report.present]
    return tuple(kept)[:_MOST_HEADINGS]


def _believed(report: Report) -> frozenset[str]:
    """Return what may be believed of so short a text: a word like `when` does not make steps of it."""
    return report.present if report.words >= VAGUE_WORDS // 2 else report.present - {"steps"}


def _form(body: str) -> tuple[set[str], set[str]]:
    """Tell which of a form's headings were answered, and which were not."""
    filled: set[str] = set()
    empty: set[str] = set()
    current = ""
    for line in body.splitlines():
        heading = _HEADING.match(line)
        if heading is not None:
            current = fact_of(heading["sharp"] or heading["bold"])
            if current and current not in filled:
                empty.add(current)
            line = heading["rest"] or ""
        if current and line.strip().casefold() not in _EMPTY:
            filled.add(current)
    return filled, empty - filled


def fact_of(heading: str) -> str:
    """Return which fact a heading asks for, empty for none of them."""
    text = heading.casefold()
    if _AUTOMATIC.search(text):  # nobody was asked for it
        return ""
    return next((name for name, pattern in HEADING_OF.items() if pattern.search(text)), "")
