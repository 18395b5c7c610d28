"""Where Foreman's own files are: the data directory and the configuration file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from foreman.errors import ConfigError, Problem


def data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the directory of everything that is kept: `$FOREMAN_DATA_DIR`, else `~/.agent-harness`.

    Args:
        environ: Instead of the process's environment.

    Returns:
        An absolute path; it need not exist.
    """
    given = (os.environ if environ is None else environ).get("FOREMAN_DATA_DIR", "")
    return Path(given or "~/.agent-harness").expanduser().absolute()


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
        named = named.expanduser()
        if not named.exists():
            origin = "" if path else " (named by FOREMAN_CONFIG)"
            raise ConfigError([Problem(path="", message=f"there is no such file{origin}")], source=str(named))
        return named
    places = (
        Path("config.yaml"),
        Path("~/.config/foreman/config.yaml").expanduser(),
        Path("/etc/foreman/config.yaml"),
    )
    for place in places:
        if place.exists():
            return place
    tried = ", ".join(str(place) for place in places)
    message = f"no configuration found (looked for {tried}); `foreman init` writes one, `--config` names one"
    raise ConfigError([Problem(path="", message=message)])
