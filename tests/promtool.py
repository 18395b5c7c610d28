"""Prometheus's own checker, for the tests of what is written for Prometheus."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def promtool(*arguments: str, folder: Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run promtool; skips the test where there is none, and fails it in CI.

    Args:
        *arguments: For it.
        folder: Where to run it.
        given: Its standard input.

    Returns:
        What it said.
    """
    program = shutil.which("promtool")
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no promtool: see .ci/promtool-up")
    return subprocess.run(
        [program, *arguments], cwd=folder, input=given, capture_output=True, text=True, check=False, timeout=120
    )
