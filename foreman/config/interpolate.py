"""Put the environment into the text of a document: `${VAR}`, `${VAR:-default}`, `$${VAR}` for the letters themselves.

Secrets are not looked up here: their keys get a reference that is resolved when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from foreman.config.document import Document, Path_, Word
from foreman.errors import Problem
from foreman.secrets import SecretRef, looks_like_token, lookup

REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?(?P<end>\})?")
"""Text such as `${{ github.token }}` is no reference and stays."""

_SECRET_KEYS = {"github_token", "gitlab_token", "operator_token", "api_key"}
_SUGGESTED = {"api_key": "ANTHROPIC_API_KEY", "private_key": "GITHUB_APP_KEY"}  # pragma: allowlist secret
_SWITCHES_IN_FREE_FORM = {"allow_close"}
_TEXTS_IN_FREE_FORM = {"labels", "stale_label", "needs_info_label"}


def is_secret(path: Path_) -> bool:
    """Tell whether a secret belongs at a path."""
    if path[-1:] == ("api_key",):
        return path == ("llm", "api_key") or (len(path) == 4 and path[:2] == ("llm", "fallbacks"))
    if path == ("identity", "github_app", "private_key"):
        return True
    return len(path) == 2 and path[0] in {"identity", "server"} and path[1] in _SECRET_KEYS


def in_free_form(path: Path_) -> bool:
    """Tell whether a path is inside an agent's own `config`."""
    return bool(own_path(path))


def own_path(path: Path_) -> Path_:
    """Return where a path inside an agent's own `config` is from there; empty for every other path."""
    match path:
        case ("repos", int(), "agents", int(), "config", *inside) | ("defaults", "agents", int(), "config", *inside):
            return tuple(inside)
        case _:
            return ()


def variables_in(written: Any) -> tuple[str, ...]:
    """Return the names of the variables in a value and in all that is below it, each once."""
    if isinstance(written, str):
        found = [match["name"] for match in REFERENCE.finditer(written) if match["name"]]
    else:
        below = written.values() if isinstance(written, dict) else written if isinstance(written, list) else ()
        found = [name for item in below for name in variables_in(item)]
    return tuple(dict.fromkeys(found))


def interpolate(document: Document, environ: Mapping[str, str]) -> tuple[Any, list[Problem]]:
    """Fill a document in.

    Args:
        document: As read; it is not changed.
        environ: The environment.

    Returns:
        The data, empty keys (`model:`) left out except in an agent's own `config`, and every problem.
    """
    filler = _Filler(document, environ)
    data = filler.value(document.data, ())
    return data, filler.problems


class Everything(Mapping[str, str]):
    """An environment in which every variable is set: what is wrong all the same is wrong in every one."""

    def __getitem__(self, name: str) -> str:
        """Return a value."""
        return "set"

    def __iter__(self) -> Iterator[str]:
        """Name no variable."""
        return iter(())

    def __len__(self) -> int:
        """Count no variable."""
        return 0


class _Filler:
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document = document
        self._environ = environ
        self.problems: list[Problem] = []

    def value(self, value: Any, path: Path_) -> Any:
        if isinstance(value, dict):
            return {
                key: self.value(item, (*path, key))
                for key, item in value.items()
                if item is not None or in_free_form((*path, key))
            }
        if isinstance(value, list):
            return [self.value(item, (*path, index)) for index, item in enumerate(value)]
        if value is not None and is_secret(path):
            return self._secret(value, path)
        if isinstance(value, Word) and in_free_form(path):
            return self._word(value, path)
        if isinstance(value, str):
            return self._text(str(value), path)
        return value

    def _refuse(self, path: Path_, message: str) -> None:
        self.problems.append(self._document.problem(path, message))

    def _secret(self, value: Any, path: Path_) -> SecretRef:
        match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        key = self._document.problem(path, "").path
        if match and match["name"] and match["end"] and not match["default"]:
            return SecretRef(match["name"], key)
        suggested = _SUGGESTED.get(str(path[-1]), str(path[-1]).upper())
        if isinstance(value, str) and "${" in value:
            names = [found["name"] for found in REFERENCE.finditer(value) if found["name"]]
            named = names[0] if names else suggested
            self._refuse(path, f"must be one variable and nothing else, without a default: ${{{named}}}")
        else:
            self._refuse(path, f"holds a secret itself; put it into a variable and write ${{{suggested}}}")
        return SecretRef(suggested, key)

    def _word(self, value: Word, path: Path_) -> Any:
        key = own_path(path)[0]
        if key in _SWITCHES_IN_FREE_FORM:
            return value.lower() in {"yes", "on", "y"}
        if key not in _TEXTS_IN_FREE_FORM:
            self._refuse(path, f"`{value}` may mean a word or a switch: write true or false, or put it in quotes")
        return str(value)

    def _text(self, text: str, path: Path_) -> str:
        if looks_like_token(text):
            self._refuse(path, "holds something that looks like a token; the configuration must not hold secrets")
            return ""

        def fill(match: re.Match[str]) -> str:
            name = match["name"]
            if name is None:
                return "${"
            if not match["end"]:
                self._refuse(path, f"the reference to {name} has no end: write ${{{name}}} (or $${{ for the letters)")
                return ""
            value = lookup(name, self._environ)
            if not value and match["default"] is not None:
                return match["default"]
            if value is None:
                self._refuse(path, f"the variable {name} is not set (`${{{name}:-default}}` gives a default)")
                return "unset"
            return value

        return REFERENCE.sub(fill, text)
