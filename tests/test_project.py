"""The project held to what it says of itself: floors, README, documents, packaging."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests import architecture

HEAVY = (
    "github",
    "gitlab",
    "litellm",
    "docker",
    "fastapi",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "httpx",
    "rich",
    "pydantic",
    "yaml",
)


def test_every_import_points_down(project: Path) -> None:
    assert architecture.violations(project / "foreman") == []


def test_a_sideways_import_is_found(tmp_path: Path) -> None:
    """Control: the check fails on what it forbids, inside functions too."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "bad.py").write_text("def f():\n    from foreman.forge import base\n")

    assert len(architecture.violations(tmp_path)) == 1


def test_the_design_document_shows_the_same_floors(project: Path) -> None:
    text = (project / "docs" / "design.md").read_text(encoding="utf-8")
    shown = [
        tuple(re.findall(r"`([a-z_]+)`", line.split("|")[1]))
        for line in text.splitlines()
        if line.startswith("| `") and line.rstrip().endswith("<!-- floor -->|")
    ]

    assert [set(row) for row in reversed(shown)] == [set(row) for row in architecture.FLOORS]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom foreman.cli.main import main\nsys.argv = ['foreman', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"sys.exit(','.join(m for m in {HEAVY!r} if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-500:]
    assert "triage" in done.stdout


def _readme_commands(project: Path) -> list[str]:
    text = (project / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:sh|console|bash)\n(.*?)```", text, re.DOTALL)
    return [
        line.strip() for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")
    ]


def test_the_readme_shows_the_two_commands_first(project: Path) -> None:
    commands = _readme_commands(project)

    assert "sh bootstrap.sh && .venv/bin/foreman demo" in commands
    assert "sh bootstrap.sh dev && .venv/bin/pytest" in commands


def test_every_foreman_command_in_the_documents_exists(project: Path) -> None:
    from foreman.cli.main import GROUPS, command_names

    known = command_names()
    group = "|".join(GROUPS)
    command = re.compile(rf"(?:^|[`\s/])foreman (?:--\S+ )?((?:{group})\b(?: [a-z]+)?|[a-z]+)", re.MULTILINE)
    named = set()
    for page in [project / "README.md", *sorted((project / "docs").glob("*.md"))]:
        named |= set(command.findall(page.read_text(encoding="utf-8")))

    assert len(named) > 10
    assert {" ".join(words.split()) for words in named} - known == set()


def test_the_version_stands_in_one_place(project: Path) -> None:
    from foreman import __version__

    with (project / "pyproject.toml").open("rb") as file:
        meta = tomllib.load(file)

    assert "version" not in meta["project"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


HOOKS = {
    "ruff-format", "ruff-check", "mypy", "pydoclint", "interrogate", "detect-secrets", "pyupgrade", "check-yaml",
    "check-toml", "check-github-actions", "check-github-workflows", "zizmor",
}  # fmt: skip


def test_the_hooks_are_those_promised_and_need_nothing_but_the_lock(project: Path) -> None:
    """A hook that is fetched from somewhere has a version nobody locked, and fails where there is no network."""
    repos = yaml.safe_load((project / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    hooks = {hook["id"]: hook["entry"].split()[0] for repo in repos for hook in repo["hooks"]}

    assert {repo["repo"] for repo in repos} == {"local"}
    assert set(hooks) >= HOOKS
    programs = [Path(entry) for entry in hooks.values()]
    assert {program.parent.as_posix() for program in programs} == {".venv/bin"}
    assert [program for program in programs if not Path(sys.executable).with_name(program.name).exists()] == []


def test_the_locks_name_no_host(project: Path) -> None:
    for lock in sorted(project.glob("*.lock")):
        assert "://" not in lock.read_text(encoding="utf-8"), lock


def test_the_locks_hold_every_requirement(project: Path) -> None:
    with (project / "pyproject.toml").open("rb") as file:
        meta = tomllib.load(file)["project"]
    wanted = {re.match(r"[A-Za-z0-9_-]+", line).group().lower() for line in meta["dependencies"]}  # type: ignore[union-attr]
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (project / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    )

    assert wanted <= locked


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX"])
def test_nothing_is_left_for_later_in_the_code(project: Path, word: str) -> None:
    left = [
        str(file)
        for folder in ("foreman", "agents")
        for file in sorted((project / folder).rglob("*.py"))
        if re.search(rf"#.*\b{word}\b", file.read_text(encoding="utf-8"))
    ]

    assert left == []


BORDERS = {
    "foreman/crew.py": "a scheduler job and a worker's item",
    "foreman/draining.py": "a thread of one drain; raised by whoever waits for it",
    "foreman/cli/main.py": "the command line",
    "foreman/agentkit": "an author's handler",
    "foreman/server": "a request",
    "foreman/sandbox": "a request",
    "foreman/llm/litellm_worker.py": "whatever a provider's library raises",
    "foreman/log.py": "whatever a value does when it is to be shown",
}


def test_exceptions_are_caught_whole_only_at_the_borders(project: Path) -> None:
    wide = []
    for file in sorted((project / "foreman").rglob("*.py")):
        name = str(file.relative_to(project))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
            ):
                reraises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                if not reraises and not name.startswith(tuple(BORDERS)):
                    wide.append(f"{name}:{node.lineno}")

    assert wide == []
