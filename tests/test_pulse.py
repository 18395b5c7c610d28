"""Whether the daemon's own parts go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from foreman.crew import DUE_SECONDS, STEP_SECONDS, Crew
from foreman.pulse import Pulse
from tests.world import wait_until


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(clock)


def test_a_step_may_take_its_time_and_no_longer(pulse: Pulse, clock: Clock) -> None:
    pulse.expect("work:0", step_seconds=100)
    with pulse.step("work:0"):
        clock.at = 100
        assert pulse.hanging() == ""
        clock.at = 101
        assert pulse.hanging() == "work:0 has been at one step for 101 s"
    assert pulse.hanging() == ""


def test_what_rests_may_rest_for_ever_unless_it_is_due(pulse: Pulse, clock: Clock) -> None:
    pulse.expect("work:0", step_seconds=100)
    clock.at = 1_000_000
    assert pulse.hanging() == ""
    pulse.expect("chores", step_seconds=100, due_seconds=60)
    clock.at += 61
    assert pulse.hanging() == "chores has not been begun for 61 s"
    with pulse.step("chores"):
        clock.at += 61
        assert pulse.hanging() == ""
    assert pulse.hanging() == ""


def test_a_long_round_that_gets_on_does_not_hang(pulse: Pulse, clock: Clock) -> None:
    pulse.expect("poll:github", step_seconds=100)
    with pulse.step("poll:github"):
        for _ in range(50):
            clock.at += 90
            pulse.get_on()
        assert pulse.hanging() == ""
        clock.at += 101
        assert pulse.hanging() != ""


def test_getting_on_counts_for_the_thread_that_got_on(pulse: Pulse, clock: Clock) -> None:
    pulse.expect("work:0", step_seconds=100)
    with pulse.step("work:0"):
        clock.at = 200
        other = threading.Thread(target=pulse.get_on)
        other.start()
        other.join(60)
        assert pulse.hanging() != ""


def test_a_thread_that_ended_is_told_and_a_part_that_nobody_expects_is_not(pulse: Pulse, clock: Clock) -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join(60)
    pulse.expect("write:github", step_seconds=100, thread=thread)
    assert pulse.hanging() == "write:github has ended"

    other = Pulse(clock)
    with other.step("warm"):
        clock.at = 1_000_000
        assert other.hanging() == ""


def test_a_step_that_fails_is_over(pulse: Pulse, clock: Clock) -> None:
    pulse.expect("work:0", step_seconds=100)
    with pytest.raises(KeyError), pulse.step("work:0"):
        raise KeyError
    clock.at = 1_000
    assert pulse.hanging() == ""


@pytest.fixture
def crew(pulse: Pulse) -> Iterator[Crew]:
    crew = Crew(stop=threading.Event(), pulse=pulse)
    yield crew
    crew.dismiss()
    assert crew.join(time.monotonic() + 60)


def test_a_daemons_job_that_does_not_come_back_is_told_and_a_slow_one_is_not(
    crew: Crew, pulse: Pulse, clock: Clock
) -> None:
    begun, end = threading.Event(), threading.Event()
    crew.every(0.05, "chores", lambda: begun.set() or not end.wait(60))
    crew.start()
    try:
        assert begun.wait(60)
        clock.at += STEP_SECONDS
        assert pulse.hanging() == ""
        clock.at += 1
        assert pulse.hanging().startswith("chores has been at one step for")
    finally:
        end.set()
    wait_until(lambda: pulse.hanging() == "", "it came back")


def test_jobs_that_nobody_begins_any_more_are_told(crew: Crew, pulse: Pulse, clock: Clock) -> None:
    began = threading.Event()
    crew.every(3600, "chores", began.set)
    crew.start()
    clock.at += 3600 + DUE_SECONDS
    assert pulse.hanging() == ""
    clock.at += 1
    assert pulse.hanging().startswith("chores has not been begun for")
    assert not began.is_set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_of_the_daemon_that_something_ended_is_told(crew: Crew, pulse: Pulse) -> None:
    def step() -> bool:
        raise SystemExit

    crew.thread("write:github", step, lambda _: None)
    wait_until(lambda: pulse.hanging() == "write:github has ended", "its end is seen")


def test_parts_of_a_kind_may_be_given_more_time_and_never_less(pulse: Pulse, clock: Clock) -> None:
    for name in ("work:0", "write:github"):
        pulse.expect(name, step_seconds=10)
    pulse.allow("work", step_seconds=20)
    pulse.allow("work", step_seconds=5)
    with pulse.step("work:0"):
        clock.at += 20
        assert pulse.hanging() == ""
        clock.at += 1
        assert pulse.hanging() == "work:0 has been at one step for 21 s"
    with pulse.step("write:github"):
        clock.at += 11
        assert pulse.hanging() == "write:github has been at one step for 11 s"
