"""What is kept of one dashboard between two looks, as one value in the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection

from foreman.log import get_logger
from foreman.model import RepoRef
from foreman.store import controls

log = get_logger(__name__)

LATELY = 10
"""How many of the last orders the page shows."""


class Listing(BaseModel):
    """One action as the page shows it.

    Attributes:
        action: Its row.
        after: Orders count only in comments newer than this one: those before were written about something else.
        fingerprint: Changes when the same action waits again for another reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: int
    after: int
    fingerprint: str


class State(BaseModel):
    """Where one dashboard stands.

    Attributes:
        number: Of the issue; None before it was opened.
        gone: It could not be found when it was last looked at: a person deleted it, or we may not see it any more.
        digest: Of the text we gave it last.
        written_at: When what waits was last written there, by our clock.
        told_at: When what it tells of the last days was.
        covers: Digest of all that it was made from, what it may not show included.
        news: Digest of what it tells of the last days; empty for nothing.
        listed: What that text shows, by payload hash.
        since: Comments are read from here on, by the forge's clock; None for all.
        handled: Comments of that stretch that were read and never count again.
        newest: The newest comment ever read.
        lately: Lines about the last orders.
        rewrites: How often in a row the text was not what we had written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int | None = None
    gone: bool = False
    digest: str = ""
    covers: str = ""
    news: str = ""
    written_at: datetime | None = None
    told_at: datetime | None = None
    listed: Mapping[str, Listing] = {}
    since: datetime | None = None
    handled: tuple[int, ...] = ()
    newest: int = 0
    lately: tuple[str, ...] = ()
    rewrites: int = 0


def load(connection: Connection, repo: RepoRef) -> State:
    """Return what is kept of the dashboard in a repository."""
    kept = controls.meta_get(connection, _key(repo))
    if kept is None:
        return State()
    try:
        return State.model_validate_json(kept)
    except ValidationError:
        log.warning("dashboard_state_unreadable", repo=repo.key)
        return State()


def save(connection: Connection, repo: RepoRef, state: State) -> None:
    """Keep it."""
    controls.meta_set(connection, _key(repo), state.model_dump_json())


def open_again(connection: Connection, repo: RepoRef) -> bool:
    """Have a dashboard opened anew that is gone, as a person orders; returns whether there was one to forget.

    Args:
        connection: In a transaction.
        repo: Where it was.

    Returns:
        False where it is not gone: one that was closed is opened again on the forge.
    """
    if not load(connection, repo).gone:
        return False
    save(connection, repo, State())
    return True


def _key(repo: RepoRef) -> str:
    return f"dashboard:{repo.key}"
