"""Which forge is on a host that nothing is known of: asked without a token, by addresses that only one of them has."""

from __future__ import annotations

from foreman.forge.trouble import FOREIGN
from foreman.forge.wire import OneOrigin
from foreman.model import ForgeKind

_SECONDS = 5.0
_ADDRESSES = (
    (ForgeKind.GITLAB, "/api/v4/version", "x-gitlab-meta"),
    (ForgeKind.GITHUB, "/api/v3/meta", "x-github-request-id"),
)
"""Where each answers even to nobody, if only with a 401, and the header of its own that it answers with."""


def recognize(origin: str) -> ForgeKind | None:
    """Ask a host which forge it is.

    Args:
        origin: Scheme, host and port.

    Returns:
        Which; None where it is neither, or does not answer.
    """
    for kind, path, header in _ADDRESSES:
        wire = OneOrigin(url=origin, timeout_seconds=_SECONDS, hear=lambda _: None)
        try:
            reply = wire.send("GET", path, headers={"Accept": "application/json"}, body=None)
        except FOREIGN:
            continue
        finally:
            wire.close()
        if header in reply.headers:
            return kind
    return None
