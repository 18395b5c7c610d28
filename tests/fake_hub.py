"""A forge in memory and what people do there, under the names that the sandbox has for it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from foreman.forge.base import Change, ChangeKind, Permission
from foreman.model import Account, Comment, ForgeKind, Issue, IssueRef, Label, Reaction, ReactionKind, RepoRef, Role


class Ticking:
    """A clock that moves one second at each look, so that nothing happens twice in one second."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class FakeRepo:
    id: int
    path: str
    private: bool
    labels: dict[str, Label]
    archived: bool = False
    roles: dict[str, Role] = field(default_factory=dict)
    permissions: dict[str, Permission] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, list[Comment]] = field(default_factory=dict)
    history: dict[int, list[Change]] = field(default_factory=dict)
    reactions: dict[tuple[int, int | None], list[Reaction]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)


class FakeHub:
    """The forge itself; its methods are what people do, under the names that the sandbox has for them."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.clock = clock or Ticking()
        self.accounts: dict[str, Account] = {}
        self.repos: dict[str, FakeRepo] = {}
        self.renamed: set[str] = set()
        self.version = 0
        self.ids = itertools.count(1001)
        self.mutex = threading.RLock()

    def now(self) -> datetime:
        return self.clock().replace(microsecond=0)

    def add_account(self, login: str, is_bot: bool = False) -> int:
        if login not in self.accounts:
            self.accounts[login] = Account(login=login, id=next(self.ids), is_bot=is_bot)
        return self.accounts[login].id

    def account(self, login: str) -> Account:
        self.add_account(login)
        return self.accounts[login]

    def add_repo(self, path: str, labels: list[Any] | tuple[Any, ...] = (), private: bool = False) -> int:
        known = [Label(name=one) if isinstance(one, str) else Label(name=one[0], description=one[1]) for one in labels]
        repo = FakeRepo(id=next(self.ids), path=path, private=private, labels={label.name: label for label in known})
        owner = path.split("/")[0]
        repo.roles[owner], repo.permissions[owner] = Role.OWNER, Permission.ADMIN
        self.repos[path] = repo
        return repo.id

    def write_file(self, repo: str, path: str, content: str | bytes) -> None:
        self.repos[repo].files[path] = content.encode() if isinstance(content, str) else content

    def archive(self, path: str) -> None:
        self.repos[path].archived = True

    def add_collaborator(self, path: str, login: str, permission: str = "write") -> None:
        self.add_account(login)
        self.repos[path].permissions[login] = Permission(permission)
        self.repos[path].roles.setdefault(login, Role.COLLABORATOR)

    def set_association(self, path: str, login: str, association: str) -> None:
        self.repos[path].roles[login] = Role(association.lower()) if association != "FIRST_TIMER" else Role.NONE

    def role(self, repo: FakeRepo, who: Account) -> Role:
        return Role.BOT if who.is_bot else repo.roles.get(who.login, Role.NONE)

    def open_issue(
        self,
        path: str,
        *,
        title: str,
        body: str = "",
        author: str = "stranger",
        labels: tuple[str, ...] = (),
        at: datetime | None = None,
        pull_request: bool = False,
    ) -> int:
        with self.mutex:
            repo, who = self.repos[path], self.account(author)
            number = max([*repo.issues, *repo.deleted, 0]) + 1
            at = at or self.now()
            repo.issues[number] = Issue(
                ref=IssueRef(RepoRef(ForgeKind.GITHUB, path), number),
                id=next(self.ids),
                title=title,
                body=body,
                author=who,
                role=self.role(repo, who),
                state="open",
                labels=tuple(labels),
                created_at=at,
                updated_at=at,
                url=f"https://example.invalid/{path}/issues/{number}",
                is_pull_request=pull_request,
            )
            repo.comments[number], repo.history[number] = [], []
            self.version += 1
            return number

    def issue(self, path: str, number: int) -> Issue:
        return self.repos[path].issues[number]

    def comments(self, path: str, number: int) -> tuple[Comment, ...]:
        return tuple(self.repos[path].comments[number])

    def change(self, path: str, number: int, **values: Any) -> None:
        """Set fields of an issue and move `updated_at`."""
        with self.mutex:
            repo = self.repos[path]
            repo.issues[number] = replace(repo.issues[number], updated_at=self.now(), **values)
            self.version += 1

    def note(self, path: str, number: int, kind: ChangeKind, by: str, **values: Any) -> None:
        """Add an entry to the history."""
        change = Change(id=next(self.ids), kind=kind, actor=self.account(by), at=self.now(), **values)
        self.repos[path].history[number].append(change)

    def edit_issue(
        self, path: str, number: int, *, title: str | None = None, body: str | None = None, by: str = ""
    ) -> None:
        values = {name: text for name, text in (("title", title), ("body", body)) if text is not None}
        if title is not None:
            self.note(path, number, ChangeKind.RENAMED, by or self.issue(path, number).author.login)
        self.change(path, number, **values)

    def comment(self, path: str, number: int, *, author: str, body: str) -> int:
        with self.mutex:
            repo, who, at = self.repos[path], self.account(author), self.now()
            one = Comment(
                id=next(self.ids), author=who, role=self.role(repo, who), body=body, created_at=at, updated_at=at
            )
            repo.comments[number].append(one)
            self.change(path, number, comment_count=len(repo.comments[number]))
            return one.id

    def edit_comment(self, path: str, comment_id: int, *, body: str) -> None:
        number, index = self.find_comment(path, comment_id)
        rows = self.repos[path].comments[number]
        rows[index] = replace(rows[index], body=body, updated_at=self.now())
        self.change(path, number)

    def delete_comment(self, path: str, comment_id: int) -> None:
        number, index = self.find_comment(path, comment_id)
        del self.repos[path].comments[number][index]
        self.change(path, number, comment_count=len(self.repos[path].comments[number]))

    def find_comment(self, path: str, comment_id: int) -> tuple[int, int]:
        for number, rows in self.repos[path].comments.items():
            for index, row in enumerate(rows):
                if row.id == comment_id:
                    return number, index
        raise KeyError(comment_id)

    def add_label(self, path: str, number: int, label: str, by: str = "owner") -> None:
        labels = self.issue(path, number).labels
        if label in labels:
            return
        self.repos[path].labels.setdefault(label, Label(name=label))
        self.note(path, number, ChangeKind.LABELED, by, label=label)
        self.change(path, number, labels=(*labels, label))

    def remove_label(self, path: str, number: int, label: str, by: str = "owner") -> None:
        labels = self.issue(path, number).labels
        if label not in labels:
            return
        self.note(path, number, ChangeKind.UNLABELED, by, label=label)
        self.change(path, number, labels=tuple(one for one in labels if one != label))

    def close(self, path: str, number: int, by: str = "owner", reason: str = "completed") -> None:
        if self.issue(path, number).state == "open":
            self.note(path, number, ChangeKind.CLOSED, by)
            self.change(path, number, state="closed", state_reason=reason)

    def reopen(self, path: str, number: int, by: str = "owner") -> None:
        if self.issue(path, number).state == "closed":
            self.note(path, number, ChangeKind.REOPENED, by)
            self.change(path, number, state="open", state_reason="reopened")

    def assign(self, path: str, number: int, login: str, by: str = "owner") -> None:
        if login not in self.issue(path, number).assignees:
            self.note(path, number, ChangeKind.ASSIGNED, by, assignee=login)
            self.change(path, number, assignees=(*self.issue(path, number).assignees, login))

    def unassign(self, path: str, number: int, login: str, by: str = "owner") -> None:
        if login in self.issue(path, number).assignees:
            self.note(path, number, ChangeKind.UNASSIGNED, by, assignee=login)
            self.change(
                path, number, assignees=tuple(one for one in self.issue(path, number).assignees if one != login)
            )

    def lock(self, path: str, number: int, by: str = "owner") -> None:
        self.note(path, number, ChangeKind.LOCKED, by)
        self.change(path, number, locked=True)

    def unlock(self, path: str, number: int, by: str = "owner") -> None:
        self.note(path, number, ChangeKind.UNLOCKED, by)
        self.change(path, number, locked=False)

    def react(self, path: str, number: int, content: str, by: str = "owner", comment_id: int | None = None) -> int:
        with self.mutex:
            kind = {"+1": ReactionKind.THUMBS_UP, "-1": ReactionKind.THUMBS_DOWN}.get(content, ReactionKind.OTHER)
            one = Reaction(id=next(self.ids), author=self.account(by), kind=kind, at=self.now())
            self.repos[path].reactions.setdefault((number, comment_id), []).append(one)
            self.count_thumbs(path, number, comment_id)
            return one.id

    def unreact(self, path: str, number: int, content: str, by: str = "owner", comment_id: int | None = None) -> None:
        with self.mutex:
            kind = {"+1": ReactionKind.THUMBS_UP, "-1": ReactionKind.THUMBS_DOWN}.get(content, ReactionKind.OTHER)
            there = self.repos[path].reactions[number, comment_id]
            self.repos[path].reactions[number, comment_id] = [
                one for one in there if (one.author.login, one.kind) != (by, kind)
            ]
            self.count_thumbs(path, number, comment_id)

    def count_thumbs(self, path: str, number: int, comment_id: int | None) -> None:
        """Write down how many there are; nothing else of the issue changes, its time neither."""
        repo = self.repos[path]
        kinds = [one.kind for one in repo.reactions[number, comment_id]]
        thumbs = {kind.value: kinds.count(kind) for kind in (ReactionKind.THUMBS_UP, ReactionKind.THUMBS_DOWN)}
        if comment_id is None:
            repo.issues[number] = replace(repo.issues[number], **thumbs)
        else:
            index = self.find_comment(path, comment_id)[1]
            repo.comments[number][index] = replace(repo.comments[number][index], **thumbs)
        self.version += 1

    def delete_issue(self, path: str, number: int) -> None:
        self.repos[path].deleted.add(number)
        del self.repos[path].issues[number]
        self.version += 1

    def transfer(self, path: str, number: int, to_repo: str) -> None:
        self.repos[path].moved.add(number)
        del self.repos[path].issues[number]
        self.version += 1

    def rename_repo(self, old: str, new: str) -> None:
        self.repos[new] = self.repos.pop(old)
        self.repos[new].path = new
        self.renamed.add(old)
