"""One request to the GitLab front, resolved as far as the project, and the ways it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foreman.sandbox.gitlab_shapes import Shapes
from foreman.sandbox.handling import Asked, Reply
from foreman.sandbox.state import Issue, Repo

LEVELS = {
    "none": 0,
    "read": 10,
    "guest": 10,
    "planner": 15,
    "triage": 20,
    "reporter": 20,
    "write": 30,
    "developer": 30,
    "maintain": 40,
    "maintainer": 40,
    "admin": 50,
    "owner": 50,
}
"""Access levels, as https://docs.gitlab.com/api/access_requests/ numbers the roles."""
PLANNER, MAINTAINER, OWNER = LEVELS["planner"], LEVELS["maintainer"], LEVELS["owner"]


def level(repo: Repo, login: str | None) -> int:
    """Return somebody's access level; 0 for whoever is no member, even where everybody may read."""
    if login is not None and login.lower() == repo.owner.lower():
        return OWNER
    return LEVELS[repo.collaborators.get(login or "", "none")]


def sees(repo: Repo, issue: Issue, login: str | None) -> bool:
    """Tell whether somebody who sees the project sees this issue.

    https://docs.gitlab.com/user/project/issues/confidential_issues/ says who sees a confidential one. A merge request
    is no issue, and has other addresses.
    """
    if issue.deleted or issue.is_pull_request:
        return False
    if not repo.has_issues:
        return False
    return not issue.confidential or level(repo, login) >= PLANNER or login in (issue.author, *issue.assignees)


class Refused(Exception):
    """The request is answered with an error, `reply`.

    Args:
        status: HTTP status.
        message: Text, or what is wrong with each field.
        error: Say it under `error`, as GitLab does for parameters and routes, not under `message`.
        **more: Beside that.
    """

    def __init__(self, status: int, message: Any, *, error: bool = False, **more: str) -> None:
        super().__init__(str(message))
        self.reply = Reply(status=status, body={"error" if error else "message": message, **more})


def unreadable(name: str, *, why: str = "is invalid") -> Refused:
    """Return the 400 for one parameter."""
    return Refused(400, f"{name} {why}", error=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Asked):
    """A request with what it is about.

    Attributes:
        shapes: Writes JSON with the right addresses.
    """

    shapes: Shapes

    def refusal(self, status: int) -> Refused:
        """Return the refusal of nobody, or of what is not there."""
        return Refused(status, "401 Unauthorized" if status == 401 else "404 Project Not Found")

    @property
    def level(self) -> int:
        """The asker's access level."""
        return level(self.repo, self.login)

    def demand(self, allowed: bool) -> None:
        """Refuse with 403 what is not allowed, and every change of an archived project."""
        if not allowed or self.repo.archived:
            raise Refused(403, "403 Forbidden")

    def demand_login(self) -> None:
        """Refuse nobody with 401."""
        if not self.actor:
            raise Refused(401, "401 Unauthorized")

    def number(self, place: int, name: str) -> int:
        """Return a number of the path."""
        text = self.args[place]
        if not text.isdecimal():
            raise unreadable(name)
        return int(text)

    def issue(self, missing: str = "404 Not found") -> Issue:
        """Return the issue whose number comes first in the path; refuse with 404 what the asker cannot see."""
        issue = self.repo.issues.get(self.number(0, "issue_iid"))
        issue = issue and self.world.as_of(issue, self.request.as_of)
        if issue is None or not sees(self.repo, issue, self.login):
            raise Refused(404, missing)
        return issue

    def params(self) -> dict[str, Any]:
        """Return the parameters, from the body or the address; refuse with 400 what is no object."""
        if self.request.bad_body:
            raise Refused(400, "400 Bad request - The request body is not valid JSON")
        if self.request.body is not None and not isinstance(self.request.body, dict):
            raise Refused(400, "The message body does not match the declared format", error=True)
        return {**self.request.query, **(self.request.body or {})}

    def flag(self, name: str) -> bool | None:
        """Read a parameter that is true or false; None when it is not there."""
        value = self.params().get(name)
        if value is None or value == "":
            return None
        known = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}
        if str(value).lower() not in known:
            raise unreadable(name)
        return known[str(value).lower()]

    def text(self, name: str) -> str | None:
        """Read a parameter that is text; None when it is not there."""
        value = self.params().get(name)
        if value is None or isinstance(value, str):
            return value
        raise unreadable(name)

    def choice(self, name: str, *choices: str) -> str:
        """Read a parameter that is one of these words, the first one when it is not there."""
        value = self.params().get(name) or choices[0]
        if value not in choices:
            raise unreadable(name, why="does not have a valid value")
        return str(value)

    def time(self, name: str) -> datetime | None:
        """Read a parameter that is a time."""
        text = self.text(name)
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise unreadable(name) from None
        return at if at.tzinfo else at.replace(tzinfo=self.now.tzinfo)
