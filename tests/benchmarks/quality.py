"""How good the triage is, in one table: `python -m tests.benchmarks.quality [--only labels|duplicates|quiet|golden]`.

Labels and duplicates are measured on the data that `labels.py` and `duplicates.py` read, or on what the test suite
wrote where that is not there (the table says so); both print more when they are run themselves. How quiet it is, is
measured on the same issues: nearly all are in English, and by people who wrote what was needed. The golden set is the
one of `tests/golden`: with `llm.provider: none`, and with the recorded answers, once for every issue and once only
where keywords and learned labels leave doubt (`llm.when`).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from agents.issue_triage.language import detect
from agents.issue_triage.missing import examine, lacking
from agents.issue_triage.reading import read
from agents.issue_triage.security import is_report
from foreman.gate import inbound
from foreman.llm.recorded import RecordedBackend
from tests.benchmarks import duplicates, labels
from tests.golden.bench import running
from tests.golden.case import FOLDER, load
from tests.golden.rewrite import made_by

Row = tuple[str, str, str, str]
FOLDS = 5


def by_label() -> Iterator[Row]:
    """Measure labels; see `labels`."""
    examples = labels.issues()
    source = f"{len(examples):,} issues, {'real' if labels.data().exists() else 'written here, far too easy'}"
    rules = {row: labels.by_keywords(example) for row, example in enumerate(examples)}
    learned: dict[int, labels.Told] = {}
    for split in labels.folds(examples, FOLDS, 0):
        learned |= labels.run(examples, split)
    newer = labels.run(examples, labels.by_age(examples))
    for name, told in (
        ("rules by keywords (baseline)", rules),
        (f"learned, {FOLDS} folds", learned),
        ("learned, older to newer", newer),
    ):
        goal = f"{labels.TARGET}" if told is learned else ""
        yield f"labels: {name}", "macro-F1", f"{labels.macro_f1(examples, told)[0]:.3f}", f"{goal or '-'} | {source}"


def by_search() -> Iterator[Row]:
    """Measure duplicates; see `duplicates`."""
    there = duplicates.data().exists()
    found = duplicates.reports(duplicates.data()) if there else duplicates.written()
    pairs = duplicates.wanted(found)
    source = f"{len(pairs)} of {len(found):,} issues, {'real' if there else 'written here, far too easy'}"
    places = "/".join(map(str, duplicates.PLACES))
    with duplicates.database() as db, contextlib.closing(sqlite3.connect(":memory:")) as raw:
        duplicates.fill(db, found)
        with db.read() as connection:
            asks = (
                ("naive title search (baseline)", duplicates.naive(raw, found)),
                ("as Foreman searches", duplicates.tuned(connection)),
            )
            for name, ask in asks:
                with contextlib.redirect_stdout(io.StringIO()):
                    recall = duplicates.measure(name, ask, found, pairs)
                goal = "/".join(f"{duplicates.TARGETS[top]:.2f}" for top in duplicates.PLACES)
                shown = "/".join(f"{recall[top]:.2f}" for top in duplicates.PLACES)
                yield f"duplicates: {name}", f"recall at {places}", shown, f"{goal if there else '-'} | {source}"


def by_silence() -> Iterator[Row]:
    """Measure what is said needlessly: questions to people who wrote enough, other languages, alarms."""
    real = labels.data().exists()
    told = [(each.title, inbound.clean(each.body, limit=32_768).text, each.labels) for each in labels.issues()]
    reports = duplicates.reports(duplicates.data()) if duplicates.data().exists() else []
    others = [(each.title, inbound.clean(each.body, limit=32_768).text, frozenset[str]()) for each in reports]
    bugs = [(title, body) for title, body, names in told if "bug" in names]
    asked = sum(bool(lacking(examine(read(title, body), body))) for title, body in bugs)
    kind = "real" if real else "written here"
    yield "asked for what is missing", "share of bug reports", f"{asked / len(bugs):.1%}", f"- | {len(bugs):,}, {kind}"
    parts = [read(title, body) for title, body, _ in (*told, *others)]
    foreign = sum(detect(f"{each.title}\n{each.prose}") != "en" for each in parts)
    yield (
        "taken for another language",
        "share",
        f"{foreign / len(parts):.2%}",
        f"0.5% | {len(parts):,}, nearly all English",
    )
    alarms = sum(is_report(each) for each in parts)
    yield (
        "taken for a report of a hole",
        "share",
        f"{alarms / len(parts):.1%}",
        f"1% | {len(parts):,}, hardly any is one",
    )


def by_hand() -> Iterator[Row]:
    """Measure the golden set."""
    cases = [case for case in load() if not case.waits_for]
    made = made_by(FOLDER / "recorded")
    ways: tuple[tuple[str, bool, str], ...] = (
        ("provider: none", False, "unsure"),
        ("recorded, when: unsure", True, "unsure"),
        ("recorded, when: always", True, "always"),
    )
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        for name, model, when in ways:
            found = [
                bench.run(case, RecordedBackend(FOLDER / "recorded") if model else None, when=when) for case in cases
            ]
            right = sum(not each.problems() for each in found)
            harm = sum(bool(each.harm) for each in found)
            best = sum(each.decided in each.case.accepted(model=True) for each in found)
            calls = sum(each.calls for each in found)
            source = (
                f"{len(cases)} issues written here, answers {made}" if model else f"{len(cases)} issues written here"
            )
            yield f"golden set: {name}", "acceptable", f"{right / len(cases):.0%}", f"100% | {source}"
            yield "", "as good as with a model", f"{best / len(cases):.0%}", f"- | {calls} calls"
            yield "", "harmful", str(harm), "0 | "


def main() -> None:
    """Print the table."""
    parts = {"labels": by_label, "duplicates": by_search, "quiet": by_silence, "golden": by_hand}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(parts))
    only = parser.parse_args().only
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print("| what | measure | result | wanted | on |\n|---|---|---|---|---|")
    for name, part in parts.items():
        if only in (None, name):
            for row in part():
                print(f"| {' | '.join(row)} |", flush=True)
    if only in (None, "golden"):
        waiting = sorted({case.waits_for for case in load() if case.waits_for})
        print("\n".join(f"\nNot counted, waits for {each}." for each in waiting))


if __name__ == "__main__":
    main()
