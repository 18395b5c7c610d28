"""What a word is known by in the full-text index: its stem, as FTS5 itself makes it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence

from foreman.store.tables import FULL_TEXT_TOKENS

_MOST = 50_000  # remembered: a large repository has about as many words


class _Stemmer:
    """Asks FTS5 about words, each once; an index in memory, which costs ten times as much to make as to ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._raw: sqlite3.Connection | None = None

    def of(self, asked: Sequence[str]) -> list[str]:
        with self._lock:
            missing = [word for word in asked if word not in self._known]
            if missing:
                if len(self._known) + len(missing) > _MOST:
                    self._known.clear()
                    missing = list(asked)
                self._known.update(self._ask(missing))
            return [self._known[word] for word in asked]

    def _ask(self, words: Sequence[str]) -> dict[str, str]:
        """Return the stem of each; a word that is nothing to the index has an empty one."""
        if self._raw is None:
            self._raw = _index()
        raw = self._raw
        raw.execute("BEGIN")
        try:
            raw.executemany("INSERT INTO t (rowid, word) VALUES (?, ?)", enumerate(words))
            found = raw.execute("SELECT doc, term FROM v").fetchall()
        finally:
            raw.execute("ROLLBACK")
        return dict.fromkeys(words, "") | {words[place]: stem for place, stem in found}


def _index() -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)  # used under the lock
    raw.execute(f"CREATE VIRTUAL TABLE t USING fts5(word, content='', tokenize='{FULL_TEXT_TOKENS}')")
    raw.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'instance')")
    return raw


_stemmer = _Stemmer()


def stems(wanted: Iterable[str]) -> dict[str, str]:
    """Return the stem of each word, as the index has it, with the first of its words."""
    asked = list(dict.fromkeys(wanted))
    words_of_stem: dict[str, str] = {}
    for word, stem in zip(asked, _stemmer.of(asked), strict=True):
        if stem:
            words_of_stem.setdefault(stem, word)
    return words_of_stem
