"""GitHub's JSON for issues and what belongs to them, as its OpenAPI description has it."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from foreman.sandbox.reacting import CONTENTS
from foreman.sandbox.state import Change, Comment, Issue, Label, Reaction, Repo
from foreman.sandbox.world import World

Json = dict[str, Any]


def stamp(at: datetime | None) -> str | None:
    """Write a time as GitHub does."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, number: int) -> str:
    """Return an opaque id as GraphQL would know it."""
    return f"{kind}_{base64.urlsafe_b64encode(number.to_bytes(9, 'big')).decode()}"


class Shapes:
    """Writes things for one request.

    Args:
        world: Where accounts are looked up.
        base: Scheme, host, port and API prefix of the request.
    """

    def __init__(self, world: World, base: str) -> None:
        self._world = world
        self.base = base
        self.site = base.removesuffix("/api/v3")

    def repo_url(self, repo: Repo) -> str:
        """Return the API's address of a repository."""
        return f"{self.base}/repos/{repo.path}"

    def issue_url(self, repo: Repo, issue: Issue) -> str:
        """Return the API's address of an issue."""
        return f"{self.repo_url(repo)}/issues/{issue.number}"

    def issue_page(self, repo: Repo, issue: Issue) -> str:
        """Return the address of the page for people."""
        return f"{self.site}/{repo.path}/{'pull' if issue.is_pull_request else 'issues'}/{issue.number}"

    def user(self, login: str) -> Json | None:
        """Write a `simple-user`; None for one that is unknown."""
        account = self._world.accounts.get(login)
        if account is None:
            return None
        url = f"{self.base}/users/{quote(account.login)}"
        return {
            "login": account.login,
            "id": account.id,
            "node_id": node_id("U", account.id),
            "avatar_url": f"{self.site}/avatars/u/{account.id}?v=4",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.site}/{quote(account.login)}",
            "followers_url": f"{url}/followers",
            "following_url": f"{url}/following{{/other_user}}",
            "gists_url": f"{url}/gists{{/gist_id}}",
            "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
            "subscriptions_url": f"{url}/subscriptions",
            "organizations_url": f"{url}/orgs",
            "repos_url": f"{url}/repos",
            "events_url": f"{url}/events{{/privacy}}",
            "received_events_url": f"{url}/received_events",
            "type": account.kind,
            "user_view_type": "public",
            "site_admin": False,
        }

    def label(self, repo: Repo, label: Label) -> Json:
        """Write a `label`."""
        return {
            "id": label.id,
            "node_id": node_id("LA", label.id),
            "url": f"{self.repo_url(repo)}/labels/{quote(label.name, safe='')}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description or None,
        }

    def labels(self, repo: Repo, issue: Issue) -> list[Json]:
        """Write the labels of an issue."""
        found = (repo.label(name) for name in issue.labels)
        return [self.label(repo, label) for label in found if label is not None]

    def milestone(self, repo: Repo, title: str) -> Json:
        """Write a `milestone`; here it is no more than its title, and its number follows from that."""
        planned = [issue for issue in repo.issues.values() if issue.milestone == title]
        number = zlib.crc32(title.encode("utf-8", "replace"))
        url = f"{self.repo_url(repo)}/milestones/{number}"
        return {
            "url": url,
            "html_url": f"{self.site}/{repo.path}/milestone/{number}",
            "labels_url": f"{url}/labels",
            "id": number,
            "node_id": node_id("MI", number),
            "number": number,
            "title": title,
            "description": None,
            "creator": self.user(repo.owner),
            "open_issues": sum(issue.state == "open" for issue in planned),
            "closed_issues": sum(issue.state == "closed" for issue in planned),
            "state": "open",
            "created_at": stamp(repo.created_at),
            "updated_at": stamp(repo.created_at),
            "due_on": None,
            "closed_at": None,
        }

    def reactions(self, url: str, reactions: Sequence[Reaction]) -> Json:
        """Write a `reaction-rollup`."""
        counted = Counter(reaction.content for reaction in reactions)
        return {"url": f"{url}/reactions", "total_count": len(reactions), **{kind: counted[kind] for kind in CONTENTS}}

    def issue(self, repo: Repo, issue: Issue, *, whole: bool = False) -> Json:
        """Write an `issue`; whole, as it is answered for one alone."""
        url = self.issue_url(repo, issue)
        page = self.issue_page(repo, issue)
        assignees = [user for user in map(self.user, issue.assignees) if user is not None]
        body: Json = {
            "url": url,
            "repository_url": self.repo_url(repo),
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": page,
            "id": issue.id,
            "node_id": node_id("I", issue.id),
            "number": issue.number,
            "title": issue.title,
            "user": self.user(issue.author),
            "labels": self.labels(repo, issue),
            "state": issue.state,
            "locked": issue.locked,
            "assignee": assignees[0] if assignees else None,
            "assignees": assignees,
            "milestone": self.milestone(repo, issue.milestone) if issue.milestone else None,
            "comments": len(issue.comments),
            "created_at": stamp(issue.created_at),
            "updated_at": stamp(issue.updated_at),
            "closed_at": stamp(issue.closed_at),
            "author_association": repo.association(issue.author),
            "active_lock_reason": None,
            "body": issue.body,
            "reactions": self.reactions(url, issue.reactions),
            "timeline_url": f"{url}/timeline",
            "performed_via_github_app": None,
            "state_reason": issue.state_reason or None,
        }
        if whole:
            body["closed_by"] = self.user(issue.closed_by) if issue.closed_by else None
        if issue.is_pull_request:
            body["draft"] = False
            body["pull_request"] = {
                "url": f"{self.repo_url(repo)}/pulls/{issue.number}",
                "html_url": page,
                "diff_url": f"{page}.diff",
                "patch_url": f"{page}.patch",
                "merged_at": None,
            }
        return body

    def comment(self, repo: Repo, issue: Issue, comment: Comment) -> Json:
        """Write an `issue-comment`."""
        url = f"{self.repo_url(repo)}/issues/comments/{comment.id}"
        return {
            "url": url,
            "html_url": f"{self.issue_page(repo, issue)}#issuecomment-{comment.id}",
            "issue_url": self.issue_url(repo, issue),
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "user": self.user(comment.author),
            "created_at": stamp(comment.created_at),
            "updated_at": stamp(comment.updated_at),
            "body": comment.body,
            "author_association": repo.association(comment.author),
            "reactions": self.reactions(url, comment.reactions),
            "performed_via_github_app": None,
        }

    def change(self, repo: Repo, change: Change) -> Json:
        """Write an `issue-event-for-issue`."""
        body: Json = {
            "id": change.id,
            "node_id": node_id("EV", change.id),
            "url": f"{self.repo_url(repo)}/issues/events/{change.id}",
            "actor": self.user(change.actor),
            "event": change.kind,
            "commit_id": None,
            "commit_url": None,
            "created_at": stamp(change.at),
            "performed_via_github_app": None,
        }
        match change.kind:
            case "labeled" | "unlabeled":
                label = repo.label(change.subject)
                body["label"] = {"name": change.subject, "color": label.color if label else "ededed"}
            case "assigned" | "unassigned":
                body["assignee"] = self.user(change.subject)
                body["assigner"] = self.user(change.actor)
            case "renamed":
                body["rename"] = {"from": change.before, "to": change.subject}
            case "locked":
                body["lock_reason"] = None
            case "closed":
                body["state_reason"] = change.subject or None
        return body
