"""One daemon for a repository on GitHub and a project on GitLab, each with its own account and its own trouble."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreman.errors import ConfigError
from foreman.model import ForgeKind
from foreman.sandbox import SandboxForge
from tests.end_to_end.conftest import Command
from tests.world import BOT, REPO, World, identity, wait_until

pytestmark = pytest.mark.timeout(600)

VARIABLE = "FOREMAN_TEST_GITLAB_TOKEN"
PROJECT = "acme/tools/widget"
LAB_BOT = "acme-lab-foreman"


class Both(World):
    """A world with a GitLab beside its GitHub."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lab = SandboxForge(kind="gitlab")
        self.lab.start()
        self.lab.add_repo(PROJECT, labels=["bug"])
        self.lab.add_collaborator(PROJECT, LAB_BOT, permission="reporter")
        os.environ[VARIABLE] = self.lab.token(LAB_BOT)
        self.config["identity"] |= identity(self.lab, LAB_BOT, VARIABLE)
        self.config["repos"].append(self.repo(PROJECT) | {"forge": "gitlab"})

    def opened(self) -> tuple[int, int]:
        """Open an issue on each."""
        return tuple(  # type: ignore[return-value]
            forge.open_issue(path, title="It crashes", author="kim")
            for forge, path in ((self.forge, REPO), (self.lab, PROJECT))
        )

    def labelled(self, numbers: tuple[int, int]) -> tuple[bool, bool]:
        """Return where the label is."""
        hub, lab = numbers
        return "bug" in self.forge.issue(REPO, hub).labels, "bug" in self.lab.issue(PROJECT, lab).labels

    def close(self) -> None:
        super().close()
        self.lab.close()
        os.environ.pop(VARIABLE, None)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Both]:
    made = Both(tmp_path)
    yield made
    made.close()


def test_one_daemon_looks_after_both_and_the_trouble_of_one_is_not_the_others(world: Both, foreman: Command) -> None:
    with world.running() as process:
        first = world.opened()
        wait_until(lambda: world.labelled(first) == (True, True), "both have their label", 60)
        shown = json.loads(foreman("status", "--json").answer)
        assert [repo["repo"] for repo in shown["repos"]] == [REPO, f"gitlab:{PROJECT}"]
        logged = json.loads(foreman("log", "--json").answer)
        assert {(entry["issue"], entry["decision"]) for entry in logged} == {
            (f"{REPO}#{first[0]}", "label_and_respond"),
            (f"gitlab:{PROJECT}#{first[1]}", "label_and_respond"),
        }

        taken = foreman("undo", *(entry["id"] for entry in logged), "--yes")
        assert taken.code == 0, taken.story
        assert world.labelled(first) == (False, False)

        world.lab.revoke(LAB_BOT)
        second = world.opened()
        wait_until(lambda: world.labelled(second)[0], "the other forge's issue has its label", 60)
        wait_until(lambda: "gitlab" in str(json.loads(foreman("status", "--json").answer)["attention"]), "status says")
        assert foreman("triage", f"{REPO}#{second[0]}", "--dry-run").code == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert world.labelled(second) == (True, False)
    assert {entry.login for entry in world.forge.writes()} == {BOT}
    assert {entry.login for entry in world.lab.writes()} == {LAB_BOT}
    assert "Traceback" not in world.log


@pytest.mark.parametrize("trouble", ["away", "refuses the token"])
def test_a_forge_in_trouble_at_the_start_keeps_the_other_from_nothing(world: Both, trouble: str) -> None:
    port = int(world.lab.url.rpartition(":")[2])
    world.once()
    if trouble == "away":
        world.lab.close()
    else:
        world.lab.revoke(LAB_BOT)
    numbers = world.opened()
    with world.shop() as shop:
        done = shop.daemon.once()
        assert list(done.failed_polls) == [f"gitlab:{PROJECT}"]
        assert world.labelled(numbers) == (True, False)
        assert [account.shut for account in shop.accounts.values()] == [False, True]
        if trouble == "away":
            world.lab.start(port)
            shop.accounts[ForgeKind.GITLAB].proven()
            shop.daemon.once()
            assert world.labelled(numbers) == (True, True)


def test_a_token_that_never_worked_is_told_at_the_start(world: Both) -> None:
    world.lab.revoke(LAB_BOT)
    with pytest.raises(ConfigError, match=r"identity\.gitlab_token"):
        world.once()


def test_another_account_is_not_taken_for_the_one_of_the_last_start(world: Both) -> None:
    world.once()
    world.lab.revoke(LAB_BOT)
    world.config["identity"]["gitlab_user"] = "somebody-else"
    with pytest.raises(ConfigError, match=r"identity\.gitlab_token"):
        world.once()
