"""What the gate must know to judge, gathered by `recall`.

None means that it could not be found out, which never allows anything.
"""

from __future__ import annotations

from datetime import datetime

from foreman.gate.turn import Owed
from foreman.model import Account, EventKind, ForgeKind, Issue, IssueRef, Label, Role
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything known about one issue at one moment.

    Attributes:
        issue: The issue as the forge shows it now; its `ref` is the task's own.
        bot: Our own account.
        event: Why we look.
        event_actor: Who caused the event; None where the forge does not say.
        event_actor_role: What the author of a comment is to the repository; None for other events.
        requested: A maintainer asked for this by hand: role, bot and run-count skips do not apply.
        repo_labels: Every label of the repository; None when they could not be listed.
        labels_by_us: Labels now on the issue that Foreman put there.
        labels_removed_by_people: Labels a person took off after Foreman put them on; None when unknown.
        labels_added_by_people: Labels on the issue that a person put there; None when unknown.
        our_comments_today: Comments of ours on the issue in the last 24 hours, by the forge; None when unknown.
        runs_today: Agent runs on this issue in the last 24 hours.
        runs_of_author_today: Agent runs for this author on this repository in the last 24 hours.
        writes_this_hour: Writes of ours on this repository in the last hour.
        breaker_open: The action rate is far above what is usual.
        paused: A person paused this repository or everything.
        kept_off: A person ordered to leave this issue alone.
        stepped_down: Types of action that people reversed too often here; nobody has lifted that.
        private_repo: The repository is not public, or that is not known.
        visibility_known: Whether that is known.
        owed: Whose turn it is, by what people did alone; None when that cannot be told.
        reminded_at: When we last reminded the reporter, or marked the issue as stale; None for never.
        close_objected: A person objected to closing it before: refused it, took it back, or opened the issue again.
        close_announced: Closing it as a duplicate was announced, and the time for objections is not over.
        said_by_project: What maintainers said on the issue, and the passages of the documentation near to it.
        now: When this was gathered, aware UTC.
    """

    issue: Issue
    bot: Account
    event: EventKind
    event_actor: Account | None = None
    event_actor_role: Role | None = None
    requested: bool = False
    repo_labels: tuple[Label, ...] | None
    labels_by_us: frozenset[str] = frozenset()
    labels_removed_by_people: frozenset[str] | None
    labels_added_by_people: frozenset[str] | None = None
    our_comments_today: int | None
    runs_today: int = 0
    runs_of_author_today: int = 0
    writes_this_hour: int = 0
    breaker_open: bool = False
    paused: bool = False
    kept_off: bool = False
    stepped_down: frozenset[str] = frozenset()
    private_repo: bool = False
    visibility_known: bool = True
    owed: Owed | None = None
    reminded_at: datetime | None = None
    close_objected: bool = False
    close_announced: bool = False
    said_by_project: tuple[str, ...] = ()
    now: datetime

    @property
    def ref(self) -> IssueRef:
        """The issue this is about."""
        return self.issue.ref

    @property
    def forge(self) -> ForgeKind:
        """The forge the issue lives on."""
        return self.issue.ref.repo.forge
