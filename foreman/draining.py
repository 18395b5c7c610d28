"""Work until nothing is due any more: what `run --once` does with the parts that the daemon runs for ever."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import field

from foreman.pipeline import Passed
from foreman.values import dataclass

_IDLE_SECONDS = 0.02
_END_SECONDS = 4.0
"""How long a thread that was interrupted is waited for."""


@dataclass(slots=True, kw_only=True)
class Drained:
    """What `once` did.

    Attributes:
        polled: Repositories polled.
        failed_polls: Repositories whose poll failed, with the reason.
        tasks: Items that ended, by ending.
        steps: Steps of the writers that did something.
        waiting: Items that wait for a later time.
        first: Some repository was looked at for the first time.
    """

    polled: int = 0
    failed_polls: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    waiting: int = 0
    first: bool = False


@dataclass(slots=True)
class _Steps:
    """What the threads of one `drain` have under way; when one finds that everything is done, all end.

    Attributes:
        unseen: Who has taken no step yet: what waits for him alone, such as orders to be read, nobody else knows of.
        lock: For the counters, and for what is counted elsewhere.
        active: Steps under way.
        done: Steps that did something.
        rest: Set when nothing is left to do.
    """

    unseen: set[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    active: int = 0
    done: int = 0
    rest: threading.Event = field(default_factory=threading.Event)

    def take(self, name: str, step: Callable[[], bool]) -> bool:
        """Take one step of somebody; returns whether it did something."""
        did = False
        with self.lock:
            self.active += 1
        try:
            did = step()
        finally:
            with self.lock:
                self.active -= 1
                self.done += did
                self.unseen.discard(name)
        return did

    def at_rest(self, due: Callable[[], bool]) -> bool:
        """Find out whether nothing is being worked on and nothing is due, and tell everybody."""
        with self.lock:
            before = self.done
            if self.active or self.unseen:
                return False
        if due():
            return False
        with self.lock:
            # Whoever did something between the two looks may have made work behind the first of them.
            if self.active or self.done != before:
                return False
            self.rest.set()
            return True


def drain(
    done: Drained,
    *,
    thinkers: Mapping[str, Callable[[], Passed | None]],
    writers: Mapping[str, Callable[[], bool]],
    due: Callable[[], bool],
    stop: threading.Event,
) -> None:
    """Let everybody work, each in a thread, until nothing is under way and nothing is due.

    Args:
        done: Counts what is done.
        thinkers: By the thread's name: works on one item and returns how it went, None when there was none.
        writers: By the thread's name: takes one step of writing and returns whether there was one.
        due: Whether anything waits that could be done now.
        stop: Set to end early.
    """
    steps = _Steps(unseen={*thinkers, *writers})
    failures: list[BaseException] = []

    def until_rest(name: str, step: Callable[[], bool]) -> None:
        try:
            while not (stop.is_set() or steps.rest.is_set()):
                if not steps.take(name, step) and not steps.at_rest(due):
                    stop.wait(_IDLE_SECONDS)
        except BaseException as error:
            failures.append(error)
            steps.rest.set()

    def think(work: Callable[[], Passed | None]) -> bool:
        passed = work()
        if passed is not None:
            with steps.lock:
                done.tasks[passed.ending.value] = done.tasks.get(passed.ending.value, 0) + 1
        return passed is not None

    def write(work: Callable[[], bool]) -> bool:
        wrote = work()
        if wrote:
            with steps.lock:
                done.steps += 1
        return wrote

    parts = [(name, functools.partial(think, work)) for name, work in thinkers.items()]
    parts += [(name, functools.partial(write, work)) for name, work in writers.items()]
    threads = [threading.Thread(target=until_rest, args=(name, step), name=name) for name, step in parts]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        # Nobody may close what they work with before they ended, whatever interrupted the waiting.
        steps.rest.set()
        for thread in threads:
            thread.join(_END_SECONDS)
    if failures:
        raise failures[0]
