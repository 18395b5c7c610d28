"""GitLab's JSON for issues and what belongs to them, as https://docs.gitlab.com/api/ has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from foreman.sandbox.state import Account, Change, Comment, Issue, Label, Reaction, Repo
from foreman.sandbox.world import World

Json = dict[str, Any]
EMOJI = {"+1": "thumbsup", "-1": "thumbsdown", "hooray": "tada", "laugh": "laughing"}
"""GitHub's words for reactions, where GitLab has others."""
_SYSTEM = {
    "renamed": "changed title from **{{-{before}-}}** to **{{+{subject}+}}**",
    "described": "changed the description",
    "assigned": "assigned to @{subject}",
    "unassigned": "unassigned @{subject}",
    "locked": "locked the discussion in this issue",
    "unlocked": "unlocked the discussion in this issue",
    "confidential": "made the issue confidential",
    "visible": "made the issue visible to everyone",
    "moved": "moved to {subject}",
    "transferred": "moved from {before}",
}
"""What a system note says. Labels and states have none; they are resource events."""


def stamp(at: datetime | None) -> str | None:
    """Write a time as GitLab does, to the millisecond; it keeps more than it shows."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def has_system_note(change: Change) -> bool:
    """Tell whether GitLab writes a note about such a change."""
    return change.kind in _SYSTEM


class Shapes:
    """Writes things for one request.

    Args:
        world: Where accounts are looked up.
        base: Scheme, host, port and API prefix of the request.
    """

    def __init__(self, world: World, base: str) -> None:
        self.world = world
        self.base = base
        self.site = base.removesuffix("/api/v4")

    def project_url(self, repo: Repo) -> str:
        """Return the API's address of a project."""
        return f"{self.base}/projects/{repo.id}"

    def issue_page(self, repo: Repo, issue: Issue) -> str:
        """Return the address of the page for people."""
        return f"{self.site}/{repo.path}/-/issues/{issue.number}"

    def user(self, login: str) -> Json:
        """Write a basic user; what a deleted one left is the ghost's."""
        account = self.world.accounts.get(login)
        return {
            "id": account.id if account else 1,
            "username": account.login if account else "ghost",
            "public_email": "",
            "name": account.login.title() if account else "Ghost User",
            "state": "active",
            "locked": False,
            "avatar_url": None,
            "web_url": f"{self.site}/{quote(account.login if account else 'ghost')}",
        }

    def profile(self, account: Account) -> Json:
        """Write a user alone."""
        texts = ("bio", "location", "linkedin", "twitter", "discord", "website_url", "github", "job_title")
        return {
            **self.user(account.login),
            "created_at": stamp(account.created_at),
            **dict.fromkeys(texts, ""),
            "organization": "",
            "pronouns": None,
            "bot": account.kind == "Bot",
            "work_information": None,
            "local_time": None,
            "followers": 0,
            "following": 0,
            "is_followed": False,
        }

    def label(self, label: Label) -> Json:
        """Write a label."""
        return {
            "id": label.id,
            "name": label.name,
            "description": label.description or None,
            "description_html": label.description,
            "text_color": "#1F1E24",
            "color": f"#{label.color}",
            "archived": False,
            "subscribed": False,
            "priority": None,
            "is_project_label": True,
        }

    def issue(self, repo: Repo, issue: Issue, *, whole: bool = False) -> Json:
        """Write an issue; whole, as it is answered for one alone."""
        url = f"{self.project_url(repo)}/issues/{issue.number}"
        assignees = [self.user(login) for login in issue.assignees]
        moved = issue.moved_to and self.world.repos[issue.moved_to[0]].issues.get(issue.moved_to[1])
        return {
            "id": issue.id,
            "iid": issue.number,
            "project_id": repo.id,
            "title": issue.title,
            "description": issue.body,
            "state": "opened" if issue.state == "open" else "closed",
            "created_at": stamp(issue.created_at),
            "updated_at": stamp(issue.updated_at),
            "closed_at": stamp(issue.closed_at),
            "closed_by": self.user(issue.closed_by) if issue.closed_by else None,
            "labels": sorted(issue.labels, key=str.lower),
            "milestone": {"title": issue.milestone} if issue.milestone else None,
            "assignees": assignees,
            "author": self.user(issue.author),
            "type": "ISSUE",
            "assignee": assignees[0] if assignees else None,
            "user_notes_count": len(issue.comments),
            "merge_requests_count": 0,
            **_votes(issue),
            "start_date": None,
            "due_date": None,
            "confidential": issue.confidential,
            "discussion_locked": True if issue.locked else None,
            "issue_type": "issue",
            "web_url": self.issue_page(repo, issue),
            "time_stats": {
                "time_estimate": 0,
                "total_time_spent": 0,
                "human_time_estimate": None,
                "human_total_time_spent": None,
            },
            "task_completion_status": {"count": 0, "completed_count": 0},
            "weight": None,
            "blocking_issues_count": 0,
            "has_tasks": False,
            "_links": {
                "self": url,
                "notes": f"{url}/notes",
                "award_emoji": f"{url}/award_emoji",
                "project": self.project_url(repo),
                "closed_as_duplicate_of": (
                    f"{self.project_url(repo)}/issues/{issue.duplicate_of}" if issue.duplicate_of else None
                ),
            },
            "references": {
                "short": f"#{issue.number}",
                "relative": f"#{issue.number}",
                "full": f"{repo.path}#{issue.number}",
            },
            "severity": "UNKNOWN",
            "moved_to_id": moved.id if moved else None,
            "imported": False,
            "imported_from": "none",
            "service_desk_reply_to": None,
            "health_status": None,
            **({"subscribed": True} if whole else {}),
        }

    def note(self, repo: Repo, issue: Issue, comment: Comment | Change) -> Json:
        """Write a note: what somebody said, or what the forge says of a change."""
        said = isinstance(comment, Comment)
        created = comment.created_at if isinstance(comment, Comment) else comment.at
        internal = isinstance(comment, Comment) and comment.internal
        if isinstance(comment, Comment):
            author, body, updated = comment.author, comment.body, comment.updated_at
        else:
            author, updated = comment.actor, comment.at
            body = _SYSTEM[comment.kind].format(subject=comment.subject, before=comment.before)
        return {
            "id": comment.id,
            "type": None,
            "body": body,
            "attachment": None,
            "author": self.user(author),
            "created_at": stamp(created),
            "updated_at": stamp(updated),
            "system": not said,
            "noteable_id": issue.id,
            "noteable_type": "Issue",
            "project_id": repo.id,
            "resolvable": False,
            "confidential": internal,
            "internal": internal,
            "imported": False,
            "imported_from": "none",
            "noteable_iid": issue.number,
            "commands_changes": {},
        }

    def award(self, reaction: Reaction, about: int, kind: str) -> Json:
        """Write a reaction to an issue or a note."""
        return {
            "id": reaction.id,
            "name": EMOJI.get(reaction.content, reaction.content),
            "user": self.user(reaction.login),
            "created_at": stamp(reaction.at),
            "updated_at": stamp(reaction.at),
            "awardable_id": about,
            "awardable_type": kind,
            "url": None,
        }

    def event(self, repo: Repo, issue: Issue, change: Change) -> Json:
        """Write a resource label event or a resource state event."""
        body: Json = {
            "id": change.id,
            "user": self.user(change.actor),
            "created_at": stamp(change.at),
            "resource_type": "Issue",
            "resource_id": issue.id,
        }
        if change.kind in ("closed", "reopened"):
            return {**body, "source_commit": None, "source_merge_request_id": None, "state": change.kind}
        label = self.world.label(repo, change.subject)
        return {
            **body,
            "label": self.label(label) if label else None,
            "action": "add" if change.kind == "labeled" else "remove",
        }


def _votes(issue: Issue) -> Json:
    given = [EMOJI.get(reaction.content, reaction.content) for reaction in issue.reactions]
    return {"upvotes": given.count("thumbsup"), "downvotes": given.count("thumbsdown")}
