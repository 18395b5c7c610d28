"""What to do when nobody has said anything for long. Pure.

Stale means that the reporter owes an answer. An issue that waits for the maintainers is never stale, however old.
"""

from __future__ import annotations

from agents.issue_triage.answers import Answer, add_labels, comment, may_add, skip
from agents.issue_triage.settings import Settings
from agents.issue_triage.wording import CLOSED, STALE_START, reminder
from foreman.protocol import Close, Task


def decide_stale(task: Task, settings: Settings) -> Answer:
    """Remind, close, or leave alone.

    Args:
        task: With event `stale`.
        settings: The maintainer's settings.

    Returns:
        The answer.
    """
    issue = task.payload.issue
    if not _reporter_owes_answer(task, settings):
        return skip("Quiet for long, but it is not the reporter who owes an answer.")
    if _was_reminded(task, settings):
        if not settings.allow_close:
            return skip("The reporter was reminded already, and closing is not allowed here.")
        actions = (comment(CLOSED), Close(type="close", reason="not_planned"))
        return Answer("close", "No answer after a reminder.", actions)
    marks_it = bool(settings.stale_label) and may_add(task, settings.stale_label)
    marks = add_labels((settings.stale_label,)) if marks_it else ()
    if not settings.stale_comment and not marks:
        return skip("The reporter owes an answer; neither a stale label nor a reminder is configured.")
    said = (comment(reminder(settings.stale_days, will_close=settings.allow_close)),) if settings.stale_comment else ()
    return Answer(
        "label_and_respond",
        f"The reporter has owed an answer since {issue.updated_at[:10]}: reminded.",
        (*marks, *said),
    )


def _reporter_owes_answer(task: Task, settings: Settings) -> bool:
    issue = task.payload.issue
    if settings.needs_info_label and settings.needs_info_label in issue.labels:
        return True
    said = [each for each in issue.comments if not _is_reminder(each.body)]
    return bool(said) and said[-1].author != issue.author and said[-1].author_role != "bot"


def _was_reminded(task: Task, settings: Settings) -> bool:
    issue = task.payload.issue
    if settings.stale_label in issue.labels:
        return True
    if settings.stale_label and may_add(task, settings.stale_label):
        return False
    last = issue.comments[-1] if issue.comments else None
    return last is not None and last.author != issue.author and _is_reminder(last.body)


def _is_reminder(body: str) -> bool:
    return STALE_START in body[:400]
