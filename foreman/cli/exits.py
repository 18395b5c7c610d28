"""Where errors become exit codes and messages; the only place that knows both."""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path

from foreman.errors import ConfigError, ForemanError, StoreTaken, UsageError
from foreman.printable import printable
from foreman.secrets import KnownSecrets, mask_tokens

DONE = 0
FAILED = 1
WRONG_USAGE = 2
BUG = 3
INTERRUPTED = 130

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}

MAX_CRASH_LOG_BYTES = 1024 * 1024
"""Above this the crash log begins anew, bytes."""


def report(error: BaseException, secrets: KnownSecrets) -> int:
    """Tell the person what happened.

    Args:
        error: What ended the command.
        secrets: Values not to be printed.

    Returns:
        The exit code.
    """
    if isinstance(error, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    if isinstance(error, ConfigError):
        head = f"{error.source}: " if error.source else ""
        for problem in error.problems:
            say(_clean(f"{head}{problem}", secrets))
        return WRONG_USAGE
    if isinstance(error, ForemanError):
        say(_clean(str(error), secrets))
        return WRONG_USAGE if isinstance(error, UsageError | StoreTaken) else FAILED
    if isinstance(error, OSError) and (trouble := _of_machine(error)):
        say(_clean(trouble, secrets))
        return FAILED
    return _bug(error, secrets)


def _of_machine(error: OSError) -> str:
    """Return what to say of what a disk or the owner of a file refuses; empty where it may be a mistake of ours."""
    place = f"{error.filename}: " if isinstance(error.filename, str) else ""
    if error.errno in _NO_ROOM:
        return f"{place}{error.strerror}; make room, or name another folder by FOREMAN_DATA_DIR"
    if error.errno in _NOT_ALLOWED and place:
        return f"{place}{error.strerror}; `ls -ld` tells whose it is"
    return ""


def wrong_usage(message: str, usage: str = "") -> int:
    """Tell the person that the command line cannot be read; return the exit code."""
    say(printable(message, keep_lines=True))
    if usage:
        print(usage, file=sys.stderr)  # noqa: T201
    return WRONG_USAGE


def _bug(error: BaseException, secrets: KnownSecrets) -> int:
    text = _clean("".join(traceback.format_exception(error)), secrets).rstrip()
    place = _keep(text)
    where = f"; details in {place}" if place else ""
    address = _tracker()
    ask = f"; please report it: {address}" if address else "; please report it"
    summary = _clean(f"{type(error).__name__}: {error}"[:300], secrets)
    say(f"this is a bug in Foreman: {summary}{where}{ask}")
    if not place:
        print(text, file=sys.stderr)  # noqa: T201
    return BUG


def _keep(text: str) -> Path | None:
    """Add a traceback to the crash log; None when it could not be written."""
    import os
    from datetime import UTC, datetime

    from foreman import __version__
    from foreman.config.paths import data_dir

    try:
        place = data_dir() / "crash.log"
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        begin_anew = place.exists() and place.stat().st_size > MAX_CRASH_LOG_BYTES
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_TRUNC if begin_anew else os.O_APPEND)
        with open(os.open(place, flags, 0o600), "a", encoding="utf-8") as file:  # noqa: PTH123
            version = f"foreman {__version__}, Python {sys.version.split()[0]}"
            file.write(f"--- {datetime.now(UTC):%Y-%m-%d %H:%M:%S} {version}\n{text}\n")
    except (OSError, ConfigError):  # it may not be written, or there is no home to write it in
        return None
    return place


def _tracker() -> str:
    """Return where bugs are reported, as the package's own metadata has it; empty when it has none."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        urls = metadata("foreman").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = dict(url.split(", ", 1) for url in urls if ", " in url)
    return str(named.get("Issues", ""))


def _clean(text: str, secrets: KnownSecrets) -> str:
    return printable(mask_tokens(secrets.redact(text)), keep_lines=True)


def say(text: str) -> None:
    """Tell on standard error what ended a command, or what went wrong."""
    try:
        print(f"foreman: {text}", file=sys.stderr)  # noqa: T201
    except BrokenPipeError:
        return  # nobody reads it
