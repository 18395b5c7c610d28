"""What is known beside an issue itself: similar ones, learned labels, corrections, and the project's own files.

Everything is of the same repository, and nothing of a confidential issue. Nothing in it is in an agent's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from foreman.agentkit import versions
from foreman.config.effective import AgentPlan
from foreman.guidance import Guidance, Library
from foreman.learn import Prior
from foreman.model import Issue, IssueRef
from foreman.priors import Priors
from foreman.recall import Look
from foreman.store import corrections, memory, mirror, mirror_text, search
from foreman.store.database import Database
from foreman.store.logged import Correction
from foreman.store.search import Hit
from foreman.values import dataclass

MOST_SIMILAR = 5
"""Similar issues that an agent is told of."""

MOST_CORRECTIONS = 10
_AMONG = 200
"""Corrections of a repository, the newest, among which the nearest are looked for; and how far down a search goes."""

_TAKEN_BACK = {"thumbs_down_withdrawn": "thumbs_down"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Something a person put right on an issue.

    Attributes:
        correction: What.
        title: Of its issue, raw text.
    """

    correction: Correction
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What bears on one issue.

    Attributes:
        similar: The most alike first; any of the repository that is neither confidential nor this one.
        versions: What each of them names, as far as its text is kept.
        priors: The likeliest first.
        corrected: Those of the issue itself first, then the most alike, then the newest.
        guidance: What the repository's own files say.
    """

    similar: tuple[Hit, ...] = ()
    versions: Mapping[IssueRef, tuple[str, ...]] = field(default_factory=dict)
    priors: tuple[Prior, ...] = ()
    corrected: tuple[Corrected, ...] = ()
    guidance: Guidance = field(default_factory=Guidance)


class Precedents:
    """Asks our own store; needs no request to the forge."""

    def __init__(self, db: Database) -> None:
        """Keep the store.

        Args:
            db: With the mirror, the models and the corrections.
        """
        self._db = db
        self._priors = Priors(db)
        self._library = Library()

    def of(self, look: Look, plan: AgentPlan) -> Known:
        """Tell what bears on an issue.

        Args:
            look: At it.
            plan: Of the agent that is to be told.

        Returns:
            As much as there is.
        """
        issue = look.facts.issue
        with self._db.read() as connection:
            priors = self._priors.of(issue, plan, private=look.facts.private_repo)
            newest = _standing(corrections.of_repo(connection, issue.ref.repo, _AMONG))
            hits, near = search.ranked(
                connection,
                issue.ref.repo,
                title=issue.title,
                body=issue.body[: mirror_text.MAX_BODY_CHARS],
                limit=MOST_SIMILAR,
                further=_AMONG if newest else 0,
                exclude=issue.ref.number,
            )
            corrected = _nearest(connection, issue, newest, near)
            guidance = self._library.about(connection, issue.ref.repo, title=issue.title, body=issue.body)
            texts = mirror.texts(connection, issue.ref.repo, [hit.issue.number for hit in hits])
            named = {hit.issue: versions_of(hit, texts.get(hit.issue.number)) for hit in hits}
        return Known(similar=hits, versions=named, priors=priors, corrected=corrected, guidance=guidance)


def put_right(connection: Connection, issue: Issue, *, before: datetime) -> tuple[Corrected, ...]:
    """Return what people had put right by a moment in the past and bears on an issue.

    Args:
        connection: To read from.
        issue: Which.
        before: Nothing later, aware UTC.

    Returns:
        In the order in which an agent is told of it.
    """
    told = corrections.of_repo(connection, issue.ref.repo, _AMONG)
    newest = _standing(tuple(one for one in told if one.at < before))
    if not newest:
        return ()
    hits = search.similar(
        connection,
        issue.ref.repo,
        title=issue.title,
        body=issue.body[: mirror_text.MAX_BODY_CHARS],
        limit=_AMONG,
        before=before,
        exclude=issue.ref.number,
    )
    return _nearest(connection, issue, newest, [hit.issue.number for hit in hits])


def versions_of(hit: Hit, kept: str | None) -> tuple[str, ...]:
    """Return what versions an issue names, by its title and body as far as they are kept."""
    return versions(hit.title if kept is None else kept)


def outline(known: Known) -> dict[str, Any]:
    """Return what an agent was told beside an issue, for the log: which and how much, but nobody's words.

    Args:
        known: What it was told.

    Returns:
        JSON-ready facts.
    """
    similar = [
        {
            "number": hit.issue.number,
            "score": round(hit.score, 3),
            "state": hit.state,
            "state_reason": hit.state_reason,
            "labels": list(hit.labels),
        }
        for hit in known.similar
    ]
    priors = [
        {
            "label": prior.label,
            "probability": round(prior.probability, 4),
            "threshold": None if prior.threshold is None else round(prior.threshold, 4),
            "sure": prior.sure,
        }
        for prior in known.priors
    ]
    guidance = known.guidance
    return {
        "similar": similar,
        "priors": priors,
        "corrections": len(known.corrected),
        "docs": [f"{passage.path}:{passage.line}" for passage in guidance.passages],
        "form": guidance.form.name if guidance.form else "",
        "mission": bool(guidance.mission),
    }


def _standing(newest: tuple[Correction, ...]) -> list[Correction]:
    """Leave out what the same person took back, and the taking back; newest first, as given."""
    taken_back: list[tuple[object, ...]] = []
    kept = []
    for one in newest:
        what = (one.issue, one.action_id, one.by)
        if one.kind in _TAKEN_BACK:
            taken_back.append((*what, _TAKEN_BACK[one.kind]))
        elif (*what, one.kind) in taken_back:
            taken_back.remove((*what, one.kind))
        else:
            kept.append(one)
    return kept


def _nearest(
    connection: Connection, issue: Issue, newest: list[Correction], near: Sequence[int]
) -> tuple[Corrected, ...]:
    rank = {number: place for place, number in enumerate(near)}
    rank[issue.ref.number] = -1
    found: list[Corrected] = []
    for one in sorted(newest, key=lambda each: rank.get(each.issue.number, len(near))):
        if len(found) == MOST_CORRECTIONS:
            break
        forgotten = memory.forgotten_at(connection, one.issue)
        if forgotten is not None and one.at < forgotten:
            continue
        title = issue.title if one.issue.number == issue.ref.number else _title(connection, one)
        if title:
            found.append(Corrected(correction=one, title=title))
    return tuple(found)


def _title(connection: Connection, one: Correction) -> str:
    """Return the title of another issue, empty where it is not kept or only few may read it."""
    kept = mirror.get(connection, one.issue)
    return "" if kept is None or kept.confidential else kept.title
