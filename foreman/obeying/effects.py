"""What the orders of one comment cause, written down in one transaction: nothing here asks a forge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime

from sqlalchemy import Connection

from foreman import undo
from foreman.commands import Command, Verb
from foreman.config.effective import RepoPlan
from foreman.errors import StoreError
from foreman.gate.admission import RESERVED_PREFIX
from foreman.model import ActionState, EventKind, Label
from foreman.obeying import telling
from foreman.obeying.telling import code
from foreman.store import actions, controls, corrections, inbox, memory
from foreman.store.actions import LogEntry, NewAction, StoredAction
from foreman.store.commands import Ordered
from foreman.undo import UndoPlan
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was asked of the forge before.

    Attributes:
        labels: Every label of the repository, for `label`.
        taking_back: For `undo`; None when there is nothing of ours.
    """

    labels: Sequence[Label] = ()
    taking_back: UndoPlan | None = None


@dataclass(slots=True, kw_only=True)
class Effects:
    """Carries out the orders of one comment.

    Attributes:
        connection: In a transaction.
        ordered: The comment.
        plan: What is configured for its repository.
        known: What the forge said.
        now: Current time, aware UTC.
        planned: Actions to log, in order.
        actions: Ids of actions that were there before and that the answer waits for.
        items: Ids of work that the answer waits for.
        faults: Line, command and what was wrong.
    """

    connection: Connection
    ordered: Ordered
    plan: RepoPlan
    known: Known
    now: datetime
    planned: list[NewAction] = field(default_factory=list)
    actions: list[int] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    faults: list[tuple[int, str, str]] = field(default_factory=list)

    def carry_out(self, command: Command) -> None:
        """Do what one line orders, or note why not."""
        fault = command.fault
        if not fault:
            match command.verb:
                case Verb.TRIAGE:
                    fault = self._triage()
                case Verb.LABEL:
                    fault = self._label(command)
                case Verb.WHY:
                    fault = self._why()
                case Verb.UNDO:
                    fault = self._undo()
                case Verb.HOLD:
                    controls.keep_off(self.connection, self.ordered.issue, self.ordered.author, self.now)
                case Verb.PAUSE:
                    self._pause()
                case Verb.RESUME:
                    fault = self._resume()
                case Verb.APPROVE | Verb.REJECT:
                    fault = self._settle(command)
        if fault:
            self.faults.append((command.line, command.verb.value, fault))

    def _triage(self) -> str:
        issue = self.ordered.issue
        if controls.kept_off(self.connection, issue):
            return "this issue is held: order `resume` first"
        for agent in self.plan.agents:
            self.items.append(
                inbox.enqueue(
                    self.connection,
                    issue=issue,
                    agent=agent.agent,
                    task_type=agent.task_type,
                    event=EventKind.REQUESTED,
                    event_key=self.ordered.key,
                    actor_id=self.ordered.author_id,
                    requested=True,
                    now=self.now,
                )
            )
        return ""

    def _label(self, command: Command) -> str:
        wrong = []
        for kind, names in (("add_label", command.add), ("remove_label", command.remove)):
            for name in names:
                exact = self._exact(name)
                if name.casefold().startswith(RESERVED_PREFIX):
                    wrong.append(f"{code(name)} is an order to me: give it in words")
                elif exact is None:
                    wrong.append(f"there is no label {code(name)} here")
                else:
                    # The last word of a comment about a label counts.
                    self.planned = [one for one in self.planned if one.payload.get("label") != exact]
                    self.planned.append(NewAction(type=kind, payload={"label": exact}, state=ActionState.PLANNED))
                    self._learn(kind, exact)
        return "; ".join(wrong)

    def _exact(self, name: str) -> str | None:
        """Return a label of the repository as it is spelled; forges tell none apart by capitals alone."""
        names = [label.name for label in self.known.labels]
        alike = [one for one in names if one.casefold() == name.casefold()]
        return name if name in names else alike[0] if len(alike) == 1 else None

    def _learn(self, kind: str, label: str) -> None:
        """Remember what a person put right of a decision of ours."""
        issue, ours = self.ordered.issue, kind == "remove_label"
        by_us = label in actions.labels_by_us(self.connection, issue)
        if by_us is ours and (ours or last_decision(self.connection, self.ordered) is not None):
            corrections.add(
                self.connection,
                issue=issue,
                kind="removed" if ours else "added",
                action_type="add_label",
                value=label,
                by=self.ordered.author,
                now=self.now,
            )

    def _why(self) -> str:
        entry = last_decision(self.connection, self.ordered, acted=True)
        entry = entry or last_decision(self.connection, self.ordered)
        if entry is None:
            return "I have decided nothing here yet"
        body = telling.why(entry)
        self.planned.append(NewAction(type="comment", payload={"body": body}, state=ActionState.PLANNED))
        return ""

    def _undo(self) -> str:
        plan = self.known.taking_back
        if plan is None:
            return "there is nothing of mine here that could be taken back"
        log_ids = undo.record(self.connection, plan, by=self.ordered.author, now=self.now)
        found = [action.id for log_id in log_ids for action in actions.entry(self.connection, log_id).actions]
        self.actions += found
        if found:
            return ""
        return plan.left[0].why if plan.left else "it is being taken back already"

    def _pause(self) -> None:
        repo = self.ordered.issue.repo
        if repo.key.lower() not in {one.scope.lower() for one in controls.all(self.connection)}:
            reason = f"ordered on #{self.ordered.issue.number}"
            controls.pause(self.connection, repo.key, self.ordered.author, self.now, reason=reason)

    def _resume(self) -> str:
        issue = self.ordered.issue
        ended = [controls.resume(self.connection, scope) for scope in (str(issue), issue.repo.key)]
        if controls.paused(self.connection, issue.repo):
            return "everything is paused on the machine I run on: `foreman resume` there ends that"
        return "" if any(ended) else "neither this issue is held nor this repository paused"

    def _settle(self, command: Command) -> str:
        held, wrong = actions.held(self.connection, self.ordered.issue.repo), []
        for digest in command.hashes:
            meant = [action for action in held if action.payload_hash.startswith(digest)]
            if len(meant) == 1:
                wrong += self._settle_one(command, meant[0])
            elif meant:
                wrong.append(f"{code(digest)} is the beginning of more than one hash: give more of it")
            else:
                gone = actions.replaced(self.connection, self.ordered.issue.repo, digest)
                why = f"{code(digest)} {gone.replaced}" if gone else ""
                wrong.append(why or f"nothing with the hash {code(digest)} waits in this repository")
        return "; ".join(wrong)

    def _settle_one(self, command: Command, action: StoredAction) -> list[str]:
        by = self.ordered.author
        try:
            if command.verb is Verb.APPROVE:
                # From the moment it was written on: what happens after that the person cannot have known.
                since = min(self.ordered.written_at, self.now)
                actions.approve(self.connection, action.id, by=by, now=since, payload_hash=action.payload_hash)
                self.actions.append(action.id)
            else:
                actions.reject(self.connection, action.id, by=by, because=command.because, now=self.now)
        except (ValueError, StoreError):
            return [f"{code(action.payload_hash[:8])} does not wait any more"]
        memory.refresh(self.connection, action.issue, now=self.now)
        return []


def last_decision(
    connection: Connection, ordered: Ordered, *, acted: bool = False, done_by: datetime | None = None
) -> LogEntry | None:
    """Return an agent's last decision about an issue.

    Args:
        connection: To read from.
        ordered: A comment on it.
        acted: The last one in which something was to be done.
        done_by: The last one until then of which something was done and stands; None for any.

    Returns:
        The decision; None when there is none.
    """
    for entry in actions.entries(connection, issue=ordered.issue, limit=50):
        stands = any(action.state is ActionState.DONE for action in entry.actions)
        if entry.agent in _PEOPLE or entry.undoes is not None:
            continue
        if acted and not entry.actions:
            continue
        if done_by is None or (stands and entry.timestamp <= done_by):
            return entry
    return None


_PEOPLE = frozenset({undo.AGENT, "commands", "dashboard"})
