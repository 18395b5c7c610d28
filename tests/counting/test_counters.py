from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from foreman.counting import ALL, OTHER, Counter, Counters, Histogram
from foreman.counting.counters import MOST_SERIES
from foreman.counting.names import ACTION_TYPES, LOOP_REASONS, LOOPS
from foreman.executor.sending import TYPES
from foreman.gate.reasons import Reason

THINGS = Counter(name="foreman_things_total", help="Things.", labels={"kind": ("a", "b")})
MODELS = Counter(name="foreman_models_total", help="Models.", labels={"model": None, "end": ("ok",)}, from_zero=False)
WAITS = Histogram(name="foreman_wait_seconds", help="Waits.", labels={"who": None}, bounds=(1.0, 5.0))


@pytest.fixture
def counters() -> Counters:
    return Counters((THINGS, MODELS, WAITS))


def totals(counters: Counters, metric: Counter | Histogram) -> dict[tuple[str, ...], float]:
    return {tuple(one.labels.values()): one.total for one in counters.seen(metric)}


def test_a_counter_of_known_labels_is_there_with_zeros_before_anything_happens(counters: Counters) -> None:
    assert totals(counters, THINGS) == {("a",): 0, ("b",): 0}
    assert totals(counters, MODELS) == {}


def test_every_thread_is_counted(counters: Counters) -> None:
    def work() -> None:
        for _ in range(2_000):
            counters.count(THINGS, kind="a")
            counters.observe(WAITS, 2.0, who="x")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert totals(counters, THINGS)[("a",)] == 16_000
    assert counters.seen(WAITS)[0].buckets == (0, 16_000, 0)


def test_what_is_not_in_a_list_is_other_and_a_counter_never_falls(counters: Counters) -> None:
    counters.count(THINGS, 3, kind="c")
    counters.count(THINGS, -2, kind="a")

    assert totals(counters, THINGS) == {("a",): 0, ("b",): 0, (OTHER,): 3}


def test_no_flood_of_names_makes_more_series_than_there_may_be_and_none_is_lost(counters: Counters) -> None:
    for number in range(1_000):
        counters.count(MODELS, model=f"m{number}", end="ok")

    found = totals(counters, MODELS)
    assert len(found) == MOST_SERIES + 1
    assert sum(found.values()) == 1_000
    assert found[(OTHER, "ok")] == 1_000 - MOST_SERIES


def test_a_name_that_somebody_else_chose_is_made_plain(counters: Counters) -> None:
    counters.count(MODELS, model='"} 1\nevil{x="' + "y" * 200, end="ok")

    ((model, _),) = totals(counters, MODELS)
    assert model == "___1_evil_x__" + "y" * 67


@pytest.mark.parametrize(
    ("value", "buckets"), [(0.5, (1, 0, 0)), (1.0, (1, 0, 0)), (4.9, (0, 1, 0)), (6.0, (0, 0, 1))]
)
def test_a_value_falls_into_the_bucket_whose_end_it_does_not_pass(
    counters: Counters, value: float, buckets: tuple[int, ...]
) -> None:
    counters.observe(WAITS, value, who="x")

    assert [(one.total, one.buckets) for one in counters.seen(WAITS)] == [(value, buckets)]


def test_a_label_that_is_missing_or_unknown_is_a_bug_that_shows(counters: Counters) -> None:
    with pytest.raises(ValueError, match="foreman_things_total has the labels"):
        counters.count(THINGS)


def test_the_lists_are_those_of_the_code() -> None:
    assert set(ACTION_TYPES) == TYPES
    assert set(LOOP_REASONS) <= set(Reason)


def test_the_loops_are_those_that_the_daemon_starts(project: Path) -> None:
    text = (project / "foreman" / "daemon.py").read_text(encoding="utf-8")
    begun = re.findall(r"crew\.(?:thread|every|guarded)\([^\"]*?\"([a-z]+)", text) + re.findall(
        r"args=\(\"([a-z]+)", text
    )

    assert set(begun) == set(LOOPS)


def test_all_of_them_cannot_be_many_series() -> None:
    """At nothing counted, and with each label that has no list at the bound."""
    fresh = Counters(ALL)

    assert sum(len(fresh.seen(metric)) for metric in ALL) < 250
    assert all(metric.help and metric.name.startswith("foreman_") for metric in ALL)
