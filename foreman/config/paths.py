"""Where Foreman's own files are: the data directory and the configuration file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from foreman.errors import ConfigError, Problem


def from_home(path: Path) -> Path:
    """Take a leading `~` for the home directory.

    Args:
        path: As written.

    Returns:
        It, absolute where it begins with `~`.

    Raises:
        ConfigError: It does, and this user has no home directory: neither `HOME` nor an entry in the list of users.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        message = f"this user has no home directory for {path}: set HOME, or name a path without ~"
        raise ConfigError([Problem(path="", message=message)]) from None


def data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the directory of everything that is kept: `$FOREMAN_DATA_DIR`, else `~/.agent-harness`.

    Args:
        environ: Instead of the process's environment.

    Returns:
        An absolute path; it need not exist.

    Raises:
        ConfigError: There is neither the variable nor a home directory.
    """
    given = (os.environ if environ is None else environ).get("FOREMAN_DATA_DIR", "")
    try:
        return from_home(Path(given or "~/.agent-harness")).absolute()
    except ConfigError:
        message = "this user has no home directory to keep anything in: set FOREMAN_DATA_DIR or HOME"
        raise ConfigError([Problem(path="", message=message)]) from None


def find(path: Path | None = None) -> Path:
    """Find the configuration file.

    Args:
        path: What the person named; then nothing else is tried.

    Returns:
        The first that exists of: the argument, `$FOREMAN_CONFIG`, `./config.yaml`, `~/.config/foreman/config.yaml`,
        `/etc/foreman/config.yaml`.

    Raises:
        ConfigError: There is none.
    """
    named = path or (Path(os.environ["FOREMAN_CONFIG"]) if os.environ.get("FOREMAN_CONFIG") else None)
    if named is not None:
        named = from_home(named)
        if not named.exists():
            origin = "" if path else " (named by FOREMAN_CONFIG)"
            raise ConfigError([Problem(path="", message=f"there is no such file{origin}")], source=str(named))
        return named
    places = [Path("config.yaml"), Path("/etc/foreman/config.yaml")]
    with contextlib.suppress(ConfigError):
        places.insert(1, from_home(Path("~/.config/foreman/config.yaml")))
    for place in places:
        if place.exists():
            return place
    tried = ", ".join(str(place) for place in places)
    message = f"no configuration found (looked for {tried}); `foreman init` writes one, `--config` names one"
    raise ConfigError([Problem(path="", message=message)])
