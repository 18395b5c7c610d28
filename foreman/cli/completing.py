"""What a press of the tab key offers: repositories of the configuration, numbers of the database.

It reads the file and the database as they are, without checking either: fast, and silent about whatever is wrong with
them. What strangers wrote is never offered: a shell may take it for a command.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import closing
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from foreman.errors import ForemanError
from foreman.model import ActionState
from foreman.values import dataclass

MOST = 50
"""Offers of one kind."""

_SAFE = re.compile(r"[\w./:#-]+", re.ASCII)
_BUSY_SECONDS = 0.3
_CUT: ContextVar[str] = ContextVar("cut", default="")
"""What bash has already typed of a word that it takes for several."""

_DECISIONS = "SELECT id, repo || '#' || issue_id || ' ' || decision FROM action_log {} ORDER BY id DESC LIMIT 50"
_QUERIES = {
    "explain": _DECISIONS.format(""),
    "inspect": _DECISIONS.format(""),
    "replay": _DECISIONS.format(""),
    "undo": _DECISIONS.format("WHERE id IN (SELECT log_id FROM actions WHERE state = 'done')"),
    "seen": _DECISIONS.format("WHERE decision = 'escalate'"),
    "log": _DECISIONS.format(""),
} | dict.fromkeys(
    ("approve", "reject"),
    "SELECT id, repo || '#' || issue_id || ' ' || type FROM actions WHERE state = 'held' ORDER BY id LIMIT 50",
) | dict.fromkeys(
    ("retry", "drop"),
    "SELECT id, repo || '#' || issue_id || ' ' || agent FROM inbox WHERE state = 'dead' ORDER BY id LIMIT 50",
)  # fmt: skip
"""Where the numbers of each command come from."""

_ISSUES = "SELECT repo || '#' || issue_id, '' FROM action_log GROUP BY repo, issue_id ORDER BY max(id) DESC LIMIT 500"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One word that may stand there, as Typer's shells take it.

    Attributes:
        value: The word.
        help: What it is.
        type: That it is a word, and no file.
    """

    value: str
    help: str = ""
    type: str = "plain"


def offers_for(metavar: str) -> Callable[[Any, str], list[Offer]] | None:
    """Return what offers words for an argument or option.

    Args:
        metavar: What it is called in the help.

    Returns:
        A function of Typer's context and of what is typed already; None where a shell's own words (files) are best.
    """
    source = {
        "ID": _numbers,
        "REPO": _repos,
        "REPO[#N]": _places,
        "REPO#N": _places,
        "REF": _places,
        "STATE": lambda _context, _typed: iter([(state.value, "") for state in ActionState]),
        "TYPE": _agents,
        "TYPE-OR-URL": _agents,
    }.get(metavar)
    if source is None:
        return None

    def offered(context: Any, typed: str) -> list[Offer]:
        cut, whole = _CUT.get(), _CUT.get() + typed
        try:
            found = [(value, text) for value, text in source(context, whole) if value.startswith(whole)]
        except (OSError, ValueError, TypeError, LookupError, sqlite3.Error, ForemanError):
            return []  # whatever is wrong is told when the command is given
        safe = [(value, text) for value, text in found if _SAFE.fullmatch(value)][:MOST]
        return [Offer(value=value.removeprefix(cut), help=text) for value, text in safe]

    return offered


def prepare(environ: MutableMapping[str, str]) -> None:
    """Make what a shell asks answerable; nothing where none asks.

    Args:
        environ: In which it says what is typed; changed.
    """
    asked = environ.get("_FOREMAN_COMPLETE", "")
    if asked.startswith("complete_"):
        # Typer breaks what it says of a word at the screen's edge; fish takes each line for a word of its own.
        environ["COLUMNS"] = "10000"
    if asked == "complete_bash":
        join_words(environ)


def join_words(environ: MutableMapping[str, str]) -> None:
    """Put together what bash takes apart at colons, as in `gitlab:group/project`.

    Args:
        environ: In which bash says what is typed; changed. Only the last word is put together.
    """
    _CUT.set("")
    words = environ.get("COMP_WORDS", "").split("\n")
    at = environ.get("COMP_CWORD", "")
    if not at.isdigit() or ":" not in words:
        return
    typed = words[: int(at) + 1]
    last = typed.pop() if len(typed) == int(at) + 1 else ""
    before = ""
    if last == ":":
        typed.append(last)
        last = ""
    while len(typed) > 1 and typed[-1] == ":":
        before = f"{typed[-2]}:{before}"
        del typed[-2:]
    _CUT.set(before)
    environ["COMP_WORDS"] = "\n".join([*typed, last])
    environ["COMP_CWORD"] = str(len(typed))


def _numbers(context: Any, typed: str) -> Iterator[tuple[str, str]]:
    del typed
    for number, text in _rows(context, _QUERIES[context.info_name]):
        yield str(number), text if _SAFE.fullmatch(text.replace(" ", "")) else ""


def _places(context: Any, typed: str) -> Iterator[tuple[str, str]]:
    if "#" not in typed:
        yield from _repos(context, typed)
        return
    yield from _rows(context, _ISSUES)


def _repos(context: Any, typed: str) -> Iterator[tuple[str, str]]:
    del typed
    forges = {"gitlab": "gitlab:"}
    for entry in _config(context).get("repos", []):
        path = entry.get("path") or f"{entry['owner']}/{entry['name']}"
        yield forges.get(entry.get("forge"), "") + path, ""


def _agents(context: Any, typed: str) -> Iterator[tuple[str, str]]:
    del typed
    yield from ((name, "") for name in dict.fromkeys(["issue-triage", *_config(context).get("agents", {})]))


def _config(context: Any) -> dict[str, Any]:
    """Return the configuration as it is written, without what it extends."""
    import yaml

    from foreman.config.paths import find

    named = context.find_root().params.get("config")
    text = find(Path(named) if named else None).read_text(encoding="utf-8")
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe one
    except yaml.YAMLError as error:
        raise ValueError from error
    return found if isinstance(found, dict) else {}


def _rows(context: Any, query: str) -> Iterator[tuple[Any, str]]:
    from foreman.config.paths import data_dir, from_home

    named = _config(context).get("storage", {}).get("path")
    path = from_home(Path(os.path.expandvars(named))) if named else data_dir() / "memory.db"
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as db:
        yield from db.execute(query).fetchall()
