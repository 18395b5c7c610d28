"""What a word is known by in the full-text index."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from foreman.store.stems import stems
from foreman.store.tables import FULL_TEXT_TOKENS


@pytest.mark.parametrize("word", ["kettles", "running", "généralités", "保存", "x9", "naïvely", "ties", "sky"])
def test_a_stem_is_what_the_index_makes_of_the_word(word: str) -> None:
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.execute(f"CREATE VIRTUAL TABLE t USING fts5(word, tokenize='{FULL_TEXT_TOKENS}')")
        raw.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'row')")
        raw.execute("INSERT INTO t VALUES (?)", (word,))
        expected = [term for (term,) in raw.execute("SELECT term FROM v")]

    assert list(stems([word])) == list(stems([word])) == expected


def test_of_words_with_one_stem_the_first_stands_for_it_and_what_is_no_word_has_none() -> None:
    assert stems(["kettles", "kettle", "٪", "teapot", "kettles"]) == {"kettl": "kettles", "teapot": "teapot"}
    assert stems([]) == {}


def test_any_number_of_threads_may_ask() -> None:
    def ask(number: int) -> dict[str, str]:
        return stems(f"thread{place}ing" for place in range(number % 7, number % 7 + 20))

    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(ask, range(70)))

    assert said == [ask(number) for number in range(70)] and all(said)
