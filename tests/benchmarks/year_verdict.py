"""What the year comes to: the books compared, and the table that tells of it."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING

from tests.benchmarks.year_world import KEEP_DAYS
from tests.world import BOT

if TYPE_CHECKING:
    from tests.benchmarks.year import Year

WARM_UP = 0.25
"""Of the days; what grows after that has grown."""

ALONE = 0.75
"""Of the days; by then no model is asked any more, whose process takes some files and threads for as long."""

MOST_MEMORY = 10_000_000
MOST_OTHERS = 4
"""So many bytes, and so many files or threads more than in the warm-up."""

UNTHOUGHT = ('"step_failed"', '"gateway_request_failed"', "Traceback (most recent call last)")
"""What the log has only where there is a bug."""


def wrong(year: Year) -> dict[str, int]:
    """Compare the books; whatever is not 0 is not as it must be."""
    _, more_memory = year.growth.grown("memory", warm_up=WARM_UP)
    _, more_files = year.growth.grown("files", warm_up=WARM_UP, since=ALONE)
    _, more_threads = year.growth.grown("threads", warm_up=WARM_UP, since=ALONE)
    return {
        "lost events": len(year.crowd.unseen),
        **year.books.bad(),
        "second comments": _twice(year),
        "left waiting for a person": year.books.states()["held"],
        "memory grew": int(more_memory >= MOST_MEMORY),
        "open files grew": int(more_files > MOST_OTHERS),
        "threads grew": int(more_threads > MOST_OTHERS),
        "rows kept too long": int(year.growth.keeps_growing(KEEP_DAYS)),
        "days of too much log": year.growth.too_much_log(),
        "steps that failed": _failures(year),
        "processes left": year.process.left,
        "damage in the database": year.damage,
        "exit status": year.exit_status,
    }


def table(year: Year) -> list[tuple[str, object]]:
    """Return the rows of the table."""
    memory, more_memory = year.growth.grown("memory", warm_up=WARM_UP)
    files, more_files = year.growth.grown("files", warm_up=WARM_UP, since=ALONE)
    threads, more_threads = year.growth.grown("threads", warm_up=WARM_UP, since=ALONE)
    days = sorted(year.growth.log.values())
    asked, hits = (sum(getattr(storm, what) for storm in year.storms.values()) for what in ("asked", "hits"))
    return [
        ("days", year.days),
        ("events", year.crowd.made),
        ("  of them edits replaced before a look", year.crowd.replaced),
        ("issues", sum(len(forge.issues(repo)) for repo, forge in year.forge_of.items())),
        ("tasks", year.crowd.tasks),
        ("writes", year.books.written.total()),
        *((f"  actions {state}", number) for state, number in sorted(year.books.states().items())),
        *((name, number) for name, number in sorted(year.told.items())),
        ("starts", year.process.starts),
        ("schema at the end", year.process.schema),
        *year.bad.items(),
        ("requests", asked),
        ("faults", f"{hits} ({100 * hits / max(1, asked):.1f} %)"),
        ("memory after warm-up, MB", f"{memory / 1e6:.1f}"),
        ("memory growth, MB", f"{more_memory / 1e6:.1f}"),
        ("open files, more", f"{files}, {more_files}"),
        ("threads, more", f"{threads}, {more_threads}"),
        ("rows after a quarter, half, all", ", ".join(map(str, year.growth.parts(year.growth.rows)))),
        ("database then, MB", ", ".join(f"{size / 1e6:.1f}" for size in year.growth.parts(year.growth.database))),
        ("logged on a day, median and most, kB", f"{days[len(days) // 2] / 1e3:.1f}, {days[-1] / 1e3:.1f}"),
        ("seconds, of them of processor time", f"{time.monotonic() - year.started:.0f}, {_worked():.0f}"),
    ]


def _failures(year: Year) -> int:
    """Return how often the log tells of an error that nobody had thought of."""
    with year.log.open(encoding="utf-8") as lines:
        return sum(any(word in line for word in UNTHOUGHT) for line in lines)


def _twice(year: Year) -> int:
    """Return how many issues have a second comment of ours, though nobody took one back or moved it."""
    return sum(
        max(0, sum(said.author == BOT for said in year.forge_of[repo].issue(repo, number).comments) - 1)
        for repo, numbers in year.calendar.unmoved().items()
        for number in numbers
    )


def _worked() -> float:
    """Return the processor seconds of this process and of those that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
