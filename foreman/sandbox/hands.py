"""What people do with issues on the sandbox's web pages, for tests and samples: no request, no ledger entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from foreman.sandbox import operations, reacting
from foreman.sandbox.app_people import AppPeople
from foreman.sandbox.state import Issue, NoSuchThing, Repo


class Hands(AppPeople):
    """Everything that changes issues without HTTP.

    `by` is the repository's owner when not given, `at` the forge's time. What is not there raises `NoSuchThing`.
    """

    def issue(self, repo: str, number: int) -> Issue:
        """Return an issue as it is now."""
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
        confidential: bool = False,
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
                confidential=confidential,
            )
            self.changed()
            return issue.number

    def comment(
        self,
        repo: str,
        number: int,
        *,
        author: str,
        body: str,
        at: datetime | None = None,
        internal: bool = False,
    ) -> int:
        """Comment and return the comment's id."""
        with self._lock:
            place, issue = self._find(repo, number)
            at = at or self._clock()
            _, new = operations.comment(self._world, place, issue, author=author, body=body, at=at, internal=internal)
            self.changed()
            return new.id

    def edit_comment(self, repo: str, comment_id: int, *, body: str, at: datetime | None = None) -> None:
        """Replace a comment's text."""
        with self._lock:
            place, issue = self._find_comment(repo, comment_id)
            operations.edit_comment(self._world, place, issue, comment_id, body=body, at=at or self._clock())
            self.changed()

    def delete_comment(self, repo: str, comment_id: int) -> None:
        """Delete a comment."""
        with self._lock:
            place, issue = self._find_comment(repo, comment_id)
            operations.delete_comment(self._world, place, issue, comment_id, at=self._clock())
            self.changed()

    def edit_issue(
        self,
        repo: str,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        by: str = "",
        at: datetime | None = None,
    ) -> None:
        """Change an issue's title or body."""
        self._do(repo, number, by, at, operations.edit, title=title, body=body)

    def add_label(self, repo: str, number: int, label: str, by: str = "", at: datetime | None = None) -> None:
        """Put a label on; an unknown one is made."""
        self._do(repo, number, by, at, operations.add_labels, [label])

    def remove_label(self, repo: str, number: int, label: str, by: str = "", at: datetime | None = None) -> None:
        """Take a label off."""
        self._do(repo, number, by, at, operations.remove_label, label)

    def assign(self, repo: str, number: int, login: str, by: str = "", at: datetime | None = None) -> None:
        """Assign somebody."""
        self._do(repo, number, by, at, operations.assign, login)

    def unassign(self, repo: str, number: int, login: str, by: str = "", at: datetime | None = None) -> None:
        """Take an assignment back."""
        self._do(repo, number, by, at, operations.unassign, login)

    def plan(self, repo: str, number: int, milestone: str, by: str = "", at: datetime | None = None) -> None:
        """Plan an issue for a milestone; an empty title for none."""
        self._do(repo, number, by, at, operations.plan, milestone)

    def close_issue(
        self,
        repo: str,
        number: int,
        by: str = "",
        reason: str = "completed",
        at: datetime | None = None,
        duplicate_of: int | None = None,
    ) -> None:
        """Close an issue; of which one it is a duplicate, GitLab alone keeps."""
        self._do(repo, number, by, at, operations.close, reason=reason, duplicate_of=duplicate_of)

    def reopen(self, repo: str, number: int, by: str = "", at: datetime | None = None) -> None:
        """Open an issue again."""
        self._do(repo, number, by, at, operations.reopen)

    def lock(self, repo: str, number: int, by: str = "", at: datetime | None = None) -> None:
        """Lock the conversation."""
        self._do(repo, number, by, at, operations.set_locked, True)

    def unlock(self, repo: str, number: int, by: str = "", at: datetime | None = None) -> None:
        """Unlock the conversation."""
        self._do(repo, number, by, at, operations.set_locked, False)

    def make_confidential(self, repo: str, number: int, by: str = "", at: datetime | None = None) -> None:
        """Show an issue to few."""
        self._do(repo, number, by, at, operations.set_confidential, True)

    def make_visible(self, repo: str, number: int, by: str = "", at: datetime | None = None) -> None:
        """Show a confidential issue to everybody again."""
        self._do(repo, number, by, at, operations.set_confidential, False)

    def delete_issue(self, repo: str, number: int) -> None:
        """Delete an issue; GitHub answers 410 from now on, GitLab 404."""
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

    def react(
        self,
        repo: str,
        number: int,
        content: str,
        by: str = "",
        comment_id: int | None = None,
        at: datetime | None = None,
    ) -> int:
        """React to an issue, or to a comment on it, with `+1`, `-1`, …; return the reaction's id."""
        with self._lock:
            place, when = self._world.repo(repo), at or self._clock()
            new = reacting.react(
                self._world, place, number, content, by=by or place.owner, comment_id=comment_id, at=when
            )
            self.changed()
            return new.id

    def unreact(self, repo: str, number: int, content: str, by: str = "", comment_id: int | None = None) -> None:
        """Take a reaction back."""
        with self._lock:
            place, now = self._world.repo(repo), self._clock()
            reacting.unreact(self._world, place, number, content, by=by or place.owner, comment_id=comment_id, at=now)
            self.changed()

    def _find(self, repo: str, number: int) -> tuple[Repo, Issue]:
        place = self._world.repo(repo)
        return place, operations.find_issue(place, number)

    def _find_comment(self, repo: str, comment_id: int) -> tuple[Repo, Issue]:
        place = self._world.repo(repo)
        found = operations.find_comment(place, comment_id)
        if found is None:
            raise NoSuchThing(f"the sandbox has no comment {comment_id} on {repo}")
        return place, found[0]

    def _do(
        self,
        repo: str,
        number: int,
        by: str,
        at: datetime | None,
        change: Callable[..., Issue],
        *what: Any,
        **how: Any,
    ) -> None:
        with self._lock:
            place, issue = self._find(repo, number)
            change(self._world, place, issue, *what, by=by or place.owner, at=at or self._clock(), **how)
            self.changed()
