"""GitLab's REST dialect, version 4: who asks, how much quota is left, which handler answers, with which headers.

Understands any path before `/api/v4`, as of a GitLab that is not alone on its host.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from urllib.parse import quote, urlencode
from uuid import uuid4

from foreman.sandbox import gitlab_accounts as accounts
from foreman.sandbox import gitlab_files as files
from foreman.sandbox import gitlab_issues as issues
from foreman.sandbox import gitlab_labels as labels
from foreman.sandbox import gitlab_notes as notes
from foreman.sandbox import gitlab_projects as projects
from foreman.sandbox.exchange import Answer, Request, Write
from foreman.sandbox.gitlab_call import Call, Refused
from foreman.sandbox.gitlab_shapes import Shapes
from foreman.sandbox.handling import Doing, Reply, Speaker, concluded
from foreman.sandbox.quota import Bucket
from foreman.sandbox.state import Account, Repo

Handler = Callable[[Call], Reply | Doing]

_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "version", accounts.version),
    ("GET", "metadata", accounts.version),
    ("GET", "user", accounts.me),
    ("GET", "personal_access_tokens/self", accounts.token),
    ("GET", "users", accounts.users),
    ("GET", "users/:user", accounts.user),
    ("GET", "users/:user/projects", projects.user_projects),
    ("GET", "groups/:group", accounts.group),
    ("GET", "groups/:group/projects", projects.group_projects),
    ("GET", "projects/:id", projects.project),
    ("GET", "projects/:id/issues", issues.issues),
    ("POST", "projects/:id/issues", issues.open_issue),
    ("GET", "projects/:id/issues/:iid", issues.issue),
    ("PUT", "projects/:id/issues/:iid", issues.change_issue),
    ("DELETE", "projects/:id/issues/:iid", issues.delete_issue),
    ("GET", "projects/:id/issues/:iid/resource_label_events", issues.label_events),
    ("GET", "projects/:id/issues/:iid/resource_state_events", issues.state_events),
    ("GET", "projects/:id/issues/:iid/award_emoji", issues.reactions),
    ("GET", "projects/:id/issues/:iid/notes", notes.notes),
    ("POST", "projects/:id/issues/:iid/notes", notes.post_note),
    ("GET", "projects/:id/issues/:iid/notes/:note", notes.note),
    ("PUT", "projects/:id/issues/:iid/notes/:note", notes.change_note),
    ("DELETE", "projects/:id/issues/:iid/notes/:note", notes.delete_note),
    ("GET", "projects/:id/issues/:iid/notes/:note/award_emoji", notes.reactions),
    ("POST", "projects/:id/issues/:iid/notes/:note/award_emoji", notes.react),
    ("GET", "projects/:id/labels", labels.labels),
    ("POST", "projects/:id/labels", labels.create_label),
    ("GET", "projects/:id/labels/:name", labels.label),
    ("GET", "projects/:id/members/all", accounts.members),
    ("GET", "projects/:id/repository/tree", files.listing),
    ("GET", "projects/:id/repository/files/:path", files.file),
    ("GET", "projects/:id/members/all/:user", accounts.member),
)
_PLACES = tuple((method, tuple(pattern.split("/")), handler) for method, pattern, handler in _ROUTES)
_PREFIX = re.compile(r"(?:/.*?)?/api/v4(?=/|$)")


class GitLabFront(Speaker):
    """Answers as GitLab would."""

    def split(self, target: str) -> tuple[str, str]:
        """Split an address's path into the API prefix and the rest."""
        found = _PREFIX.match(target)
        return (found[0], target[found.end() :]) if found else ("", target)

    def login(self, headers: Mapping[str, str]) -> str:
        """Return whose credentials these are; empty for none or wrong ones."""
        account = self._holder(headers)
        return account.login if account and not account.revoked else ""

    def _holder(self, headers: Mapping[str, str]) -> Account | None:
        token = _token(headers)
        return next((account for account in self._world.accounts.values() if token and account.token == token), None)

    def answer(self, request: Request) -> Answer | Write:
        """Answer a read or a refused write at once; hand back an allowed write undone."""
        login = self.login(request.headers)
        bucket = self._quota.bucket(login, self._clock())
        if bucket.remaining <= 0:
            return self._throttled(bucket)
        try:
            self._admit(request, login)
            result = self._handle(request, login)
        except Refused as refused:
            result = refused.reply
        return concluded(result, lambda reply: self._finish(request, login, reply))

    def _admit(self, request: Request, login: str) -> None:
        """Refuse a wrong token, and one that may not do such a thing at all."""
        holder = self._holder(request.headers)
        if holder and holder.revoked:
            told = "Token was revoked. You have to re-authorize from the user."
            raise Refused(401, "invalid_token", error=True, error_description=told)
        if not login and _token(request.headers):
            raise Refused(401, "401 Unauthorized")
        needed = ("api", "read_api") if request.method == "GET" else ("api",)
        if holder and not set(needed) & set(holder.scopes) and request.path != "/personal_access_tokens/self":
            told = "The request requires higher privileges than provided by the access token."
            raise Refused(403, "insufficient_scope", error=True, error_description=told, scope=" ".join(needed))

    def _handle(self, request: Request, login: str) -> Reply | Doing:
        other = False
        for method, places, handler in _PLACES:
            args = _captured(places, request.parts) if request.base.endswith("/api/v4") else None
            if args is None:
                continue
            if method != request.method:
                other = True
                continue
            repo = None
            if places[:2] == ("projects", ":id"):
                repo, args = self._repo(request, login, args[0]), args[1:]
            call = Call(
                world=self._world,
                request=request,
                login=login or None,
                now=self._clock(),
                shapes=Shapes(self._world, request.base),
                args=args,
                _repo=repo,
            )
            return handler(call)
        raise Refused(405, "405 Not Allowed", error=True) if other else Refused(404, "404 Not Found", error=True)

    def _repo(self, request: Request, login: str, path: str) -> Repo:
        """Return the project of a path or number; an earlier path leads there, but for reading only."""
        repo = self._world.repos.get(int(path)) if path.isdecimal() else self._world.find(path)
        moved = self._world.repos.get(self._world.renames.get(path.lower(), 0)) if repo is None else None
        seen = repo or moved
        if seen is None or not seen.may(login or None, "read"):
            raise Refused(404, "404 Project Not Found")
        if moved is not None and request.method != "GET":
            raise Refused(405, "Non GET methods are not allowed for moved projects")
        if moved is not None:
            rest = "/".join(quote(part, safe="") for part in ("projects", str(moved.id), *request.parts[2:]))
            query = f"?{urlencode({**request.query, **request.lists}, doseq=True)}" if request.query else ""
            location = f"{request.base}/{rest}{query}"
            moved_text = f"This resource has been moved permanently to {location}".encode()
            headers = (("Location", location), ("Content-Type", "text/plain"))
            refused = Refused(301, "moved")
            refused.reply = Reply(status=301, body=moved_text, headers=headers)
            raise refused
        return seen

    def _throttled(self, bucket: Bucket) -> Answer:
        """Refuse as GitLab's throttle does, which is no part of the API and speaks no JSON."""
        headers = {"Content-Type": "text/plain", **self._told(bucket)}
        if headers.get("RateLimit-Reset"):
            left = int((bucket.reset_at - self._clock()).total_seconds()) + 1
            headers["Retry-After"] = str(max(1, left))
        return Answer(status=429, headers=headers, body=b"Retry later\n")

    def _told(self, bucket: Bucket) -> dict[str, str]:
        """Return the headers that tell about the quota."""
        if not self._quota.told:
            return {}
        return {
            "RateLimit-Limit": str(bucket.limit),
            "RateLimit-Name": "throttle_authenticated_api",
            "RateLimit-Observed": str(bucket.limit - bucket.remaining),
            "RateLimit-Remaining": str(bucket.remaining),
            "RateLimit-Reset": str(int(bucket.reset_at.timestamp())),
            "RateLimit-ResetTime": format_datetime(bucket.reset_at, usegmt=True),
        }

    def _finish(self, request: Request, login: str, reply: Reply) -> Answer:
        """Write the answer out: JSON, ETag, 304 where the asker has it already, quota. A 304 costs as much."""
        status, body = reply.status, reply.content
        correlation = uuid4().hex[:26].upper()
        headers = {
            "Content-Type": "application/json",
            "Cache-Control": "max-age=0, private, must-revalidate",
            "Vary": "Origin",
            "X-Request-Id": correlation,
            "X-Gitlab-Meta": json.dumps({"correlation_id": correlation, "version": "1"}, separators=(",", ":")),
            "X-Runtime": "0.021000",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
            **dict(reply.headers),
        }
        if status in (200, 201):
            headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
            if request.method == "GET" and headers["ETag"] in request.headers.get("if-none-match", ""):
                status, body = 304, b""
        bucket = self._quota.bucket(login, self._clock())
        bucket.remaining -= 1
        return Answer(status=status, headers=headers | self._told(bucket), body=body)


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return headers.get("private-token", "") or (bearer.strip() if scheme.lower() == "bearer" else "")


def _captured(places: tuple[str, ...], parts: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what a path has where the route has a colon; None for another route's path."""
    if len(places) != len(parts):
        return None
    pairs = tuple(zip(places, parts, strict=True))
    if not all(place == part or place.startswith(":") for place, part in pairs):
        return None
    return tuple(part for place, part in pairs if place.startswith(":"))
