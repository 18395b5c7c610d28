"""Whether the daemon's own parts go on."""

from __future__ import annotations

import threading

import pytest

from foreman.pulse import Pulse


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
