"""`foreman version`: what a report of a bug needs to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from foreman import __version__
from foreman.cli.options import Json

LIBRARIES = ("litellm", "pydantic", "PyGithub", "python-gitlab", "SQLAlchemy", "typer")
"""Whose version says the most when something goes wrong."""


def version(context: typer.Context, as_json: Json = False) -> None:
    """Print the version, and with `--json` all that a report of a bug needs: Python, system, schema, libraries.

    Reads no configuration.
    """
    from foreman.cli.output import emit, line

    del context
    facts = described()

    def for_people() -> None:
        revision = f" ({facts['revision'][:12]})" if facts["revision"] else ""
        line(f"foreman {facts['version']}{revision}")
        line(f"Python {facts['python']}, SQLite {facts['sqlite']}, {facts['platform']}")
        line(f"database schema {facts['schema']}, agent protocol {facts['protocol']}")
        line(", ".join(f"{name} {found or 'missing'}" for name, found in facts["libraries"].items()))

    emit(facts, as_json=as_json, show=for_people)


def described() -> dict[str, Any]:
    """Return what this program is made of, as its JSON document."""
    import platform
    import sqlite3

    from foreman.store.schema import HEAD

    return {
        "version": __version__,
        "revision": _revision(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "platform": platform.platform(),
        "schema": HEAD,
        "protocol": "v0",
        "libraries": {name: _installed(name) for name in LIBRARIES},
    }


def _installed(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _revision() -> str | None:
    """Return the commit this was installed from: that of the checkout, or of the address that pip was given."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    root = Path(__file__).parents[2]
    if (root / ".git").exists():
        return revision_of(root / ".git")
    try:
        origin = json.loads(distribution("foreman").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    return origin.get("vcs_info", {}).get("commit_id") if isinstance(origin, dict) else None


def revision_of(folder: Path) -> str | None:
    """Read which commit is checked out, without needing git.

    Args:
        folder: `.git`, or in a worktree the file of that name.

    Returns:
        The commit's id; None when it cannot be told.
    """
    try:
        if folder.is_file():
            folder = folder.parent / folder.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        common = folder / "commondir"
        shared = folder / common.read_text(encoding="utf-8").strip() if common.exists() else folder
        for place in (folder / name, shared / name):
            if place.is_file():
                return place.read_text(encoding="utf-8").strip()
        packed = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((line.split(" ")[0] for line in packed if line.endswith(f" {name}")), None)
