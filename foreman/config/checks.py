"""What one key of the configuration demands of another.

The checks read the raw data and skip what has the wrong kind, so that they find their problems beside those that
pydantic finds, and everything is reported at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from foreman.config import patterns
from foreman.config.document import Path_
from foreman.config.effective import RepoPattern
from foreman.config.explain import nearest
from foreman.config.fields import is_loopback
from foreman.config.models import BUNDLED_AGENTS, AgentSettings
from foreman.model import ForgeKind, RepoRef

Found = tuple[Path_, str]
"""Where, and what is wrong."""

KEYLESS = ("none", "ollama", "ollama_chat", "recorded")
"""Providers that need no key."""


def check(data: dict[str, Any]) -> Iterator[Found]:
    """Run every check.

    Args:
        data: The interpolated document.

    Yields:
        Each problem found.
    """
    for one in CHECKS:
        yield from one(data)


def _at(data: Any, *path: str | int) -> Any:
    for part in path:
        if isinstance(part, int):
            data = data[part] if isinstance(data, list) and part < len(data) else None
        else:
            data = data.get(part) if isinstance(data, dict) else None
    return data


def _rows(data: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    if isinstance(data, list):
        yield from ((index, row) for index, row in enumerate(data) if isinstance(row, dict))


def _forge(repo: dict[str, Any]) -> ForgeKind | None:
    name = repo.get("forge", "github")
    return ForgeKind(name) if isinstance(name, str) and name in list(ForgeKind) else None


def _enabled(repo: dict[str, Any]) -> bool:
    value = repo.get("enabled", True)
    return value not in (False, "false", "no", "off")


def _forges_used(data: dict[str, Any]) -> list[ForgeKind]:
    used = {_forge(repo) for _, repo in _rows(data.get("repos")) if _enabled(repo)}
    return [kind for kind in ForgeKind if kind in used]


def _identities(data: dict[str, Any]) -> Iterator[Found]:
    for forge in _forges_used(data):
        for what in ("token", "user"):
            if _at(data, "identity", f"{forge}_{what}") is None:
                hint = f", as ${{{forge.upper()}_TOKEN}}" if what == "token" else ": the bot account's login"
                yield ("identity", f"{forge}_{what}"), f"is required, since a repository is on {forge}{hint}"


def _repositories(data: dict[str, Any]) -> Iterator[Found]:
    seen: dict[RepoPattern | str, int] = {}
    for index, repo in _rows(data.get("repos")):
        forge = _forge(repo)
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
            yield ("repos", index), f"is the same {what} as repos[{seen[meant]}]"
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


def _agents(data: dict[str, Any]) -> Iterator[Found]:
    entries = data.get("agents")
    known = list(dict.fromkeys([*BUNDLED_AGENTS, *(entries if isinstance(entries, dict) else ())]))
    usual = _at(data, "defaults", "agents")
    yield from _lineup(usual, ("defaults", "agents"), known)
    for index, repo in _rows(data.get("repos")):
        if repo.get("agents") is None and not usual:
            yield ("repos", index, "agents"), "is required (or `defaults.agents`, for every repository)"
        yield from _lineup(repo.get("agents"), ("repos", index, "agents"), known)


def _lineup(agents: Any, where: Path_, known: list[str]) -> Iterator[Found]:
    seen: set[str] = set()
    for place, agent in _rows(agents):
        kind = agent.get("type")
        if not isinstance(kind, str):
            continue
        if kind in seen:
            yield (*where, place, "type"), "is there twice in this list"
        elif kind not in known:
            hint = nearest(kind, known) or f"; known: {', '.join(known)}"
            yield (*where, place, "type"), f"is neither bundled nor named under `agents`{hint}"
        seen.add(kind)


def _runtimes(data: dict[str, Any]) -> Iterator[Found]:
    entries = data.get("agents")
    needs = {"docker": "image", "process": "command", "url": "url"}
    for kind, entry in entries.items() if isinstance(entries, dict) else ():
        if not isinstance(entry, dict):
            continue
        runtime = entry.get("runtime", AgentSettings.model_fields["runtime"].default)
        if runtime not in needs:
            continue
        needed = needs[runtime]
        if entry.get(needed) is None and (runtime == "url" or kind not in BUNDLED_AGENTS):
            yield ("agents", kind, needed), f"is required with `runtime: {runtime}`"
        for other, key in needs.items():
            if other != runtime and entry.get(key) is not None:
                yield ("agents", kind, key), f"goes with `runtime: {other}`, not {runtime}"


def _models(data: dict[str, Any]) -> Iterator[Found]:
    llm = data.get("llm")
    if not isinstance(llm, dict):
        return
    provider = llm.get("provider", "anthropic" if "model" in llm else "none")
    if not isinstance(provider, str):
        return
    if provider == "none":
        for key in ("model", "api_key", "fallbacks"):
            if llm.get(key):
                yield ("llm", key), "is of no use without a `provider`"
        return
    yield from _model(llm, provider, ("llm",))
    for index, fallback in _rows(llm.get("fallbacks")):
        if isinstance(fallback.get("provider"), str):
            yield from _model(fallback, fallback["provider"], ("llm", "fallbacks", index))


def _model(llm: dict[str, Any], provider: str, where: Path_) -> Iterator[Found]:
    if llm.get("model") is None and len(where) == 1:
        yield (*where, "model"), f"is required with `provider: {provider}`"
    if llm.get("api_key") is None and llm.get("api_base") is None and provider not in KEYLESS:
        name = f"${{{''.join(c if c.isalnum() else '_' for c in provider[:40]).upper()}_API_KEY}}"
        yield (
            (*where, "api_key"),
            f"is required with `provider: {provider}`, as {name} (or `api_base` of a server without keys)",
        )


def _binding(data: dict[str, Any]) -> Iterator[Found]:
    host = _at(data, "server", "host")
    enabled = _at(data, "server", "enabled")
    exposed = isinstance(host, str) and not is_loopback(host) and enabled not in (False, "false", "no", "off")
    if exposed and _at(data, "server", "operator_token") is None:
        yield ("server", "operator_token"), "is required, since `server.host` can be reached from other machines"


def _write_interval(data: dict[str, Any]) -> Iterator[Found]:
    interval = _at(data, "polling", "write_interval_seconds")
    try:
        fast = interval is not None and float(interval) < 1
    except (TypeError, ValueError):
        return
    if not fast:
        return
    for forge in _forges_used(data):
        key, public = {
            ForgeKind.GITHUB: ("github_api_url", "api.github.com"),
            ForgeKind.GITLAB: ("gitlab_url", "gitlab.com"),
        }[forge]
        url = _at(data, "identity", key)
        host = urlsplit(url).hostname if isinstance(url, str) and "[" not in url else public
        if host == public:
            yield ("polling", "write_interval_seconds"), f"must be at least 1: {public} asks for it"


def _dashboards(data: dict[str, Any]) -> Iterator[Found]:
    for index, repo in _rows(data.get("repos")):
        places: tuple[Path_, ...] = (
            ("repos", index, "policy", "dashboard"),
            ("defaults", "policy", "dashboard"),
            ("policy", "dashboard"),
        )
        where, name = next(((at, name) for at in places if isinstance(name := _at(data, *at), str)), ((), ""))
        forge = _forge(repo)
        if name and forge and RepoRef.is_path(ForgeKind.GITLAB, name) and not RepoRef.is_path(forge, name):
            yield where, f"is no {forge} repository, where repos[{index}] would need it to be one"


CHECKS: tuple[Callable[[dict[str, Any]], Iterator[Found]], ...] = (
    _identities,
    _models,
    _write_interval,
    _binding,
    _runtimes,
    _repositories,
    _agents,
    _dashboards,
)
