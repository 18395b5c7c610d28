"""The effective configuration as data, for `config show`: defaults filled in, secrets as the references they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from foreman.config.document import Path_
from foreman.config.interpolate import in_free_form, variables_in
from foreman.config.models import Config
from foreman.secrets import MIN_SECRET_CHARS, lookup

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
    result = conceal(_without_none(data, ()), written)
    return {key: value for key, value in result.items() if value != {} or key == "agents"}


def masked(value: Any, written: Any, environ: Mapping[str, str]) -> Any:
    """Put the names of private variables where their values are.

    Args:
        value: What was worked out of a configuration, as plain data.
        written: The configuration before the environment was put in.
        environ: The environment.

    Returns:
        The value to show.
    """
    private = {name: lookup(name, environ) for name in variables_in(written) if _PRIVATE.search(name)}
    return _masked(value, {found: f"${{{name}}}" for name, found in private.items() if found})


def _masked(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _masked(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, names) for item in value]
    if isinstance(value, str):
        for found, name in names.items():
            # A short one is in ordinary words too: it is taken out where it is all there is.
            value = value.replace(found, name) if value == found or len(found) >= MIN_SECRET_CHARS else value
    return value


def _repo(repo: dict[str, Any]) -> dict[str, Any]:
    return {"forge": "github", "enabled": True, **repo}


def _without_none(value: Any, path: Path_) -> Any:
    if isinstance(value, dict):
        below = {key: _without_none(item, (*path, key)) for key, item in value.items()}
        return {key: item for key, item in below.items() if item is not None or in_free_form((*path, key))}
    if isinstance(value, list):
        return [_without_none(item, (*path, index)) for index, item in enumerate(value)]
    return value


def conceal(value: Any, written: Any) -> Any:
    """Show a value as it was written wherever a private variable is in it.

    Args:
        value: As it holds.
        written: The same before the environment was put in.

    Returns:
        The value to show.
    """
    if isinstance(value, dict):
        origin = written if isinstance(written, dict) else {}
        return {key: conceal(item, origin.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        origins = written if isinstance(written, list) and len(written) == len(value) else [None] * len(value)
        return [conceal(item, origin) for item, origin in zip(value, origins, strict=True)]
    if isinstance(written, str) and any(_PRIVATE.search(name) for name in variables_in(written)):
        return written
    return value
