"""GitHub's REST dialect: who asks, how much quota is left, which handler answers, with which headers.

Understands paths with and without the `/api/v3` of GitHub Enterprise, and `/repositories/ID` beside
`/repos/owner/name`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote
from uuid import uuid4

from foreman.sandbox import (
    github_apps,
    github_comments,
    github_contents,
    github_issues,
    github_labels,
    github_owned,
    github_reactions,
)
from foreman.sandbox import github_read as read
from foreman.sandbox.apps import AppToken
from foreman.sandbox.exchange import Answer, Request, Write
from foreman.sandbox.github_call import Call, Refused, visible
from foreman.sandbox.github_shapes import Shapes
from foreman.sandbox.handling import Doing, Reply, Speaker, concluded
from foreman.sandbox.quota import Bucket
from foreman.sandbox.state import Repo

Handler = Callable[[Call], Reply | Doing]

_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "", read.repository),
    ("GET", "/issues", read.issues),
    ("POST", "/issues", github_issues.open_issue),
    ("GET", r"/issues/(\d+)", read.issue),
    ("PATCH", r"/issues/(\d+)", github_issues.patch_issue),
    ("GET", r"/issues/(\d+)/comments", read.comments),
    ("POST", r"/issues/(\d+)/comments", github_comments.post_comment),
    ("GET", "/issues/comments", read.repo_comments),
    ("GET", r"/issues/comments/(\d+)", read.comment),
    ("PATCH", r"/issues/comments/(\d+)", github_comments.patch_comment),
    ("DELETE", r"/issues/comments/(\d+)", github_comments.delete_comment),
    ("GET", r"/issues/(\d+)/reactions", github_reactions.of_issue),
    ("GET", r"/issues/comments/(\d+)/reactions", github_reactions.of_comment),
    ("POST", r"/issues/comments/(\d+)/reactions", github_reactions.to_comment),
    ("GET", r"/issues/(\d+)/labels", read.issue_labels),
    ("POST", r"/issues/(\d+)/labels", github_labels.post_labels),
    ("DELETE", r"/issues/(\d+)/labels/(.+)", github_labels.delete_label),
    ("PUT", r"/issues/(\d+)/lock", github_issues.lock),
    ("DELETE", r"/issues/(\d+)/lock", github_issues.unlock),
    ("GET", "/issues/events", read.repo_events),
    ("GET", r"/issues/(\d+)/events", read.events),
    ("GET", r"/issues/(\d+)/timeline", read.timeline),
    ("POST", r"/issues/(\d+)/assignees", github_issues.assign),
    ("DELETE", r"/issues/(\d+)/assignees", github_issues.unassign),
    ("GET", "/labels", read.labels),
    ("POST", "/labels", github_labels.create_label),
    ("GET", "/labels/(.+)", read.label),
    ("GET", "/assignees", read.assignees),
    ("GET", "/assignees/([^/]+)", read.assignee),
    ("GET", "/collaborators/([^/]+)/permission", read.permission),
    ("GET", "/contents(?:/(.*))?", github_contents.contents),
)
_REPO_ROUTES = tuple((method, re.compile(pattern), handler) for method, pattern, handler in _ROUTES)
_OTHER_ROUTES: tuple[tuple[str, re.Pattern[str], Handler], ...] = (
    ("GET", re.compile("/user"), read.me),
    ("GET", re.compile("/users/([^/]+)"), read.user),
    ("GET", re.compile("/orgs/([^/]+)/repos"), github_owned.of_organization),
    ("GET", re.compile("/users/([^/]+)/repos"), github_owned.of_user),
    ("GET", re.compile("/user/repos"), github_owned.of_asker),
)
_REPO_PATH = re.compile(r"/repos/([^/]+/[^/]+)(/.*)?|/repositories/(\d+)(/.*)?")
_PREFIX = "/api/v3"


class GitHubFront(Speaker):
    """Answers as GitHub would."""

    def split(self, target: str) -> tuple[str, str]:
        """Split an address's path into the API prefix and the rest."""
        if target == _PREFIX or target.startswith(f"{_PREFIX}/"):
            return _PREFIX, target.removeprefix(_PREFIX)
        return "", target

    def login(self, headers: Mapping[str, str]) -> str:
        """Return whose credentials these are; empty for none or wrong ones."""
        token = _token(headers)
        if grant := self._world.apps.holder(token, self._clock()):
            return grant.installation.app.login
        if github_apps.is_signature(token):
            return github_apps.signer(self._world, token, self._clock())
        account = self._world.holder(token) if token else None
        return account.login if account else ""

    def answer(self, request: Request) -> Answer | Write:
        """Answer a read or a refused write at once; hand back an allowed write undone."""
        login = self.login(request.headers)
        if request.path == "/app" or request.path.startswith("/app/"):
            reply = github_apps.answer(self._world, request, _token(request.headers), self._clock())
            return self._finish(request, login, reply, counts=False)
        if not login and request.headers.get("authorization"):
            return self._finish(request, "", Refused(401, "Bad credentials").reply)
        if request.path == "/rate_limit":
            return self._finish(request, login, self._limits(login), counts=False)
        if self._quota.bucket(login, self._clock()).remaining <= 0:
            return self._finish(request, login, self._exhausted(login), counts=False)
        try:
            result = self._handle(request, login)
        except Refused as refused:
            return self._finish(request, login, refused.reply)
        return concluded(result, lambda reply: self._finish(request, login, reply))

    def _handle(self, request: Request, login: str) -> Reply | Doing:
        routes, path, repo = _OTHER_ROUTES, request.path, None
        grant = self._world.apps.holder(_token(request.headers), self._clock())
        if grant is not None and (reply := github_apps.elsewhere(self._world, request, grant)):
            return reply
        if found := _REPO_PATH.fullmatch(request.path):
            routes, path = _REPO_ROUTES, found[2] or found[4] or ""
            repo = self._repo(request, login, grant, found[1] or "", int(found[3] or 0), path)
        for method, pattern, handler in routes:
            if method == request.method and (match := pattern.fullmatch(path)):
                if grant is not None and repo is not None:
                    github_apps.demand(grant, repo, method, path)
                call = Call(
                    world=self._world,
                    request=request,
                    login=login or None,
                    grant=grant,
                    now=self._clock(),
                    shapes=Shapes(self._world, request.base),
                    args=match.groups(),
                    _repo=repo,
                )
                return handler(call)
        raise Refused(404, "Not Found")

    def _repo(self, request: Request, login: str, grant: AppToken | None, path: str, repo_id: int, tail: str) -> Repo:
        repo = self._world.find(path) if path else self._world.repos.get(repo_id)
        moved = self._world.repos.get(self._world.renames.get(path.lower(), 0)) if repo is None else None
        seen = repo or moved
        if seen is None or not visible(seen, login or None, grant):
            raise Refused(404, "Not Found")
        if moved is not None:
            location = f"{request.base}/repositories/{moved.id}{quote(tail)}"
            raise Refused(301, "Moved Permanently", location=location)
        return seen

    def _limits(self, login: str) -> Reply:
        bucket = self._quota.bucket(login, self._clock())
        core = {
            "limit": bucket.limit,
            "used": bucket.limit - bucket.remaining,
            "remaining": bucket.remaining,
            "reset": int(bucket.reset_at.timestamp()),
        }
        search = {**core, "limit": 30, "used": 0, "remaining": 30}
        return Reply(status=200, body={"resources": {"core": core, "search": search}, "rate": core})

    def _exhausted(self, login: str) -> Reply:
        account = self._world.accounts.get(login)
        who = f"user ID {account.id}" if account else "127.0.0.1"
        return Refused(403, f"API rate limit exceeded for {who}.").reply

    def _finish(self, request: Request, login: str, reply: Reply, *, counts: bool = True) -> Answer:
        """Write the answer out: JSON, ETag, 304 where the asker has it already, quota."""
        status, body = reply.status, reply.content
        now = self._clock()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "x-github-api-version-selected": request.headers.get("x-github-api-version", "2022-11-28"),
            "X-GitHub-Request-Id": uuid4().hex[:24].upper(),
            **dict(reply.headers),
        }
        account = self._world.accounts.get(login)
        if account is not None and account.kind != "Bot":
            headers |= dict(account.about_token)
        if request.method == "GET" and status == 200 and request.path != "/rate_limit":
            link = headers.get("Link", "").encode()
            # As on GitHub the tag depends on the token, and so is another one when an app's was renewed.
            asker = request.headers.get("authorization", "").encode()
            headers["ETag"] = f'W/"{hashlib.sha256(asker + link + body).hexdigest()}"'
            headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
            headers["Vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP"
            if headers["ETag"].removeprefix("W/") in request.headers.get("if-none-match", ""):
                status, body = 304, b""
        if counts and status != 304:
            self._quota.bucket(login, now).remaining -= 1
        return Answer(status=status, headers=headers | _told(self._quota.bucket(login, now)), body=body)


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("token", "bearer") else ""


def _told(bucket: Bucket) -> dict[str, str]:
    """Return the headers that tell about the quota."""
    return {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(bucket.remaining),
        "X-RateLimit-Reset": str(int(bucket.reset_at.timestamp())),
        "X-RateLimit-Used": str(bucket.limit - bucket.remaining),
        "X-RateLimit-Resource": "core",
    }
