"""Decide about one issue.

Keywords first, then what was learned from the maintainers, then the model where those leave doubt, and silence where
nothing is to be said. A report of a security hole comes before everything: a person is told, and nothing is written.
"""

from __future__ import annotations

from dataclasses import replace

from agents.issue_triage.answers import PROJECT_ROLES, Answer, may_remove, skip
from agents.issue_triage.asking import ask
from agents.issue_triage.case import Case
from agents.issue_triage.citing import is_near
from agents.issue_triage.deciding import by_hand, by_model, report_in_private
from agents.issue_triage.security import is_report
from agents.issue_triage.stale import decide_stale
from foreman.agentkit import Model
from foreman.protocol import Decision, RemoveLabel, Task

_SPEAKS_FOR_ITSELF = frozenset({"closed", "labeled", "unlabeled"})


def decide(task: Task) -> Decision:
    """Decide about one task of type `issue.triage`.

    Args:
        task: What happened to which issue.

    Returns:
        The decision.

    Raises:
        ModelUnavailable: The model cannot be reached now or its budget is spent.
    """
    model = Model(task.context.llm_backend)
    return _answer(task, model).to(task, usage=model.usage)


def _answer(task: Task, model: Model) -> Answer:
    event, issue = task.payload.event, task.payload.issue
    if event in _SPEAKS_FOR_ITSELF or issue.state != "open":
        return skip(f"Nothing to do when an issue is {event if issue.state == 'open' else issue.state}.")
    case = Case.of(task)
    if issue.author_role not in PROJECT_ROLES and is_report(case.parts):
        return report_in_private(case, "by its words")
    if event == "stale":
        return decide_stale(task, case.settings, case.past, case.texts)
    if event == "commented":
        return _commented(case, model)
    return _triage(case, model)


def _commented(case: Case, model: Model) -> Answer:
    """Take off what an answer settles, and look again at what is not sorted yet; nothing is said."""
    task, settings = case.task, case.settings
    issue = task.payload.issue
    last = issue.comments[-1] if issue.comments else None
    if last is None or last.author != issue.author:
        return skip("A comment by somebody other than the reporter changes nothing about the triage.")
    chores = dict.fromkeys((settings.needs_info_label, settings.stale_label))
    answered = tuple(name for name in chores if name and name in issue.labels and may_remove(task, name))
    quiet = replace(case, found=(), past=replace(case.past, commented=True))
    fresh = (
        skip("The reporter added something; the issue is sorted already.") if case.carried else _triage(quiet, model)
    )
    if not answered:
        return fresh
    labels = tuple(each for each in fresh.actions if each.type == "add_label")
    off = tuple(RemoveLabel(type="remove_label", label=name) for name in answered)
    why = f"The reporter answered: took off {', '.join(answered)}. {fresh.rationale}"
    return Answer("label_and_respond", why, (*off, *labels), fresh.confidence)


def _triage(case: Case, model: Model) -> Answer:
    if not model.available or not _wants_model(case):
        return by_hand(case)
    reply = ask(case.task, case.settings, model, learned=case.learned, language=case.texts.name)
    return reply if isinstance(reply, Answer) else by_model(case, reply, model.name)


def _wants_model(case: Case) -> bool:
    """Return whether a call is worth its money: none for what is sorted, nor for what is sure and new."""
    if case.may_answer and case.kind(case.choice.labels) == "question" and is_near(case.task):
        return True
    if case.carried:
        return False
    known = any(each.maybe for each in case.found) and not any(each.same for each in case.found)
    return case.settings.always_model or not case.choice.sure or known
