"""A forge in memory: the meaning of the ports without a network. It passes the same contract tests as the adapters.

`FakeHub` is the forge and what people do there; `FakeForge` is one account's view of it and can fail on demand.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from foreman.errors import ForgeError, ForgeGone, ForgeLocked, ForgeMoved, ForgeNotFound, ForgeRejected
from foreman.forge.base import (
    LONGEST_FILE,
    Change,
    ForgeReader,
    ForgeWriter,
    Labelling,
    ListedFile,
    Permission,
    Probe,
    Quota,
    RepoFile,
    RepoInfo,
    Sign,
)
from foreman.forge.files import plain, text_of
from foreman.forge.grants import Grants, TokenKind
from foreman.forge.reading import labellings_in
from foreman.model import Account, Comment, ForgeKind, Issue, IssueRef, Label, Reaction, ReactionKind, RepoRef
from tests.fake_hub import FakeHub, FakeRepo, Ticking

__all__ = ["Call", "FakeForge", "FakeHub", "Ticking"]

PROBE_ROWS = 30
WRITES = frozenset(name for name in vars(ForgeWriter) if not name.startswith("_")) - {"turn"}
READS = frozenset(name for name in vars(ForgeReader) if not name.startswith("_")) - {"kind", "quota", "skew"}


@dataclass(frozen=True)
class Call:
    """One call of a port's method, kept in order."""

    method: str
    arguments: tuple[Any, ...]


class FakeForge:
    """`ForgeReader` and `ForgeWriter` over a hub, for one account. `fail` makes the next calls of a method raise."""

    def __init__(self, hub: FakeHub | None = None, login: str = "foreman-bot") -> None:
        self.hub = hub or FakeHub()
        self.login = login
        self.hub.add_account(login)
        self.calls: list[Call] = []
        self.quota: Quota | None = None
        self.skew = timedelta(0)
        self._failures: dict[str, list[tuple[ForgeError, bool]]] = {}

    def fail(self, method: str, error: ForgeError, *, times: int = 1, after: bool = False) -> None:
        """Make the next calls raise; with `after` the write happens all the same and its reply is lost."""
        if method not in WRITES | READS:
            raise ValueError(f"no such method: {method}")
        self._failures.setdefault(method, []).extend([(error, after)] * times)

    def writes(self) -> tuple[Call, ...]:
        return tuple(call for call in self.calls if call.method in WRITES)

    @property
    def kind(self) -> ForgeKind:
        return ForgeKind.GITHUB

    def whoami(self) -> Account:
        return self._do("whoami", (), lambda: self.hub.accounts[self.login])

    def grants(self) -> Grants:
        return self._do("grants", (), lambda: Grants(kind=TokenKind.CLASSIC, scopes=("repo",)))

    def repository(self, repo: RepoRef) -> RepoInfo:
        def look() -> RepoInfo:
            return self._info(self._repo(repo))

        return self._do("repository", (repo,), look)

    def _info(self, found: FakeRepo) -> RepoInfo:
        may_write = found.permissions.get(self.login, Permission.NONE) not in (Permission.NONE, Permission.READ)
        return RepoInfo(
            id=found.id,
            path=found.path,
            private=found.private,
            archived=found.archived,
            has_issues=True,
            may_write=may_write,
        )

    def owned(self, owner: str, *, nested: bool) -> tuple[RepoInfo, ...]:
        def look() -> tuple[RepoInfo, ...]:
            if owner not in {path.split("/")[0] for path in self.hub.repos} | set(self.hub.accounts):
                raise ForgeNotFound("Not Found", status=404)
            return tuple(
                self._info(found)
                for found in sorted(self.hub.repos.values(), key=lambda one: one.id)
                if (found.path.startswith(f"{owner}/") if nested else found.path.rpartition("/")[0] == owner)
                and (not found.private or self.login in found.permissions)
            )

        return self._do("owned", (owner, nested), look)

    def probe(self, repo: RepoRef, *, etag: str) -> Probe:
        def look() -> Probe:
            rows = sorted(self._repo(repo).issues.values(), key=lambda issue: issue.updated_at, reverse=True)
            tag = f'W/"{self.hub.version}"'
            if etag == tag:
                return Probe(changed=False, etag=tag, issues=(), complete=False)
            return Probe(changed=True, etag=tag, issues=tuple(rows[:PROBE_ROWS]), complete=len(rows) < PROBE_ROWS)

        return self._do("probe", (repo, etag), look)

    def changed_since(self, repo: RepoRef, *, since: datetime) -> Iterator[Issue]:
        def look() -> list[Issue]:
            rows = [issue for issue in self._repo(repo).issues.values() if issue.updated_at >= since]
            return sorted(rows, key=lambda issue: issue.updated_at)

        yield from self._do("changed_since", (repo, since), look)

    def newest_open(self, repo: RepoRef, *, limit: int) -> tuple[Issue, ...]:
        def look() -> tuple[Issue, ...]:
            rows = [one for one in self._repo(repo).issues.values() if one.state == "open" and not one.is_pull_request]
            return tuple(sorted(rows, key=lambda one: (one.created_at, one.ref.number), reverse=True)[:limit])

        return self._do("newest_open", (repo, limit), look)

    def issue(self, ref: IssueRef) -> Issue:
        return self._do("issue", (ref,), lambda: self._issue(ref))

    def comments(self, ref: IssueRef, *, since: datetime | None = None) -> tuple[Comment, ...]:
        def look() -> tuple[Comment, ...]:
            self._issue(ref)
            rows = self.hub.comments(ref.repo.path, ref.number)
            return tuple(row for row in rows if since is None or row.updated_at >= since)

        return self._do("comments", (ref, since), look)

    def history(self, ref: IssueRef) -> tuple[Change, ...]:
        def look() -> tuple[Change, ...]:
            self._issue(ref)
            return tuple(self._repo(ref.repo).history[ref.number])

        return self._do("history", (ref,), look)

    def labellings(self, repo: RepoRef, *, page: int) -> tuple[tuple[Labelling, ...], bool]:
        def look() -> tuple[tuple[Labelling, ...], bool]:
            found = [
                one
                for number, history in self._repo(repo).history.items()
                for one in labellings_in(number, history)
                if page == 1
            ]
            return tuple(sorted(found, key=lambda one: one.at, reverse=True)), False

        return self._do("labellings", (repo, page), look)

    def labellings_of(self, ref: IssueRef) -> tuple[Labelling, ...]:
        return self._do(
            "labellings_of", (ref,), lambda: labellings_in(ref.number, self._repo(ref.repo).history[ref.number])
        )

    def reactions(self, ref: IssueRef, comment_id: int | None = None) -> tuple[Reaction, ...]:
        def look() -> tuple[Reaction, ...]:
            self._issue(ref)
            if comment_id is not None:
                self._find_comment(ref.repo.path, comment_id)
            return tuple(self._repo(ref.repo).reactions.get((ref.number, comment_id), ()))

        return self._do("reactions", (ref, comment_id), look)

    def labels(self, repo: RepoRef) -> tuple[Label, ...]:
        return self._do("labels", (repo,), lambda: tuple(self._repo(repo).labels.values()))

    def permission(self, repo: RepoRef, account: Account) -> Permission:
        def look() -> Permission:
            known = self.hub.accounts.get(account.login)
            if known is None or known.id != account.id:
                return Permission.NONE
            found = self._repo(repo)
            return found.permissions.get(account.login, Permission.NONE if found.private else Permission.READ)

        return self._do("permission", (repo, account), look)

    def file(self, repo: RepoRef, path: str, *, most: int = LONGEST_FILE) -> RepoFile | None:
        def look() -> RepoFile | None:
            data = self._repo(repo).files.get(plain(path, repo, operation="read file"))
            text = None if data is None else text_of(base64.b64encode(data).decode(), most=most)
            if data is None or text is None:
                return None
            url = f"https://forge.example/{repo.path}/blob/main/{quote(path)}"
            return RepoFile(path=path, text=text, sha=hashlib.sha1(data).hexdigest(), url=url)

        return self._do("file", (repo, path), look)

    def files(self, repo: RepoRef, folder: str) -> tuple[ListedFile, ...]:
        def look() -> tuple[ListedFile, ...]:
            inside = f"{folder}/" if plain(folder, repo, operation="list files") else ""
            return tuple(
                ListedFile(path=path, sha=hashlib.sha1(data).hexdigest(), size=len(data))
                for path, data in sorted(self._repo(repo).files.items())
                if path.startswith(inside) and "/" not in path.removeprefix(inside)
            )

        return self._do("files", (repo, folder), look)

    def turn(self, repo: RepoRef) -> AbstractContextManager[None]:
        del repo
        return nullcontext()

    def add_label(self, ref: IssueRef, label: str) -> None:
        self._write("add_label", ref, (label,), lambda path: self.hub.add_label(path, ref.number, label, self.login))

    def remove_label(self, ref: IssueRef, label: str) -> None:
        self._write(
            "remove_label", ref, (label,), lambda path: self.hub.remove_label(path, ref.number, label, self.login)
        )

    def post_comment(self, ref: IssueRef, body: str) -> int:
        def act(path: str) -> int:
            if self._issue(ref).locked:
                raise ForgeLocked("Unable to create comment because issue is locked", repo=path)
            if len(body) > 65536:
                raise ForgeRejected("body is too long", repo=path)
            return self.hub.comment(path, ref.number, author=self.login, body=body)

        return self._write("post_comment", ref, (body,), act)

    def edit_comment(self, ref: IssueRef, comment_id: int, body: str) -> None:
        def act(path: str) -> None:
            self._find_comment(path, comment_id)
            self.hub.edit_comment(path, comment_id, body=body)

        self._write("edit_comment", ref, (comment_id, body), act)

    def delete_comment(self, ref: IssueRef, comment_id: int) -> None:
        def act(path: str) -> None:
            try:
                self._find_comment(path, comment_id)
            except ForgeNotFound:
                return
            self.hub.delete_comment(path, comment_id)

        self._write("delete_comment", ref, (comment_id,), act)

    def react(self, ref: IssueRef, comment_id: int, sign: Sign) -> None:
        word, kind = {
            Sign.SEEN: ("eyes", ReactionKind.OTHER),
            Sign.DONE: ("+1", ReactionKind.THUMBS_UP),
            Sign.REFUSED: ("-1", ReactionKind.THUMBS_DOWN),
        }[sign]

        def act(path: str) -> None:
            self._find_comment(path, comment_id)
            there = self._repo(ref.repo).reactions.get((ref.number, comment_id), [])
            if not any((one.author.login, one.kind) == (self.login, kind) for one in there):
                self.hub.react(path, ref.number, word, by=self.login, comment_id=comment_id)

        self._write("react", ref, (comment_id, sign), act)

    def edit_issue_body(self, ref: IssueRef, body: str) -> None:
        self._write("edit_issue_body", ref, (body,), lambda path: self.hub.edit_issue(path, ref.number, body=body))

    def open_issue(self, repo: RepoRef, title: str, body: str) -> IssueRef:
        def act() -> IssueRef:
            path = self._repo(repo).path
            return IssueRef(repo, self.hub.open_issue(path, title=title, body=body, author=self.login))

        return self._do("open_issue", (repo, title, body), act)

    def close(self, ref: IssueRef, reason: str) -> None:
        self._write("close", ref, (reason,), lambda path: self.hub.close(path, ref.number, self.login, reason))

    def reopen(self, ref: IssueRef) -> None:
        self._write("reopen", ref, (), lambda path: self.hub.reopen(path, ref.number, self.login))

    def assign(self, ref: IssueRef, user: str) -> None:
        def act(path: str) -> None:
            if not self._repo(ref.repo).permissions.get(user, Permission.NONE).may_write:
                raise ForgeRejected(f"{user!r} cannot be assigned", repo=path)
            self.hub.assign(path, ref.number, user, self.login)

        self._write("assign", ref, (user,), act)

    def unassign(self, ref: IssueRef, user: str) -> None:
        self._write("unassign", ref, (user,), lambda path: self.hub.unassign(path, ref.number, user, self.login))

    def _write(self, method: str, ref: IssueRef, arguments: tuple[Any, ...], act: Callable[[str], Any]) -> Any:
        def checked() -> Any:
            self._issue(ref)
            return act(ref.repo.path)

        return self._do(method, (ref, *arguments), checked)

    def _do(self, method: str, arguments: tuple[Any, ...], act: Callable[[], Any]) -> Any:
        with self.hub.mutex:
            self.calls.append(Call(method, arguments))
            waiting = self._failures.get(method)
            if not waiting:
                return act()
            error, after = waiting.pop(0)
            if after:
                act()
            raise error

    def _repo(self, repo: RepoRef) -> FakeRepo:
        if repo.path in self.hub.renamed:
            raise ForgeMoved("moved", repo=repo.key, status=301)
        if repo.path not in self.hub.repos:
            raise ForgeNotFound("Not Found", repo=repo.key, status=404)
        return self.hub.repos[repo.path]

    def _issue(self, ref: IssueRef) -> Issue:
        repo = self._repo(ref.repo)
        if ref.number in repo.deleted:
            raise ForgeGone("This issue was deleted", repo=ref.repo.key, status=410)
        if ref.number in repo.moved:
            raise ForgeMoved("moved", repo=ref.repo.key, status=301)
        if ref.number not in repo.issues:
            raise ForgeNotFound("Not Found", repo=ref.repo.key, status=404)
        return repo.issues[ref.number]

    def _find_comment(self, path: str, comment_id: int) -> None:
        try:
            self.hub.find_comment(path, comment_id)
        except KeyError as error:
            raise ForgeNotFound("Not Found", repo=path, status=404) from error
