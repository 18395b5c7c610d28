"""The floors, as data and as a function over the real imports: `docs/design.md` shows the same table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FLOORS: tuple[tuple[str, ...], ...] = (
    ("values", "heap", "lean", "patterns"),
    ("errors",),
    ("model", "protocol", "secrets", "printable", "agentkit", "checkpoint", "bell", "counting", "pulse", "tracing"),
    ("config", "settings", "log"),
    ("forge", "store", "agent", "llm", "server", "sandbox"),
    ("router", "gate", "changes", "commands", "learn", "guidance"),
    ("access", "allowance", "poller", "executor", "recall", "undo", "approvals", "places", "priors"),
    ("precedents", "obeying"),
    ("briefing",),
    ("deliberation",),
    ("scribe", "reckoning"),
    ("endings",),
    ("account", "pipeline"),
    ("chores", "draining", "crew", "watch"),
    ("labour",),
    ("daemon",),
    ("app",),
    ("cli",),
)
"""Lowest first. A module imports only lower floors, and within its floor only its own package."""

SAME_FLOOR_ALLOWED = {("settings", "config"), ("log", "config"), ("config", "secrets"), ("agentkit", "protocol")}
"""Pairs (importer, imported) on one floor that are meant: vocabulary used by its neighbour."""

SEALED = {"agentkit": {"protocol", "agentkit"}, "protocol": set[str](), "sandbox": {"errors", "model", "sandbox"}}
"""What these may import of Foreman and nothing else, whatever their floor."""


def floor_of(part: str) -> int:
    """Return the floor of a top-level part, counted from the lowest."""
    for number, parts in enumerate(FLOORS):
        if part in parts:
            return number
    raise LookupError(f"foreman.{part} has no floor: add it to tests/architecture.py and docs/design.md")


def imports(package: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield (file, importing part, imported part) for every import of Foreman in it, those inside functions too."""
    for file in sorted(package.rglob("*.py")):
        inside = file.relative_to(package)
        part = inside.parts[0].removesuffix(".py")
        if part in {"__init__", "__main__"}:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for name in _imported(node):
                head, *rest = name.split(".")
                if head == "foreman" and rest:
                    yield file, part, rest[0]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        if node.module == "foreman":
            return [f"foreman.{alias.name}" for alias in node.names if alias.name != "__version__"]
        return [node.module]
    return []


def violations(package: Path) -> list[str]:
    """Return one line per import that points up or sideways."""
    found = []
    for file, part, target in imports(package):
        if part == target:
            continue
        if part in SEALED:
            if target not in SEALED[part]:
                found.append(f"{file}: {part} may not import {target}")
        elif floor_of(target) >= floor_of(part) and (part, target) not in SAME_FLOOR_ALLOWED:
            found.append(f"{file}: {part} may not import {target}")
    return found
