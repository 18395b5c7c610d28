"""The effective configuration as data, for `config show`: defaults filled in, secrets as the references they are."""

from __future__ import annotations

import re
from typing import Any

from foreman.config.interpolate import REFERENCE
from foreman.config.models import Config

_PRIVATE = re.compile(r"TOKEN|KEY|SECRET|PASS|CRED|AUTH|PRIVATE|COOKIE|DSN", re.IGNORECASE)


def shown(config: Config, written: Any) -> dict[str, Any]:
    """Describe a configuration.

    Args:
        config: As loaded.
        written: The same document before the environment was put in; text that takes a variable with a name such as
            `PROXY_PASSWORD` is shown as written.

    Returns:
        Plain data that loads as the same configuration; keys without a value are left out.
    """
    data = config.model_dump(mode="json")
    # What an entry leaves out is left out here too: a default written down would go before what is more general.
    given = config.model_dump(mode="json", exclude_unset=True)
    data["repos"], data["defaults"] = [_repo(repo) for repo in given["repos"]], given.get("defaults", {})
    del data["extends"]  # this is all of it already
    result = _conceal(_without_none(data), written)
    return {key: value for key, value in result.items() if value != {} or key == "agents"}


def _repo(repo: dict[str, Any]) -> dict[str, Any]:
    return {"forge": "github", "enabled": True, **repo}


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value


def _conceal(value: Any, written: Any) -> Any:
    if isinstance(value, dict):
        origin = written if isinstance(written, dict) else {}
        return {key: _conceal(item, origin.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        origins = written if isinstance(written, list) and len(written) == len(value) else [None] * len(value)
        return [_conceal(item, origin) for item, origin in zip(value, origins, strict=True)]
    if isinstance(written, str):
        names = [match["name"] for match in REFERENCE.finditer(written) if match["name"]]
        if any(_PRIVATE.search(name) for name in names):
            return written
    return value
