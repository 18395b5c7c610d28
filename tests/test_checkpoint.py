from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

CODE = """
from foreman import checkpoint
for n in range(3):
    checkpoint.reach("executor.looked")
    print(n, flush=True)
"""


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE], env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("environment", "code", "printed"),
    [
        ({}, 0, "0\n1\n2\n"),
        ({"FOREMAN_KILL_AT": "executor.looked"}, -signal.SIGKILL, ""),
        ({"FOREMAN_KILL_AT": "executor.looked:3"}, -signal.SIGKILL, "0\n1\n"),
        ({"FOREMAN_KILL_AT": "executor.looked:2", "FOREMAN_KILL_SIGNAL": "TERM"}, -signal.SIGTERM, "0\n"),
        ({"FOREMAN_KILL_AT": "poller.listed"}, 0, "0\n1\n2\n"),
        ({"FOREMAN_KILL_AT": "nowhere"}, 1, ""),
    ],
)
def test_the_process_dies_at_the_named_point_and_nowhere_else(
    environment: dict[str, str], code: int, printed: str
) -> None:
    done = run(**environment)

    assert (done.returncode, done.stdout) == (code, printed), done.stderr
