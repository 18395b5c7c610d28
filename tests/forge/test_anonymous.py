"""Reading without a token what everybody may read, and telling forges apart that nothing is known of."""

from __future__ import annotations

import socket
from contextlib import closing
from datetime import UTC, datetime

import pytest

from foreman.errors import ForgeError
from foreman.forge.github import GitHubForge
from foreman.forge.gitlab import GitLabForge
from foreman.forge.recognizing import recognize
from foreman.model import ForgeKind, RepoRef
from foreman.sandbox import SandboxForge


def _reader(forge: SandboxForge) -> GitHubForge | GitLabForge:
    if forge.kind == "github":
        return GitHubForge(token=None, api_url=forge.url, write_interval_seconds=0)
    return GitLabForge(token=None, url=forge.url, write_interval_seconds=0)


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_public_repository_is_read_without_a_token(kind) -> None:
    with SandboxForge(kind=kind) as forge:
        forge.add_repo("acme/widget", labels=[("bug", "Broken")])
        forge.open_issue("acme/widget", title="It breaks", body="", author="ann")
        forge.add_repo("acme/secret", private=True)
        public, private = (RepoRef(ForgeKind(kind), path) for path in ("acme/widget", "acme/secret"))

        with _reader(forge) as reader:
            info = reader.repository(public)
            assert (info.path, info.may_write, info.private) == ("acme/widget", False, False)
            assert [label.name for label in reader.labels(public)] == ["bug"]
            assert [issue.title for issue in reader.probe(public, etag="").issues] == ["It breaks"]
            begin = datetime(2000, 1, 1, tzinfo=UTC)
            assert [issue.title for issue in reader.changed_since(public, since=begin)] == ["It breaks"]
            with pytest.raises(ForgeError):
                reader.labels(private)
        assert all("authorization" not in entry.headers for entry in forge.ledger)


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_host_is_recognized_and_given_no_token(kind) -> None:
    with SandboxForge(kind=kind) as forge:
        assert recognize(forge.url) is ForgeKind(kind)
        assert all("authorization" not in entry.headers for entry in forge.ledger)


def test_a_host_that_does_not_answer_is_none_of_them() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))

        assert recognize(f"http://127.0.0.1:{taken.getsockname()[1]}") is None
