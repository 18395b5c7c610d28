"""How one action is taken back, given the issue as it is now. Pure.

Ours is what our account did last. Where a person did something to the same field since, that person's word stands.
"""

from __future__ import annotations

from typing import Any

from foreman.forge.base import Change, ChangeKind
from foreman.gate import marker
from foreman.model import Comment, Issue
from foreman.store.actions import StoredAction
from foreman.values import dataclass

WITHDRAWN = "This comment was withdrawn."
"""What is left of a comment that is not deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An issue as it is now.

    Attributes:
        issue: The issue.
        comments: All of them, oldest first.
        history: All of it, oldest first.
    """

    issue: Issue
    comments: tuple[Comment, ...]
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """What takes an action back.

    Attributes:
        type: Type of the inverse action.
        payload: Its payload.
        text: One line for a person.
    """

    type: str
    payload: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """There is nothing to take back.

    Attributes:
        why: One line for a person.
    """

    why: str


class Standing:
    """An issue as it will be while actions are taken back one after the other, newest first."""

    def __init__(self, look: Look, *, bot_id: int, delete_comments: bool = False) -> None:
        """Start from what is there now.

        Args:
            look: The issue.
            bot_id: Our own account.
            delete_comments: Comments go altogether; else a note stays where they were.
        """
        self._look = look
        self._delete_comments = delete_comments
        self._bot_id = bot_id
        self._labels = set(look.issue.labels)
        self._state = look.issue.state
        self._assignees = {login.casefold() for login in look.issue.assignees}
        self._ours: set[tuple[str, str]] = set()

    def take_back(self, action: StoredAction) -> Inverse | Nothing:
        """Say how an action is taken back, and go on from there.

        Args:
            action: In state `done`.

        Returns:
            Its inverse, or why there is none.
        """
        if self._look.issue.locked:
            return Nothing(why="the conversation is locked")
        if not action.undo:
            return Nothing(why="it was so before, or somebody else did it")
        match action.type:
            case "add_label" | "remove_label":
                return self._label(action)
            case "comment":
                return self._comment(action)
            case "close" | "reopen":
                return self._state_change(action)
            case "assign" | "unassign":
                return self._assignment(action)
            case _:
                return Nothing(why="it took something back itself")

    def _label(self, action: StoredAction) -> Inverse | Nothing:
        label = str(action.payload["label"])
        added = action.type == "add_label"
        if (label in self._labels) is not added:
            return Nothing(why=f"label {label} is {'gone' if added else 'back'} already")
        kind = ChangeKind.LABELED if added else ChangeKind.UNLABELED
        last = self._last({ChangeKind.LABELED, ChangeKind.UNLABELED}, label=label)
        if not self._is_ours(("label", label), last, kind):
            return Nothing(why=f"somebody changed label {label} since")
        self._ours.add(("label", label))
        if added:
            self._labels.discard(label)
            return Inverse(type="remove_label", payload={"label": label}, text=f"take label {label} off")
        self._labels.add(label)
        return Inverse(type="add_label", payload={"label": label}, text=f"put label {label} back")

    def _comment(self, action: StoredAction) -> Inverse | Nothing:
        comment_id = action.undo.get("comment_id")
        mine = next((comment for comment in self._look.comments if comment.id == comment_id), None)
        if mine is None or mine.author.id != self._bot_id:
            return Nothing(why="the comment is gone already")
        if not _said(mine.body, str(action.payload["body"])):
            return Nothing(why="somebody edited the comment since")
        if self._delete_comments:
            return Inverse(type="delete_comment", payload={"comment_id": mine.id}, text="delete the comment")
        head = mine.body.partition("\n")[0] if marker.read(mine.body) else ""
        body = "\n".join(line for line in (head, WITHDRAWN) if line)
        return Inverse(
            type="edit_comment",
            payload={"comment_id": mine.id, "body": body},
            text="replace the comment by a note",
        )

    def _state_change(self, action: StoredAction) -> Inverse | Nothing:
        closed = action.type == "close"
        if (self._state == "closed") is not closed:
            return Nothing(why=f"the issue is {self._state} already")
        kind = ChangeKind.CLOSED if closed else ChangeKind.REOPENED
        if not self._is_ours(("state", ""), self._last({ChangeKind.CLOSED, ChangeKind.REOPENED}), kind):
            return Nothing(why="somebody closed or reopened the issue since")
        self._ours.add(("state", ""))
        self._state = "open" if closed else "closed"
        if closed:
            return Inverse(type="reopen", payload={}, text="reopen the issue")
        return Inverse(type="close", payload={"reason": "not_planned"}, text="close the issue again")

    def _assignment(self, action: StoredAction) -> Inverse | Nothing:
        user = str(action.payload["user"])
        assigned = action.type == "assign"
        if (user.casefold() in self._assignees) is not assigned:
            return Nothing(why=f"{user} is {'not assigned any more' if assigned else 'assigned already'}")
        kind = ChangeKind.ASSIGNED if assigned else ChangeKind.UNASSIGNED
        last = self._last({ChangeKind.ASSIGNED, ChangeKind.UNASSIGNED}, assignee=user)
        if not self._is_ours(("user", user.casefold()), last, kind):
            return Nothing(why=f"somebody assigned {user} since")
        self._ours.add(("user", user.casefold()))
        if assigned:
            self._assignees.discard(user.casefold())
            return Inverse(type="unassign", payload={"user": user}, text=f"take {user} off")
        self._assignees.add(user.casefold())
        return Inverse(type="assign", payload={"user": user}, text=f"assign {user} again")

    def _last(self, kinds: set[ChangeKind], *, label: str = "", assignee: str = "") -> Change | None:
        found = None
        for change in self._look.history:
            if change.kind in kinds and change.label == label and change.assignee.casefold() == assignee.casefold():
                found = change
        return found

    def _is_ours(self, field: tuple[str, str], last: Change | None, kind: ChangeKind) -> bool:
        # Once something of ours is taken back, what stands before it is ours to judge by the log alone.
        if field in self._ours:
            return True
        return last is None or (last.kind is kind and last.actor is not None and last.actor.id == self._bot_id)


def _said(body: str, ours: str) -> bool:
    """Return whether a comment still says what we posted; the mark before it and line ends do not count."""
    return ours.strip().replace("\r\n", "\n") in body.replace("\r\n", "\n")
