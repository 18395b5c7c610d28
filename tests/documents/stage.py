"""Where the commands of a page are typed: a home with the demo in it, and a clone whose forge answers on loopback.

Everything is the real program. The one thing arranged is that `foreman init` is told the forge's address, since the
forge of a test has no name that anybody knows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from foreman.sandbox import SandboxForge
from foreman.sandbox.samples import fill
from foreman.store.database import Database
from tests.documents.pages import Block

REPO = "my-org/my-repo"
BOT = "widget-triage"
"""The samples' bot; `my-bot` of the pages is somebody's own."""

SECONDS = 400
"""How long the commands of a page may take together on a slow machine."""

_PROGRAM = """\
#!{python}
import os, sys
from foreman.cli.main import main
if sys.argv[1:2] == ["init"]:
    sys.argv += ["--base-url", os.environ["STAGE_FORGE"]]
sys.exit(main())
"""
_MARK = "\x1e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that is typed, and what a page says it prints.

    Attributes:
        place: Page and line.
        typed: The text, of any number of lines.
        code: How it is to end.
        expected: Lines that the page shows.
    """

    place: str
    typed: str
    code: int = 0
    expected: tuple[str, ...] = ()


def steps(block: Block) -> list[Step]:
    """Return what is typed of a block, command by command; its last one may be said to fail."""
    if block.language == "sh":
        typed = list(_commands(block))
        return [replace(step, code=block.code) if step is typed[-1] else step for step in typed]
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"{block.place}: it begins with something that nobody typed"
    found = []
    for number, part in enumerate(parts[1:], 1):
        typed, *expected = part.rstrip("\n").split("\n")
        code = block.code if number == len(parts) - 1 else 0
        found.append(Step(place=f"{block.place}: {typed}", typed=typed, code=code, expected=tuple(expected)))
    return found


def _commands(block: Block) -> Iterator[Step]:
    """Take a block of `sh` apart where a shell would: each command is over where what was typed so far is one."""
    lines: list[str] = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        lines.append(line)
        typed = "\n".join(lines)
        if not line.endswith("\\") and _is_whole(typed):
            yield Step(place=f"{block.page.name}:{number - len(lines) + 1}", typed=typed)
            lines.clear()
    assert not lines, f"{block.place}: no shell takes {lines}"


def _is_whole(typed: str) -> bool:
    looked = subprocess.run(["bash", "-n"], input=typed, capture_output=True, text=True, check=False)
    return looked.returncode == 0 and not looked.stderr


class Stage:
    """A home, and in it what the commands of a page need.

    Attributes:
        home: `$HOME`.
        clone: A clone of `my-org/my-repo` with a configuration.
        checkout: What the README's commands run in.
    """

    def __init__(self, home: Path, demo: Path, state: Path, project: Path) -> None:
        self.home = home
        self.clone = home / "my-repo"
        self.checkout = home / "foreman"
        self._forge = SandboxForge(state_file=state)
        programs = self.checkout / ".venv" / "bin"
        programs.mkdir(parents=True)
        for name in ("docs", "config.example.yaml", "README.md"):
            (self.checkout / name).symlink_to(project / name)
        program = programs / "foreman"
        program.write_text(_PROGRAM.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)
        kept = home / ".agent-harness" / "demo"
        shutil.copytree(demo, kept)
        config = kept / "config.yaml"
        config.write_text(config.read_text("utf-8").replace(str(demo), str(kept)), encoding="utf-8")

    @contextmanager
    def open(self) -> Iterator[None]:
        """Have the forge answer, and a clone of its repository with a configuration."""
        with self._forge as forge:
            git = ["git", "-C", str(self.clone)]
            subprocess.run(["git", "init", "-q", str(self.clone)], check=True)
            subprocess.run([*git, "remote", "add", "origin", f"{forge.url}/{REPO}.git"], check=True)
            yield

    def configure(self) -> None:
        """Write the configuration that most pages take for granted, and a database where nothing happened yet."""
        Database.open(self.home / ".agent-harness" / "memory.db").close()
        agent = {"type": "issue-triage", "config": {"labels": {"bug": ["crash"], "question": ["how do I"]}}}
        document = {
            "identity": {"github_token": "${GITHUB_TOKEN}", "github_user": BOT, "github_api_url": self._forge.url},
            "llm": {"provider": "none"},
            "mode": "shadow",
            "polling": {"write_interval_seconds": 0},
            "agents": {"issue-triage": {"runtime": "process"}},
            "repos": [{"owner": "my-org", "name": "my-repo", "agents": [agent]}],
        }
        (self.clone / "config.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")

    def type(self, typed: Sequence[Step], *, folder: Path, token: bool) -> dict[str, str]:
        """Type these one after the other in one shell, as a reader does.

        Args:
            typed: What to type.
            folder: Where the shell begins.
            token: Whether `$GITHUB_TOKEN` is set; else it is what a `read` reads.

        Returns:
            What each printed, by its number, and `end` when all of them ended as they should.
        """
        secret = self._forge.token(BOT)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOREMAN_", "GITHUB_"))}
        environment = {
            **kept,
            "HOME": str(self.home),
            "PATH": f"{self.checkout / '.venv' / 'bin'}:{os.environ['PATH']}",
            "COLUMNS": "80",
            "LC_ALL": "C.UTF-8",
            "DOCKER_HOST": f"unix://{self.home}/no-engine.sock",
            "STAGE_FORGE": self._forge.url,
            **({"GITHUB_TOKEN": secret} if token else {}),
        }
        script = "\n".join(_scripted(number, step) for number, step in enumerate(typed))
        script += f"\nprintf '{_MARK}end{_MARK}\\n'\n"
        file = self.home / "typed.sh"
        file.write_text(script, encoding="utf-8")
        done = subprocess.run(
            ["bash", "-u", "-o", "pipefail", str(file)],
            cwd=folder,
            env=environment,
            input=f"{secret}\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        parts = done.stdout.split(_MARK)[1:]
        return dict(zip(parts[::2], parts[1::2], strict=True))


def _scripted(number: int, step: Step) -> str:
    mark = f"printf '{_MARK}{number}{_MARK}\\n'"
    begin, end = ("", "") if step.code else ("set -e\n", "set +e\n")
    check = f'[ $ended -eq {step.code} ] || {{ echo "ended with $ended"; exit 99; }}'
    return f"{mark}\n{begin}{step.typed}\nended=$?\n{end}{check}"


def forge_state(folder: Path) -> Path:
    """Write the state of a forge on which `my-org/my-repo` has the issues of the samples, untouched."""
    made = folder / "samples.json"
    with SandboxForge(state_file=made) as forge:
        repo = fill(forge).repo
        forge.add_account(REPO.partition("/")[0])
    state = folder / "forge.json"
    state.write_text(made.read_text("utf-8").replace(repo, REPO), encoding="utf-8")
    return state


def missing(expected: Sequence[str], printed: str) -> str:
    """Return the first expected line that was not printed after the ones before it; empty when all were.

    White space counts as one space; `...` in a line stands for anything, alone on a line for any lines; a port of
    loopback is any port.
    """
    lines = iter(_plain(printed).split("\n"))
    for wanted in expected:
        plain = _plain(wanted)
        if plain in {"", "..."}:
            continue
        pattern = re.compile(".*".join(map(re.escape, plain.split("..."))))
        if not any(pattern.fullmatch(line) for line in lines):
            return wanted
    return ""


def _plain(text: str) -> str:
    return re.sub(r"(127\.0\.0\.1:)\d+", r"\1N", "\n".join(" ".join(line.split()) for line in text.split("\n")))
