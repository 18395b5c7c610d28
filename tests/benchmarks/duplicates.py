"""How well and how fast duplicates are found: `python -m tests.benchmarks.duplicates [--issues 10000]`.

Measures on Hadoop's bug reports (`dup_hadoop.jsonl` of av9ash/gitbugs, CC BY 4.0), in the folder that
`FOREMAN_SHARED_DATA` names or in `shared/data` beside the checkout; where they are not, on the small corpus of the
test suite. Every duplicate is looked for among the issues that were opened before it. Times are the processor's, the
best of five, for a machine that is busy with other things; how they compare with those of the naive search says more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from foreman.gate.secret_scan import KnownSecrets
from foreman.model import Account, Issue, IssueRef, RepoRef, Role
from foreman.store import full_text, mirror, mirror_text, search, words
from foreman.store.database import Database

REPO = RepoRef.parse("owner/repo")
PLACES = (1, 5, 10)
TARGETS = {1: 0.53, 5: 0.74, 10: 0.88}
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
CHUNK = 50
TRIES = 5
SECRETS = KnownSecrets({"token": "ghs_" + "a1B2c3D4" * 5, "key": "sk-" + "e5F6g7H8" * 6})


@dataclass(frozen=True, slots=True)
class Report:
    """One issue of the data.

    Attributes:
        title: Raw text.
        body: Raw text.
        at: When it was opened.
        cluster: Issues with the same one are about the same thing; empty for none.
    """

    title: str
    body: str
    at: datetime
    cluster: str


Ask = Callable[[Report, int], list[int]]


def data() -> Path:
    """Return where Hadoop's reports should be."""
    folder = os.environ.get("FOREMAN_SHARED_DATA")
    return (Path(folder) if folder else Path(__file__).parents[3] / "shared" / "data") / "dup_hadoop.jsonl"


def reports(path: Path) -> list[Report]:
    """Read the data, oldest first."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda row: (row["created"], int(row["id"])))
    return [
        Report(row["title"], row["body"] or "", datetime.fromtimestamp(row["created"], UTC), row["dup_cluster"] or "")
        for row in rows
    ]


def written() -> list[Report]:
    """Return the test suite's own corpus in the same shape."""
    from tests.store.issues_written import ASKED, KEPT

    kept = [Report(title, body, BEGAN, str(number)) for number, (title, body) in enumerate(KEPT, start=1)]
    return kept + [Report(title, body, BEGAN + timedelta(days=1), str(number)) for title, body, number in ASKED]


def wanted(found: Sequence[Report]) -> dict[int, set[int]]:
    """Return for each duplicate the earlier ones of its cluster, by place from 0."""
    clusters: dict[str, list[int]] = {}
    for place, report in enumerate(found):
        if report.cluster:
            clusters.setdefault(report.cluster, []).append(place)
    return {
        place: set(places[:index]) for places in clusters.values() for index, place in enumerate(places) if index > 0
    }


@contextmanager
def database() -> Iterator[Database]:
    """Make an empty database that goes with the block."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(Path(folder) / "memory.db")
        try:
            yield db
        finally:
            db.close()


@contextmanager
def mirrored(found: Sequence[Report]) -> Iterator[tuple[Database, float]]:
    """Make a database that mirrors all, its index merged as after the first reading of a repository.

    Args:
        found: The reports.

    Yields:
        The database, and the milliseconds of processor time that mirroring each took.
    """
    with database() as db:
        took = fill(db, found)
        with db.transaction() as connection:
            full_text.tidy(connection)
        yield db, took


def fill(db: Database, found: Sequence[Report]) -> float:
    """Mirror all, as the poller does; returns milliseconds of processor time for each."""
    began = time.process_time()
    for start in range(0, len(found), CHUNK):
        with db.transaction() as connection:
            for place, report in enumerate(found[start : start + CHUNK], start=start):
                mirror.save(connection, mirror_text.clean(_issue(place, report), SECRETS.redact), now=BEGAN)
    return (time.process_time() - began) / len(found) * 1000


def _issue(place: int, report: Report) -> Issue:
    return Issue(
        ref=IssueRef(REPO, place + 1),
        id=place + 1,
        title=report.title,
        body=report.body,
        author=Account(login="someone", id=1),
        role=Role.NONE,
        state="closed",
        created_at=report.at,
        updated_at=report.at,
    )


def tuned(connection: Connection) -> Ask:
    """Ask as Foreman does."""

    def ask(report: Report, place: int) -> list[int]:
        before = report.at if place >= 0 else None
        hits = search.similar(
            connection, REPO, title=report.title, body=report.body, limit=10, before=before, exclude=place + 1
        )
        return [hit.issue.number - 1 for hit in hits]

    return ask


def naive(raw: sqlite3.Connection, found: Sequence[Report]) -> Ask:
    """Ask for the words of the title in the titles, as anybody would at first."""
    raw.execute("CREATE VIRTUAL TABLE titles USING fts5(title, tokenize='porter unicode61')")
    raw.executemany("INSERT INTO titles (rowid, title) VALUES (?, ?)", enumerate(report.title for report in found))

    def ask(report: Report, place: int) -> list[int]:
        asked = " OR ".join(f'"{word}"' for word in "".join(c if c.isalnum() else " " for c in report.title).split())
        rows = raw.execute(
            "SELECT rowid FROM titles WHERE titles MATCH ? AND rowid < ? ORDER BY bm25(titles) LIMIT 10",
            (asked, place),
        )
        return [row[0] for row in rows]

    return ask


def timed(ask: Ask, report: Report, place: int) -> tuple[list[int], float]:
    """Ask several times; returns what was found, and the milliseconds of the fastest time."""
    best, ranked = float("inf"), []
    for _ in range(TRIES):
        began = time.process_time()
        ranked = ask(report, place)
        best = min(best, (time.process_time() - began) * 1000)
    return ranked, best


def measure(
    name: str, ask: Ask, found: Sequence[Report], pairs: dict[int, set[int]]
) -> tuple[dict[int, float], float]:
    """Ask for every duplicate and print a row; returns recall and the median time."""
    times, hits = [], dict.fromkeys(PLACES, 0)
    for place, originals in pairs.items():
        ranked, took = timed(ask, found[place], place)
        times.append(took)
        for top in PLACES:
            hits[top] += bool(originals & set(ranked[:top]))
    recall = {top: hits[top] / len(pairs) for top in PLACES}
    shown = "  ".join(f"{recall[top]:5.3f}" for top in PLACES)
    print(f"{name:<24} {shown}   {statistics.median(times):7.2f} ms  {max(times):7.2f} ms")
    return recall, statistics.median(times)


def thresholds(connection: Connection, found: Sequence[Report], pairs: dict[int, set[int]]) -> None:
    """Print how the score of the best hit tells an original from what merely looks alike."""
    originals, others = [], []
    for place, report in enumerate(found):
        if place < len(found) // 4 or (place not in pairs and place % 5):
            continue
        hits = search.similar(
            connection, REPO, title=report.title, body=report.body, limit=1, before=report.at, exclude=place + 1
        )
        if hits:
            right = hits[0].issue.number - 1 in pairs.get(place, set())
            (originals if right else others).append(hits[0].score)
    print(f"\nscore of the best hit: {len(originals)} originals, {len(others)} others (a fifth of all other issues)")
    for score in (0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
        kept = sum(one >= score for one in originals) / max(1, len(originals))
        alarms = sum(one >= score for one in others) / max(1, len(others))
        print(f"  at least {score:.2f}: {kept:5.1%} of the originals, {alarms:5.1%} of the others")


def grown(found: Sequence[Report], number: int) -> list[Report]:
    """Make as many reports as asked out of these: titles and halves of bodies of different ones."""
    draw = random.Random(7)
    made = []
    for place in range(number):
        one, two = draw.choice(found), draw.choice(found)
        body = one.body[: len(one.body) // 2] + two.body[len(two.body) // 2 :]
        title = f"{' '.join(one.title.split()[:6])} {' '.join(two.title.split()[-4:])}"
        made.append(Report(title, body, BEGAN + timedelta(minutes=place), ""))
    return made


def at_size(found: Sequence[Report], number: int) -> None:
    """Print size and times of a repository with so many issues."""
    with database() as db:
        empty = db.path.stat().st_size
        insert = fill(db, grown(found, number))
        with db.transaction() as connection:
            began = time.process_time()
            full_text.tidy(connection)
            tidied = (time.process_time() - began) * 1000
        with closing(sqlite3.connect(db.path)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = (db.path.stat().st_size - empty) / 1e6
        text = sum(len(report.title) + len(report.body) for report in found) / len(found)
        with db.read() as connection:
            ask = tuned(connection)
            times = [timed(ask, report, -1)[1] for report in grown(found, 200)]
    times.sort()
    print(f"\n{number:,} issues of {text:,.0f} characters: {size:.1f} MB, {size / number * 1e3:.2f} kB each")
    print(f"  mirroring one {insert:.2f} ms, merging the index at the end {tidied:.0f} ms")
    print(f"  a search: median {times[100]:.2f} ms, 95 % {times[189]:.2f} ms")


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--issues", type=int, default=10_000)
    options = arguments.parse_args()
    path = data()
    there = path.exists()
    if not there:
        print(f"{path} is not there: measured on the test suite's own corpus, which says little\n")
    found = reports(path) if there else written()
    pairs = wanted(found)
    print(f"{len(found):,} issues, {len(pairs)} duplicates looked for among the earlier ones; recall at 1, 5, 10")
    places = "  ".join(f"@{top}".rjust(5) for top in PLACES)
    print(f"{'':<24} {places}    {'median':>7}     {'worst':>7}")
    with mirrored(found) as (db, insert), closing(sqlite3.connect(":memory:")) as raw:
        _, plain = measure("naive title search", naive(raw, found), found, pairs)
        with db.read() as connection:
            recall, took = measure("as Foreman searches", tuned(connection), found, pairs)
            if there:
                wish = "  ".join(f"{TARGETS[top]:5.3f}" for top in PLACES)
                met = all(recall[top] >= TARGETS[top] for top in PLACES)
                print(f"{'target':<24} {wish}   {'met' if met else 'NOT MET'}")
                thresholds(connection, found, pairs)
    print(f"\na search takes {took / plain:.1f} times as long as the naive one")
    print(f"mirroring one took {insert:.2f} ms; {words.MAX_BODY_WORDS} words of a body are indexed")
    at_size(found, options.issues)


if __name__ == "__main__":
    main()
