"""Whether a container engine answers, asked once for all the tests that need one."""

from __future__ import annotations

import pytest

from foreman.agent.engine import engine_version
from foreman.errors import ContainerError


def _why_not() -> str:
    try:
        engine_version()
    except ContainerError as error:
        return str(error)
    return ""


WHY_NOT = _why_not()
"""Why none answers; empty when one does."""

needs_engine = pytest.mark.skipif(bool(WHY_NOT), reason=f"no container engine: {WHY_NOT}")
"""Skips where none answers; in CI that is a failure of what is marked `docker` as well."""
