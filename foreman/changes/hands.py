"""Whose hand was last on an issue: who caused an event, whose its labels are, who opened it again. Pure.

What cannot be found out is None, and never counts as nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from foreman.forge.base import Change, ChangeKind
from foreman.model import Account, Comment, Issue, Role
from foreman.store.action_facts import LabelOrder


def actor(
    actor_id: int | None, issue: Issue, comments: tuple[Comment, ...] | None, history: tuple[Change, ...] | None
) -> Account | None:
    """Find out who caused an event, from what was read of the issue.

    Args:
        actor_id: By numeric id.
        issue: As read.
        comments: On it; None when they could not be read.
        history: Of it; None when it could not be read.

    Returns:
        The account, nameless where nothing read names it; None without an id.
    """
    if actor_id is None:
        return None
    if issue.author.id == actor_id:
        return issue.author
    for said in comments or ():
        if said.author.id == actor_id:
            return said.author
    for change in history or ():
        if change.actor is not None and change.actor.id == actor_id:
            return change.actor
    return Account(login="", id=actor_id)


def commenter_role(actor_id: int | None, comments: tuple[Comment, ...] | None) -> Role | None:
    """Return what a commenter is to the repository, None when the comment cannot be found any more."""
    return next((said.role for said in reversed(comments or ()) if said.author.id == actor_id), None)


def _last_label_changes(history: tuple[Change, ...]) -> dict[str, Change]:
    last: dict[str, Change] = {}
    for change in history:
        if change.kind in (ChangeKind.LABELED, ChangeKind.UNLABELED):
            last[change.label] = change
    return last


def opened_again(history: tuple[Change, ...] | None, bot: Account) -> bool:
    """Return whether a person ever opened the issue again after we had closed it."""
    closed_by_us = False
    for change in history or ():
        ours = change.actor is not None and change.actor.id == bot.id
        if change.kind is ChangeKind.CLOSED:
            closed_by_us = ours
        elif change.kind is ChangeKind.REOPENED and closed_by_us and not ours:
            return True
    return False


def with_orders(by_hand: frozenset[str] | None, ordered: frozenset[str]) -> frozenset[str] | None:
    """Count what people had us do as done by them; what is not known stays so."""
    return None if by_hand is None else by_hand | ordered


def as_ordered(
    history: tuple[Change, ...] | None, orders: Mapping[str, LabelOrder], bot: Account
) -> tuple[Change, ...] | None:
    """Return the history with people in our place where the last word about a label was their order, done by us."""
    last = {change.id: change for change in _last_label_changes(history or ()).values()}

    def done_by(change: Change) -> Account | None:
        order = orders.get(change.label) if change.id in last else None
        ours = change.actor is not None and change.actor.id == bot.id
        return order.by if order and ours and order.on is (change.kind is ChangeKind.LABELED) else change.actor

    return None if history is None else tuple(replace(change, actor=done_by(change)) for change in history)


def removed_by_people(history: tuple[Change, ...] | None, issue: Issue, bot: Account) -> frozenset[str] | None:
    """Return the labels that are off by a person's hand; None when the history could not be read."""
    changed = _last_changed_by_people(history, ChangeKind.UNLABELED, bot)
    return None if changed is None else changed - frozenset(issue.labels)


def added_by_people(history: tuple[Change, ...] | None, issue: Issue, bot: Account) -> frozenset[str] | None:
    """Return the labels that are on by a person's hand; None when the history could not be read."""
    changed = _last_changed_by_people(history, ChangeKind.LABELED, bot)
    return None if changed is None else changed & frozenset(issue.labels)


def _last_changed_by_people(
    history: tuple[Change, ...] | None, kind: ChangeKind, bot: Account
) -> frozenset[str] | None:
    if history is None:
        return None
    return frozenset(
        label
        for label, change in _last_label_changes(history).items()
        if change.kind is kind and (change.actor is None or change.actor.id != bot.id)
    )
