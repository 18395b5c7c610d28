"""Where the year takes place: two forges, their repositories and tokens, the clock, and the daemon's configuration."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from foreman.sandbox import LedgerEntry, SandboxForge
from tests.benchmarks.weather import Storm
from tests.benchmarks.year_mind import KEY
from tests.benchmarks.year_versions import as_left_by_an_earlier_release
from tests.rig import Clock
from tests.world import BOT, EVENTS, ScriptedAgent, identity

REPOS = {
    "github": ["acme/part-0", "acme/part-1", "acme/part-2", "acme/part-3"],
    "gitlab": ["team/part-4", "team/part-5", "team/deep/part-6"],
}
TOKENS = {"github": "YEAR_GITHUB_TOKEN", "gitlab": "YEAR_GITLAB_TOKEN"}
ELSEWHERE = {"github": "acme/of-no-concern", "gitlab": "team/of-no-concern"}

KEEP_DAYS = 90
"""For so long what nothing goes by any more is kept: as short as may be."""


class World:
    """Forges, a clock and an agent, and the folder in which the daemon finds what it is to know."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.time = Clock()
        self.skew = timedelta(0)
        self.began = self.time()
        self.forges = {kind: SandboxForge(clock=self.time, kind=kind) for kind in REPOS}  # type: ignore[arg-type]
        self.storms = {kind: Storm(self.time, self.chance) for kind in REPOS}
        self.forge_of = {repo: self.forges[kind] for kind, repos in REPOS.items() for repo in repos}
        self.agent = ScriptedAgent()
        self.secrets = folder / "credentials"
        self._set_up()

    def on_write(self, _: LedgerEntry) -> None:
        """Hear of a write that a forge has taken and not yet answered."""

    def _set_up(self) -> None:
        self.secrets.mkdir()
        (self.secrets / KEY).write_text(f"sk-{self.chance.randrange(16**32):032x}\n", encoding="utf-8")
        entries = []
        self.config: dict[str, Any] = {"identity": {}}
        for kind, forge in self.forges.items():
            forge.start()
            forge.before_write(self.on_write)
            forge.add_account(BOT)
            for repo in REPOS[kind]:
                forge.add_repo(repo, labels=["bug", "question", "docs"])
                forge.add_collaborator(repo, BOT, permission="write")
                entries.append(self.entry(kind, repo))
            forge.add_repo(ELSEWHERE[kind], labels=["bug"])
            self.put_token(kind, forge.token(BOT))
            forge._faults.append(self.storms[kind])  # type: ignore[arg-type]
            self.storms[kind].share = 0.0
            self.config["identity"] |= identity(forge, BOT, TOKENS[kind])
        self.config |= {
            "mode": "auto",
            "llm": {"provider": "none"},
            "polling": {"interval_seconds": 60, "write_interval_seconds": 0, "settle_seconds": 60},
            "policy": {
                "max_runs_per_issue_per_day": 1000,
                "max_actions_per_hour": 10_000,
                "max_runs_per_person_per_day": 15,
            },
            "storage": {"path": str(self.folder / "memory.db"), "keep_days": KEEP_DAYS},
            "server": {"enabled": False},
            "agents": {
                "issue-triage": {"runtime": "url", "url": self.agent.url, "timeout_seconds": 60, "max_retries": 20}
            },
            "repos": entries,
        }
        as_left_by_an_earlier_release(self.database)
        self.write_config()

    def entry(self, kind: str, repo: str) -> dict[str, Any]:
        """Return what the configuration says of a repository."""
        labels = {"bug": ["crash"], "question": ["how do I"], "docs": ["typo"]}
        agent = {"type": "issue-triage", "events": EVENTS, "config": {"labels": labels}}
        return {"forge": kind, "path": repo, "agents": [agent]}

    @property
    def file(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def database(self) -> Path:
        return self.folder / "memory.db"

    def write_config(self) -> None:
        """Write the configuration as it is to be now."""
        self.file.write_text(yaml.safe_dump(self.config), encoding="utf-8")

    def put_token(self, kind: str, token: str) -> None:
        """Replace the file a token is read from."""
        part = self.secrets / f".{TOKENS[kind]}.part"
        part.write_text(f"{token}\n", encoding="utf-8")
        part.replace(self.secrets / TOKENS[kind])
