"""What holds for one repository and one agent once every level of the configuration is taken together. Pure.

The most specific setting wins: action type, agent, repository, global. Here are the resulting values; `config.models`
says how they are written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Any

from foreman.model import EventKind, ForgeKind, Mode, RepoRef
from foreman.values import dataclass

STALE_DAYS = 60
"""Days the reporter owes an answer until an issue is stale, where the agent's config does not say."""


DOCS = ("README.md", "FAQ.md", "SUPPORT.md", "CONTRIBUTING.md", "docs/*.md")
"""Files that are read as a repository's documentation, where nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be done on one repository for one agent.

    Attributes:
        mode: For every action type not in `modes`.
        modes: Per action type (`close`), stricter or freer than `mode`.
        allow_close: Closing may happen at all.
        allow_reopen: Reopening may happen at all.
        act_on_maintainers: Issues by owners, members and collaborators are not skipped.
        act_on_confidential: Confidential issues are not skipped.
        skip_bots: Issues and events of bots are ignored.
        max_comments_per_issue_per_day: Comments of ours in 24 hours on one issue.
        max_runs_per_issue_per_day: Agent runs in 24 hours on one issue.
        max_runs_per_person_per_day: Agent runs in 24 hours for one author and repository.
        max_actions: Actions in one decision.
        max_labels: Labels added in one decision.
        max_actions_per_hour: Writes in an hour on one repository.
        max_comment_chars: Length of one comment, characters.
        labels_add: Labels that may be added, exact names.
        labels_remove: Labels that may be removed, exact names; those Foreman set may always be.
        assignees: Logins that may be assigned.
        links: URL prefixes that may be linked to, besides the repository's own.
        exempt_labels: Issues with one of these are never stale and never closed.
        stale_label: What the agent calls stale issues by; empty for nothing.
        stale_days: Days the reporter owes an answer until an issue is stale.
        needs_info_label: Label that asks the reporter, beside the usual ones; empty for none.
        close_after_days: Days from the reminder on a stale issue until it may be closed.
        duplicate_grace_hours: Hours from the announcement until an issue is closed as a duplicate.
        min_confidence: Decisions below are held; 0 for no bound.
        commands: Comments of people with write access may order something.
        dashboard: Path of the repository with the approvals issue, on the same forge; empty for none.
    """

    mode: Mode = Mode.AUTO
    modes: Mapping[str, Mode] = field(default_factory=dict)
    allow_close: bool = False
    allow_reopen: bool = False
    act_on_maintainers: bool = False
    act_on_confidential: bool = False
    skip_bots: bool = True
    max_comments_per_issue_per_day: int = 1
    max_runs_per_issue_per_day: int = 10
    max_runs_per_person_per_day: int = 50
    max_actions: int = 5
    max_labels: int = 3
    max_actions_per_hour: int = 60
    max_comment_chars: int = 10_000
    labels_add: tuple[str, ...] = ()
    labels_remove: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    exempt_labels: tuple[str, ...] = ("pinned", "security", "help wanted")
    stale_label: str = ""
    stale_days: int = STALE_DAYS
    needs_info_label: str = ""
    close_after_days: int = 14
    duplicate_grace_hours: int = 72
    min_confidence: float = 0.0
    commands: bool = True
    dashboard: str = ""

    def mode_of(self, action_type: str) -> Mode:
        """Return the mode for one action type."""
        return self.modes.get(action_type, self.mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    """One agent at work on one repository.

    Attributes:
        agent: Agent type: `issue-triage`.
        events: Which events it gets.
        config: Free form, handed to the agent as it is.
        policy: What it may do here.
    """

    agent: str
    events: frozenset[EventKind]
    config: Mapping[str, Any]
    policy: Policy

    @property
    def task_type(self) -> str:
        """What its tasks are called: type `issue-triage` gets `issue.triage`."""
        return self.agent.replace("-", ".", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoPlan:
    """One repository with everything that holds for it.

    Attributes:
        repo: Which one.
        enabled: False: neither polled nor acted on.
        interval_seconds: Between two polls.
        max_interval_seconds: The same where nothing has happened for a week.
        first_run: None: only what is opened after the first poll; else how many of the newest open issues come first.
        agents: In the order of the file.
        mirror_issues: Of how many issues, the newest, the text is kept; 0 for none.
        docs: Which files of the repository are its documentation: paths with wildcards in the last part.
    """

    repo: RepoRef
    enabled: bool
    interval_seconds: float
    first_run: int | None
    agents: tuple[AgentPlan, ...]
    max_interval_seconds: float = 300.0
    mirror_issues: int = 5_000
    docs: tuple[str, ...] = DOCS

    def agent(self, agent_type: str) -> AgentPlan | None:
        """Return the plan of one agent type, None when it does not work here."""
        return next((plan for plan in self.agents if plan.agent == agent_type), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoPattern:
    """Repositories by where they are: `my-org/*`, `group/**`.

    Attributes:
        forge: Where they live.
        owner: User, organization or group.
        nested: Those of its subgroups too.
        include: Only those one of these takes; empty for all.
        exclude: None that one of these takes.
    """

    forge: ForgeKind
    owner: str
    nested: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, repo: RepoRef) -> bool:
        """Tell by its name alone whether a repository is one of these, in capitals or not."""
        head, below = f"{self.owner}/".casefold(), repo.path.casefold()
        if repo.forge is not self.forge or not below.startswith(head):
            return False
        below = below.removeprefix(head)
        if "/" in below and not self.nested:
            return False
        return (not self.include or _any(self.include, below)) and not _any(self.exclude, below)

    @property
    def key(self) -> str:
        """What is looked up for it: `owner/*` or `gitlab:group/**`; patterns that differ in their globs share it."""
        path = f"{self.owner}/{'**' if self.nested else '*'}"
        return path if self.forge is ForgeKind.GITHUB else f"{self.forge}:{path}"

    def __str__(self) -> str:
        """Name it for people: `owner/* (web-*, not *-archive)`."""
        narrowed = ", ".join([*self.include, *(f"not {glob}" for glob in self.exclude)])
        return f"{self.key} ({narrowed})" if narrowed else self.key


def _any(globs: tuple[str, ...], below: str) -> bool:
    """Tell whether a glob takes a name; one with a slash is for all that is below the owner."""
    name = below.rpartition("/")[2]
    return any(fnmatchcase(below if "/" in glob else name, glob.casefold()) for glob in globs)
