"""GitLab, for reading and writing, on python-gitlab.

No lazy object, no redirect, no retry; every reply is read whole and checked to be about what was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from foreman.forge.gitlab_client import GitLabClient
from foreman.forge.gitlab_reader import GitLabReader
from foreman.forge.gitlab_writer import GitLabWriter
from foreman.forge.line import utc_now


class GitLabForge(GitLabReader, GitLabWriter):
    """One account on one GitLab: `ForgeReader` and `ForgeWriter`.

    Threads may share it. Requests go out one after the other.
    """

    def __init__(
        self,
        *,
        token: Callable[[], str],
        url: str,
        write_interval_seconds: float,
        timeout_seconds: float = 20,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            token: Asked at each request, so that no copy is kept.
            url: `https://gitlab.com`, or of any other GitLab, with a path in front where it has one.
            write_interval_seconds: From the end of one write to the start of the next.
            timeout_seconds: For connecting, for the reply's head, and for its body.
            clock: Time of day, aware UTC; rate limits and what is known of people are reckoned with it.
            monotonic: Clock for the write interval, in seconds.
            wait: Called with seconds between writes. When it returns True (a stop event's `wait`), the write is not
                sent and `ForgeUnavailable` with `sent` False is raised.
        """
        client = GitLabClient(
            token=token,
            url=url,
            write_interval_seconds=write_interval_seconds,
            timeout_seconds=timeout_seconds,
            clock=clock,
            monotonic=monotonic,
            wait=wait,
        )
        GitLabReader.__init__(self, client, clock)
        GitLabWriter.__init__(self, client)
