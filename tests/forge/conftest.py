"""Servers and adapters for the forge tests; each is closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from foreman.forge.github import GitHubForge
from foreman.forge.gitlab import GitLabForge
from tests.forge.dialects import GITHUB, GITLAB, Dialect, Forge, Reach
from tests.forge.scripted import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers what the test says."""
    server = ScriptedServer()
    yield server
    server.close()


_OPTIONS: dict[str, Any] = {"token": lambda: "t0ken", "write_interval_seconds": 0, "timeout_seconds": 60}


@pytest.fixture
def connect() -> Iterator[Callable[..., GitHubForge]]:
    """Make adapters for a GitHub's address."""
    yield from _reaching(lambda url, **options: GitHubForge(api_url=url, **options))


@pytest.fixture
def connect_gitlab() -> Iterator[Callable[..., GitLabForge]]:
    """Make adapters for a GitLab's address."""
    yield from _reaching(lambda url, **options: GitLabForge(url=url, **options))


@pytest.fixture(params=[GITHUB, GITLAB], ids=["github", "gitlab"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Each forge that there is an adapter for."""
    found: Dialect = request.param
    return found


@pytest.fixture
def reach(dialect: Dialect) -> Iterator[Reach]:
    """Make adapters of that forge for an address."""
    yield from _reaching(dialect.make)


def _reaching(make: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    made: list[Forge] = []

    def reach(url: str, **options: Any) -> Forge:
        made.append(make(url, **(_OPTIONS | options)))
        return made[-1]

    yield reach
    for forge in made:
        forge.disconnect()
