"""What to do when nobody has said anything for long. Pure.

Stale means that the reporter owes an answer. An issue that waits for the maintainers, for somebody upstream or for
nobody is never stale, however old.
"""

from __future__ import annotations

from agents.issue_triage.answers import PROJECT_ROLES, Answer, add_labels, comment, may_add, skip
from agents.issue_triage.past import Past
from agents.issue_triage.settings import Settings
from agents.issue_triage.texts import Texts
from foreman.protocol import Close, Task


def decide_stale(task: Task, settings: Settings, past: Past, texts: Texts) -> Answer:
    """Remind, close, or leave alone.

    Args:
        task: With event `stale`.
        settings: The maintainer's settings.
        past: What happened here before.
        texts: In the language to write in.

    Returns:
        The answer.
    """
    issue = task.payload.issue
    if issue.state != "open":
        return skip("Quiet for long, and closed.")
    if not _reporter_owes_answer(task, settings):
        return skip("Quiet for long, but it is not the reporter who owes an answer.")
    if settings.stale_label and past.is_refused(settings.stale_label):
        return skip(f"Quiet for long, but a person took {settings.stale_label} off.")
    if _was_reminded(task, settings, past):
        if not settings.allow_close:
            return skip("The reporter was reminded already, and closing is not allowed here.")
        actions = (comment(texts.closed), Close(type="close", reason="not_planned"))
        return Answer("close", "No answer after a reminder.", actions)
    marks_it = bool(settings.stale_label) and may_add(task, settings.stale_label)
    marks = add_labels((settings.stale_label,)) if marks_it else ()
    if not settings.stale_comment and not marks:
        return skip("The reporter owes an answer; neither a stale label nor a reminder is configured.")
    said = texts.remind(settings.stale_days, will_close=settings.allow_close)
    return Answer(
        "label_and_respond",
        f"The reporter has owed an answer since {issue.updated_at[:10]}: reminded.",
        (*marks, *((comment(said),) if settings.stale_comment else ())),
    )


def _reporter_owes_answer(task: Task, settings: Settings) -> bool:
    """Take Foreman's word for whose turn it is; work it out where an older one does not say."""
    issue = task.payload.issue
    if issue.turn:
        return issue.turn == "reporter"
    last = issue.comments[-1] if issue.comments else None
    if settings.needs_info_label and settings.needs_info_label in issue.labels:
        return True
    return last is not None and last.author != issue.author and last.author_role in PROJECT_ROLES


def _was_reminded(task: Task, settings: Settings, past: Past) -> bool:
    issue = task.payload.issue
    if settings.stale_label in issue.labels:
        return True
    if settings.stale_label and may_add(task, settings.stale_label):
        return False
    answered = max((said.created_at[:10] for said in issue.comments if said.author == issue.author), default="")
    return bool(past.reminded_on) and past.reminded_on >= answered
