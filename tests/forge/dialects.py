"""What the tests of the line between us and a forge need to know of each forge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from foreman.errors import ForgeMoved, ForgeRejected, ForgeUnavailable
from foreman.forge.github import GitHubForge
from foreman.forge.gitlab import GitLabForge
from foreman.model import IssueRef, RepoRef
from tests.forge import gitlab_replies, replies
from tests.forge.scripted import Answer

Forge = GitHubForge | GitLabForge
Reach = Callable[..., Forge]
"""Makes an adapter of an address and options."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One forge.

    Attributes:
        make: Makes an adapter of an address and options.
        ref: An issue.
        issue: Its JSON.
        comment: JSON of comment 55 on it.
        label: JSON of a label.
        comments: Address of the comments.
        limits: What the names of the rate limit headers begin with.
        too_fast: An answer that says so without a date.
        account: JSON of the account, a bot.
        unchanged_is_free: A 304 is not counted.
        dated: Makes JSON of an issue by its number and its last change.
        since: Name of the parameter that leaves out older ones.
        form: How times are written, cut to whole seconds.
        odd_days: Answers that only one of them has, and what they mean.
    """

    make: Callable[..., Forge]
    ref: IssueRef
    issue: Callable[..., dict[str, Any]]
    comment: Callable[..., dict[str, Any]]
    label: Callable[[str], dict[str, Any]]
    comments: str
    limits: str
    too_fast: Answer
    account: dict[str, Any]
    unchanged_is_free: bool
    dated: Callable[[int, str], dict[str, Any]]
    since: str
    form: str
    odd_days: dict[str, tuple[Answer, type[Exception]]] = field(default_factory=dict)

    @property
    def repo(self) -> RepoRef:
        return self.ref.repo


GITHUB = Dialect(
    make=lambda url, **options: GitHubForge(api_url=url, **options),
    ref=replies.REF,
    issue=replies.issue,
    comment=replies.comment,
    label=replies.label,
    comments="/repos/acme/widget/issues/12/comments",
    limits="X-RateLimit-",
    too_fast=Answer(403, {"message": "You have exceeded a secondary rate limit."}),
    account={"login": "bot", "id": 3, "type": "Bot"},
    unchanged_is_free=True,
    dated=lambda number, at: replies.issue(number=number, id=number, updated_at=at),
    since="since",
    form="%Y-%m-%dT%H:%M:%SZ",
    odd_days={
        "a limit that is no number": (
            Answer(201, {}, (("X-RateLimit-Limit", "x"), ("X-RateLimit-Remaining", "y"))),
            ForgeUnavailable,
        ),
    },
)
GITLAB = Dialect(
    make=lambda url, **options: GitLabForge(url=url, **options),
    ref=gitlab_replies.REF,
    issue=gitlab_replies.issue,
    comment=gitlab_replies.note,
    label=gitlab_replies.label,
    comments="/api/v4/projects/acme%2Ftools%2Fwidget/issues/12/notes",
    limits="RateLimit-",
    too_fast=Answer(429, b"Retry later\n", (("Content-Type", "text/plain"),)),
    account={"username": "project_5_bot_0123abcd", "id": 3, "bot": True},
    # GitLab's limits count every request, whatever the answer.
    unchanged_is_free=False,
    dated=lambda number, at: gitlab_replies.issue(iid=number, id=number, updated_at=at),
    since="updated_after",
    form="%Y-%m-%dT%H:%M:%S.000Z",
    odd_days={
        "renamed": (Answer(405, {"message": "Non GET methods are not allowed for moved projects"}), ForgeMoved),
        "taken for spam": (Answer(400, {"message": {"error": "Spam detected"}}), ForgeRejected),
        "resource lock": (Answer(409, {"message": "409 Conflict: Resource lock"}), ForgeUnavailable),
    },
)
