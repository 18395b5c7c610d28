"""The fake and the GitHub adapter mean the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from foreman.errors import ForgeUnavailable
from foreman.forge.github import GitHubForge
from foreman.sandbox import SandboxForge
from tests.fakes import READS, WRITES, FakeForge, FakeHub, Ticking
from tests.forge.contract import BOT, REPO, ForgeContract, World, furnish


class TestFake(ForgeContract):
    @pytest.fixture
    def world(self) -> World:
        hub = FakeHub()
        furnish(hub)
        forge = FakeForge(hub, BOT)
        return World(hub, forge, forge)


class TestGitHub(ForgeContract):
    @pytest.fixture(params=["", "/api/v3"], ids=["github.com", "enterprise"])
    def world(self, request: pytest.FixtureRequest, connect: Callable[..., GitHubForge]) -> Iterator[World]:
        with SandboxForge(clock=Ticking()) as people:
            furnish(people)
            token = people.token(BOT)
            forge = connect(people.url + request.param, token=lambda: token)
            yield World(people, forge, forge)
            forge.disconnect()


@pytest.mark.parametrize("method", sorted(WRITES | READS))
def test_the_fake_fails_on_demand_in_every_method(method: str) -> None:
    hub = FakeHub()
    furnish(hub)
    forge = FakeForge(hub, BOT)
    world = World(hub, forge, forge)
    ref = world.open()
    error = ForgeUnavailable("bad day")
    forge.fail(method, error)
    arguments = {
        "whoami": (),
        "grants": (),
        "probe": (REPO,),
        "changed_since": (REPO,),
        "newest_open": (REPO,),
        "owned": ("acme",),
        "repository": (REPO,),
        "labels": (REPO,),
        "permission": (REPO, forge.hub.account("ann")),
        "open_issue": (REPO, "t", "b"),
        "reopen": (ref,),
        "edit_comment": (ref, 5, "x"),
        "issue": (ref,),
        "comments": (ref,),
        "history": (ref,),
    }.get(method, (ref, "x"))
    named = {
        "owned": {"nested": False},
        "probe": {"etag": ""},
        "changed_since": {"since": hub.now()},
        "newest_open": {"limit": 3},
    }.get(method, {})

    with pytest.raises(ForgeUnavailable) as raised:
        found = getattr(forge, method)(*arguments, **named)
        list(found)

    assert raised.value is error
    assert [call.method for call in forge.calls] == [method]


def test_the_fake_can_lose_a_reply_after_doing_it() -> None:
    hub = FakeHub()
    furnish(hub)
    forge = FakeForge(hub, BOT)
    ref = World(hub, forge, forge).open()
    forge.fail("post_comment", ForgeUnavailable("lost"), after=True)

    with pytest.raises(ForgeUnavailable):
        forge.post_comment(ref, "hello")

    assert [comment.body for comment in forge.comments(ref)] == ["hello"]
    assert [call.method for call in forge.writes()] == ["post_comment"]
