"""What people do on the sandbox's web pages, for tests and samples: no request, no ledger entry."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from foreman.sandbox import operations
from foreman.sandbox.state import PERMISSIONS, Issue, NoSuchThing, Repo, World, whole


class People:
    """Everything that changes the sandbox without HTTP. `by` is the repository's owner when not given.

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

    def revoke(self, login: str) -> None:
        """Refuse an account's token from now on."""
        self.add_account(login)
        with self._lock:
            self._world.accounts[login] = replace(self._world.accounts[login], revoked=True)
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
            owner, slash, name = path.partition("/")
            if not (owner and slash and name) or "/" in name or self._world.find(path):
                raise ValueError(f"not the path of a new repository, owner/name: {path!r}")
            self._world.account(owner, at=now, kind="Organization")
            repo = Repo(
                id=self._world.new_id(), path=path, created_at=whole(now), private=private, has_issues=has_issues
            )
            self._world.repos[repo.id] = repo
            self._world.renames.pop(path.lower(), None)
            for label in labels:
                operations.create_label(self._world, repo, *([label] if isinstance(label, str) else label))
            self.changed()
            return repo.id

    def create_label(self, repo: str, name: str, description: str = "") -> None:
        """Make a label on a repository."""
        with self._lock:
            operations.create_label(self._world, self._world.repo(repo), name, description)
            self.changed()

    def add_collaborator(self, repo: str, login: str, permission: str = "write") -> None:
        """Let somebody do something on a repository: `read`, `triage`, `write`, `maintain` or `admin`."""
        if permission not in PERMISSIONS:
            raise ValueError(f"permission is one of {', '.join(PERMISSIONS)}, not {permission!r}")
        with self._lock:
            self._world.account(login, at=self._clock())
            self._world.repo(repo).collaborators[login] = permission
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

    def rename_repo(self, old: str, new: str) -> None:
        """Give a repository a new path; the old one redirects."""
        with self._lock:
            if self._world.find(new):
                raise ValueError(f"there is a repository {new!r} already")
            self._world.account(new.partition("/")[0], at=self._clock(), kind="Organization")
            operations.rename(self._world, self._world.repo(old), new)
            self.changed()

    def issue(self, repo: str, number: int) -> Issue:
        """Return an issue as it is now.

        Raises:
            NoSuchThing: There is none.
        """
        with self._lock:
            return operations.find_issue(self._world.repo(repo), number)

    def issues(self, repo: str) -> tuple[Issue, ...]:
        """Return every issue that is there, by number."""
        with self._lock:
            return tuple(issue for issue in self._world.repo(repo).issues.values() if not issue.gone)

    def open_issue(
        self,
        repo: str,
        *,
        title: str,
        body: str | None = "",
        author: str = "someone",
        labels: Iterable[str] = (),
        at: datetime | None = None,
        pull_request: bool = False,
    ) -> int:
        """Open an issue and return its number."""
        with self._lock:
            issue = operations.open_issue(
                self._world,
                self._world.repo(repo),
                title=title,
                body=body,
                author=author,
                labels=labels,
                at=at or self._clock(),
                pull_request=pull_request,
            )
            self.changed()
            return issue.number

    def comment(self, repo: str, number: int, *, author: str, body: str, at: datetime | None = None) -> int:
        """Comment and return the comment's id."""
        with self._lock:
            place, issue = self._find(repo, number)
            _, new = operations.comment(self._world, place, issue, author=author, body=body, at=at or self._clock())
            self.changed()
            return new.id

    def edit_comment(self, repo: str, comment_id: int, *, body: str, at: datetime | None = None) -> None:
        """Replace a comment's text.

        Raises:
            NoSuchThing: There is no such comment.
        """
        with self._lock:
            place, issue = self._find_comment(repo, comment_id)
            operations.edit_comment(self._world, place, issue, comment_id, body=body, at=at or self._clock())
            self.changed()

    def delete_comment(self, repo: str, comment_id: int) -> None:
        """Delete a comment.

        Raises:
            NoSuchThing: There is no such comment.
        """
        with self._lock:
            place, issue = self._find_comment(repo, comment_id)
            operations.delete_comment(self._world, place, issue, comment_id, at=self._clock())
            self.changed()

    def edit_issue(
        self, repo: str, number: int, *, title: str | None = None, body: str | None = None, by: str = ""
    ) -> None:
        """Change an issue's title or body."""
        self._do(repo, number, by, lambda *a, **k: operations.edit(*a, title=title, body=body, **k))

    def add_label(self, repo: str, number: int, label: str, by: str = "") -> None:
        """Put a label on; an unknown one is made."""
        self._do(
            repo, number, by, lambda world, place, issue, **k: operations.add_labels(world, place, issue, [label], **k)
        )

    def remove_label(self, repo: str, number: int, label: str, by: str = "") -> None:
        """Take a label off."""
        self._do(
            repo, number, by, lambda world, place, issue, **k: operations.remove_label(world, place, issue, label, **k)
        )

    def assign(self, repo: str, number: int, login: str, by: str = "") -> None:
        """Assign somebody."""
        self._do(repo, number, by, lambda world, place, issue, **k: operations.assign(world, place, issue, login, **k))

    def close_issue(self, repo: str, number: int, by: str = "", reason: str = "completed") -> None:
        """Close an issue."""
        self._do(repo, number, by, lambda *a, **k: operations.close(*a, reason=reason, **k))

    def reopen(self, repo: str, number: int, by: str = "") -> None:
        """Open an issue again."""
        self._do(repo, number, by, operations.reopen)

    def lock(self, repo: str, number: int, by: str = "") -> None:
        """Lock the conversation."""
        self._do(
            repo, number, by, lambda world, place, issue, **k: operations.set_locked(world, place, issue, True, **k)
        )

    def unlock(self, repo: str, number: int, by: str = "") -> None:
        """Unlock the conversation."""
        self._do(
            repo, number, by, lambda world, place, issue, **k: operations.set_locked(world, place, issue, False, **k)
        )

    def delete_issue(self, repo: str, number: int) -> None:
        """Delete an issue; the forge answers 410 from now on."""
        with self._lock:
            operations.delete(self._world, *self._find(repo, number), at=self._clock())
            self.changed()

    def transfer(self, repo: str, number: int, to_repo: str, by: str = "") -> int:
        """Move an issue to another repository and return its number there."""
        with self._lock:
            place, issue = self._find(repo, number)
            target = self._world.repo(to_repo)
            moved = operations.transfer(self._world, place, issue, target, by=by or place.owner, at=self._clock())
            self.changed()
            return moved.number

    def _find(self, repo: str, number: int) -> tuple[Repo, Issue]:
        place = self._world.repo(repo)
        return place, operations.find_issue(place, number)

    def _find_comment(self, repo: str, comment_id: int) -> tuple[Repo, Issue]:
        place = self._world.repo(repo)
        found = operations.find_comment(place, comment_id)
        if found is None:
            raise NoSuchThing(f"the sandbox has no comment {comment_id} on {repo}")
        return place, found[0]

    def _do(self, repo: str, number: int, by: str, change: Callable[..., Issue]) -> None:
        with self._lock:
            place, issue = self._find(repo, number)
            change(self._world, place, issue, by=by or place.owner, at=self._clock())
            self.changed()
