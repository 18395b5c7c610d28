"""Accounts and repositories, changed from this process: no request, no ledger entry."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from foreman.sandbox import operations
from foreman.sandbox.state import PERMISSIONS, ROLES, Repo
from foreman.sandbox.world import World


class People:
    """Who and what there is on the sandbox.

    Args:
        world: The state.
        lock: Held around every change.
        clock: Time of day, aware UTC.
    """

    def __init__(self, world: World, lock: threading.RLock, clock: Callable[[], datetime]) -> None:
        self._world = world
        self._lock = lock
        self._clock = clock

    def changed(self) -> None:
        """Hear that the state changed; the forge keeps it then."""

    @property
    def kind(self) -> str:
        """`github` or `gitlab`."""
        return self._world.kind

    def now(self) -> datetime:
        """Return the forge's time, aware UTC."""
        return self._clock()

    def has_repo(self, path: str) -> bool:
        """Tell whether there is a repository of this path."""
        with self._lock:
            return self._world.find(path) is not None

    def add_account(self, login: str, is_bot: bool = False) -> int:
        """Make an account, unless it exists, and return its id."""
        with self._lock:
            account = self._world.account(login, at=self._clock(), kind="Bot" if is_bot else "User")
            self.changed()
            return account.id

    def token(self, login: str) -> str:
        """Return the token of an account; an unknown one is made."""
        self.add_account(login)
        return self._world.accounts[login].token

    def limit_token(self, login: str, *scopes: str) -> None:
        """Let a GitLab token do no more than this: `api`, `read_api`."""
        self.add_account(login)
        with self._lock:
            self._world.accounts[login] = replace(self._world.accounts[login], scopes=scopes)
            self.changed()

    def access_token(self, path: str, permission: str = "write") -> tuple[str, str]:
        """Make a token of a project or a group, as GitLab has them.

        https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects

        Args:
            path: Of the project or the group.
            permission: What it may do there.

        Returns:
            Login of the bot that comes with it, and the token.
        """
        with self._lock:
            repo = self._world.find(path)
            kind, number = ("project", repo.id) if repo else ("group", self._world.accounts[path].id)
            login = f"{kind}_{number}_bot_{secrets.token_hex(16)}"
        self.add_account(login, is_bot=True)
        if repo:
            self.add_collaborator(path, login, permission)
        else:
            self.add_group_member(path, login, permission)
        return login, self.token(login)

    def revoke(self, login: str) -> None:
        """Refuse an account's token from now on."""
        self.add_account(login)
        with self._lock:
            self._world.accounts[login] = replace(self._world.accounts[login], revoked=True)
            self.changed()

    def remove_account(self, login: str) -> None:
        """Delete an account; what it wrote stays, by nobody."""
        with self._lock:
            self._world.accounts.pop(login, None)
            for repo in self._world.repos.values():
                repo.collaborators.pop(login, None)
            self.changed()

    def add_repo(
        self,
        path: str,
        labels: Iterable[str | tuple[str, str]] = (),
        private: bool = False,
        has_issues: bool = True,
    ) -> int:
        """Make a repository, its owner too, and return its id. Labels are names or (name, description)."""
        with self._lock:
            now = self._clock()
            self._make_owners(path, now)
            if self._world.find(path):
                raise ValueError(f"there is a repository {path!r} already")
            repo = Repo(
                id=self._world.new_id(),
                path=path,
                created_at=self._world.time(now),
                private=private,
                has_issues=has_issues,
            )
            self._world.repos[repo.id] = repo
            for group, members in self._world.groups.items():
                if path.lower().startswith(f"{group.lower()}/"):
                    repo.collaborators.update(members)
            self._world.renames.pop(path.lower(), None)
            for label in labels:
                operations.create_label(self._world, repo, *([label] if isinstance(label, str) else label))
            self.changed()
            return repo.id

    def write_file(self, repo: str, path: str, content: str | bytes) -> None:
        """Put a file on a repository's default branch, over the one that is there."""
        data = content.encode() if isinstance(content, str) else content
        with self._lock:
            self._world.repo(repo).files[path] = base64.b64encode(data).decode()
            self.changed()

    def remove_file(self, repo: str, path: str) -> None:
        """Delete a file; nothing happens when it is not there."""
        with self._lock:
            self._world.repo(repo).files.pop(path, None)
            self.changed()

    def create_label(self, repo: str, name: str, description: str = "") -> None:
        """Make a label on a repository."""
        with self._lock:
            operations.create_label(self._world, self._world.repo(repo), name, description)
            self.changed()

    def add_collaborator(self, repo: str, login: str, permission: str = "write") -> None:
        """Let somebody do something on a repository: `read`, `triage`, `write`, `maintain` or `admin`.

        GitLab's words do as well: `guest`, `planner`, `reporter`, `developer`, `maintainer`, `owner`.
        """
        if permission not in (*PERMISSIONS, *ROLES):
            raise ValueError(f"permission is one of {', '.join((*PERMISSIONS, *ROLES))}, not {permission!r}")
        with self._lock:
            self._world.account(login, at=self._clock())
            self._world.repo(repo).collaborators[login] = permission
            self.changed()

    def add_group_member(self, group: str, login: str, permission: str = "write") -> None:
        """Let somebody do something on every project under a group of GitLab, on those to come as well."""
        with self._lock:
            self._world.groups.setdefault(group, {})[login] = permission
            for path in [repo.path for repo in self._world.repos.values()]:
                if path.lower().startswith(f"{group.lower()}/"):
                    self.add_collaborator(path, login, permission)
            self._world.account(login, at=self._clock())
            self.changed()

    def set_association(self, repo: str, login: str, association: str) -> None:
        """Say what an author is to a repository, in GitHub's words: `MEMBER`, `CONTRIBUTOR`, `NONE` and so on."""
        with self._lock:
            self._world.account(login, at=self._clock())
            self._world.repo(repo).associations[login] = association
            self.changed()

    def archive(self, repo: str) -> None:
        """Make a repository read-only."""
        with self._lock:
            self._world.repo(repo).archived = True
            self.changed()

    def disable(self, repo: str) -> None:
        """Lock a repository, as a forge's staff do."""
        with self._lock:
            self._world.repo(repo).disabled = True
            self.changed()

    def remove_repo(self, repo: str) -> None:
        """Delete a repository and everything in it."""
        with self._lock:
            gone = self._world.repo(repo)
            del self._world.repos[gone.id]
            self._world.renames = {path: number for path, number in self._world.renames.items() if number != gone.id}
            self.changed()

    def rename_repo(self, old: str, new: str) -> None:
        """Give a repository a new path; the old one redirects."""
        with self._lock:
            if self._world.find(new):
                raise ValueError(f"there is a repository {new!r} already")
            self._make_owners(new, self._clock())
            operations.rename(self._world, self._world.repo(old), new)
            self.changed()

    def _make_owners(self, path: str, at: datetime) -> None:
        """Make the owner of a path that is to be a repository's, on GitLab every group above it."""
        owners, _, name = path.rpartition("/")
        parts = owners.split("/")
        if not (name and all(parts)) or (len(parts) > 1 and self._world.kind == "github"):
            raise ValueError(f"not the path of a repository, owner/name: {path!r}")
        for depth in range(len(parts)):
            self._world.account("/".join(parts[: depth + 1]), at=at, kind="Organization")
