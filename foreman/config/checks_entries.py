"""What one key of an entry of `repos` demands of another, and one entry of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from foreman.config import patterns
from foreman.config.document import Path_
from foreman.config.effective import RepoPattern
from foreman.config.explain import nearest
from foreman.config.models import BUNDLED_AGENTS
from foreman.config.peek import at, forge_of, rows
from foreman.model import ForgeKind, RepoRef

Found = tuple[Path_, str]
"""Where, and what is wrong."""

Namer = Callable[[Path_], str]
"""Renders a place for a message."""


def _repositories(data: dict[str, Any], name: Namer) -> Iterator[Found]:
    seen: dict[RepoPattern | str, int] = {}
    for index, repo in rows(data.get("repos")):
        forge = forge_of(repo)
        wrong = tuple(_whereabouts(repo))
        for key, message in wrong:
            yield ("repos", index, key), message
        if wrong or forge is None or not all(isinstance(repo.get(key, ""), str) for key in ("owner", "name", "path")):
            continue
        try:
            meant = _identity(forge, repo.get("path") or f"{repo['owner']}/{repo['name']}", repo)
        except ValueError as error:
            yield ("repos", index), str(error)
            continue
        if isinstance(meant, str):
            for key in ("include", "exclude"):
                if repo.get(key):
                    yield ("repos", index, key), 'goes with a pattern, such as `name: "*"`'
        if meant in seen:
            what = "repository" if isinstance(meant, str) else "pattern"
            yield ("repos", index), f"is the same {what} as {name(('repos', seen[meant]))}"
        seen.setdefault(meant, index)


def _whereabouts(repo: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if repo.get("path") is None:
        yield from ((key, "is required (or `path`)") for key in ("owner", "name") if repo.get(key) is None)
    elif repo.get("owner") is not None or repo.get("name") is not None:
        yield "path", "stands for `owner` and `name`; give one or the other"


def _identity(forge: ForgeKind, path: str, repo: dict[str, Any]) -> RepoPattern | str:
    if patterns.is_pattern(path):
        include, exclude = (_folded(repo.get(key)) for key in ("include", "exclude"))
        return patterns.read(forge, path.casefold(), include=include, exclude=exclude)
    try:
        return RepoRef(forge, path).key.casefold()
    except ValueError:
        shape = "owner/name" if forge is ForgeKind.GITHUB else "group/sub/project"
        message = f"is no {forge} repository: the forge has names such as {shape}, and no URLs here"
        raise ValueError(message) from None


def _folded(globs: Any) -> tuple[str, ...]:
    return tuple(sorted(str(glob).casefold() for glob in globs)) if isinstance(globs, list) else ()


def _agents(data: dict[str, Any], _name: Namer) -> Iterator[Found]:
    entries = data.get("agents")
    known = list(dict.fromkeys([*BUNDLED_AGENTS, *(entries if isinstance(entries, dict) else ())]))
    usual = at(data, "defaults", "agents")
    yield from _lineup(usual, ("defaults", "agents"), known)
    for index, repo in rows(data.get("repos")):
        if repo.get("agents") is None and not usual:
            yield ("repos", index, "agents"), "is required (or `defaults.agents`, for every repository)"
        yield from _lineup(repo.get("agents"), ("repos", index, "agents"), known)


def _lineup(agents: Any, where: Path_, known: list[str]) -> Iterator[Found]:
    seen: set[str] = set()
    for place, agent in rows(agents):
        kind = agent.get("type")
        if not isinstance(kind, str):
            continue
        if kind in seen:
            yield (*where, place, "type"), "is there twice in this list"
        elif kind not in known:
            hint = nearest(kind, known) or f"; known: {', '.join(known)}"
            yield (*where, place, "type"), f"is neither bundled nor named under `agents`{hint}"
        seen.add(kind)


def _dashboards(data: dict[str, Any], name: Namer) -> Iterator[Found]:
    for index, repo in rows(data.get("repos")):
        places: tuple[Path_, ...] = (
            ("repos", index, "policy", "dashboard"),
            ("defaults", "policy", "dashboard"),
            ("policy", "dashboard"),
        )
        where, path = next(((one, path) for one in places if isinstance(path := at(data, *one), str)), ((), ""))
        forge = forge_of(repo)
        if path and forge and RepoRef.is_path(ForgeKind.GITLAB, path) and not RepoRef.is_path(forge, path):
            yield where, f"is no {forge} repository, where {name(('repos', index))} would need it to be one"


ENTRIES: tuple[Callable[[dict[str, Any], Namer], Iterator[Found]], ...] = (_repositories, _agents, _dashboards)
