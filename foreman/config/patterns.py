"""Entries that stand for many repositories: how they are written, and whether they can be meant."""

from __future__ import annotations

from collections.abc import Sequence

from foreman.config.effective import RepoPattern
from foreman.model import ForgeKind, RepoRef

_ENDS = {"*": False, "**": True}


def is_pattern(path: str) -> bool:
    """Tell whether a path is meant for many repositories."""
    return "*" in path


def read(forge: ForgeKind, path: str, *, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> RepoPattern:
    """Read a pattern.

    Args:
        forge: Where the repositories live.
        path: `owner/*`, and on GitLab `group/**` with all subgroups.
        include: Globs of those that are meant.
        exclude: Globs of those that are not.

    Returns:
        The pattern.

    Raises:
        ValueError: It cannot be meant; the text says what can.
    """
    owner, slash, end = path.rpartition("/")
    if not slash or end not in _ENDS or is_pattern(owner):
        raise ValueError("is no pattern: `*` stands alone after the owner, as in my-org/*; `include` narrows it")
    if _ENDS[end] and forge is ForgeKind.GITHUB:
        raise ValueError("is no pattern on github, which has no groups in groups: write owner/*")
    try:
        RepoRef(forge, f"{owner}/any")
    except ValueError:
        shape = "owner/*" if forge is ForgeKind.GITHUB else "group/* or group/**"
        raise ValueError(f"is no {forge} pattern: it is written {shape}, and no URLs here") from None
    return RepoPattern(forge=forge, owner=owner, nested=_ENDS[end], include=tuple(include), exclude=tuple(exclude))
