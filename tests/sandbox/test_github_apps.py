"""Apps on the sandbox: what GitHub would refuse, it refuses; each line of this was read in GitHub's documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from foreman.sandbox import SandboxForge
from foreman.sandbox.app_people import NewApp
from tests.app_key import app_key
from tests.sandbox.conftest import REPO, Clock

INTEGRATION = "Resource not accessible by integration"


@dataclass
class Desk:
    """An app, its signature, and a client that sends what it is given."""

    forge: SandboxForge
    app: NewApp
    clock: Clock
    http: httpx.Client

    def signed(self, **claims: Any) -> str:
        now = int(self.clock().timestamp())
        known = {"iat": now - 60, "exp": now + 480, "iss": str(self.app.app_id)}
        key = load_pem_private_key(app_key().encode(), None, unsafe_skip_rsa_key_validation=True)
        return jwt.encode({**known, **claims}, key, algorithm="RS256")  # type: ignore[arg-type]

    def ask(self, method: str, path: str, token: str, body: Any = None) -> httpx.Response:
        return self.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, json=body)

    def grant(self, **body: Any) -> httpx.Response:
        path = f"/app/installations/{self.app.installation_id}/access_tokens"
        return self.ask("POST", path, self.signed(), body)

    def token(self, **body: Any) -> str:
        return str(self.grant(**body).json()["token"])


@pytest.fixture
def desk(forge: SandboxForge, clock: Clock) -> Iterator[Desk]:
    forge.add_repo("acme/secret", private=True, labels=["bug"])
    forge.add_repo("acme/closed", private=True)
    forge.add_repo("elsewhere/open")
    for repo in (REPO, "acme/secret", "acme/closed", "elsewhere/open"):
        forge.open_issue(repo, title="It breaks", author="ann")
    app = forge.add_app(
        "triage",
        account="acme",
        permissions={"issues": "write", "contents": "read"},
        repositories=[REPO, "acme/secret"],
        private_key=app_key(),
    )
    with httpx.Client(base_url=forge.url) as http:
        yield Desk(forge, app, clock, http)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        (lambda now: {"iat": now + 5}, "'Issued at' claim"),
        (lambda now: {"exp": now}, "'Expiration time' claim ('exp') must be"),
        (lambda now: {"exp": now + 601}, "is too far in the future"),
    ],
)
def test_a_signature_has_to_be_of_this_moment(
    desk: Desk, claims: Callable[[int], dict[str, int]], message: str
) -> None:
    now = int(desk.clock().timestamp())

    refused = desk.ask("GET", "/app", desk.signed(**claims(now)))

    assert refused.status_code == 401
    assert message in refused.json()["message"]


def test_only_the_apps_own_key_speaks_for_it(desk: Desk) -> None:
    other = desk.forge.add_app("other", account="acme")
    mine = desk.signed()

    assert desk.ask("GET", "/app", mine).json()["slug"] == "triage"
    assert desk.ask("GET", "/app", desk.signed(iss=desk.app.client_id)).json()["id"] == desk.app.app_id
    assert desk.ask("GET", "/app", desk.signed(iss=str(other.app_id))).status_code == 401
    assert desk.ask("GET", "/app", desk.signed(iss="1")).status_code == 404
    assert desk.ask("GET", "/app", desk.forge.token("botty")).status_code == 401
    assert desk.ask("GET", "/app", mine[:-8] + "AAAAAAAA").status_code == 401
    assert desk.ask("GET", f"/app/installations/{other.installation_id}", mine).status_code == 404
    assert desk.ask("DELETE", f"/app/installations/{desk.app.installation_id}", mine).status_code == 404
    # Seen: no signature and no token is in the ledger, only who it was.
    assert [entry.login for entry in desk.forge.ledger][:2] == ["triage[bot]", "triage[bot]"]
    assert not [entry for entry in desk.forge.ledger if mine in repr(entry)]


def test_an_installation_says_where_it_is_and_what_it_may(desk: Desk) -> None:
    shown = desk.ask("GET", f"/app/installations/{desk.app.installation_id}", desk.signed()).json()

    assert (shown["account"]["login"], shown["repository_selection"]) == ("acme", "selected")
    assert shown["permissions"] == {"issues": "write", "contents": "read", "metadata": "read"}
    assert shown["suspended_at"] is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"permissions": {"issues": "admin"}}, "permissions requested are not granted"),
        ({"permissions": {"contents": "write"}}, "permissions requested are not granted"),
        ({"permissions": {"pull-requests": "read"}}, "permissions requested are not granted"),
        ({"repositories": ["widget", "closed"]}, "not accessible to the parent installation"),
        ({"repositories": ["nothing"]}, "not accessible to the parent installation"),
        ({"repositories": [f"r{number}" for number in range(501)]}, "No more than 500"),
    ],
)
def test_no_token_goes_beyond_the_installation(desk: Desk, body: dict[str, Any], message: str) -> None:
    refused = desk.grant(**body)

    assert refused.status_code == 422
    assert message in refused.json()["message"]
    assert desk.forge.app_tokens() == ()


def test_a_token_tells_what_it_is_good_for(desk: Desk) -> None:
    whole = desk.grant().json()
    narrow = desk.grant(repositories=["Widget"], permissions={"issues": "read"}).json()

    assert whole["permissions"] == {"issues": "write", "contents": "read", "metadata": "read"}
    assert "repositories" not in whole
    assert narrow["permissions"] == {"issues": "read", "metadata": "read"}
    assert [repo["full_name"] for repo in narrow["repositories"]] == [REPO]
    assert datetime.fromisoformat(narrow["expires_at"]) == desk.clock() + timedelta(hours=1)
    assert narrow["token"].startswith(f"ghs_{desk.app.app_id}_eyJ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/repos/{REPO}", 200),
        ("GET", f"/repos/{REPO}/issues", 200),
        ("POST", f"/repos/{REPO}/issues/1/comments", 201),
        ("POST", f"/repos/{REPO}/issues/1/labels", 200),
        ("GET", f"/repos/{REPO}/collaborators/botty/permission", 200),
        ("GET", "/repos/acme/secret/issues/1", 404),
        ("POST", "/repos/acme/secret/issues/1/comments", 404),
        ("GET", "/repos/acme/closed", 404),
        ("GET", "/repos/elsewhere/open/issues/1", 200),
        ("POST", "/repos/elsewhere/open/issues/1/comments", 403),
        ("GET", "/user", 403),
        ("GET", "/user/repos", 403),
        ("GET", "/users/triage%5Bbot%5D", 200),
        ("GET", "/orgs/acme/repos", 200),
        ("GET", "/installation/repositories", 200),
        ("GET", "/nowhere", 404),
    ],
)
def test_a_narrowed_token_is_held_to_its_repositories(desk: Desk, method: str, path: str, status: int) -> None:
    body = {"body": "hello", "labels": ["bug"]} if method == "POST" else None

    answer = desk.ask(method, path, desk.token(repositories=["widget"]), body)

    assert answer.status_code == status, answer.json()
    if status == 403:
        assert answer.json()["message"] == INTEGRATION
    if path.endswith(("repos", "repositories")):
        rows = answer.json() if path.startswith("/orgs") else answer.json().get("repositories", ())
        assert {row["full_name"] for row in rows} <= {REPO}


@pytest.mark.parametrize(
    ("permissions", "method", "tail", "status"),
    [
        ({"metadata": "read"}, "GET", "", 200),
        ({"metadata": "read"}, "GET", "/collaborators/botty/permission", 200),
        ({"metadata": "read"}, "GET", "/issues/1", 403),
        ({"metadata": "read"}, "GET", "/labels", 403),
        ({"issues": "read"}, "GET", "/issues/1", 200),
        ({"issues": "read"}, "GET", "/issues/1/comments", 200),
        ({"issues": "read"}, "POST", "/issues/1/comments", 403),
        ({"issues": "read"}, "PATCH", "/issues/1", 403),
        ({"issues": "write"}, "PATCH", "/issues/1", 200),
        ({"contents": "read"}, "GET", "/issues", 403),
    ],
)
def test_a_token_is_held_to_its_permissions(
    desk: Desk, permissions: dict[str, str], method: str, tail: str, status: int
) -> None:
    token = desk.token(permissions=permissions)
    body = {"body": "hello", "state": "closed"} if method != "GET" else None

    assert desk.ask(method, f"/repos/acme/secret{tail}", token, body).status_code == status


def test_what_is_taken_away_later_holds_for_tokens_that_were_given(desk: Desk) -> None:
    token = desk.token()
    comments = "/repos/acme/secret/issues/1/comments"
    assert desk.ask("POST", comments, token, {"body": "one"}).status_code == 201

    desk.forge.grant_app(desk.app.installation_id, permissions={"issues": "read"})
    assert desk.ask("POST", comments, token, {"body": "two"}).status_code == 403
    desk.forge.grant_app(desk.app.installation_id, repositories=[REPO])
    assert desk.ask("GET", comments, token).status_code == 404


def test_a_token_ends_after_an_hour_or_with_the_installation(desk: Desk) -> None:
    token = desk.token()
    path = f"/repos/{REPO}"

    desk.clock.move(minutes=59, seconds=59)
    assert desk.ask("GET", path, token).status_code == 200
    desk.clock.move(seconds=1)
    assert desk.ask("GET", path, token).status_code == 401
    token = desk.token()
    desk.forge.suspend_app(desk.app.installation_id)
    assert desk.ask("GET", path, token).json()["message"] == "This installation has been suspended"
    assert desk.grant().status_code == 403
    desk.forge.suspend_app(desk.app.installation_id, suspended=False)
    assert desk.ask("GET", path, token).status_code == 200
    desk.forge.remove_app(desk.app.installation_id)
    assert desk.ask("GET", path, token).status_code == 401
    assert desk.grant().status_code == 404


def test_what_an_app_writes_is_by_its_bot_and_says_no_scopes(desk: Desk) -> None:
    answer = desk.ask("POST", f"/repos/{REPO}/issues/1/comments", desk.token(), {"body": "hello"})

    assert (answer.json()["user"]["login"], answer.json()["user"]["type"]) == ("triage[bot]", "Bot")
    assert "x-oauth-scopes" not in answer.headers
    assert desk.forge.writes()[-1].login == "triage[bot]"
    assert desk.ask("GET", "/user", desk.forge.token("botty")).headers["x-oauth-scopes"] == "repo"
