"""What the outgoing-text function must know about the place a comment goes to."""

from __future__ import annotations

from dataclasses import field

from foreman.gate.secret_scan import NO_SECRETS, KnownSecrets
from foreman.model import ForgeKind, RepoRef
from foreman.values import dataclass

MAX_REFERENCES = 3
"""Other issues one comment may refer to; each reference leaves a line on that issue's page."""

RESERVE = 1024
"""Room kept for the marker line and the footer, characters and bytes."""

FORGE_CHARS = {ForgeKind.GITHUB: 65_536, ForgeKind.GITLAB: 1_000_000}
"""Longest comment a forge takes, characters (measured)."""

FORGE_BYTES = {ForgeKind.GITHUB: 262_144, ForgeKind.GITLAB: 1_000_000}
"""Longest comment a forge takes, bytes of UTF-8 (measured on GitHub; GitLab documents characters only)."""

_HOSTS = {ForgeKind.GITHUB: "https://github.com/", ForgeKind.GITLAB: "https://gitlab.com/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContext:
    """Where a comment goes and what it may contain.

    Attributes:
        forge: Whose text rules hold.
        repo: The repository of the issue.
        number: The issue.
        mentionable: The one login that may be mentioned, the issue's author where that is wanted; empty for none.
        links: URL prefixes that may be linked to, besides the repository's own.
        home: The repository's page on the forge, ending in a slash; empty where nothing on it may be linked to, None
            for the page on the public forge.
        said: Texts of the project itself: what it tells people to run may be repeated.
        max_chars: Most characters of the agent's text.
        secrets: Values that must not leave.
    """

    forge: ForgeKind
    repo: RepoRef
    number: int = 0
    mentionable: str = ""
    links: tuple[str, ...] = ()
    home: str | None = None
    said: tuple[str, ...] = ()
    max_chars: int = 10_000
    secrets: KnownSecrets = field(default=NO_SECRETS)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Every allowed URL prefix, the repository's own first."""
        public = f"{_HOSTS[self.forge]}{self.repo.path}/"
        return (public if self.home is None else self.home, *self.links)

    @property
    def max_bytes(self) -> int:
        """Most bytes of the agent's text."""
        return FORGE_BYTES[self.forge] - RESERVE

    @property
    def char_limit(self) -> int:
        """Most characters of the agent's text, by config and by the forge."""
        return min(self.max_chars, FORGE_CHARS[self.forge] - RESERVE)
