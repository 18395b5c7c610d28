"""A sandbox with one repository, and a client that speaks for the bot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from foreman.sandbox import SandboxForge

REPO = "acme/widget"
PROJECT = "acme/tools/widget"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **how: float) -> None:
        self.now += timedelta(**how)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forge(clock: Clock) -> Iterator[SandboxForge]:
    with SandboxForge(clock=clock) as forge:
        forge.add_repo(REPO, labels=["bug", ("question", "asks")])
        forge.add_account("botty")
        forge.add_collaborator(REPO, "botty")
        yield forge


@pytest.fixture
def lab(clock: Clock) -> Iterator[SandboxForge]:
    """A sandbox that speaks GitLab."""
    with SandboxForge(clock=clock, kind="gitlab") as lab:
        lab.add_repo(PROJECT, labels=["bug", ("question", "asks")])
        lab.add_account("botty")
        lab.add_collaborator(PROJECT, "botty")
        yield lab


@pytest.fixture
def client_of(request: pytest.FixtureRequest) -> Iterator[Callable[..., httpx.Client]]:
    """Clients of `lab` where the test has one, of `forge` otherwise."""
    forge = request.getfixturevalue("lab" if "lab" in request.fixturenames else "forge")
    clients: list[httpx.Client] = []

    def make(login: str = "", prefix: str = "", timeout: float = 60) -> httpx.Client:
        headers = {"Authorization": f"Bearer {forge.token(login)}"} if login else {}
        clients.append(
            httpx.Client(base_url=forge.url + prefix, headers=headers, timeout=timeout, trust_env=False, verify=False)
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def http(client_of: Callable[..., httpx.Client]) -> httpx.Client:
    return client_of("botty")


@pytest.fixture
def gitlab(lab: SandboxForge, client_of: Callable[..., httpx.Client]) -> httpx.Client:
    return client_of("botty", prefix="/api/v4")
