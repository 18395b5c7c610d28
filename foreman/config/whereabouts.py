"""Where a configuration keeps its database, without reading the rest of it: for commands that only look into that.

It knows the one shape that nearly every file has, plain keys in plain lines; whatever else there is, and what looks
wrong, is for `load`, which takes a third of a second for its import alone.
"""

from __future__ import annotations

import re
from pathlib import Path

from foreman.config.paths import data_dir

TOP_KEYS = frozenset(
    {
        "identity",
        "llm",
        "polling",
        "storage",
        "server",
        "workers",
        "mode",
        "agents",
        "policy",
        "defaults",
        "repos",
        "sandbox",
    }
)
"""Keys that say nothing about the place, or say it in `storage`; a test compares them with the whole."""

MAX_BYTES = 1024 * 1024

_TOP = re.compile(r"(?P<key>[a-z]+):(?P<rest>| .*)")
_PATH = re.compile(r" +path: +(?P<path>[~/A-Za-z0-9._][~/A-Za-z0-9._-]*) *(?:#.*)?")
_DAYS = re.compile(r" +keep_days: +[0-9]{1,5} *(?:#.*)?")
_BLANK = re.compile(r" *(?:#.*)?")


def storage_path(file: Path) -> Path | None:
    """Return where the database is.

    Args:
        file: The configuration.

    Returns:
        An absolute path; None where only `load` can tell.
    """
    if not file.is_file() or file.stat().st_size > MAX_BYTES:
        return None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return None
    keys: list[str] = []
    inside: list[str] = []
    for line in lines:
        if _BLANK.fullmatch(line):
            continue
        if line.startswith("- ") and keys[-1:] == ["repos"]:
            continue  # a list may stand as far left as its key
        if line[0] != " ":
            found = _TOP.fullmatch(line)
            if found is None or found["key"] not in TOP_KEYS or found["key"] in keys:
                return None
            keys.append(found["key"])
            if found["key"] == "storage" and not _BLANK.fullmatch(found["rest"]):
                return None
        elif not keys:
            return None
        elif keys[-1] == "storage":
            inside.append(line)
    if "repos" not in keys:
        return None
    return _inside(inside) if "storage" in keys else data_dir() / "memory.db"


def _inside(lines: list[str]) -> Path | None:
    """Return what the lines below `storage` say."""
    path: Path | None = None
    for line in lines:
        found = _PATH.fullmatch(line)
        if found and path is None and found["path"] not in {"~", "."}:
            try:
                path = Path(found["path"]).expanduser().absolute()
            except RuntimeError:
                return None
        elif found or not _DAYS.fullmatch(line):
            return None
    return path or (data_dir() / "memory.db" if lines else None)
