"""`foreman demo`: the whole main job on this machine alone, and an account of it that is checked.

The forge is the sandbox, everything else is the real thing: the adapter over HTTP, the inbox, the bundled agent as a
child process, the gate, the action log, the executor. What the log says was done is compared with what the forge's own
ledger says it was asked to do.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from foreman.app import demo_forge
from foreman.app.workshop import Workshop, workshop
from foreman.config.load import load
from foreman.draining import Drained
from foreman.errors import StoreError
from foreman.model import ActionState, ForgeKind
from foreman.sandbox import SandboxForge
from foreman.sandbox.samples import DemoRepo, fill
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import actions
from foreman.store.actions import LogEntry
from foreman.values import dataclass

MARK = "foreman-demo"
"""File that tells a demo's folder from one that somebody keeps something in."""

ISSUES = 50
"""How many of the newest open issues are taken: all of the samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What the demo showed.

    Attributes:
        folder: Where its configuration, database and forge are kept.
        config: Its configuration file.
        kind: Whose dialect the forge speaks.
        titles: Issue number to title.
        entries: Decisions, by issue number.
        writes: Writes the forge was asked for.
        done: Actions the log says were done.
        agrees: Whether log and ledger say the same.
        drained: What the daemon did.
    """

    folder: Path
    config: Path
    kind: ForgeKind
    titles: dict[int, str]
    entries: tuple[LogEntry, ...]
    writes: int
    done: int
    agrees: bool
    drained: Drained


def run_demo(
    settings: Settings,
    secrets: KnownSecrets,
    *,
    tell: Callable[[str], None],
    kind: ForgeKind = ForgeKind.GITHUB,
) -> DemoReport:
    """Run the demo afresh.

    Args:
        settings: Say where data is kept.
        secrets: Filled with the demo's token.
        tell: Called with each step, for a person to follow.
        kind: Whose dialect the forge speaks.

    Returns:
        What happened.

    Raises:
        StoreError: The folder is somebody's, or may not be written.
    """
    folder = settings.data_dir / "demo"
    try:
        _clear(folder)
    except OSError as error:
        said = f"{folder} cannot be made or emptied: {error.strerror}; name another folder by FOREMAN_DATA_DIR"
        raise StoreError(said) from error
    tell("starting a forge with sample issues on this machine ...")
    with demo_forge.running(folder / "forge.json", kind) as forge:
        file = folder / "config.yaml"
        file.write_text(_config(fill(forge), folder, forge.url, kind), encoding="utf-8")
        config = demo_forge.at(load(file), forge)
        before = len(forge.writes())
        with workshop(config, settings=settings, secrets=secrets, source=file) as shop:
            tell("polling it, asking the agent about each issue, doing what is allowed ...")
            drained = shop.daemon.once()
            return _report(shop, forge, folder, file, drained, before)


def _report(
    shop: Workshop, forge: SandboxForge, folder: Path, file: Path, drained: Drained, before: int
) -> DemoReport:
    with shop.db.read() as connection:
        entries = actions.entries(connection, limit=1000)
    done = [action for entry in entries for action in entry.actions if action.state is ActionState.DONE]
    sent = sum(1 for action in done if action.attempts)
    writes = len(forge.writes()) - before
    return DemoReport(
        folder=folder,
        config=file,
        kind=ForgeKind(forge.kind),
        titles={entry.issue.number: str(entry.seen.get("title", "")) for entry in entries},
        entries=tuple(sorted(entries, key=lambda entry: entry.issue.number)),
        writes=writes,
        done=len(done),
        agrees=writes == sent,
        drained=drained,
    )


def _clear(folder: Path) -> None:
    """Make room for a fresh demo; nothing that is not a demo's is ever removed."""
    if folder.exists():
        if not (folder / MARK).exists() and any(folder.iterdir()):
            raise StoreError(f"{folder} holds something that is not a demo: move it away")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, mode=0o700)
    (folder / MARK).write_text("made by `foreman demo`, which empties this folder each time\n", encoding="utf-8")


def _config(demo: DemoRepo, folder: Path, url: str, kind: ForgeKind) -> str:
    document = {
        "identity": {
            f"{kind}_token": f"${{{demo_forge.TOKEN_VARIABLE}}}",
            f"{kind}_user": demo.bot,
            demo_forge.address_key(kind): url,
        },
        "llm": {"provider": "none"},
        "polling": {"interval_seconds": 60, "write_interval_seconds": 0, "first_run": ISSUES, "settle_seconds": 1},
        "storage": {"path": str(folder / "memory.db")},
        "server": {"enabled": False},
        "sandbox": {"state": str(folder / "forge.json")},
        "agents": {"issue-triage": {"runtime": "process"}},
        "repos": [
            {
                "forge": kind.value,
                "path": demo.repo,
                "agents": [
                    {
                        "type": "issue-triage",
                        "config": {"labels": demo.labels, "needs_info_label": "needs-info", "stale_days": 30},
                    }
                ],
            }
        ],
    }
    head = "# Written by `foreman demo`. The forge it names runs on this machine, and only while a command does.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
