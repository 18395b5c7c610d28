"""Put a decision together: labels, and at most one comment about what matters most. Pure."""

from __future__ import annotations

from agents.issue_triage.answers import Answer, add_labels, comment, may_add, may_remove, skip
from agents.issue_triage.case import Case
from agents.issue_triage.choosing import one_category
from agents.issue_triage.citing import Citation, cite
from agents.issue_triage.duplicates import MOST
from agents.issue_triage.reply import Duplicate, Reply
from foreman.protocol import Action, Close, RemoveLabel

_LEAST = 0.5
"""Confidence below which a model's labels are left out."""

_CERTAIN = 0.9
"""Confidence from which an issue may be closed as a duplicate, where closing is allowed at all."""

_ANSWERS = 0.7
"""Confidence from which a question is answered with what the model points at."""

_BY_THE_LETTER = 0.8
"""Confidence in what is said without a label to be sure about: the same title, or facts that are plainly not there."""


def report_in_private(case: Case, why: str) -> Answer:
    """Leave a report of a security hole to a person: nothing at all is written in public."""
    event = case.task.payload.event
    if case.past.escalated and event not in ("opened", "requested"):
        return skip("It looks like a report of a security hole; a person was told already.")
    return Answer(
        "escalate",
        f"This looks like a report of a security hole in public ({why}). Nothing is written there. "
        f"If it is one, this may be sent to the reporter:\n\n{case.texts.security}",
    )


def by_hand(case: Case) -> Answer:
    """Decide without a model.

    Args:
        case: The issue.

    Returns:
        The answer.
    """
    labels = case.choice.labels
    why = [f"No model was asked; {case.choice.why}."]
    same = [each for each in case.found if each.same][:MOST]
    facts, fields = (case.lacking, case.fields) if case.is_bug(labels) else ((), ())
    said = ""
    if same:
        texts = case.texts
        reasons = [(each.number, texts.same_error if each.same_error else texts.same_title) for each in same]
        said = texts.may_be(reasons)
        why.append(f"Nearly the same by the letter: {', '.join(f'#{each.number}' for each in same)}.")
    elif (facts or fields) and case.may_ask:
        said = case.texts.ask_for(facts, fields=fields)
        labels = (*labels[:2], case.settings.needs_info_label)
        why.append(f"Missing: {', '.join((*fields, *facts))}.")
    confidence = case.choice.confidence if case.choice.labels else (_BY_THE_LETTER if said else None)
    return _together(case, labels, said, " ".join(why), confidence, whole=not (facts or fields))


def by_model(case: Case, reply: Reply, model: str) -> Answer:
    """Decide with what the model said, as far as it may be believed.

    Args:
        case: The issue.
        reply: The model's answer.
        model: Its name.

    Returns:
        The answer.
    """
    why = f"{model}: {reply.reason or 'no reason given'}"
    if reply.security:
        return report_in_private(case, why)
    labels = _labels(case, reply)
    same = _duplicates(case, reply)
    kind = case.kind(labels)
    facts = case.beside_fields(_missing(case, reply)) if kind in ("bug", "") else ()
    fields = case.fields if kind == "bug" or (kind == "" and reply.asks) else ()
    found = _citation(case, reply, kind)
    said = ""
    if same:
        open_ones = {each.number for each in case.found if not each.done}
        close = case.settings.allow_close and len(same) == 1 and same[0].certain and reply.confidence >= _CERTAIN
        close = close and same[0].number in open_ones
        said = case.texts.may_be([(each.number, each.reason) for each in same], will_close=close)
        why += f" May be the same as {', '.join(f'#{each.number}' for each in same)}."
        if close:
            ends = Close(type="close", reason="duplicate", duplicate_of=same[0].number)
            return Answer("close", why, (comment(said), ends), reply.confidence)
    elif case.may_ask and kind in ("bug", "") and (fields or (reply.asks and (facts or reply.comment))):
        said = case.texts.ask_for(facts, fields=fields, more=reply.comment if reply.asks else "")
        labels = (*labels[:2], case.settings.needs_info_label)
    elif found is not None:
        said = found.said(case.texts.cites)
        why += f" Answered with {found.path}:{found.line}."
    elif case.settings.respond and case.may_speak and not reply.asks and kind != "question":
        said = reply.comment
    whole = not (reply.asks or fields or case.lacking)
    return _together(case, labels, said, why, reply.confidence, whole=whole)


def _labels(case: Case, reply: Reply) -> tuple[str, ...]:
    if reply.confidence < _LEAST or case.carried:
        return ()
    chores, present = case.settings.chores, case.task.payload.issue.labels
    wanted = tuple(
        name
        for name in reply.labels
        if may_add(case.task, name) and name not in chores and not case.past.is_refused(name)
    )
    return tuple(name for name in one_category(wanted, case.among) if name not in present)


def _duplicates(case: Case, reply: Reply) -> list[Duplicate]:
    """Keep what the search found as well: the model may only choose among that, and must say why."""
    found = {each.number for each in case.found}
    kept = {each.number: each for each in reply.duplicates if each.number in found and each.reason}
    return list(kept.values())[:MOST]


def _missing(case: Case, reply: Reply) -> tuple[str, ...]:
    """Keep what is really not there; a model that only says that something is missing leaves it to be found here."""
    given = case.report.present & ({"version", "log"} if case.report.shows else {"version"})
    if reply.missing:
        return tuple(name for name in reply.missing if name not in given)
    return () if reply.comment else case.lacking


def _citation(case: Case, reply: Reply, kind: str) -> Citation | None:
    """Take the answer of a question from the documentation; without a passage that holds it nothing is said."""
    if reply.answer is None or kind != "question" or not case.may_answer or reply.confidence < _ANSWERS:
        return None
    return cite(case.task, reply.answer.passage, reply.answer.quote)


def _together(
    case: Case, labels: tuple[str, ...], said: str, why: str, confidence: float | None, *, whole: bool
) -> Answer:
    """Put labels and comment together, and take off what is not true any more.

    Args:
        case: The issue.
        labels: To add.
        said: To say, empty for nothing.
        why: For the maintainer.
        confidence: Between 0 and 1; None where there is nothing to be sure about.
        whole: Nothing is missing now.

    Returns:
        The answer; `skip` when there is nothing to do.
    """
    new_category = any(name in case.among for name in labels)
    off = [name for name in case.replaced if new_category and name not in labels]
    asked = case.settings.needs_info_label
    edited = case.task.payload.event == "edited"
    if edited and whole and asked in case.task.payload.issue.labels and may_remove(case.task, asked):
        off.append(asked)
        why += f" The text was completed: took off {asked}."
    actions: tuple[Action, ...] = (
        *(RemoveLabel(type="remove_label", label=name) for name in off),
        *add_labels(labels),
        *((comment(said),) if said else ()),
    )
    if not actions:
        return Answer("skip", why, confidence=confidence)
    return Answer("label_and_respond", why, actions, confidence)
