"""All of the sandbox's state in one place: lookup, ids, earlier versions."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from foreman.sandbox.apps import Apps
from foreman.sandbox.state import Account, Issue, Label, NoSuchThing, Repo, whole

VERSIONS_KEPT = 64
"""Earlier versions kept per issue, for stale reads."""


@dataclass(slots=True, kw_only=True)
class World:
    """Everything.

    Attributes:
        kind: Whose dialect and customs: `github` or `gitlab`.
        accounts: By login.
        repos: By id.
        renames: Earlier path to repository id.
        groups: GitLab's members of groups: path to login to permission.
        next_id: The id the next thing gets.
        past: Issue id to (when it was replaced, what it was); not kept in the file.
        apps: GitHub Apps; not kept in the file.
    """

    kind: str = "github"
    accounts: dict[str, Account] = field(default_factory=dict)
    repos: dict[int, Repo] = field(default_factory=dict)
    renames: dict[str, int] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    next_id: int = 1_000_001
    past: dict[int, deque[tuple[datetime, Issue | None]]] = field(default_factory=dict)
    apps: Apps = field(default_factory=Apps)

    def time(self, at: datetime) -> datetime:
        """Return a time as this forge keeps it: GitHub cuts to whole seconds."""
        return whole(at) if self.kind == "github" else at.astimezone(UTC)

    def new_id(self) -> int:
        """Return an id nobody has."""
        self.next_id += 1
        return self.next_id - 1

    def account(self, login: str, *, at: datetime, kind: str = "User") -> Account:
        """Return the account of this login; an unknown one is made."""
        if login not in self.accounts:
            prefix = "ghs-" if self.kind == "github" else "glpat-"
            token = f"{prefix}{secrets.token_hex(18)}"
            account = Account(id=self.new_id(), login=login, kind=kind, token=token, created_at=self.time(at))
            self.accounts[login] = account
        return self.accounts[login]

    def holder(self, token: str) -> Account | None:
        """Return whose token this is; None for nobody's, or a revoked one."""
        found = (account for account in self.accounts.values() if account.token == token)
        return next((account for account in found if not account.revoked), None)

    def find(self, path: str) -> Repo | None:
        """Return the repository that has this path now."""
        return next((repo for repo in self.repos.values() if repo.path.lower() == path.lower()), None)

    def repo(self, path: str) -> Repo:
        """Return the repository of this path, or of this earlier path; `NoSuchThing` when there is none."""
        repo = self.find(path) or self.repos.get(self.renames.get(path.lower(), 0))
        if repo is None:
            raise NoSuchThing(f"the sandbox has no repository {path!r}")
        return repo

    def label(self, repo: Repo, name: str) -> Label | None:
        """Return a repository's label; GitLab alone tells `Bug` from `bug`."""
        return next((label for label in repo.labels if self.same(label.name, name)), None)

    def same(self, one: str, other: str) -> bool:
        """Tell whether two names are one label's."""
        return one == other or (self.kind == "github" and one.lower() == other.lower())

    def keep(self, repo: Repo, issue: Issue, *, at: datetime) -> Issue:
        """Put an issue's new version in its place, remembering the earlier one."""
        past = self.past.setdefault(issue.id, deque(maxlen=VERSIONS_KEPT))
        past.append((at, repo.issues.get(issue.number)))
        repo.issues[issue.number] = issue
        return issue

    def as_of(self, issue: Issue, at: datetime | None) -> Issue | None:
        """Return the issue as it was then; None when it was not there; with no time, as it is."""
        if at is None:
            return issue
        return next((version for replaced, version in self.past.get(issue.id, ()) if replaced > at), issue)
