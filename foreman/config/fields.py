"""Kinds of values the configuration is made of, each checked where it is read. No I/O."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from foreman.model import ForgeKind, RepoRef
from foreman.secrets import SecretRef

MEMORY_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_MEMORY = re.compile(r"([0-9]{1,12})([bkmg]?)", re.IGNORECASE)


class Section(BaseModel):
    """Base of every section: closed, immutable, and silent about values in its errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    return host in {"localhost", "::1"} or re.fullmatch(r"127(?:\.[0-9]{1,3}){3}", host) is not None


def memory_bytes(text: str) -> int:
    """Read a size such as `512m`.

    Args:
        text: Digits and one of b, k, m, g (powers of 1024) or nothing.

    Returns:
        Bytes.

    Raises:
        ValueError: It has another shape.
    """
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise ValueError("needs a size such as 512m or 2g")
    return int(match[1]) * MEMORY_UNITS[match[2].lower()]


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("needs a number, not true or false")
    return value


def _switch(value: Any) -> Any:
    if isinstance(value, bool) or (
        isinstance(value, str) and value.lower() in {"yes", "no", "on", "off", "true", "false"}
    ):
        return value
    raise ValueError("needs true or false")


def _first_run(value: Any) -> Any:
    if value == "new" or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and int(value) <= 1000:
        return int(value)
    raise ValueError("needs `new`, or how many of the newest open issues come first (0 to 1000)")


def _secret(value: Any) -> SecretRef | None:
    if value is None or isinstance(value, SecretRef):
        return value
    if isinstance(value, str) and (match := re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", value)):
        return SecretRef(match[1])
    raise ValueError("must name a variable, as in ${NAME}")


def _private_key(value: Any) -> SecretRef:
    reference = _secret(value)
    if reference is None:
        raise ValueError("must name a variable, as in ${NAME}")
    return replace(reference, is_key=True)


def _app_id(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and re.fullmatch(r"[1-9][0-9]{0,18}|Iv[0-9A-Za-z.]{6,60}", text):
        return text
    raise ValueError("needs the app's id, a number, or its client id, which begins with Iv")


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is not a URL") from error
    if parts.scheme not in {"http", "https"} or not host or any(c.isspace() or not c.isprintable() for c in value):
        raise ValueError("needs a URL such as https://api.github.com")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password")
    if parts.query or parts.fragment:
        raise ValueError("must not have a query or fragment")
    return value.rstrip("/")


def _forge_url(value: str) -> str:
    url = _base_url(value)
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("needs https: the token would travel in the clear")
    return url


def _link(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or "." not in (parts.hostname or ""):
        raise ValueError("needs the beginning of a URL such as https://docs.example.org/")
    if parts.username is not None or not parts.path.startswith("/"):
        raise ValueError("needs a / after the host, and no user name")
    return value


def _repository(value: str) -> str:
    if value and not any(RepoRef.is_path(forge, value) for forge in ForgeKind):
        raise ValueError("is no repository: write owner/repo, or on GitLab group/sub/project")
    return value


def _memory(value: str) -> str:
    if memory_bytes(value) < 16 * 1024**2:
        raise ValueError("is less than 16m, which no agent starts with")
    return value


def _arguments(value: Any) -> Any:
    return shlex.split(value) if isinstance(value, str) else value


def _docs(value: str) -> str:
    *folders, name = value.split("/")
    whole = any(part in ("", ".", "..") for part in (*folders, name)) or "\\" in value or not value.isprintable()
    if whole or any(sign in "".join(folders) for sign in "*?["):
        raise ValueError("is no path of documentation: write README.md or docs/*.md, with wildcards in the last part")
    return value


LEAST_DAYS = 90
"""So far back Foreman itself looks at what people did with its work, and at what was left to them."""


def _keep_days(value: int) -> int:
    if 0 < value < LEAST_DAYS:
        raise ValueError(f"is too short: Foreman itself looks back {LEAST_DAYS} days; 0 keeps everything")
    return value


Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
DocsPattern = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_docs)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
AgentType = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
FirstRun = Annotated[
    Literal["new"] | int,
    PlainValidator(_first_run),
    WithJsonSchema({"anyOf": [{"const": "new"}, {"type": "integer", "minimum": 0, "maximum": 1000}]}),
]
Switch = Annotated[bool, BeforeValidator(_switch)]
Whole = Annotated[int, BeforeValidator(_number)]
Number = Annotated[float, BeforeValidator(_number)]
KeepDays = Annotated[int, BeforeValidator(_number), AfterValidator(_keep_days)]
Money = Annotated[
    Decimal,
    BeforeValidator(_number),
    PlainSerializer(float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
ForgeUrl = Annotated[str, AfterValidator(_forge_url)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]


def _file(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError("begins with ~, and this user has no home directory: set HOME, or write it whole") from None


Link = Annotated[str, AfterValidator(_link)]
Repository = Annotated[str, AfterValidator(_repository)]
Memory = Annotated[str, AfterValidator(_memory)]
Command = Annotated[
    tuple[str, ...],
    BeforeValidator(_arguments),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Files = Annotated[
    tuple[Text, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
FilePath = Annotated[
    Path,
    AfterValidator(_file),
    WithJsonSchema({"type": "string"}),
]
Secret = Annotated[
    SecretRef | None,
    PlainValidator(_secret),
    PlainSerializer(lambda ref: None if ref is None else str(ref)),
    WithJsonSchema({"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"}),
]
PrivateKey = Annotated[
    SecretRef,
    PlainValidator(_private_key),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"}),
]
AppId = Annotated[
    str,
    PlainValidator(_app_id),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": "^([1-9][0-9]*|Iv[0-9A-Za-z.]+)$"},
            ]
        }
    ),
]
