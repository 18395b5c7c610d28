"""One request to the GitHub front, resolved as far as the repository, and the ways it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foreman.sandbox.apps import AppToken
from foreman.sandbox.github_shapes import Shapes
from foreman.sandbox.handling import Asked, Reply
from foreman.sandbox.state import Issue, Repo

DOCS = "https://docs.github.com/rest"


class Refused(Exception):
    """The request is answered with an error, `reply`."""

    def __init__(self, status: int, message: str, *, errors: Sequence[Any] = (), location: str = "") -> None:
        super().__init__(message)
        body: dict[str, Any] = {"message": message, "documentation_url": DOCS, "status": str(status)}
        if errors:
            body["errors"] = list(errors)
        if location:
            body = {"message": message, "url": location, "documentation_url": DOCS}
        self.reply = Reply(status=status, body=body, headers=(("Location", location),) if location else ())


def visible(repo: Repo, login: str | None, grant: AppToken | None) -> bool:
    """Tell whether somebody, or an app with this token, can see a repository."""
    if grant is not None:
        return not repo.private or grant.reaches(repo)
    return repo.may(login, "read")


def invalid(resource: str, field: str, *, code: str = "invalid", message: str = "", value: Any = None) -> Refused:
    """Return the 422 for one field."""
    error: dict[str, Any] = {"resource": resource, "code": code, "field": field}
    if message:
        error["message"] = message
    if value is not None:
        error["value"] = value
    return Refused(422, "Validation Failed", errors=[error])


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Asked):
    """A request with what it is about.

    Attributes:
        shapes: Writes JSON with the right addresses.
        grant: What the token is good for, when an app asks; what it may do on this path was looked at already.
    """

    shapes: Shapes
    grant: AppToken | None = None

    def refusal(self, status: int) -> Refused:
        """Return the refusal of nobody, or of what is not there."""
        return Refused(status, "Requires authentication" if status == 401 else "Not Found")

    def demand(self, permission: str, message: str = "Must have admin rights to Repository.") -> None:
        """Refuse whoever may do less than this here."""
        if not self.may(permission):
            raise Refused(403, message)

    def may(self, permission: str) -> bool:
        """Tell whether whoever asks may do this here."""
        return self.grant is not None or self.repo.may(self.actor, permission)

    def sees(self, repo: Repo) -> bool:
        """Tell whether whoever asks can see a repository."""
        return visible(repo, self.login, self.grant)

    def issue(self) -> Issue:
        """Return the issue whose number comes first in the path; refuse with 404, 410 (deleted), 301 (moved)."""
        issue = self.repo.issues.get(int(self.args[0]))
        issue = issue and self.world.as_of(issue, self.request.as_of)
        if issue is None:
            raise Refused(404, "Not Found")
        if issue.deleted:
            raise Refused(410, "This issue was deleted")
        if issue.moved_to is not None:
            repo_id, number = issue.moved_to
            tail = self.request.path.split("/issues/", 1)[1].partition("/")[2]
            location = f"{self.request.base}/repositories/{repo_id}/issues/{number}" + (f"/{tail}" if tail else "")
            raise Refused(301, "Moved Permanently", location=location)
        return issue

    def body(self) -> dict[str, Any]:
        """Return the body's object; refuse with 400 what is none."""
        if self.request.bad_body:
            raise Refused(400, "Problems parsing JSON")
        if self.request.body is None:
            return {}
        if not isinstance(self.request.body, dict):
            raise Refused(400, "Body should be a JSON object")
        return self.request.body
