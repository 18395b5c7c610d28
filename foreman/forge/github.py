"""GitHub, for reading and writing, on PyGithub.

No lazy object, no redirect, no retry; every reply is read whole and checked to be about what was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from foreman.forge.github_client import GitHubClient, never
from foreman.forge.github_reader import GitHubReader
from foreman.forge.github_writer import GitHubWriter
from foreman.forge.line import utc_now


class GitHubForge(GitHubReader, GitHubWriter):
    """One account on one GitHub: `ForgeReader` and `ForgeWriter`.

    Threads may share it. Requests go out one after the other, as GitHub asks for.
    """

    def __init__(
        self,
        *,
        token: Callable[[], str],
        renew: Callable[[int, str], bool] = never,
        api_url: str,
        write_interval_seconds: float,
        timeout_seconds: float = 20,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            token: Asked at each request, so that no copy is kept.
            renew: Told status and text of a 401 or 403; True sends the request once more, with what `token` says then.
            api_url: `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise.
            write_interval_seconds: From the end of one write to the start of the next; GitHub asks for at least 1.
            timeout_seconds: For connecting, for the reply's head, and for its body.
            clock: Time of day, aware UTC; rate limits are reckoned with it.
            monotonic: Clock for the write interval, in seconds.
            wait: Called with seconds between writes. When it returns True (a stop event's `wait`), the write is not
                sent and `ForgeUnavailable` with `sent` False is raised.
        """
        client = GitHubClient(
            token=token,
            renew=renew,
            api_url=api_url,
            write_interval_seconds=write_interval_seconds,
            timeout_seconds=timeout_seconds,
            clock=clock,
            monotonic=monotonic,
            wait=wait,
        )
        GitHubReader.__init__(self, client)
        GitHubWriter.__init__(self, client)
