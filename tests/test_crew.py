"""What the daemon's parts run under: a step that fails is told of when it begins to, and once when it is over."""

from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from foreman import crew
from foreman.pulse import Pulse


def test_a_step_that_fails_again_and_again_is_one_traceback_and_one_line_when_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "PAUSE_AFTER_TROUBLE_SECONDS", 0.0)
    failures = iter(["one", "one", "one", "two", "two"])

    def step() -> bool:
        for failure in failures:
            raise LookupError(failure)
        return True

    hands = crew.Crew(stop=threading.Event(), pulse=Pulse())
    with capture_logs() as told:
        results = [hands.guarded("write:github", step) for _ in range(7)]

    assert results == [None] * 5 + [True, True]
    assert [line["event"] for line in told] == ["step_failed", "step_failed", "step_recovered"]
