"""What the command line says of a dashboard, and does about it."""

from __future__ import annotations

from pathlib import Path

from foreman.approvals import state
from foreman.model import ForgeKind, RepoRef
from foreman.store.database import Database
from tests.world import REPO

OPS = RepoRef(ForgeKind.GITHUB, "acme/ops")


def test_a_dashboard_that_is_gone_is_told_of_and_opened_again_when_asked(world, run) -> None:
    world.config["policy"] = {"dashboard": OPS.path}
    path = world.file
    db = Database.open(Path(world.config["storage"]["path"]))
    with db.transaction() as connection:
        state.save(connection, OPS, state.State(number=3, gone=True))
    told = run("digest", config=path)
    assert "* `acme/ops` the dashboard there is gone, and no new one is opened by itself:\n" in told.answer
    assert "`foreman resume acme/ops`" in told.answer

    assert "its dashboard was gone: a new one" in run("resume", OPS.path, config=path).answer
    assert "its dashboard" not in run("resume", OPS.path, config=path).answer
    assert "its dashboard" not in run("resume", REPO, config=path).answer
    with db.read() as connection:
        assert state.load(connection, OPS) == state.State()
    db.close()
    assert "gone" not in run("digest", config=path).answer
