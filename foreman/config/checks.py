"""What one key of the configuration demands of another.

The checks read the raw data and skip what has the wrong kind, so that they find their problems beside those that
pydantic finds, and everything is reported at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from foreman.config.checks_entries import ENTRIES, Found, Namer
from foreman.config.document import Path_
from foreman.config.fields import is_loopback
from foreman.config.models import BUNDLED_AGENTS, AgentSettings
from foreman.config.peek import at, forges_used, rows
from foreman.model import ForgeKind

KEYLESS = ("none", "ollama", "ollama_chat", "recorded")
"""Providers that need no key."""


def check(data: dict[str, Any], name: Namer) -> Iterator[Found]:
    """Run every check.

    Args:
        data: The interpolated document.
        name: Renders another place for a message.

    Yields:
        Each problem found.
    """
    for one in CHECKS:
        yield from one(data)
    for each in ENTRIES:
        yield from each(data, name)


def _identities(data: dict[str, Any]) -> Iterator[Found]:
    if at(data, "identity", "github_app") is not None and at(data, "identity", "github_token") is not None:
        yield ("identity", "github_app"), "stands for `github_token`: give one or the other"
    for forge in forges_used(data):
        if forge is ForgeKind.GITHUB and at(data, "identity", "github_app") is not None:
            continue
        for what in ("token", "user"):
            if at(data, "identity", f"{forge}_{what}") is None:
                hint = f", as ${{{forge.upper()}_TOKEN}}" if what == "token" else ": the bot account's login"
                yield ("identity", f"{forge}_{what}"), f"is required, since a repository is on {forge}{hint}"


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
    for index, fallback in rows(llm.get("fallbacks")):
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
    host = at(data, "server", "host")
    enabled = at(data, "server", "enabled")
    exposed = isinstance(host, str) and not is_loopback(host) and enabled not in (False, "false", "no", "off")
    if exposed and at(data, "server", "operator_token") is None:
        yield ("server", "operator_token"), "is required, since `server.host` can be reached from other machines"


def _write_interval(data: dict[str, Any]) -> Iterator[Found]:
    interval = at(data, "polling", "write_interval_seconds")
    try:
        fast = interval is not None and float(interval) < 1
    except (TypeError, ValueError):
        return
    if not fast:
        return
    for forge in forges_used(data):
        key, public = {
            ForgeKind.GITHUB: ("github_api_url", "api.github.com"),
            ForgeKind.GITLAB: ("gitlab_url", "gitlab.com"),
        }[forge]
        url = at(data, "identity", key)
        host = urlsplit(url).hostname if isinstance(url, str) and "[" not in url else public
        if host == public:
            yield ("polling", "write_interval_seconds"), f"must be at least 1: {public} asks for it"


CHECKS: tuple[Callable[[dict[str, Any]], Iterator[Found]], ...] = (
    _identities,
    _models,
    _write_interval,
    _binding,
    _runtimes,
)
