"""Uvicorn that waits for its end instead of asking ten times a second whether it is there."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import uvicorn

TICK_SECONDS = 1.0
"""How often the `Date` of answers is brought up to date."""


class PatientServer(uvicorn.Server):
    """Runs on a thread of its own; any other may end it."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Keep what is needed; starts nothing.

        Args:
            config: What is served and how.
        """
        super().__init__(config)
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Wait for the end."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), TICK_SECONDS)

    def end(self) -> None:
        """Take no more connections, and return from `run` when the requests that are there are answered."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(self._ended.set)
