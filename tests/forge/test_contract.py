"""The fake and the adapters mean the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from foreman.errors import ForgeAuthError, ForgeLocked, ForgeNotFound, ForgeUnavailable
from foreman.forge.base import Permission, Sign
from foreman.forge.github import GitHubForge
from foreman.forge.github_app_forge import GitHubAppForge
from foreman.forge.github_app_line import AppIdentity
from foreman.forge.github_app_token import Wish
from foreman.forge.gitlab import GitLabForge
from foreman.model import RepoRef, Role
from foreman.sandbox import SandboxForge
from foreman.secrets import KnownSecrets
from tests.app_key import app_key
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

    def test_it_tells_what_an_issue_is_planned_for_and_when_it_was_closed(self, world: World) -> None:
        ref = world.open()
        world.people.plan(world.repo.path, ref.number, "2.0")
        world.writer.close(ref, "completed")

        found = world.reader.issue(ref)

        assert (found.milestone, found.closed_at) == ("2.0", found.updated_at)

    def test_of_a_file_beyond_a_megabyte_there_is_no_text(self, world: World) -> None:
        world.people.write_file(world.repo.path, "docs/big.md", "x" * 1_000_001)

        assert world.reader.file(world.repo, "docs/big.md", most=2_000_000) is None
        assert [one.size for one in world.reader.files(world.repo, "docs")] == [1_000_001]


class TestGitHubApp(ForgeContract):
    """An app let into the one repository, with no permission but that to change issues."""

    @pytest.fixture
    def world(self) -> Iterator[World]:
        with SandboxForge(clock=Ticking()) as people:
            furnish(people)
            app = people.add_app("foreman", account="acme", repositories=[REPO.path], private_key=app_key())
            wish = Wish(repositories=frozenset({REPO.path}), permissions={"metadata": "read", "issues": "write"})
            identity = AppIdentity(
                app_id=str(app.app_id), installation_id=app.installation_id, private_key=lambda: app.private_key
            )
            with GitHubAppForge(
                identity,
                wish=lambda: wish,
                secrets=KnownSecrets(),
                api_url=f"{people.url}/api/v3",
                write_interval_seconds=0,
                clock=people.now,
            ) as forge:
                yield World(people, forge, forge, app.login)

    def test_an_owners_repositories_are_those_the_account_can_see(self, world: World) -> None:
        """Those that the app was let into, public or not."""
        for name, private in (("open", False), ("ours", True), ("theirs", True)):
            world.people.add_repo(f"acme/{name}", private=private)
        (installation,) = world.people.app_installations()
        world.people.grant_app(installation, repositories=["acme/widget", "acme/ours"])

        found = world.reader.owned("acme", nested=False)

        assert [(info.path, info.may_write) for info in found] == [("acme/widget", True), ("acme/ours", True)]
        assert found[0] == world.reader.repository(REPO)
        assert world.reader.owned("nobody-at-all", nested=False) == ()

    def test_a_private_repositorys_files_take_a_permission_of_their_own(self, world: World) -> None:
        world.people.write_file(REPO.path, "MISSION.md", "Ours.")
        assert world.reader.file(REPO, "MISSION.md") is not None, "everybody may read it"
        world.people._world.repo(REPO.path).private = True

        for ask in (lambda: world.reader.files(REPO, ""), lambda: world.reader.file(REPO, "MISSION.md")):
            with pytest.raises(ForgeAuthError):
                ask()


class TestGitLab(ForgeContract):
    """Access levels are all that GitLab knows of people; https://docs.gitlab.com/user/permissions/ has them."""

    roles: ClassVar[dict[str, Role]] = {
        "acme": Role.OWNER,
        "mia": Role.MAINTAINER,
        "dev": Role.MEMBER,
        "tim": Role.COLLABORATOR,
        "guest": Role.NONE,
        "ann": Role.NONE,
        "project_7_bot_0123456789abcdef0123456789abcdef": Role.BOT,
    }
    permissions: ClassVar[dict[str, Permission]] = {
        BOT: Permission.WRITE,
        "acme": Permission.ADMIN,
        "mia": Permission.MAINTAIN,
        "tim": Permission.TRIAGE,
        "guest": Permission.READ,
        # The question is asked of the list of members; everybody else may do nothing.
        "ann": Permission.NONE,
    }
    # Merge requests have a list and numbers of their own.
    lists_pull_requests = False
    # Comments move `updated_at` once a minute at the most (`ThrottledTouch` in GitLab's sources).
    comments_move_time_at_once = False
    # "Issues API": a closed issue is closed; only that it is a duplicate or was moved is kept.
    keeps_reasons = False
    # A deleted issue answers like one that never was.
    gone = ForgeNotFound
    # A moved issue stays behind, closed, and can be written to; the issue itself names where it went.
    every_answer_tells_a_move = False
    # "Lock the discussion": members of the project go on. Foreman does not: the gate and the executor look.
    locks_bind_members = False
    longest_comment = 1_000_000

    @pytest.fixture(params=["", "/gitlab"], ids=["own host", "with a path"])
    def world(self, request: pytest.FixtureRequest, connect_gitlab: Callable[..., GitLabForge]) -> Iterator[World]:
        repo = RepoRef.parse("gitlab:acme/tools/widget")
        with SandboxForge(kind="gitlab", clock=Ticking()) as people:
            furnish(people, repo)
            people.add_collaborator(repo.path, "acme", permission="owner")
            people.add_collaborator(repo.path, "dev", permission="developer")
            people.add_collaborator(repo.path, "guest", permission="guest")
            people.add_account("project_7_bot_0123456789abcdef0123456789abcdef", is_bot=True)
            token = people.token(BOT)
            forge = connect_gitlab(people.url + request.param, token=lambda: token)
            yield World(people, forge, forge, repo=repo)
            forge.disconnect()

    def test_it_tells_what_an_issue_is_planned_for_and_when_it_was_closed(self, world: World) -> None:
        ref = world.open()
        world.people.plan(world.repo.path, ref.number, "2.0")
        world.writer.close(ref, "completed")

        found = world.reader.issue(ref)

        assert (found.milestone, found.closed_at) == ("2.0", found.updated_at)

    def test_planners_are_not_shown_a_private_projects_files(self, world: World) -> None:
        ours = world.beside("ours")
        world.people.add_repo(ours.path, private=True)
        world.people.write_file(ours.path, "MISSION.md", "Ours.")
        world.people.add_collaborator(ours.path, BOT, permission="planner")

        for ask in (lambda: world.reader.files(ours, ""), lambda: world.reader.file(ours, "MISSION.md")):
            with pytest.raises(ForgeAuthError):
                ask()
        world.people.add_collaborator(ours.path, BOT, permission="reporter")
        assert [one.path for one in world.reader.files(ours, "")] == ["MISSION.md"]

    def test_a_long_folder_is_read_page_by_page(self, world: World) -> None:
        for number in range(205):
            world.people.write_file(world.repo.path, f"docs/{number:03}.md", str(number))

        assert len(world.reader.files(world.repo, "docs")) == 205

    def test_a_group_has_the_projects_of_its_subgroups_too(self, world: World) -> None:
        for path in ("acme/top", "acme/tools/deep/down", "acme-too/other", "kim/own"):
            world.people.add_repo(path)

        found = {nested: world.reader.owned("acme", nested=nested) for nested in (False, True)}

        assert [info.path for info in found[False]] == ["acme/top"]
        assert [info.path for info in found[True]] == ["acme/tools/widget", "acme/top", "acme/tools/deep/down"]
        assert [info.path for info in world.reader.owned("kim", nested=True)] == ["kim/own"]

    def test_what_is_locked_stays_closed(self, world: World) -> None:
        ref = world.open()
        world.writer.close(ref, "completed")
        world.people.lock(ref.repo.path, ref.number)

        with pytest.raises(ForgeLocked):
            world.writer.reopen(ref)

        assert world.reader.issue(ref).state == "closed"


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
        "react": (ref, 5, Sign.SEEN),
        "issue": (ref,),
        "comments": (ref,),
        "history": (ref,),
        "labellings": (REPO,),
        "labellings_of": (ref,),
    }.get(method, (ref, "x"))
    named = {
        "owned": {"nested": False},
        "probe": {"etag": ""},
        "changed_since": {"since": hub.now()},
        "newest_open": {"limit": 3},
        "labellings": {"page": 1},
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
