"""Reading GitLab: each method asks, reads the reply whole, and checks that it is about what was asked.

Merge requests have numbers of their own on GitLab and are no issues: nothing here lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from foreman.errors import ForgeAuthError, ForgeMoved, ForgeNotFound, ForgeRejected
from foreman.forge import gitlab_files, gitlab_history, gitlab_owned
from foreman.forge import gitlab_map as words
from foreman.forge import gitlab_rows as shapes
from foreman.forge.asking import Reply
from foreman.forge.base import LONGEST_FILE, Change, Labelling, ListedFile, Permission, Probe, RepoFile, RepoInfo
from foreman.forge.gitlab_client import GitLabClient
from foreman.forge.gitlab_people import People
from foreman.forge.grants import Grants, TokenKind
from foreman.forge.reading import OnLine, by_change, elsewhere, labellings_in, shaped
from foreman.forge.trouble import readable
from foreman.model import Account, Comment, ForgeKind, Issue, IssueRef, Label, Reaction, RepoRef

PROBE_ROWS = 30
PAGE_ROWS = 100
MOST_PAGES = 200
"""Of one list; GitLab takes no more than 5,000 notes on an issue."""

_Query = Mapping[str, str | int]
_PROBE: _Query = {"order_by": "updated_at", "sort": "desc", "per_page": PROBE_ROWS}
"""Never anything that changes: only a constant address gets a 304."""

_T = TypeVar("_T")


class GitLabReader(OnLine):
    """Implements `ForgeReader`; its docstrings say what each method means."""

    def __init__(self, client: GitLabClient) -> None:
        """Read through this client."""
        super().__init__(client)
        self._client = client
        self._people = People(client)

    @property
    def kind(self) -> ForgeKind:
        """GitLab."""
        return ForgeKind.GITLAB

    def whoami(self) -> Account:
        """Return the token's owner: of a project's or group's token, its bot user."""
        reply = self._client.get("read account", "", "/user")
        return words.account_of(shaped(shapes.UserRow, reply, "read account", ""))

    def grants(self) -> Grants:
        """Return what the token may do: its scopes, from what GitLab says of the token itself since 15.5."""
        kind = words.token_kind(self.whoami())
        try:
            reply = self._client.get("read token", "", "/personal_access_tokens/self")
        except (ForgeNotFound, ForgeAuthError) as error:
            if error.status == 401:
                raise
            # An OAuth token is none of these.
            return Grants(kind=TokenKind.UNKNOWN if kind is TokenKind.PERSONAL else kind)
        row = shaped(shapes.TokenRow, reply, "read token", "")
        with readable("read token", ""):
            return Grants(kind=kind, scopes=tuple(sorted(row.scopes)), expires_at=words.end_of(row.expires_at))

    def repository(self, repo: RepoRef) -> RepoInfo:
        """Return the repository's facts.

        The project does not tell a role that came with a group it was shared with; then the list of members does.
        """
        reply = self._client.get("read repository", repo.key, words.project(repo))
        row = shaped(shapes.ProjectRow, reply, "read repository", repo.key)
        if not self._client.signed_in:
            return words.repository_of(row, 0)
        return words.repository_of(row, words.own_level(row) or self._level(repo, self.whoami().id))

    def owned(self, owner: str, *, nested: bool) -> tuple[RepoInfo, ...]:
        """Return the projects of a group or user, with `nested` those of subgroups too."""
        return gitlab_owned.owned(self._client, owner, nested=nested)

    def probe(self, repo: RepoRef, *, etag: str) -> Probe:
        """Ask whether anything changed. A 304 spares the work and the bytes, but counts like any request."""
        reply = self._client.get("probe", repo.key, f"{words.project(repo)}/issues", query=_PROBE, etag=etag)
        if reply.is_known(etag):
            return Probe(changed=False, etag=etag, issues=(), complete=False)
        issues = self._issues(reply, "probe", repo)
        return Probe(changed=True, etag=reply.tag, issues=issues, complete=not reply.has_next)

    def changed_since(self, repo: RepoRef, *, since: datetime) -> Iterator[Issue]:
        """Yield what was updated at or after `since`, oldest change first, nothing unchanged twice.

        GitLab's own keyset pages for issues came with 18.3; going by time does the same on every version.
        """

        def page(after: datetime, number: int) -> tuple[tuple[Issue, ...], bool]:
            order: _Query = {"order_by": "updated_at", "sort": "asc", "updated_after": words.stamp(after)}
            query = {**order, "per_page": PAGE_ROWS, "page": number}
            reply = self._client.get("list issues", repo.key, f"{words.project(repo)}/issues", query=query)
            return self._issues(reply, "list issues", repo), reply.has_next

        return by_change(words.cut(since), page)

    def newest_open(self, repo: RepoRef, *, limit: int) -> tuple[Issue, ...]:
        """Return the newest open issues, newest first."""
        found: dict[int, Issue] = {}
        query = {"state": "opened", "order_by": "created_at", "sort": "desc"}
        for reply in self._pages("list issues", repo, f"{words.project(repo)}/issues", query):
            for issue in self._issues(reply, "list issues", repo):
                found.setdefault(issue.ref.number, issue)
            if len(found) >= limit:
                break
        return tuple(found.values())[: max(limit, 0)]

    def issue(self, ref: IssueRef) -> Issue:
        """Return one issue; one that was moved to another project stays behind closed and says where it went."""
        reply = self._client.get("read issue", ref.repo.key, _path(ref))
        row = shaped(shapes.IssueRow, reply, "read issue", ref.repo.key)
        if row.iid != ref.number or not words.is_about(row, ref.repo):
            raise elsewhere("read issue", ref.repo)
        if row.moved_to_id is not None:
            raise ForgeMoved(
                "it was moved to another project", repo=ref.repo.key, operation="read issue", status=reply.status
            )
        return words.issue_of(row, ref.repo, self._people.roles(ref.repo, [words.account_of(row.author)]))

    def comments(self, ref: IssueRef, *, since: datetime | None = None) -> tuple[Comment, ...]:
        """Return what people said, oldest first; GitLab's own sentences about the issue are no comments."""
        order = "created_at" if since is None else "updated_at"
        query = {"activity_filter": "only_comments", "order_by": order, "sort": "asc" if since is None else "desc"}
        found: dict[int, shapes.NoteRow] = {}
        for rows in self._lists(shapes.NoteRow, "list comments", ref, "/notes", query):
            if any(row.noteable_iid != ref.number for row in rows):
                raise elsewhere("list comments", ref.repo)
            found.update((row.id, row) for row in rows if not row.system)
            if since is not None and any(row.updated_at < words.cut(since) for row in rows):
                break
        said = [row for row in found.values() if since is None or row.updated_at >= words.cut(since)]
        roles = self._people.roles(ref.repo, [words.account_of(row.author) for row in said])
        said.sort(key=lambda row: (row.created_at, row.id))
        return tuple(words.comment_of(row, roles) for row in said)

    def history(self, ref: IssueRef) -> tuple[Change, ...]:
        """Return what happened to the issue, oldest first: at least three requests."""
        found: dict[int, Change] = {}
        operation, seen = "read history", found.setdefault
        for labels in self._lists(shapes.LabelEventRow, operation, ref, "/resource_label_events", {}):
            for change in gitlab_history.of_labels(labels):
                seen(change.id, change)
        for states in self._lists(shapes.StateEventRow, operation, ref, "/resource_state_events", {}):
            for change in gitlab_history.of_states(states):
                seen(change.id, change)
        query = {"activity_filter": "only_activity", "order_by": "created_at", "sort": "asc"}
        for notes in self._lists(shapes.NoteRow, operation, ref, "/notes", query):
            for change in gitlab_history.of_notes(notes):
                seen(change.id, change)
        return tuple(sorted(found.values(), key=lambda change: (change.at, change.id)))

    def labellings(self, repo: RepoRef, *, page: int) -> None:
        """GitLab tells only of one issue at a time."""
        del repo, page

    def labellings_of(self, ref: IssueRef) -> tuple[Labelling, ...]:
        """Return every time a label was put on an issue."""
        found: list[Change] = []
        for labels in self._lists(shapes.LabelEventRow, "read labellings", ref, "/resource_label_events", {}):
            found += gitlab_history.of_labels(labels)
        return labellings_in(ref.number, found)

    def reactions(self, ref: IssueRef, comment_id: int | None = None) -> tuple[Reaction, ...]:
        """Return the reactions, oldest first."""
        whose = "" if comment_id is None else f"/notes/{comment_id}"
        found: dict[int, Reaction] = {}
        for rows in self._lists(shapes.AwardRow, "list reactions", ref, f"{whose}/award_emoji", {}):
            found.update((row.id, words.reaction_of(row)) for row in rows)
        return tuple(sorted(found.values(), key=lambda reaction: (reaction.at, reaction.id)))

    def labels(self, repo: RepoRef) -> tuple[Label, ...]:
        """Return every label of the project, those of its groups too."""
        found: dict[str, shapes.LabelRow] = {}
        for reply in self._pages("list labels", repo, f"{words.project(repo)}/labels", {}):
            rows = shaped(tuple[shapes.LabelRow, ...], reply, "list labels", repo.key)
            found.update((row.name, row) for row in rows)
        return words.labels_of(tuple(found.values()))

    def permission(self, repo: RepoRef, account: Account) -> Permission:
        """Return what the account may do, asked for by its id; a stranger may do nothing, on a public project too."""
        return words.permission_of(self._level(repo, account.id)) if account.id else Permission.NONE

    def file(self, repo: RepoRef, path: str, *, most: int = LONGEST_FILE) -> RepoFile | None:
        """Return a text file of the default branch."""
        return gitlab_files.file(self._client, repo, path, most=most)

    def files(self, repo: RepoRef, folder: str) -> tuple[ListedFile, ...]:
        """Return the files right in a folder of the default branch."""
        return gitlab_files.files(self._client, repo, folder)

    def _level(self, repo: RepoRef, user: int) -> int:
        try:
            reply = self._client.get("read permission", repo.key, f"{words.project(repo)}/members/all/{user}")
        except ForgeNotFound:
            return 0
        row = shaped(shapes.MemberRow, reply, "read permission", repo.key)
        return words.level_of(row) if row.id == user else 0

    def _issues(self, reply: Reply, operation: str, repo: RepoRef) -> tuple[Issue, ...]:
        found = shaped(tuple[shapes.IssueRow, ...], reply, operation, repo.key)
        if not all(words.is_about(row, repo) for row in found):
            raise elsewhere(operation, repo)
        roles = self._people.roles(repo, [words.account_of(row.author) for row in found])
        return tuple(words.issue_of(row, repo, roles) for row in found)

    def _lists(
        self, shape: type[_T], operation: str, ref: IssueRef, tail: str, query: _Query
    ) -> Iterator[tuple[_T, ...]]:
        """Yield the pages of a list of an issue's."""
        for reply in self._pages(operation, ref.repo, f"{_path(ref)}{tail}", query):
            yield shaped(tuple[shape, ...], reply, operation, ref.repo.key)  # type: ignore[valid-type]

    def _pages(self, operation: str, repo: RepoRef, path: str, query: _Query) -> Iterator[Reply]:
        # A page may be empty though others follow: what the account may not see is taken out of it last.
        for page in range(1, MOST_PAGES + 1):
            reply = self._client.get(operation, repo.key, path, query={**query, "per_page": PAGE_ROWS, "page": page})
            yield reply
            if not reply.has_next:
                return
        raise ForgeRejected(f"the list has more than {MOST_PAGES} pages", repo=repo.key, operation=operation)


def _path(ref: IssueRef) -> str:
    return f"{words.project(ref.repo)}/issues/{ref.number}"
