"""What must hold in a town, judged by the forge's own ledger and history against the action log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from foreman.changes import content_digest
from foreman.gate import marker
from foreman.model import ActionState
from foreman.sandbox import LedgerEntry
from foreman.store.actions import LogEntry, StoredAction
from tests.durability.audit import ALREADY
from tests.durability.town import WRITES_AN_HOUR, Town
from tests.world import BOT, REPO

NOT_BY_US = (ALREADY, "found so on the forge, not by us", "the comment is gone")
"""Reasons of actions that are done and for which nothing was written."""

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
GONE = frozenset({ActionState.DONE, ActionState.UNDONE})

Doing = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One change that the forge made for us.

    Attributes:
        entry: The request.
        doing: Issue number and what: `label+ bug`, `comment`.
        key: Of the action, where it is a comment.
    """

    entry: LedgerEntry
    doing: Doing
    key: str


def writes(entries: Sequence[LedgerEntry]) -> Iterator[Write]:
    """Read the ledger's words."""
    for entry in entries:
        for effect in filter(None, entry.effect.split("; ")):
            words = effect.split(" ")
            number = next((int(word.rpartition("#")[2]) for word in words if word.startswith(f"{REPO}#")), 0)
            what = f"{words[0]} {words[1]}" if words[0].startswith("label") else words[0]
            found = marker.read(entry.body["body"]) if what == "comment" else None
            yield Write(entry=entry, doing=(number, what), key=found.key if found else "")


def doing_of(action: StoredAction) -> Doing:
    """Return what an action does, in the ledger's words."""
    match action.type:
        case "add_label":
            what = f"label+ {action.payload['label']}"
        case "remove_label":
            what = f"label- {action.payload['label']}"
        case _:
            what = action.type.replace("_", "-")
    return action.issue.number, what


def out_of_order(town: Town, new: Sequence[LedgerEntry]) -> list[str]:
    """Return what was written just now and might not be, under the configuration and the pause of this moment.

    Args:
        town: Nothing was configured, paused or judged since `new` began.
        new: The ledger's writes since the last look.

    Returns:
        One line each.
    """
    log = town.log()
    wrong = []
    for write in writes(new):
        if write.entry.login != BOT:
            wrong.append(f"{write.doing} by {write.entry.login}")
        sent = [(e, a) for e in log for a in e.actions if doing_of(a) == write.doing and a.attempts]
        if write.key:
            sent = [(entry, action) for entry, action in sent if action.key == write.key]
        taken_back = any(entry.undoes is not None for entry, _ in sent)
        ordered = taken_back or any(action.approved_by for _, action in sent)
        if not sent:
            wrong.append(f"{write.doing} was written, but not logged before")
        if town.paused:
            wrong.append(f"{write.doing} was written in a pause")
        if town.mode != "auto" and not (taken_back or (ordered and town.mode == "approve")):
            wrong.append(f"{write.doing} was written in mode {town.mode}")
        if write.doing[1] == "close" and not town.allow_close and not taken_back:
            wrong.append(f"{write.doing} was written, though closing is not allowed")
        if write.doing[1] in ("label+ approved", "label+ foreman:hold", "assign"):
            wrong.append(f"{write.doing} was written, though no policy allows it")
    return wrong


def violations(town: Town) -> list[str]:
    """Return everything that is wrong in a town come to rest.

    Args:
        town: At rest.

    Returns:
        One line each.
    """
    log = town.log()
    done = list(writes(town.forge.writes()))
    return [
        *_told(log, done),
        *_twice(done),
        *_lost(town, log),
        *_against_people(town, log),
        *_too_much(town, log, done),
    ]


def _told(log: Sequence[LogEntry], done: Sequence[Write]) -> Iterator[str]:
    """The log says what the ledger says; what is `unknown` may have happened or not."""
    every = [action for entry in log for action in entry.actions]
    told = Counter(doing_of(a) for a in every if a.state in GONE and a.reason not in NOT_BY_US)
    unknown = Counter(doing_of(a) for a in every if a.state is ActionState.UNKNOWN)
    written = Counter(write.doing for write in done)
    if told - written:
        yield f"logged, but not written: {dict(told - written)}"
    if written - told - unknown:
        yield f"written, but not logged: {dict(written - told - unknown)}"
    for action in every:
        if action.state in (ActionState.PLANNED, ActionState.SENT):
            yield f"{doing_of(action)} ended {action.state}: {action.reason}"


def _twice(done: Sequence[Write]) -> Iterator[str]:
    for key, count in Counter(write.key for write in done if write.key).items():
        if count > 1:
            yield f"the comment of action {key} was posted {count} times"


def _lost(town: Town, log: Sequence[LogEntry]) -> Iterator[str]:
    """Each issue was decided on as it reads now, and after what its author said last; or its work has a story."""
    aside = town.set_aside()
    for number in set(town.numbers) - town.excused:
        if number in aside:
            if not aside[number]:
                yield f"#{number} was set aside without a reason"
            continue
        issue = town.forge.issue(REPO, number)
        seen = [entry.seen for entry in log if entry.issue.number == number]
        digest = content_digest(issue.title, issue.body or "")
        if not any(s.get("content_digest") == digest for s in seen):
            yield f"#{number} was never decided on as it is now"
        said = town.said.get(number, 0)
        if not any(s.get("last_comment_id", 0) >= said for s in seen):
            yield f"#{number}: comment {said} was never seen"


def _against_people(town: Town, log: Sequence[LogEntry]) -> Iterator[str]:
    """A label that a person took off is put on again only by order of a person."""
    for number in town.numbers:
        taken: set[str] = set()
        ordered = {
            action.payload.get("label")
            for entry in log
            for action in entry.actions
            if entry.issue.number == number and (entry.undoes is not None or action.approved_by)
        }
        for change in town.forge.issue(REPO, number).changes:
            if change.kind == "unlabeled" and change.actor != BOT:
                taken.add(change.subject)
            elif change.kind == "labeled" and change.actor != BOT:
                taken.discard(change.subject)
            elif change.kind == "labeled" and change.subject in taken - ordered:
                yield f"#{number}: label {change.subject} was put back"


def _too_much(town: Town, log: Sequence[LogEntry], done: Sequence[Write]) -> Iterator[str]:
    """Quotas, each by the forge's time; what a person ordered does not count.

    A comment that was taken back makes room for another, as the forge shows it no more.
    """
    free = {a.key for e in log for a in e.actions if a.approved_by or a.state is ActionState.UNKNOWN}
    for number in town.numbers:
        mine = [said for said in town.forge.issue(REPO, number).comments if said.author == BOT]
        times = [said.created_at for said in mine if (found := marker.read(said.body)) and found.key not in free]
        if any(later - earlier < DAY - town.most_ahead for earlier, later in pairwise(times)):
            yield f"#{number}: comments at {times}"
    ordered = {doing_of(a) for e in log for a in e.actions if a.approved_by or e.undoes is not None}
    times = [write.entry.at for write in done if write.doing not in ordered]
    for index, begin in enumerate(times):
        count = sum(1 for at in times[index:] if at - begin < HOUR)
        if count > WRITES_AN_HOUR and not town.most_ahead:
            yield f"{count} writes within an hour of {begin}"
