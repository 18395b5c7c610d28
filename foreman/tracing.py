"""Traces: which step of one piece of work took how long, and which step of which other one it belongs to.

A port and where a thread is: `app.otlp` sends spans somewhere when a person asked for that, and until then every
function here does nothing. A piece of work carries its trace with it in the W3C's form (`traceparent`), through
threads, the database and restarts.

References:
    W3C, "Trace Context" (https://www.w3.org/TR/trace-context/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from foreman.patterns import late
from foreman.values import dataclass

Fact = str | int | float | bool
"""What is known of a step: a name, a number, a state. Never what somebody wrote."""

_HEADER = late(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Place:
    """One span of one trace.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
    """

    trace_id: str
    span_id: str

    @property
    def header(self) -> str:
        """The value of a `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-01"


class Step(Protocol):
    """A span that has begun, as whoever sends spans sees it."""

    @property
    def place(self) -> Place:
        """Return where it is."""

    def note(self, facts: Mapping[str, Fact]) -> None:
        """Add what became known."""

    def end(self, error: str) -> None:
        """End it; `error` names what went wrong, empty when nothing did."""


class Tracer(Protocol):
    """Sends spans somewhere; never waits, never fails."""

    def begin(self, name: str, *, parent: Place | None, facts: Mapping[str, Fact], started_ns: int | None) -> Step:
        """Begin a span; without a parent it begins a trace."""


_tracer: Tracer | None = None


class Span:
    """A step of a piece of work; says nothing to anybody while traces are off."""

    __slots__ = ("_error", "_step")

    def __init__(self, step: Step | None) -> None:
        """Take what sends it, None for nothing."""
        self._step = step
        self._error = ""

    @property
    def place(self) -> Place | None:
        """Where it is; None while traces are off."""
        return None if self._step is None else self._step.place

    @property
    def header(self) -> str:
        """Its `traceparent`; empty while traces are off."""
        return "" if self._step is None else self._step.place.header

    def note(self, **facts: Fact) -> None:
        """Add what became known."""
        if self._step is not None:
            self._step.note(facts)

    def fail(self, kind: str) -> None:
        """Mark it as failed; `kind` is a word of ours or the name of an error, never a message."""
        self._error = kind

    def end(self) -> None:
        """End it; once."""
        step, self._step = self._step, None
        if step is not None:
            step.end(self._error)


_here: ContextVar[Span | None] = ContextVar("foreman_trace", default=None)


def install(tracer: Tracer | None) -> None:
    """Send spans there from now on, None for nowhere; as with logging there is one such place in a process."""
    global _tracer
    _tracer = tracer


def active() -> bool:
    """Return whether spans are sent anywhere."""
    return _tracer is not None


def here() -> Place | None:
    """Return where this thread is; None outside of any span."""
    span = _here.get()
    return None if span is None else span.place


def header() -> str:
    """Return this thread's place as a `traceparent`; empty outside of any span."""
    span = _here.get()
    return "" if span is None else span.header


def outcome(state: str, *, well: bool) -> None:
    """Tell the span this thread is in what came of it; nothing outside of any."""
    span = _here.get()
    if span is not None:
        span.note(state=state)
        if not well:
            span.fail(state)


def trace_id(stored: str) -> str:
    """Return the trace that a stored `traceparent` belongs to; empty when it is none."""
    place = read(stored)
    return "" if place is None else place.trace_id


def read(stored: str) -> Place | None:
    """Read a `traceparent`; None when it is none."""
    found = _HEADER.fullmatch(stored)
    return None if found is None else Place(found[1], found[2])


def begin(name: str, parent: str, *, started_ns: int | None = None, **facts: Fact) -> Span:
    """Begin a span that its caller ends, in whichever thread.

    Args:
        name: What is done, a fixed word.
        parent: A `traceparent`; empty to begin a trace.
        started_ns: When it began, nanoseconds since 1970; None for now.
        **facts: What is known of it.

    Returns:
        The span.
    """
    if _tracer is None:
        return Span(None)
    return Span(_tracer.begin(name, parent=read(parent), facts=facts, started_ns=started_ns))


@contextmanager
def within(span: Span) -> Iterator[None]:
    """Make a span this thread's place, for the log lines and spans inside; ends nothing."""
    if span.place is None:
        yield
        return
    token = _here.set(span)
    try:
        yield
    finally:
        _here.reset(token)


@contextmanager
def resume(name: str, parent: str, *, started_ns: int | None = None, **facts: Fact) -> Iterator[Span]:
    """Do a step of a trace that was begun elsewhere; an error that leaves it marks it as failed.

    Args:
        name: What is done, a fixed word.
        parent: A `traceparent`; empty to begin a trace.
        started_ns: When it began, nanoseconds since 1970; None for now.
        **facts: What is known of it.

    Yields:
        The span.
    """
    span = begin(name, parent, started_ns=started_ns, **facts)
    try:
        with within(span):
            yield span
    except BaseException as error:
        span.fail(type(error).__name__)
        raise
    finally:
        span.end()


@contextmanager
def step(name: str, **facts: Fact) -> Iterator[Span]:
    """Do a step of what this thread is at; outside of any span it is none.

    Args:
        name: What is done, a fixed word.
        **facts: What is known of it.

    Yields:
        The span.
    """
    if _tracer is None or _here.get() is None:
        yield Span(None)
        return
    with resume(name, header()) as span:
        span.note(**facts)
        yield span
