"""What a reload brings that only a start can give."""

from __future__ import annotations

from foreman.store import inbox
from tests.world import REPO, World


def test_work_for_an_agent_that_a_reload_brings_waits_and_says_for_what(world: World) -> None:
    world.config["agents"]["another"] = dict(world.config["agents"]["issue-triage"])
    with world.shop() as shop:
        shop.daemon.once()
        world.config["repos"][0]["agents"][0]["type"] = "another"
        assert world.file.exists()
        assert shop.config.reload()
        number = world.forge.open_issue(REPO, title="It crashes", author="kim")
        shop.daemon.once()
        with shop.db.read() as connection:
            (waits,) = inbox.waiting(connection)

    assert (waits.issue.number, waits.agent) == (number, "another")
    assert waits.reason == "there is no agent of type another yet: it is started at the next start"
