"""What came of the orders of a comment: known once everything that they caused has ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from foreman.model import ActionState, InboxState
from foreman.obeying import telling
from foreman.store import actions, inbox
from foreman.store.actions import StoredAction
from foreman.store.commands import Ordered

SOON = timedelta(hours=1)
"""What is planned for later than this counts as taken: nobody watches a comment for days."""

_ENDED = frozenset({InboxState.DONE, InboxState.DEAD, InboxState.CANCELLED})


def ended(connection: Connection, ordered: Ordered, *, now: datetime) -> bool:
    """Return whether all that a comment's orders caused has ended.

    Args:
        connection: To read from.
        ordered: Taken.
        now: Current time, aware UTC.

    Returns:
        Whether it can be answered.
    """
    waits = ordered.waits
    if any(_is_open(actions.get(connection, action_id), now) for action_id in waits.get("actions", ())):
        return False
    items = (inbox.get(connection, item_id) for item_id in waits.get("items", ()))
    return all(item is None or item.state in _ENDED for item in items)


def faults(connection: Connection, ordered: Ordered) -> list[tuple[int, str, str]]:
    """Return what did not work: line (0 for all), command and what was wrong."""
    waits = ordered.waits
    found = [(int(line), str(verb), str(why)) for line, verb, why in waits.get("faults", ())]
    if ordered.cut:
        found.append((0, "", f"only the first {len(ordered.lines)} orders of a comment count"))
    came = [telling.not_done(actions.get(connection, action_id)) for action_id in waits.get("actions", ())]
    came += [_untold(connection, item_id) for item_id in waits.get("items", ())]
    return list(dict.fromkeys([*found, *((0, "", told) for told in came if told)]))


def as_json(faults_: list[tuple[int, str, str]], action_ids: list[int], item_ids: list[int]) -> Mapping[str, Any]:
    """Return what is kept of a comment while its orders are carried out."""
    return {"faults": [list(one) for one in faults_], "actions": action_ids, "items": item_ids}


def _is_open(action: StoredAction, now: datetime) -> bool:
    if action.state is ActionState.PLANNED and action.not_before is not None and action.not_before > now + SOON:
        return False
    return action.state in (ActionState.PLANNED, ActionState.SENT)


def _untold(connection: Connection, item_id: int) -> str:
    """Return why a run came to nothing; empty when the agent was asked and answered."""
    item = inbox.get(connection, item_id)
    if item is None or item.state is not InboxState.DONE:
        return "the run was given up (`foreman dead` on the machine I run on)"
    for entry in actions.entries(connection, issue=item.issue, limit=20):
        if entry.task_id == item.task_id:
            return telling.meaning(entry.rationale.partition(":")[0])
    return ""
