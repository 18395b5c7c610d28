from __future__ import annotations

import threading

from foreman.forge.turns import Turns


class Clock:
    """Seconds that pass when the test says so."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def order_of(wanted: list[tuple[str, float]]) -> list[str]:
    """Let all of these wait behind one, each with how long it takes, and return who came when."""
    clock, served = Clock(), []
    turns = Turns(clock)
    first = threading.Event()

    def ask(repo: str, seconds: float) -> None:
        with turns.turn(repo):
            served.append(repo)
            clock.seconds += seconds

    def hold() -> None:
        with turns.turn("first"):
            first.wait(60)

    threads = [threading.Thread(target=hold)]
    threads[0].start()
    while not turns._at_work:
        threading.Event().wait(0.001)
    for count, (repo, seconds) in enumerate(wanted, start=1):
        threads.append(threading.Thread(target=ask, args=(repo, seconds)))
        threads[-1].start()
        while len(turns._queue) < count:  # in this order
            threading.Event().wait(0.001)
    first.set()
    for thread in threads:
        thread.join(60)
    return served


def test_a_slow_repository_gets_one_request_before_a_quick_ones_all() -> None:
    wanted = [("slow", 5.0)] * 4 + [("quick", 0.01)] * 3

    assert order_of(wanted) == ["slow", "quick", "quick", "quick", "slow", "slow", "slow"]


def test_equally_quick_ones_take_turns_in_the_order_they_came() -> None:
    assert order_of([("a", 1.0), ("a", 1.0), ("b", 1.0), ("b", 1.0)]) == ["a", "b", "a", "b"]


def test_long_silence_earns_no_credit() -> None:
    clock = Clock()
    turns = Turns(clock)
    for _ in range(50):
        with turns.turn("busy"):
            clock.seconds += 1
    for _ in range(2):
        with turns.turn("quiet"):
            clock.seconds += 1

    assert turns._used["quiet"] >= turns._used.get("busy", 0.0)


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(Clock())
    for _ in range(2):
        try:
            with turns.turn("a"):
                raise ValueError
        except ValueError:
            continue

    assert not turns._at_work
    assert turns._queue == []


def test_a_slow_one_lets_another_go_on_with_what_it_does_next() -> None:
    clock, served = Clock(), []
    turns = Turns(clock, linger_seconds=3)

    def ask(repo: str, seconds: float) -> None:
        with turns.turn(repo):
            served.append(repo)
            clock.seconds += seconds

    ask("slow", 5.0)
    with turns.turn("quick"):
        waits = threading.Thread(target=ask, args=("slow", 5.0))
        waits.start()
        while not turns._queue:
            threading.Event().wait(0.001)
    for _ in range(3):
        ask("quick", 0.01)
    waits.join(60)

    assert served == ["slow", "quick", "quick", "quick", "slow"]
