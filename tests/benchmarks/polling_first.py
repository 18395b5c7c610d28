"""The first look at a repository with ten thousand open issues: requests, memory, work put down."""

from __future__ import annotations

import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import structlog

from foreman.model import ForgeKind, RepoRef
from foreman.poller.sweep import STALE_A_DAY
from foreman.store import inbox
from tests.poller.measuring import place
from tests.rig import BOT, Rig, plan

MOST_LOOKS = 60


def main(*, issues: int) -> int:
    """Print the table; exit status 1 when more was put down than asked for."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[lambda *_: ""])
    wrong = 0
    print(f"{issues:,} open issues, one opened every hour")
    print("| forge | what | looks | requests | took | tasks | memory grew by |\n|---|---|---|---|---|---|---|")
    for kind in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        with tempfile.TemporaryDirectory() as folder, place(Path(folder), kind) as bench:
            repo = RepoRef(kind, "acme/huge")
            bench.sandbox.add_repo(repo.path)
            bench.sandbox.add_collaborator(repo.path, BOT, "write")
            now = bench.clock()
            for number in range(issues):
                at = now - timedelta(hours=issues - number)
                bench.sandbox.open_issue(repo.path, title=f"Issue {number}", body="x" * 2000, author="ann", at=at)
            for what, first_run, config, bound in (
                ("first look, `new`", None, {}, 0),
                ("first look, `first_run: 1000`", 1000, {}, 1000),
                ("first daily sweep, `stale_days: 180`", None, {"stale_days": 180}, STALE_A_DAY),
            ):
                bench.plans[repo] = plan(repo=repo, first_run=first_run, config=config)
                if what.startswith("first look"):
                    with bench.db.transaction() as connection:
                        for table in ("polls", "meta", "events", "inbox", "inbox_counts", "issues"):
                            connection.exec_driver_sql(f"DELETE FROM {table} WHERE {_of(table, repo)}")
                else:
                    bench.clock.advance(86_401)
                bench.sandbox.clear_ledger()
                tasks = -_tasks(bench)
                watch, began, before, looks = bench.poller(), time.monotonic(), _peak(), 0
                while looks < MOST_LOOKS:
                    looks += 1
                    if not watch.poll(repo).behind:
                        break
                tasks += _tasks(bench)
                wrong += tasks > bound
                took, grew = time.monotonic() - began, (_peak() - before) / 1e6
                requests = len(bench.sandbox.ledger)
                print(f"| {kind.value} | {what} | {looks} | {requests} | {took:.1f} s | {tasks} | {grew:.0f} MB |")
    return int(wrong > 0)


def _tasks(bench: Rig) -> int:
    with bench.db.read() as connection:
        return sum(inbox.counts(connection).values())


def _of(table: str, repo: RepoRef) -> str:
    return f"key = 'first-look:{repo.key}'" if table == "meta" else f"repo = '{repo.key}'"


def _peak() -> int:
    """Return the most memory this process ever held, the forge's in it."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
