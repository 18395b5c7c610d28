"""A regular expression that is compiled late does what one that is compiled at once does."""

from __future__ import annotations

import re
import threading

import pytest

from foreman.patterns import late

SOURCE, FLAGS, TEXT = r"(?P<word>\w+)-(\d+)", re.IGNORECASE, "AB-12 and cd-3"


@pytest.mark.parametrize("name", ["search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"])
def test_every_question_has_the_same_answer_the_first_time_and_the_next(name: str) -> None:
    arguments = ("x", TEXT) if name.startswith("sub") else (TEXT,)
    lazy, eager = late(SOURCE, FLAGS), re.compile(SOURCE, FLAGS)
    for _ in range(2):
        found, expected = getattr(lazy, name)(*arguments), getattr(eager, name)(*arguments)
        if name == "finditer":
            found, expected = list(found), list(expected)
        assert repr(found) == repr(expected)


def test_its_facts_are_those_of_the_pattern() -> None:
    eager = re.compile(SOURCE, FLAGS)
    for name in ("pattern", "flags", "groups", "groupindex"):
        assert getattr(late(SOURCE, FLAGS), name) == getattr(eager, name)
    assert not hasattr(late(SOURCE), "unheard_of")


def test_nothing_is_compiled_before_it_is_asked_and_a_mistake_is_told_then() -> None:
    wrong = late("(")
    with pytest.raises(re.error):
        wrong.search("a")


def test_threads_that_come_at_once_get_the_same_answer() -> None:
    for _ in range(20):
        lazy, begin, found = late(SOURCE, FLAGS), threading.Barrier(4), []

        def ask(lazy: re.Pattern[str] = lazy, begin: threading.Barrier = begin, found: list[str] = found) -> None:
            begin.wait(60)
            found.extend(str(one) for one in lazy.findall(TEXT))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(found) == 8
