"""An app's requests go over the adapter's own wire: one origin, no redirect, a certificate that is vouched for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from foreman.errors import ForgeAuthError, ForgeError, ForgeUnavailable
from foreman.forge.github_app_forge import GitHubAppForge
from foreman.forge.github_app_line import AppIdentity
from foreman.forge.github_app_token import Wish
from foreman.secrets import KnownSecrets
from tests.app_key import app_key
from tests.forge.replies import REF, REPO, comment, issue
from tests.forge.scripted import Answer, ScriptedServer
from tests.forge.test_tls import certificate, tls_server, trusted

__all__ = ["certificate", "tls_server", "trusted"]

Connect = Callable[[str], GitHubAppForge]

INSTALLATION = {
    "id": 42,
    "account": {"login": "acme", "id": 7, "type": "Organization"},
    "permissions": {"issues": "write", "metadata": "read"},
}
TOKEN = {
    "token": "ghs_" + "Ab1" * 12,
    "expires_at": "2199-01-01T00:00:00Z",
    "permissions": {"issues": "write", "metadata": "read"},
    "repositories": [{"full_name": REPO.path}],
}


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[GitHubAppForge] = []
    wish = Wish(repositories=frozenset({REPO.path}), permissions={"metadata": "read", "issues": "write"})

    def make(url: str) -> GitHubAppForge:
        identity = AppIdentity(app_id="1", installation_id=42, private_key=app_key)
        made.append(
            GitHubAppForge(identity, wish=lambda: wish, secrets=KnownSecrets(), api_url=url, write_interval_seconds=0)
        )
        return made[-1]

    yield make
    for forge in made:
        forge.disconnect()


def test_an_app_works_on_an_enterprise_server_with_a_certificate_of_its_own(
    tls_server: ScriptedServer, trusted: None, connect: Connect
) -> None:
    tls_server.will(Answer(200, INSTALLATION), Answer(201, TOKEN), Answer(200, issue()), Answer(201, comment()))
    forge = connect(f"{tls_server.url}/api/v3")

    assert forge.issue(REF).ref == REF
    assert forge.post_comment(REF, "hello") == 55

    assert [(asked.method, asked.path) for asked in tls_server.asked] == [
        ("GET", "/api/v3/app/installations/42"),
        ("POST", "/api/v3/app/installations/42/access_tokens"),
        ("GET", f"/api/v3/repos/{REPO.path}/issues/12"),
        ("POST", f"/api/v3/repos/{REPO.path}/issues/12/comments"),
    ]
    assert tls_server.asked[2].headers["authorization"] == f"Bearer {TOKEN['token']}"


def test_a_server_that_nobody_vouches_for_gets_no_signature(tls_server: ScriptedServer, connect: Connect) -> None:
    tls_server.will(Answer(200, INSTALLATION))

    with pytest.raises(ForgeUnavailable, match="cannot connect") as raised:
        connect(tls_server.url).post_comment(REF, "hello")

    assert raised.value.sent is False
    assert tls_server.asked == []


def test_no_redirect_is_followed_with_a_signature(server: ScriptedServer, connect: Connect) -> None:
    elsewhere = ScriptedServer()
    elsewhere.will(Answer(200, INSTALLATION))
    location = (("Location", f"{elsewhere.url}/app/installations/42"),)
    server.will(Answer(301, {"message": "Moved Permanently"}, headers=location))

    with pytest.raises(ForgeAuthError, match="moved to"):
        connect(server.url).issue(REF)

    assert len(server.asked) == 1
    assert elsewhere.asked == []
    elsewhere.close()


@pytest.mark.parametrize(
    "answers",
    [
        [Answer(200, b"<html>Please log in to the Wi-Fi</html>")],
        [Answer(200, {"id": 42})],
        [Answer(200, INSTALLATION), Answer(201, {**TOKEN, "token": ""})],
        [Answer(200, INSTALLATION), Answer(201, {**TOKEN, "token": "a b\r\nX: y"})],
        [Answer(200, INSTALLATION), Answer(201, {**TOKEN, "expires_at": "soon"})],
        [Answer(200, INSTALLATION), Answer(201, [])],
        [Answer(503, b"")],
    ],
    ids=["portal", "shape", "empty", "unfit", "date", "list", "away"],
)
def test_an_answer_that_is_none_sends_nothing_on(server: ScriptedServer, connect: Connect, answers: list[Any]) -> None:
    server.will(*answers)

    with pytest.raises(ForgeError) as raised:
        connect(server.url).post_comment(REF, "hello")

    assert getattr(raised.value, "sent", False) is False
    assert not [asked for asked in server.asked if asked.path.endswith("/comments")]
