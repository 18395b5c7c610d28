"""Traces as a port: nothing while they are off, and one thread's place at a time while they are on."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

import pytest

from foreman import tracing
from foreman.tracing import Fact, Place


class Kept:
    """A tracer that keeps what it is told."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str, str]] = []
        self.facts: dict[str, Fact] = {}
        self.begun = 0

    def begin(
        self, name: str, *, parent: Place | None, facts: Mapping[str, Fact], started_ns: int | None
    ) -> Kept._Step:
        self.begun += 1
        self.facts |= facts
        trace = parent.trace_id if parent else f"{self.begun:032x}"
        return Kept._Step(self, name, parent.span_id if parent else "", Place(trace, f"{self.begun:016x}"))

    class _Step:
        def __init__(self, kept: Kept, name: str, parent: str, place: Place) -> None:
            self.kept, self.name, self.parent, self.place = kept, name, parent, place

        def note(self, facts: Mapping[str, Fact]) -> None:
            self.kept.facts |= facts

        def end(self, error: str) -> None:
            self.kept.ended.append((self.name, self.parent, error))


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept()
    tracing.install(made)
    yield made
    tracing.install(None)


def test_while_they_are_off_nothing_has_a_place() -> None:
    with tracing.resume("task", f"00-{'a' * 32}-{'b' * 16}-01") as span, tracing.step("look") as inner:
        span.note(repo="a/b")
        inner.fail("oddly")
        tracing.outcome("done", well=True)
        assert (span.header, span.place, tracing.here(), tracing.header()) == ("", None, None, "")
    assert not tracing.active()


def test_a_step_is_beneath_the_one_around_it_and_an_error_marks_all_it_leaves(kept: Kept) -> None:
    with pytest.raises(LookupError), tracing.resume("task", ""):
        with tracing.step("look", pages=2):
            assert tracing.here() == Place(f"{1:032x}", f"{2:016x}")
            tracing.outcome("done", well=True)
        with tracing.step("agent"):
            raise LookupError("with words that do not go out")

    assert tracing.here() is None
    assert kept.ended == [
        ("look", f"{1:016x}", ""),
        ("agent", f"{1:016x}", "LookupError"),
        ("task", "", "LookupError"),
    ]
    assert kept.facts == {"pages": 2, "state": "done"}


def test_outside_of_any_span_a_step_begins_no_trace(kept: Kept) -> None:
    with tracing.step("look"):
        assert tracing.here() is None
    assert kept.begun == 0


def test_another_thread_goes_on_from_what_was_stored_and_not_from_where_this_one_is(kept: Kept) -> None:
    seen: list[Place | None] = []

    def other(stored: str) -> None:
        seen.append(tracing.here())
        with tracing.resume("model", stored) as span:
            seen.append(span.place)

    with tracing.resume("task", "") as task:
        whole = task.header
        thread = threading.Thread(target=other, args=(task.header,))
        thread.start()
        thread.join(60)

    assert seen[0] is None
    assert seen[1] is not None and seen[1].trace_id == tracing.trace_id(whole)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "nonsense",
        f"00-{'0' * 32}-{'b' * 16}-01",
        f"00-{'a' * 32}-{'0' * 16}-01",
        f"00-{'A' * 32}-{'b' * 16}-01",
        f"00-{'a' * 32}-{'b' * 16}-01\r\nHost: elsewhere",
    ],
)
def test_what_is_no_traceparent_begins_a_trace(kept: Kept, stored: str) -> None:
    assert tracing.trace_id(stored) == ""
    with tracing.resume("task", stored) as span:
        assert span.place is not None and span.place.trace_id == f"{1:032x}"


def test_a_traceparent_is_read_as_it_was_written() -> None:
    place = Place("a" * 32, "b" * 16)

    assert tracing.read(place.header) == place
    assert tracing.trace_id(place.header) == place.trace_id
