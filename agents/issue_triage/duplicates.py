"""Issues that may be the same, out of those that Foreman's search found. Pure.

One closed as not planned is never named: it says nothing to a reporter. One closed as done may have come back in a
newer version; it is named only where this report names a version, and none that the original did not name as well.
Without a model only what is nearly the same by the letter counts: the title, or an error line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from foreman.agentkit import versions
from foreman.protocol import Task

MOST = 3
"""Most issues named in one comment."""

_LEAST_WORDS = 3
_SAME, _MAYBE = 0.8, 0.5  # words two titles share, of all the words in both

_PREFIX = re.compile(r"^\s*(?:\[[^\[\]]{1,30}\]|\w{1,20}(?:\([^()]{1,30}\))?:)\s*")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_ERROR = re.compile(r"\b([A-Za-z_.]{0,80}[a-z](?:Error|Exception))\b[: ]{1,3}([^\n`]{8,200})")
_PASSING = re.compile(r"0x[0-9a-f]+|\d+|['\"“”‘’]|/\S+/")
_FILLING = """
a an and are as at be bug by can do does for from get has have how i if in is issue it my not of on or please problem
that the this to when with der die das ein eine ist nicht und le la les un une est pas de et
"""
_EMPTY_WORDS = frozenset(_FILLING.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An issue that the search found and that may be named.

    Attributes:
        number: Of it.
        title: As the task gives it.
        done: It was closed as done, about the same version.
        share: Of words both titles have in common, between 0 and 1; 0 where they share too few to tell.
        same_error: It names the error line that this report shows.
    """

    number: int
    title: str
    done: bool
    share: float
    same_error: bool

    @property
    def same(self) -> bool:
        """Whether it is the same by the letter."""
        return self.share >= _SAME or self.same_error

    @property
    def maybe(self) -> bool:
        """Whether it is worth a model's look."""
        return self.same or self.share >= _MAYBE


def candidates(task: Task) -> tuple[Candidate, ...]:
    """Return the issues that may be the same as a task's.

    Args:
        task: With what the search found, best first.

    Returns:
        At most ten, in that order; older ones than this alone.
    """
    issue = task.payload.issue
    errors = [_error_words(found) for found in _ERROR.finditer(f"{issue.title}\n{issue.body[:32_768]}"[:33_000])][:20]
    ours = frozenset(versions(f"{issue.title}\n{issue.body[:32_768]}"))
    found = []
    for row in task.context.similar[:10]:
        number, title = row.get("number"), row.get("title")
        if not isinstance(number, int) or isinstance(number, bool) or not isinstance(title, str):
            continue
        done = _is_done(row, ours)
        if not (row.get("state") == "open" or done) or not 0 < number < issue.number:
            continue
        theirs = _ERROR.search(title)
        same_error = theirs is not None and _error_words(theirs) in errors
        share = _share(issue.title, title)
        found.append(Candidate(number=number, title=title[:300], done=done, share=share, same_error=same_error))
    return tuple(found)


def shown(task: Task) -> list[dict[str, Any]]:
    """Return what a model is shown of the candidates: bounded, and nothing else than was offered."""
    return [
        {"number": each.number, "title": each.title[:200], "state": "fixed" if each.done else "open"}
        for each in candidates(task)[:5]
    ]


def _is_done(row: dict[str, Any], ours: frozenset[str]) -> bool:
    """Return whether an issue was closed as done and names every version that the report names, of which there are."""
    theirs = row.get("versions")
    closed = row.get("state") == "closed" and row.get("state_reason") == "completed"
    return closed and isinstance(theirs, list | tuple) and bool(ours) and ours <= set(theirs)


def _share(first: str, second: str) -> float:
    ours, theirs = _words(first), _words(second)
    common = ours & theirs
    if len(common) < _LEAST_WORDS or _numbers(ours) != _numbers(theirs):
        return 0.0
    return len(common) / len(ours | theirs)


def _words(title: str) -> frozenset[str]:
    words = _WORD.findall(_PREFIX.sub("", title[:512].casefold()))
    return frozenset(word for word in words if word not in _EMPTY_WORDS)


def _numbers(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word.isdigit())


def _error_words(found: re.Match[str]) -> tuple[str, ...]:
    """Return an error line without what differs from machine to machine."""
    message = _PASSING.sub(" ", found[2].casefold())
    return (found[1].rpartition(".")[2], *_WORD.findall(message)[:12])
