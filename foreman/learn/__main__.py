"""The child process that trains: `python -I -m foreman.learn`, examples as JSON on stdin, the model on stdout.

A process of its own, so that no thread of the daemon waits for it; it gives way to everything and opens nothing.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from datetime import datetime

from foreman.learn.examples import Example
from foreman.learn.training import train

NICENESS = 15
"""Of 19: it runs when nobody else wants to."""

MOST_CPU_SECONDS = 900
"""Ten times what 2,000 issues take on a slow machine."""

MOST_MEMORY = 2 * 1024**3
"""Address space, bytes; 2,000 issues take a tenth of it."""


_PR_SET_PDEATHSIG = 1
"""From `linux/prctl.h`."""


def main() -> None:
    """Train once."""
    if sys.platform == "linux":  # a daemon that was killed leaves nothing behind
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICENESS)
    for limit, most in ((resource.RLIMIT_CPU, MOST_CPU_SECONDS), (resource.RLIMIT_AS, MOST_MEMORY)):
        hard = resource.getrlimit(limit)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(limit, (bound, bound))
        except ValueError:  # macOS knows limits that it does not take
            if sys.platform == "linux":
                raise
    asked = json.load(sys.stdin.buffer)
    examples = [
        Example(
            repo=one["repo"],
            title=one["title"],
            body=one["body"],
            labels=frozenset(one["labels"]),
            at=datetime.fromisoformat(one["at"]),
            weight=one["weight"],
        )
        for one in asked["examples"]
    ]
    sys.stdout.buffer.write(train(examples, labels=asked["labels"]).to_bytes())


if __name__ == "__main__":
    main()
