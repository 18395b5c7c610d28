"""Gather what must be known about one issue before anybody decides anything: from the forge, and from our own log.

What cannot be found out becomes None in `Facts`, and the gate never allows on None. Only the issue itself must be.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from foreman.changes import hands
from foreman.errors import ForgeAuthError, ForgeError, ForgeRateLimited, ForgeUnavailable
from foreman.forge.base import Change, ForgeReader, RepoInfo
from foreman.gate.facts import Facts
from foreman.log import get_logger
from foreman.model import Account, Comment, EventKind, Issue, IssueRef, Label, Reaction, RepoRef
from foreman.store import actions, breakers, closing, controls, events, inbox, issues, ladder, reactions
from foreman.store.database import Database
from foreman.values import dataclass

log = get_logger(__name__)

_T = TypeVar("_T")

LAG_PATIENCE = timedelta(minutes=2)
"""How long an issue may be shown as it was before what we know of it; four times what a copy of the forge's data is
assumed to lag behind (`executor.settle`). After that it is believed."""

MOST_REACTIONS_READ = 3
"""Comments of ours whose reactions are read at one look, the newest: so many requests more at the most."""

REPOSITORY_FACTS_LIFE = timedelta(minutes=5)
"""How long a repository's labels and visibility are believed; a label made since only means one Hold more."""

MOST_AHEAD = timedelta(hours=3)
"""How far the forge's clock is believed to be ahead of ours, which lets a day end sooner. Behind is always believed:
a day that ends later only keeps us silent."""

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One issue at one moment.

    Attributes:
        facts: What the gate judges by.
        comments: Everything said on the issue, oldest first; None when it could not be read.
        reactions: All reactions to comments of ours whose number of thumbs is not the one we know.
        history: What happened to the issue, oldest first; None when it could not be read.
        edited_at: When title or text were last seen to change; None for never.
    """

    facts: Facts
    comments: tuple[Comment, ...] | None
    reactions: Mapping[int, tuple[Reaction, ...]] = field(default_factory=dict)
    history: tuple[Change, ...] | None = None
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _RepoFacts:
    labels: tuple[Label, ...] | None
    info: RepoInfo | None
    read_at: datetime


class Recall:
    """Looks at issues through one forge account."""

    def __init__(
        self, *, db: Database, reader: ForgeReader, bot: Account, marker_secret: str, now: Callable[[], datetime]
    ) -> None:
        """Keep the ports.

        Args:
            db: Our own log.
            reader: The forge.
            bot: Our own account there.
            marker_secret: Key of the tags on our comments.
            now: Current time, aware UTC.
        """
        self._db = db
        self._reader = reader
        self._bot = bot
        self._marker_secret = marker_secret
        self._now = now
        self._repos: dict[RepoRef, _RepoFacts] = {}
        self._lagging: dict[IssueRef, datetime] = {}
        self._lock = threading.Lock()
        self._begun: dict[str, tuple[RepoRef, int]] = {}

    @property
    def bot(self) -> Account:
        """Our own account on this forge."""
        return self._bot

    def look(self, ref: IssueRef, *, event: EventKind, actor_id: int | None = None, requested: bool = False) -> Look:
        """Look at one issue.

        Args:
            ref: Which.
            event: Why.
            actor_id: Who caused the event, by numeric id.
            requested: A maintainer asked for this by hand.

        Returns:
            What was found.

        Raises:
            ForgeError: The issue itself cannot be read, or is shown as it was before the event.
        """
        issue = self._reader.issue(ref)
        with self._db.read() as connection:
            known = issues.get(connection, ref)
            touched = actions.touched(connection, ref)
        comments = self._comments(issue, event, known, touched=touched)
        self._refuse_what_lags(issue, comments, known)
        history = self._history(issue)
        repo = self._repo(ref.repo)
        now = self._now()
        with self._db.read() as connection:
            by_us = actions.labels_by_us(connection, ref)
            orders = actions.labels_ordered(connection, ref)
            ordered_on = frozenset(label for label, order in orders.items() if order.on)
            ordered_off = frozenset(orders) - ordered_on
            standing = {label: order for label, order in orders.items() if not (order.on and label in by_us)}
            history = hands.as_ordered(history, standing, self._bot)
            facts = Facts(
                issue=issue,
                bot=self._bot,
                event=event,
                event_actor=hands.actor(actor_id, issue, comments, history),
                event_actor_role=hands.commenter_role(actor_id, comments) if event is EventKind.COMMENTED else None,
                requested=requested,
                repo_labels=repo.labels,
                labels_by_us=frozenset(by_us) & frozenset(issue.labels),
                labels_removed_by_people=hands.with_orders(
                    hands.removed_by_people(history, issue, self._bot), ordered_off - frozenset(issue.labels)
                ),
                labels_added_by_people=hands.with_orders(
                    hands.added_by_people(history, issue, self._bot), ordered_on & frozenset(issue.labels)
                ),
                our_comments_today=self._ours_today(comments, now),
                runs_today=actions.runs_since(connection, ref, now - _DAY),
                runs_of_author_today=actions.runs_of_author_since(connection, ref.repo, issue.author.id, now - _DAY),
                writes_this_hour=actions.writes_since(connection, ref.repo, now - _HOUR),
                breaker_open=breakers.flood_open(connection, now=now),
                paused=controls.paused(connection, ref.repo),
                kept_off=controls.kept_off(connection, ref),
                stepped_down=ladder.down(connection, ref.repo),
                private_repo=repo.info is None or repo.info.private,
                visibility_known=repo.info is not None,
                reminded_at=closing.reminded_at(connection, ref),
                close_objected=closing.objected(connection, ref) or hands.opened_again(history, self._bot),
                close_announced=bool(closing.announced(connection, ref)),
                now=now,
            )
            edits = [one.occurred_at for one in events.of_issue(connection, ref) if one.kind is EventKind.EDITED]
        found = self._reactions(ref, comments)
        return Look(
            facts=facts, comments=comments, reactions=found, history=history, edited_at=max(edits, default=None)
        )

    def begin(self, task_id: str, look: Look) -> Look:
        """Note that a task about an issue begins, and count in the author's tasks that are under way.

        Args:
            task_id: Of the claimed task.
            look: At its issue.

        Returns:
            The same, with the runs of all earlier ones in it: those side by side never come to more than the cap.
        """
        issue = look.facts.issue
        mine = (issue.ref.repo, issue.author.id)
        with self._lock, self._db.read() as connection:
            # One moment: a task that ends is logged and given back in one transaction.
            claimed = inbox.claimed_tasks(connection)
            logged = actions.runs_of_author_since(connection, *mine, look.facts.now - _DAY)
            self._begun = {task: whose for task, whose in self._begun.items() if task in claimed}
            under_way = sum(whose == mine for whose in self._begun.values())
            self._begun[task_id] = mine
        return replace(look, facts=replace(look.facts, runs_of_author_today=logged + under_way))

    def _comments(
        self, issue: Issue, event: EventKind, known: issues.Snapshot | None, *, touched: bool
    ) -> tuple[Comment, ...] | None:
        """Read the comments; where there are none, and none was ever heard of, that saves a request.

        The number may be of a copy that lags behind: it is not believed against what the poller has seen, and never
        after we may have said something ourselves, for our own comments are counted here.
        """
        if not issue.comment_count and event is not EventKind.COMMENTED:
            heard = known is not None and (known.comment_count or known.heard or issue.updated_at < known.updated_at)
            if not heard and not touched:
                return ()
        return self._try(issue.ref, "comments", lambda: self._reader.comments(issue.ref))

    def _refuse_what_lags(
        self, issue: Issue, comments: tuple[Comment, ...] | None, known: issues.Snapshot | None
    ) -> None:
        """Take no decision on less than the poller has seen: the event would count as dealt with."""
        behind = known is not None and (
            issue.updated_at < known.updated_at or comments is None or len(comments) < issue.comment_count
        )
        now = self._now()
        with self._lock:
            since = self._lagging.setdefault(issue.ref, now) if behind else self._lagging.pop(issue.ref, now)
            if not behind or not timedelta(0) <= now - since < LAG_PATIENCE:
                self._lagging.pop(issue.ref, None)
                return
        message = f"#{issue.ref.number} is shown as it was before its last change"
        raise ForgeUnavailable(message, repo=issue.ref.repo.key, operation="read issue", status=200)

    def _reactions(self, ref: IssueRef, comments: tuple[Comment, ...] | None) -> dict[int, tuple[Reaction, ...]]:
        """Read what people think of our comments, where the forge tells by a number that it is not what it was."""
        told = [said for said in comments or () if said.author.id == self._bot.id and said.thumbs_down is not None]
        if not told:
            return {}
        with self._db.read() as connection:
            known = reactions.thumbs(connection, ref)
        new = [said.id for said in told if (said.thumbs_up, said.thumbs_down) != known.get(said.id, (0, 0))]
        read = {
            comment_id: self._try(ref, "reactions", partial(self._reader.reactions, ref, comment_id))
            for comment_id in new[-MOST_REACTIONS_READ:]
        }
        return {comment_id: found for comment_id, found in read.items() if found is not None}

    def _history(self, issue: Issue) -> tuple[Change, ...] | None:
        if issue.updated_at == issue.created_at and not issue.labels:
            return ()  # nothing has happened yet: one request saved on every new issue
        return self._try(issue.ref, "history", lambda: self._reader.history(issue.ref))

    def _repo(self, repo: RepoRef) -> _RepoFacts:
        now = self._now()
        with self._lock:
            known = self._repos.get(repo)
        if known is not None and known.labels is not None and now - known.read_at < REPOSITORY_FACTS_LIFE:
            return known
        where = IssueRef(repo, 0)
        found = _RepoFacts(
            labels=self._try(where, "labels", lambda: self._reader.labels(repo)),
            info=self._try(where, "repository", lambda: self._reader.repository(repo)),
            read_at=now,
        )
        with self._lock:
            self._repos[repo] = found
        return found

    def forget(self, repo: RepoRef | None = None) -> None:
        """Drop what is believed about one repository, or all of them."""
        with self._lock:
            if repo is None:
                self._repos.clear()
            else:
                self._repos.pop(repo, None)

    def _ours_today(self, comments: tuple[Comment, ...] | None, now: datetime) -> int | None:
        if comments is None:
            return None
        # By account alone, not by marker: whoever posted under our name used up the day's comment.
        day_began = now + min(self._reader.skew, MOST_AHEAD) - _DAY
        return sum(1 for said in comments if said.author.id == self._bot.id and said.created_at > day_began)

    def _try(self, ref: IssueRef, what: str, ask: Callable[[], _T]) -> _T | None:
        """Ask for something the decision can do without; trouble of the account as a whole goes up."""
        try:
            return ask()
        except (ForgeAuthError, ForgeRateLimited, ForgeUnavailable):
            raise
        except ForgeError as error:
            log.warning("fact_missing", issue=str(ref), fact=what, reason=str(error))
            return None
