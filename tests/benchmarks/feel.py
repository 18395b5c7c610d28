"""The whole table of how Foreman feels, in one command: `python -m tests.benchmarks.feel [--quick] [--only NAME]`.

Says first on which machine, how busy it was, and with which versions; then a row for each promise, and at the end the
rows that were not kept. It asserts nothing: the exit code is 0 whatever the numbers say. `--quick` measures less often
and on less; such numbers prove that the benchmark runs, and nothing else. `--only` takes part of a row's name and may
be given again.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import platform
import sqlite3
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from foreman import __version__
from tests.benchmarks.feel_row import NO_PROMISE, Row

PARTS = ("feel_cli", "feel_daemon")
"""Modules beside this one, each with `NAMES`, the names of its rows, and `rows(quick=…, only=…)`."""

NAMED = ("typer", "pydantic", "SQLAlchemy", "PyYAML", "fastapi", "APScheduler")
"""Packages whose versions matter for the numbers."""


def surroundings() -> Iterator[str]:
    """Say what the numbers were measured on."""
    yield f"machine: {_processor()}, {os.cpu_count()} cores, {_memory()}, {platform.system()} {platform.release()}"
    yield "load:    " + ", ".join(f"{number:.2f}" for number in os.getloadavg()) + " (1, 5 and 15 minutes)"
    versions = [f"{name} {importlib.metadata.version(name)}" for name in NAMED]
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    yield f"with:    foreman {__version__}, {python}, {', '.join(versions)}"


def rows(*, quick: bool, only: Sequence[str] = ()) -> Iterator[Row]:
    """Measure.

    Args:
        quick: Less often, and on less.
        only: Parts of names of rows; empty for all.

    Yields:
        One row after the other, each as soon as it is known.
    """
    for name in PARTS:
        part = importlib.import_module(f"tests.benchmarks.{name}")
        if any(wanted(each, only) for each in part.NAMES):
            yield from (row for row in part.rows(quick=quick, only=only) if wanted(row.what, only))


def wanted(name: str, only: Sequence[str]) -> bool:
    """Tell whether a row was asked for."""
    return not only or any(one in name for one in only)


def shown(row: Row) -> str:
    """Return a row as it is printed."""
    untold = "measured" if row.target == NO_PROMISE else "not measured"
    sign = {True: "met", False: "NOT MET", None: untold}[row.met]
    head = f"{row.what}\n    {sign}: {row.measured}   (wanted: {row.target})"
    return head + "\n" + textwrap.indent(textwrap.fill(row.how, 112), "    ")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--quick", action="store_true", help="less often and on less: proves only that it runs")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="rows with this in their name")
    asked = parser.parse_args(arguments)
    for text in surroundings():
        print(text)
    if asked.quick:
        print("--quick: these numbers prove that the benchmark runs, and nothing else")
    print(flush=True)
    found = []
    for row in rows(quick=asked.quick, only=asked.only):
        found.append(row)
        print(shown(row), flush=True)
    missed = [row.what for row in found if row.met is False]
    unknown = [row.what for row in found if row.met is None and row.target != NO_PROMISE]
    print(f"\n{len(found)} rows, {len(missed)} not met" + "".join(f"\n  not met: {name}" for name in missed), end="")
    print("".join(f"\n  not measured: {name}" for name in unknown))
    return 0


def _processor() -> str:
    place = Path("/proc/cpuinfo")
    if not place.exists():
        return platform.processor() or platform.machine()
    lines = place.read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"


if __name__ == "__main__":
    sys.exit(main())
