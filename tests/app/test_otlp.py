"""What goes to a collector: names, numbers and states, bounded, and never a secret."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from foreman import tracing
from foreman.app.otlp import MAX_CHARS, traces
from foreman.log import Cleaner
from foreman.secrets import KnownSecrets
from tests.collector import Collector
from tests.world import wait_until

HIDDEN = "a-value-that-must-not-leave"
TOKEN = "ghp_" + "a1" * 18


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def test_no_secret_and_no_long_or_forged_value_leaves(collector: Collector) -> None:
    known = KnownSecrets()
    known.add(HIDDEN, "BOT_TOKEN")
    with traces(collector.url, Cleaner(known).text):
        with tracing.resume("task", "", repo=f"{HIDDEN}/{TOKEN}") as span:
            span.note(agent="x" * 10_000, event="line\nbreak\x1b[31m", attempt=2, done=True)
            span.fail(f"with {HIDDEN}")
        assert tracing.active()
    wait_until(lambda: collector.spans, "the span")

    assert not tracing.active()
    (received,) = collector.spans
    assert HIDDEN not in received.raw and TOKEN not in received.raw
    assert received.facts["foreman.repo"].startswith("[BOT_TOKEN]/[token]")
    assert len(received.facts["foreman.agent"]) == MAX_CHARS
    assert received.facts["foreman.event"].isprintable()
    assert (received.facts["foreman.attempt"], received.facts["foreman.done"]) == (2, True)
    assert received.failed == "with [BOT_TOKEN]" == received.facts["error.type"]


def test_the_whole_address_of_a_collector_is_taken_too(collector: Collector) -> None:
    with traces(f"{collector.url}/v1/traces", str), tracing.resume("task", ""):
        pass
    wait_until(lambda: collector.spans, "the span")


def test_without_an_address_nothing_is_sent_or_loaded() -> None:
    with traces("", str):
        assert not tracing.active()
