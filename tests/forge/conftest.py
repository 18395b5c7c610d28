"""Servers and adapters for the forge tests; each is closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from foreman.forge.github import GitHubForge
from foreman.forge.gitlab import GitLabForge
from tests.forge.scripted import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers what the test says."""
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., GitHubForge]]:
    """Make adapters for an address."""
    made: list[GitHubForge] = []

    def make(url: str, **options: Any) -> GitHubForge:
        defaults = {"token": lambda: "t0ken", "write_interval_seconds": 0, "timeout_seconds": 20}
        made.append(GitHubForge(api_url=url, **(defaults | options)))
        return made[-1]

    yield make
    for forge in made:
        forge.disconnect()


@pytest.fixture
def connect_gitlab() -> Iterator[Callable[..., GitLabForge]]:
    """Make adapters for a GitLab's address."""
    made: list[GitLabForge] = []

    def make(url: str, **options: Any) -> GitLabForge:
        defaults = {"token": lambda: "t0ken", "write_interval_seconds": 0, "timeout_seconds": 20}
        made.append(GitLabForge(url=url, **(defaults | options)))
        return made[-1]

    yield make
    for forge in made:
        forge.disconnect()
