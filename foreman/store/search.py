"""Which issues of a repository look like this one: all words of the title, and the strongest of the body."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from foreman.model import IssueRef, RepoRef
from foreman.store import full_text, words
from foreman.store.full_text import Found, Term
from foreman.store.rows import issue_of
from foreman.values import dataclass

BODY_TERMS = 10
"""Words of the body that are looked for, by how often they are in it and how rare elsewhere."""

COMMON = math.log(4)
"""How rare a word in a fifth of all issues is: more common ones are left out, which halves the time of a search."""

MOST_ROWS = 1_500
"""Rows with any of the words, added up; the commonest are left out beyond it. That keeps a search in ten thousand
issues at the time of one in two thousand, and finds as much."""

_ENOUGH = 3  # words, for others to be left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An issue that looks like the one asked about.

    Attributes:
        issue: Which.
        title: Raw text.
        state: `open` or `closed`.
        state_reason: The forge's word for why it was closed.
        labels: Names.
        created_at: Aware UTC.
        score: From 0 to 1: how much of what could fit does.
    """

    issue: IssueRef
    title: str
    state: str
    state_reason: str
    labels: tuple[str, ...]
    created_at: datetime
    score: float


def similar(
    connection: Connection,
    repo: RepoRef,
    *,
    title: str,
    body: str,
    limit: int = 5,
    before: datetime | None = None,
    exclude: int | None = None,
) -> tuple[Hit, ...]:
    """Find the issues of a repository that look most like a text; none that is confidential.

    Args:
        connection: To read from.
        repo: Only there.
        title: Raw text.
        body: Raw text.
        limit: How many at the most.
        before: Only what was opened before, aware UTC.
        exclude: Not this number: the issue itself.

    Returns:
        The best first; empty where nothing shares a word that tells anything.
    """
    wanted = _wanted(connection, title, body)
    found, _ = full_text.find(connection, repo, wanted, limit=limit, before=before, exclude=exclude)
    return tuple(map(_hit, found))


def ranked(
    connection: Connection, repo: RepoRef, *, title: str, body: str, limit: int, further: int, exclude: int
) -> tuple[tuple[Hit, ...], tuple[int, ...]]:
    """Find the issues that look most like a text, and put more of them in order.

    Args:
        connection: To read from.
        repo: Only there.
        title: Raw text.
        body: Raw text.
        limit: Of how many more than the number is told, at the most.
        further: How many are put in order, at the most.
        exclude: Not this number: the issue itself.

    Returns:
        The best, as `similar` finds them, and the numbers of all in their order, those first.
    """
    wanted = _wanted(connection, title, body)
    found, numbers = full_text.find(connection, repo, wanted, limit=limit, further=further, exclude=exclude)
    return tuple(map(_hit, found)), numbers


def _wanted(connection: Connection, title: str, body: str) -> dict[str, Term]:
    """Return the words to look for."""
    in_title = dict.fromkeys(words.of_title(title))
    in_body = Counter(word for word in words.of_question(body) if word not in in_title)
    known = full_text.spread(connection, [*in_title, *in_body])
    strongest = heapq.nsmallest(
        BODY_TERMS, ((-number * known[word].weight, word) for word, number in in_body.items() if word in known)
    )
    wanted = {word: known[word] for word in (*in_title, *(word for _, word in strongest)) if word in known}
    telling = {word: term for word, term in wanted.items() if term.weight > COMMON}
    return _rarest(telling if len(telling) >= _ENOUGH else wanted, MOST_ROWS)


def _rarest(wanted: Mapping[str, Term], most: int) -> dict[str, Term]:
    """Return the rarest words as long as they are in so many rows together, and some in any case."""
    kept: dict[str, Term] = {}
    rows = 0
    for word, term in sorted(wanted.items(), key=lambda pair: pair[1].rows):
        rows += term.rows
        if len(kept) >= _ENOUGH and rows > most:
            break
        kept[word] = term
    return kept


def _hit(found: Found) -> Hit:
    row = found.row
    return Hit(
        issue=issue_of(row),
        title=row.title,
        state=row.state,
        state_reason=row.state_reason,
        labels=tuple(row.labels),
        created_at=row.created_at,
        score=found.score,
    )
