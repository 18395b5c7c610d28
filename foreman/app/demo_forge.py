"""The forge of `foreman demo`: started again, from its kept state, for every command on the demo's configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from foreman.config.models import Config
from foreman.errors import StoreError
from foreman.model import ForgeKind

if TYPE_CHECKING:
    from foreman.sandbox import SandboxForge

TOKEN_VARIABLE = "FOREMAN_DEMO_TOKEN"  # noqa: S105  # a name, not a token


@contextmanager
def sandboxed(config: Config) -> Iterator[Config]:
    """Start the demo's forge when the configuration names one.

    Args:
        config: As loaded.

    Yields:
        The configuration to work with: the same, or with the address of the forge that runs now.

    Raises:
        StoreError: The forge's kept state is gone.
    """
    state = config.state_path
    if state is None:
        yield config
        return
    if not state.exists():
        raise StoreError(f"the demo's forge is gone ({state}): run `foreman demo` again")
    with running(state, config.repos[0].forge) as forge:
        yield at(config, forge)


@contextmanager
def running(state: Path, kind: ForgeKind) -> Iterator[SandboxForge]:
    """Run the demo's forge on a free port of loopback.

    Args:
        state: Where its state is kept; made when missing.
        kind: Whose dialect it speaks.

    Yields:
        The forge, with the samples in it.
    """
    # Here and not above: whoever works with a real forge need not load one to play with.
    from foreman.sandbox import SandboxForge
    from foreman.sandbox.samples import fill

    forge = SandboxForge(state_file=state, kind=kind.value)
    demo = fill(forge)
    forge.start()
    try:
        # The configuration names the variable, as every configuration does; only this process has it.
        os.environ[TOKEN_VARIABLE] = demo.token
        yield forge
    finally:
        os.environ.pop(TOKEN_VARIABLE, None)
        forge.close()


def at(config: Config, forge: SandboxForge) -> Config:
    """Return the configuration with the forge's present address."""
    key = address_key(config.repos[0].forge)
    identity = config.identity.model_copy(update={key: forge.url})
    return config.model_copy(update={"identity": identity})


def address_key(kind: ForgeKind) -> str:
    """Return under which key of `identity` a forge's address stands."""
    return "github_api_url" if kind is ForgeKind.GITHUB else f"{kind}_url"
