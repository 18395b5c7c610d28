"""How the commands feel: rows of `tests.benchmarks.feel`.

A command is a process of its own, started again and again in turn with what it is compared with. What is told is the
least processor time of all starts, for a machine that is busy with other things, and the median beside it.
"""

from __future__ import annotations

import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.feel_row import NO_PROMISE, Row

COMMAND_MS = 150
SEARCH_MS = 1.0
TRAINING_SECONDS = 20
ACTIONS = 1_000_000
STARTS = 15
HEAVY = ("pydantic", "yaml", "rich", "structlog", "sqlalchemy", "httpx", "github", "docker", "fastapi", "litellm")
PLAIN = {"python -c pass": ("-c", "pass"), "import typer": ("-c", "import typer")}
READING: Mapping[str, tuple[str, ...]] = {
    "log": ("log",),
    "memory show": ("memory", "show", "owner/repo-7#12"),
    "explain": ("explain", "{middle}"),
    "status": ("status",),
    "pending": ("pending",),
    "digest": ("digest",),
}
PROMISED = frozenset({"log", "memory show", "explain"})
"""Of the others it is told what they take: they are typed every day."""
NAMES = (
    "foreman --help",
    "nothing heavy is imported by foreman --help",
    *(f"foreman {name}, a million logged actions" for name in READING),
    "a search of similar issues",
    "training on what people decided",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Processor time of several starts, milliseconds.

    Attributes:
        least: Of the fastest.
        median: Of all.
    """

    least: float
    median: float

    def __str__(self) -> str:
        """Render for the table."""
        return f"{self.least:.0f} ms (median {self.median:.0f} ms)"


def rows(*, quick: bool, only: Sequence[str] = ()) -> Iterator[Row]:
    """Measure the commands.

    Args:
        quick: Less often, and on less.
        only: Parts of names of rows; empty for all.

    Yields:
        The rows.
    """

    def wanted(name: str) -> bool:
        return not only or any(one in name for one in only)

    starts = 3 if quick else STARTS
    if wanted(NAMES[0]):
        yield _help(starts)
    if wanted(NAMES[1]):
        yield _imports()
    asked = {name: words for name, words in READING.items() if wanted(f"foreman {name}, a million logged actions")}
    if asked:
        yield from _reading(asked, starts, 2_000 if quick else ACTIONS)
    if wanted(NAMES[-2]):
        yield _search(quick=quick)
    if wanted(NAMES[-1]):
        yield _training(quick=quick)


def spent(programs: Mapping[str, Sequence[str]], starts: int) -> dict[str, Spent]:
    """Start each so many times, in turn.

    Args:
        programs: Arguments of the interpreter, by name.
        starts: How often.

    Returns:
        What each took.
    """
    took: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(starts):
        for name, arguments in programs.items():
            before = _children()
            done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
            took[name].append((_children() - before) * 1000)
            if done.returncode not in {0, 1}:  # 1: `status` says that something needs a person
                raise RuntimeError(f"{name}: {done.stderr[-500:]}")
    return {name: Spent(least=min(each), median=statistics.median(each)) for name, each in took.items()}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _foreman(*arguments: str) -> tuple[str, ...]:
    code = "import sys; from foreman.cli.main import main; sys.exit(main())"
    return ("-c", code, *arguments)


def _compared(one: Spent, plain: Mapping[str, Spent]) -> str:
    return ", ".join(f"{one.least / plain[name].least:.1f} times `{name}`" for name in PLAIN)


def _help(starts: int) -> Row:
    found = spent({**PLAIN, "it": _foreman("--help")}, starts)
    return Row(
        what=NAMES[0],
        target=f"<= {COMMAND_MS} ms",
        measured=f"{found['it']}; {_compared(found['it'], found)}",
        met=found["it"].least <= COMMAND_MS,
        how=f"processor time of a process, the least of {starts} starts, in turn with what it is compared with",
    )


def _imports() -> Row:
    code = "import sys\nfrom foreman.cli.main import main\nmain(['--help'])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    found = [name for name in HEAVY if name in loaded]
    return Row(
        what=NAMES[1],
        target="none of " + ", ".join(HEAVY),
        measured=", ".join(found) or f"none, among {len(loaded)} modules",
        met=not found,
        how="what is loaded when the help was printed",
    )


def _reading(asked: Mapping[str, Sequence[str]], starts: int, number: int) -> Iterator[Row]:
    from foreman.store.database import Database
    from tests.benchmarks.store import fill

    with tempfile.TemporaryDirectory() as folder:
        path, file = Path(folder) / "memory.db", Path(folder) / "config.yaml"
        Database.open(path).close()
        fill(path, number=number, items=number // 20)
        with closing(sqlite3.connect(path)) as raw:
            raw.execute(
                "INSERT INTO memory_summary SELECT 'owner/repo-7', 12, 'labelled.', max(timestamp) FROM action_log"
            )
            raw.commit()
        file.write_text(CONFIG.format(path=path), encoding="utf-8")
        programs = {
            name: _foreman("--config", str(file), *(word.format(middle=number // 4) for word in words))
            for name, words in asked.items()
        }
        found = spent({**PLAIN, **programs}, starts)
        size = path.stat().st_size / 2**20
    for name in asked:
        yield Row(
            what=f"foreman {name}, a million logged actions",
            target=f"<= {COMMAND_MS} ms" if name in PROMISED else NO_PROMISE,
            measured=f"{found[name]}; {_compared(found[name], found)}",
            met=found[name].least <= COMMAND_MS if name in PROMISED else None,
            how=f"processor time of a process, the least of {starts} starts; {number:,} actions, {size:,.0f} MB",
        )


CONFIG = """\
identity:
  github_token: "${{GITHUB_TOKEN}}"
  github_user: my-bot
llm:
  provider: none
storage:
  path: {path}
repos:
  - owner: owner
    name: repo-7
    agents:
      - type: issue-triage
        config:
          labels:
            bug: [crash, exception, error]
"""


def _search(*, quick: bool) -> Row:
    from tests.benchmarks import duplicates

    real = not quick and duplicates.data().exists()
    found = duplicates.reports(duplicates.data()) if real else duplicates.written()
    places = list(duplicates.wanted(found))[-300:]
    with duplicates.mirrored(found) as (db, _), closing(sqlite3.connect(":memory:")) as raw:
        plain = duplicates.naive(raw, found)
        with db.read() as connection:
            ask = duplicates.tuned(connection)
            ours = statistics.median(duplicates.timed(ask, found[place], place)[1] for place in places)
        naive = statistics.median(duplicates.timed(plain, found[place], place)[1] for place in places)
    whose = "Hadoop's reports" if real else "issues of the test suite"
    return Row(
        what=NAMES[-2],
        target=f"<= {SEARCH_MS:.0f} ms",
        measured=f"{ours:.2f} ms; {ours / naive:.1f} times a search of the title's words in titles alone",
        met=ours <= SEARCH_MS,
        how=f"processor time, median over {len(places)} questions, the best of {duplicates.TRIES} each; "
        f"{len(found):,} {whose}",
    )


def _training(*, quick: bool) -> Row:
    import time

    from foreman.learn import train
    from tests.benchmarks import labels
    from tests.learn.corpus import LABELS, written

    examples = written(60) if quick else labels.issues()
    real = not quick and labels.data().exists()
    began = time.process_time()
    train(examples, labels=LABELS)
    took = time.process_time() - began
    return Row(
        what=NAMES[-1],
        target=f"<= {TRAINING_SECONDS} s",
        measured=f"{took:.1f} s",
        met=took <= TRAINING_SECONDS,
        how=f"processor time, once; {len(examples):,} {'real' if real else 'written'} issues, thresholds included",
    )
