"""Secrets by reference, and the list of known secret values that must not leave.

A configuration names a variable; the value is read when it is used, from the environment, then from the file
`$CREDENTIALS_DIRECTORY/NAME` (systemd's `LoadCredential=`). Nothing here is global: an instance is passed around.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path

from foreman.errors import ConfigError, Problem
from foreman.patterns import late
from foreman.values import dataclass

REMOVED = "[secret removed]"
"""Stands where a secret stood that must not be kept."""

MIN_SECRET_CHARS = 8
"""Shorter values are not redacted: they would blacken ordinary words."""

MAX_CREDENTIAL_BYTES = 64 * 1024
"""Largest credential file that is read, bytes; tokens have less than one KiB."""

_NAME = late(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN_SHAPES = late(
    r"gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}"
    r"|sk-[A-Za-z0-9_-]{16,}|xox[abpr]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}"
    # GitHub's installation tokens since 2026 hold a signed web token; so do the requests for them.
    r"|(?:ghs_[0-9]{1,20}_)?eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]*-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
)
_KEY = late(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]+-----END [A-Z ]{0,40}PRIVATE KEY-----\n?")


def lookup(variable: str, environ: Mapping[str, str]) -> str | None:
    """Read a variable from the environment, then from the credentials directory.

    Args:
        variable: Name; anything that is not a plain identifier is not looked up.
        environ: The environment.

    Returns:
        The value, without the line end a credential file may have; None when it is in neither.
    """
    if not _NAME.fullmatch(variable):
        return None
    if variable in environ:
        return environ[variable]
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    if not directory:
        return None
    try:
        with (Path(directory) / variable).open("rb") as file:
            raw = file.read(MAX_CREDENTIAL_BYTES)
        return raw.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None


def looks_like_token(text: str) -> bool:
    """Tell whether a well-known shape of token is in a text."""
    return _TOKEN_SHAPES.search(text) is not None


def mask_tokens(text: str) -> str:
    """Replace everything that has a well-known shape of token."""
    return _TOKEN_SHAPES.sub("[token]", text)


def unfolded(text: str) -> str:
    """Give a private key its line breaks back, where an environment file had to write them as two letters."""
    return text.strip().replace("\\n", "\n").replace("\r", "")


def how_to_set(variable: str, *, is_key: bool = False) -> str:
    """Return what sets a variable in a shell such that no history keeps its value.

    Args:
        variable: Its name.
        is_key: It is to hold a private key, which is a file.

    Returns:
        A line for a shell.
    """
    return f'export {variable}="$(cat key.pem)"' if is_key else f"read -rs {variable}; export {variable}"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is to be found; never the secret.

    Attributes:
        variable: Name of the environment variable or credential file.
        key: Path of the configuration key that names it: `identity.github_token`.
        is_key: It is a private key in PEM, several lines long; anything else stands in an HTTP header.
    """

    variable: str
    key: str = ""
    is_key: bool = False

    def resolve(self, known: KnownSecrets | None = None, *, environ: Mapping[str, str] | None = None) -> str:
        """Read the value.

        Args:
            known: Where the value is made known for redaction.
            environ: Instead of the process's environment.

        Returns:
            The value; of a private key with real line breaks.

        Raises:
            ConfigError: The variable is unset or empty, or is not what belongs there.
        """
        value = lookup(self.variable, os.environ if environ is None else environ)
        if self.is_key and value is not None:
            value = unfolded(value)
        problem = ""
        if value is None:
            how = how_to_set(self.variable, is_key=self.is_key)
            problem = f"is not set: `{how}`, or put it into a file of that name in $CREDENTIALS_DIRECTORY"
        elif not value.strip():
            problem = "is empty"
        elif self.is_key:
            problem = "" if _KEY.fullmatch(value) else "holds no private key in PEM (-----BEGIN … PRIVATE KEY-----)"
        elif not (value.isascii() and value.isprintable()) or value != value.strip():
            problem = "holds spaces at an end, a line break or a character that no token has"
        if value is None or problem:
            raise ConfigError([Problem(path=self.key, message=f"the variable {self.variable} {problem}")])
        if known is not None:
            self._tell(known, value)
        return value

    def make_known(self, known: KnownSecrets) -> None:
        """Make known whatever the variable holds, fit or not, so that it is kept out of everything from now on."""
        value = lookup(self.variable, os.environ) or ""
        self._tell(known, value)
        if self.is_key:
            self._tell(known, unfolded(value))

    def _tell(self, known: KnownSecrets, value: str) -> None:
        if not self.is_key:
            known.add(value, self.variable)
            return
        # Each line, since logs break lines, and all in one; the first and the last line are in every key.
        lines = [line.strip() for line in value.splitlines() if not line.startswith("-----")]
        for part in (*lines, "".join(lines)):
            known.add(part, self.variable)

    def __str__(self) -> str:
        """Render as it is written in the configuration."""
        return f"${{{self.variable}}}"


class KnownSecrets:
    """Values that must not appear in a log, a reply or a text for a forge. Safe to share between threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._items: tuple[tuple[str, str], ...] = ()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str, name: str) -> None:
        """Make a value known.

        Args:
            value: The secret; shorter than `MIN_SECRET_CHARS` it is ignored.
            name: What is put in its place.
        """
        if len(value) < MIN_SECRET_CHARS:
            return
        with self._lock:
            if self._names.get(value) != name:
                self._names[value] = name
                self._compile()

    def forget(self, value: str) -> None:
        """Stop looking for a value that nobody takes any more; an unknown one is none of our business."""
        with self._lock:
            if self._names.pop(value, None) is not None:
                self._compile()

    def _compile(self) -> None:
        longest_first = sorted(self._names, key=len, reverse=True)
        pattern = "|".join(re.escape(secret) for secret in longest_first)
        self._pattern = re.compile(pattern) if pattern else None
        self._items = tuple(self._names.items())

    def redact(self, text: str) -> str:
        """Replace every known value by `[NAME]`."""
        pattern = self._pattern
        if pattern is None:
            return text
        return pattern.sub(lambda match: f"[{self._names.get(match[0], 'secret')}]", text)

    def items(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs of value and name, for a scanner that looks for more than the plain value.

        Returns:
            The same tuple until a value is added or forgotten.
        """
        return self._items

    def __contains__(self, text: str) -> bool:
        """Tell whether a known value is in a text."""
        pattern = self._pattern
        return pattern is not None and pattern.search(text) is not None

    def __repr__(self) -> str:
        """Render the count alone."""
        return f"<KnownSecrets: {len(self._names)}>"
