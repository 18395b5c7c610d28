"""Orders about single actions: what a person approves, refuses, or takes back; about work: what is tried again."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from foreman import undo
from foreman.app import one_issue
from foreman.app.demo_forge import sandboxed
from foreman.app.desk import Desk
from foreman.app.one_issue import Handled
from foreman.app.opening import open_store
from foreman.app.workshop import utc_now, workshop
from foreman.config.models import Config
from foreman.errors import StoreError, UsageError
from foreman.model import ActionState, InboxState, RepoRef
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import actions, closing, inbox, memory
from foreman.store.actions import StoredAction
from foreman.store.database import Database
from foreman.store.inbox import InboxItem
from foreman.store.logged import HASH_CHARS as HASH_CHARS
from foreman.undo import UndoPlan


def person() -> str:
    """Return who gives the order: the name of the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def approve(desk: Desk, wanted: Sequence[str], *, by: str) -> tuple[StoredAction, ...]:
    """Let held actions pass and have them done: all of them, or none when one cannot be.

    Args:
        desk: Where to do it.
        wanted: `ID`, or `ID:HASH` with the hash that was shown.
        by: Who approves.

    Returns:
        What became of them.

    Raises:
        UsageError: One of them does not wait for a person, or is not what was shown.
    """
    with desk.db.transaction() as connection:
        found = _waiting(connection, wanted)
        now = utc_now()
        for action in found:
            actions.approve(connection, action.id, by=by, now=now, payload_hash=action.payload_hash)
        _remember(connection, found, now)
    return desk.carry_out([action.id for action in found])


def reject(desk: Desk, wanted: Sequence[str], *, by: str, because: str) -> tuple[StoredAction, ...]:
    """Refuse what waits, for good: all of it, or none when one cannot be refused.

    A close that was announced is refused so too; the comment that announced it stays.

    Args:
        desk: Where to do it.
        wanted: `ID`, or `ID:HASH`.
        by: Who refuses.
        because: The person's own words; empty for none.

    Returns:
        The actions as they are now.

    Raises:
        UsageError: One of them does not wait for a person, or is not what was shown.
    """
    with desk.db.transaction() as connection:
        found = _waiting(connection, wanted, announced=True)
        now = utc_now()
        for action in found:
            actions.reject(connection, action.id, by=by, because=because, now=now)
        _remember(connection, found, now)
    return desk.look([action.id for action in found])


def plan_undo(
    desk: Desk,
    *,
    log_ids: Sequence[int],
    since: datetime | None,
    repo: RepoRef | None,
    delete_comments: bool = False,
) -> tuple[UndoPlan, ...]:
    """Find out what can be taken back; changes nothing.

    Args:
        desk: Where to look.
        log_ids: Decisions.
        since: Or everything since then.
        repo: Of this repository only.
        delete_comments: Comments are deleted; else each becomes a note of one line.

    Returns:
        One plan per forge.

    Raises:
        UsageError: There is no such decision.
        ForgeError: A forge did not answer.
    """
    with desk.db.read() as connection:
        try:
            entries = undo.select(connection, log_ids=log_ids, since=since, repo=repo)
        except StoreError as error:
            raise UsageError(str(error)) from error
    plans = []
    for kind in dict.fromkeys(entry.issue.repo.forge for entry in entries):
        account = desk.connection(kind)
        plans.append(
            undo.prepare(
                desk.db,
                account.reader,
                bot_id=account.bot.id,
                log_ids=log_ids,
                since=since,
                repo=repo,
                delete_comments=delete_comments,
            )
        )
    return tuple(plans)


def take_back(desk: Desk, plans: Sequence[UndoPlan], *, by: str) -> tuple[StoredAction, ...]:
    """Carry plans out.

    Args:
        desk: Where to do it.
        plans: As they were shown.
        by: Who orders it.

    Returns:
        The inverse actions and what became of them.
    """
    log_ids = [log_id for plan in plans for log_id in undo.enqueue(desk.db, plan, by=by, now=utc_now())]
    with desk.db.read() as connection:
        ids = [action.id for log_id in log_ids for action in actions.entry(connection, log_id).actions]
    return desk.carry_out(ids)


def dead_items(connection: Connection, ids: Sequence[int]) -> tuple[InboxItem, ...]:
    """Return work that was given up, by id.

    Args:
        connection: To read from.
        ids: As `foreman dead` shows them.

    Returns:
        The items, each once.

    Raises:
        UsageError: One of them is not dead, or there is none.
    """
    found = {number: inbox.get(connection, number) for number in dict.fromkeys(ids)}
    wrong = [
        f"there is no task {number}" if item is None else f"task {number} is {item.state.value}, not dead"
        for number, item in found.items()
        if item is None or item.state is not InboxState.DEAD
    ]
    if wrong:
        raise UsageError("; ".join(wrong) + " (`foreman dead` lists those that gave up)")
    return tuple(item for item in found.values() if item is not None)


def retry(
    config: Config, ids: Sequence[int], *, settings: Settings, secrets: KnownSecrets, source: Path | None
) -> Handled:
    """Try work again that was given up: through the daemon when one runs, else under its lease.

    Args:
        config: As loaded.
        ids: As `foreman dead` shows them.
        settings: Of the environment.
        secrets: Filled with every secret that is used.
        source: Where the configuration was read.

    Returns:
        The decisions, and what has not ended.

    Raises:
        UsageError: One of them is not dead, or its repository is not configured any more.
        ForemanError: The daemon did not get to it in time.
    """
    with open_store(config) as db:
        with db.read() as connection:
            items = dead_items(connection, ids)
        _refuse_strangers(config, items)
        if one_issue.daemon_runs(config):
            _again(db, items)
            return one_issue.wait_for(db, tuple(item.id for item in items))
    with (
        sandboxed(config) as reachable,
        workshop(reachable, settings=settings, secrets=secrets, source=source) as shop,
    ):
        _again(shop.db, items)
        for issue in dict.fromkeys(item.issue for item in items):
            shop.daemon.work_off(issue)
        return one_issue.outcome(shop.db, tuple(item.id for item in items))


def _refuse_strangers(config: Config, items: Sequence[InboxItem]) -> None:
    for item in items:
        plan = config.plan_of(item.issue.repo)
        if plan is None or not plan.enabled or plan.repo != item.issue.repo or plan.agent(item.agent) is None:
            raise UsageError(f"{item.agent} does not work on {item.issue.repo} any more: `foreman drop {item.id}`")


def _again(db: Database, items: Sequence[InboxItem]) -> None:
    with db.transaction() as connection:
        inbox.retry(connection, [item.id for item in items], utc_now())


def _waiting(connection: Connection, wanted: Sequence[str], *, announced: bool = False) -> list[StoredAction]:
    """Return the held, or also announced, actions a person named; raises UsageError with everything that is wrong."""
    found: dict[int, StoredAction] = {}
    wrong: list[str] = []
    for text in wanted:
        number, colon, shown = text.partition(":")
        if not (number.isascii() and number.isdigit()) or len(number) > 12:
            wrong.append(f"{text[:40]!r} is no id: `foreman pending` shows them")
            continue
        try:
            action = actions.get(connection, int(number))
        except StoreError:
            wrong.append(f"there is no action {number}: `foreman pending` shows those that wait")
            continue
        if closing.is_announced(action) and not announced:
            wrong.append(
                f"action {number} is announced already and done by itself; `foreman reject {number}` stops it"
            )
        elif action.replaced:
            wrong.append(f"action {number} {action.replaced}: `foreman pending` shows what waits now")
        elif action.state is not ActionState.HELD and not (announced and closing.is_announced(action)):
            wrong.append(f"action {number} is {action.state.value}, it does not wait for a person")
        elif colon and (len(shown) < HASH_CHARS or not action.payload_hash.startswith(shown.lower())):
            wrong.append(f"action {number} is not the one that was shown as {shown[:64]!r}: look at it again")
        else:
            found[action.id] = action
    if wrong:
        raise UsageError("; ".join(dict.fromkeys(wrong)))
    return list(found.values())


def _remember(connection: Connection, found: Sequence[StoredAction], now: datetime) -> None:
    for issue in dict.fromkeys(action.issue for action in found):
        memory.refresh(connection, issue, now=now)
