"""The daemon's side of the soak: a process of its own, so that its memory can be told from the forge's.

Reads one time of day a line, does what a daemon does at that time, and answers with one line of JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import structlog
import yaml

from foreman.daemon import Drained
from foreman.model import ActionState, ForgeKind
from foreman.store import inbox
from tests.durability.yard import Crew, Yard, state_of
from tests.rig import Clock


class Away(Yard):
    """A yard whose forge and agent are in another process."""

    def __init__(self, config: Path) -> None:
        self.time = Clock()
        self.clock = self.time
        self.folder = config.parent
        self.config = yaml.safe_load(config.read_text(encoding="utf-8"))
        self.kind = ForgeKind(self.config["repos"][0].get("forge", "github"))


def step(crew: Crew) -> dict[str, int]:
    """Do everything that is due, and say what is left and how much memory that takes."""
    crew.chores()
    crew.account.poll_due()
    crew.daemon.drain(Drained())
    with crew.shop.db.read() as connection:
        waiting = inbox.waiting_count(connection) + (inbox.oldest_ready(connection) is not None)
        under_way = sum(state_of(connection, state) for state in (ActionState.PLANNED, ActionState.SENT))
    return {"waiting": waiting, "under_way": under_way, "rss": resident()}


def resident() -> int:
    """Return the bytes of memory this process holds."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def main() -> None:
    """Work until the input ends."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[lambda *_: ""])
    yard = Away(Path(sys.argv[1]))
    with yard.crew() as crew:
        for line in sys.stdin:
            yard.time.advance((datetime.fromisoformat(line.strip()) - yard.time()).total_seconds())
            print(json.dumps(step(crew)), flush=True)


if __name__ == "__main__":
    main()
