"""Which remotes a folder's git repository has, in every way git lets them be written.

Only `git remote` and, for a host that is an alias of somebody's own, `ssh -G` are run; neither connects to anything.
What stands before an `@` is never kept: it may be a password.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from foreman.errors import ForemanError
from foreman.values import dataclass

PREFERRED = ("upstream", "origin")
"""Whoever has a fork calls the real one `upstream`."""

_SECONDS = 10
_MOST = 20
_SCP = re.compile(r"(?:[^@/\s:]{1,100}@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*):(?P<path>[^\s:].*)")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,253}")
_SCHEMES = {"https", "http", "ssh", "git", "git+ssh", "ssh+git"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Where a remote points.

    Attributes:
        name: `origin`.
        host: In small letters.
        port: Of a web address that names one; None for all others: the port of ssh says nothing about the web's.
        secure: Whether the web is to be asked by https.
        path: `owner/name` and whatever stands before it, without `.git`.
        by_web: It was written as a web address.
    """

    name: str = ""
    host: str
    port: int | None = None
    secure: bool = True
    path: str
    by_web: bool = False


class NoGit(ForemanError):
    """Git is not there, or will not tell; the caller asks for the repository's name instead."""


def parse(url: str) -> Remote | None:
    """Read the address of a remote.

    Args:
        url: `https://host/path.git`, `ssh://git@host:22/path`, `git@host:path`.

    Returns:
        Where it points; None for a folder, a bundle, and all that is no address of a host.
    """
    url = url.strip()
    if "://" in url:
        return _of_url(url)
    match = _SCP.fullmatch(url)
    if match is None or re.fullmatch(r"[A-Za-z]:[\\/].*", url):
        return None
    host = match["host"].strip("[]").lower()
    path = _path(match["path"])
    return Remote(host=host, path=path) if path else None


def of_folder(folder: Path, *, hostname: Callable[[str], str] | None = None) -> tuple[Remote, ...]:
    """Return the remotes of the repository that a folder is in, the likeliest first.

    Args:
        folder: Any folder of the working tree.
        hostname: Tells what host an alias stands for; `ssh -G` where it is left out.

    Returns:
        Those that point to a host; empty where there is none, or no repository.

    Raises:
        NoGit: Git is not installed, or refuses.
    """
    names = _git(folder, "remote").splitlines()[:_MOST]
    names.sort(key=lambda name: (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), name))
    found = []
    for name in names:
        if name.startswith("-"):
            continue
        lines = _git(folder, "remote", "get-url", name).splitlines()
        remote = parse(lines[0]) if lines else None
        if remote is not None:
            if not remote.by_web and "." not in remote.host and remote.host != "localhost":
                remote = replace(remote, host=(hostname or _by_ssh)(remote.host))
            found.append(replace(remote, name=name))
    return tuple(found)


def _of_url(url: str) -> Remote | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    path = _path(unquote(parts.path))
    if parts.scheme.lower() not in _SCHEMES or not host or not path:
        return None
    if not _HOST.fullmatch(host) and not re.fullmatch(r"[0-9a-f:.]{2,45}", host):  # nothing that steers a terminal
        return None
    if parts.scheme.lower() in ("http", "https"):
        return Remote(host=host, port=port, secure=parts.scheme.lower() == "https", path=path, by_web=True)
    return Remote(host=host, path=path)


def _path(path: str) -> str:
    return path.strip("/").removeprefix("~/").removesuffix(".git").strip("/") if path.isprintable() else ""


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise NoGit("git is not installed") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoGit(f"git does not answer: {type(error).__name__}") from error
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "replace")
    told = done.stderr.decode("utf-8", "replace")
    if "dubious ownership" in told:
        raise NoGit("git says that this folder belongs to somebody else (safe.directory)")
    return ""


def _by_ssh(alias: str) -> str:
    """Return the host that `~/.ssh/config` means by an alias; the alias where that cannot be told."""
    if not _HOST.fullmatch(alias):
        return alias
    try:
        done = subprocess.run(
            ["ssh", "-G", "--", alias],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return alias
    lines = (line.partition(" ") for line in done.stdout.decode("utf-8", "replace").splitlines())
    named = next((value.strip().lower() for key, _, value in lines if key == "hostname"), alias)
    return named if _HOST.fullmatch(named) else alias
