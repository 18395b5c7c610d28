"""How the daemon feels: rows of `tests.benchmarks.feel`.

The daemon is a process of its own, `foreman run`; the forge (the sandbox over HTTP) and the agent are in this one.
What a busy machine would spoil is told in processor time of the daemon, all its threads, as the kernel counts it.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.benchmarks.feel_row import Row
from tests.world import BOT, REPO, World, decision, wait_until

START_SECONDS = 1.5
MEMORY_MB = 120
IDLE_PERCENT = 1.0
MEDIAN_MS, WORST_MS = 10, 60
SKIPS, WRITES = 150, 60
QUIET_REPOS = 500
STOP_SECONDS = 5.0
AUTHORS = 50
"""People who open the issues: one who opens more than 50 a day is held back, as configured by default."""

START = "from foreman run to ready"
IDLE = "processor time when nothing happens"
OVERHEAD = "overhead of an event, one in flight"
SKIPPED = "events in a second that end in skip, 16 in flight"
WRITTEN = "events in a second with one write, 16 in flight"
MEMORY = "memory of the daemon"
REQUESTS = "requests for a poll of a quiet repository"
MANY = "quiet repositories on one token at 60 s"
STOP = "from SIGTERM to exit 0"
NAMES = (START, IDLE, OVERHEAD, SKIPPED, WRITTEN, MEMORY, REQUESTS, MANY, STOP)


def rows(*, quick: bool, only: Sequence[str] = ()) -> Iterator[Row]:
    """Measure the daemon.

    Args:
        quick: Less often, and on less.
        only: Parts of names of rows; empty for all.

    Yields:
        The rows.
    """
    parts: dict[tuple[str, ...], Callable[[bool], Iterator[Row]]] = {
        (START,): _starts,
        (IDLE,): _idle,
        (OVERHEAD,): _overhead,
        (SKIPPED, WRITTEN, MEMORY): _throughput,
        (REQUESTS,): _requests,
        (MANY,): _many,
        (STOP,): _stops,
    }
    for names, measure in parts.items():
        if not only or any(one in name for one in only for name in names):
            yield from measure(quick)


@contextmanager
def _world(repos: int = 1, **config: Any) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            world.config["polling"] = {"interval_seconds": 60, "write_interval_seconds": 0, "first_run": "new"}
            world.config["repos"] = [world.repo(REPO)][:repos]
            for number in range(1, repos):
                path = f"acme/quiet-{number}"
                world.forge.add_repo(path, labels=["bug"])
                world.forge.add_collaborator(path, BOT)
                world.config["repos"].append(world.repo(path))
            for key, value in config.items():
                world.config[key] = {**world.config.get(key, {}), **value} if isinstance(value, dict) else value
            yield world
        finally:
            world.close()


@contextmanager
def _ready(world: World) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon, from the moment when everything was looked at once."""
    with world.running() as process, closing(_store(world)) as store:
        wait_until(lambda: process.poll() is not None or '"daemon_ready"' in world.log, "it is ready")
        looked = "select count(*) from polls where first_done"
        wait_until(lambda: store.execute(looked).fetchone()[0] >= len(world.config["repos"]), "the first looks")
        yield process


def _store(world: World) -> sqlite3.Connection:
    return sqlite3.connect(world.folder / "memory.db", timeout=60)


def _processor_seconds(pid: int) -> float:
    """Return what all threads of a process have used, finer than by ticks."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it ended
            total += int((thread / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e9


def _resident_mb(pid: int, field: str = "VmRSS") -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field))) / 1024


def _starts(quick: bool) -> Iterator[Row]:
    took, used = [], []
    with _world(server={"enabled": True, "port": 0}) as world:
        for _ in range(3 if quick else 9):
            (world.folder / "daemon.log").unlink(missing_ok=True)
            began = time.monotonic()
            with world.running() as process:
                wait_until(lambda: _url(world.log), "it listens")
                wait_until(lambda: _answers(_url(world.log) + "/healthcheck/ready"), "it is ready")
                took.append(time.monotonic() - began)
                used.append(_processor_seconds(process.pid))
    yield Row(
        what=START,
        target=f"<= {START_SECONDS} s",
        measured=f"{min(took):.2f} s (median {statistics.median(took):.2f} s)",
        met=min(took) <= START_SECONDS,
        how=f"until GET /healthcheck/ready says 200, one repository, {len(took)} starts, the fastest; "
        f"{min(used):.2f} s of processor time until then",
    )


def _url(log: str) -> str:
    return next((line.split('"url": "')[1].split('"')[0] for line in log.splitlines() if "server_started" in line), "")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _idle(quick: bool) -> Iterator[Row]:
    seconds = 10 if quick else 60
    for repos in (0, 1, 50):
        agents = {"issue-triage": {"runtime": "process"}}
        with _world(repos, server={"enabled": True, "port": 0}, agents=agents) as world, _ready(world) as process:
            time.sleep(20)  # what is read at leisure comes first
            before, began = _processor_seconds(process.pid), time.monotonic()
            world.forge.clear_ledger()
            time.sleep(seconds)
            used, polls = _processor_seconds(process.pid) - before, len(world.forge.ledger)
            share = 100 * used / (time.monotonic() - began)
            yield Row(
                what=f"{IDLE}, {repos} quiet repositories" if repos != 1 else f"{IDLE}, one quiet repository",
                target=f"< {IDLE_PERCENT:.0f} % of a core" + (", apart from their polls" if repos > 1 else ""),
                measured=f"{share:.2f} %" + (f", {polls} polls in it" if polls else ""),
                met=share < IDLE_PERCENT,
                how=f"{seconds} s, polls every 60 s, the health page on, four workers, the bundled agent beside it as "
                f"a process; {_resident_mb(process.pid):.0f} MB resident",
            )


def _overhead(quick: bool) -> Iterator[Row]:
    events, used, took = 5 if quick else 60, [], []
    with _world(polling={"interval_seconds": 1, "mirror_issues": 0}) as world, _ready(world) as process:
        time.sleep(3)
        for number in range(events):
            before = _processor_seconds(process.pid)
            world.forge.clear_ledger()
            issue = world.forge.open_issue(REPO, title=f"It crashes {number}", author=f"kim{number % AUTHORS}")
            wait_until(lambda: world.forge.issue(REPO, issue).labels, "its label")  # noqa: B023 - called at once
            ledger = world.forge.ledger
            first = next(place for place, entry in enumerate(ledger) if entry.status == 200)
            last = next(place for place, entry in enumerate(ledger) if "label+" in entry.effect)
            took.append((1000 * (ledger[last].monotonic - ledger[first].monotonic), last - first))
            time.sleep(0.1)
            used.append(1000 * (_processor_seconds(process.pid) - before))
        headers = {"Authorization": f"Bearer {world.forge.token(BOT)}"}
        forge = _latency_ms(f"{world.forge.url}/repos/{REPO}/issues/{issue}", headers)
        agent = _latency_ms(f"{world.agent.url}/task", {}, json.dumps(world.agent.tasks[-1]))
    ours = sorted(ms - requests * forge - agent for ms, requests in took)
    half, worst = statistics.median(ours), ours[max(0, int(0.99 * len(ours)) - 1)]
    yield Row(
        what=OVERHEAD,
        target=f"p50 <= {MEDIAN_MS} ms, p99 <= {WORST_MS} ms",
        measured=f"p50 {half:.0f} ms, p99 {worst:.0f} ms",
        met=half <= MEDIAN_MS and worst <= WORST_MS,
        how=f"{events} issues one after the other, by the clock from the poll that finds one to the request for its "
        f"label: look, task, gate, log, look; without {forge:.1f} ms for each of {took[-1][1]} requests and "
        f"{agent:.1f} ms for the agent, as a bare client finds them; {statistics.median(used):.0f} ms of processor "
        "time with all that goes on beside it and after it",
    )


_BARE = """
import http.client, sys, time, json
from urllib.parse import urlsplit
url, headers, body = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
parts, took = urlsplit(url), []
door = http.client.HTTPConnection(parts.hostname, parts.port)
for _ in range(50):
    began = time.monotonic()
    if body:
        door.close()
    door.request("POST" if body else "GET", parts.path, body or None, headers)
    door.getresponse().read()
    took.append(time.monotonic() - began)
print(sorted(took)[25] * 1000)
"""


def _latency_ms(url: str, headers: dict[str, str], body: str = "") -> float:
    """Return how long somebody else waits for an answer: a process that does nothing besides, 50 times, the median."""
    asked = [sys.executable, "-c", _BARE, url, json.dumps(headers), body]
    return float(subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout)


def _throughput(quick: bool) -> Iterator[Row]:
    for name, wanted, events in ((SKIPPED, SKIPS, 40 if quick else 300), (WRITTEN, WRITES, 40 if quick else 200)):
        policy = {"max_actions_per_hour": 10_000}
        with _world(workers=16, policy=policy, polling={"interval_seconds": 1}) as world:
            world.config["agents"]["issue-triage"]["max_concurrency"] = 16
            if name is SKIPPED:
                world.agent.answer = decision
            with _ready(world) as process, closing(_store(world)) as store:
                time.sleep(3)
                before, began = _processor_seconds(process.pid), time.monotonic()
                for number in range(events):
                    world.forge.open_issue(REPO, title=f"It crashes {number}", author=f"kim{number % AUTHORS}")
                table = "inbox" if name is SKIPPED else "actions"
                ended = f"select count(*) from {table} where state = 'done'"
                _until(lambda: store.execute(ended).fetchone()[0] >= events, 300)  # noqa: B023 - called at once
                seconds = time.monotonic() - began
                done = store.execute(ended).fetchone()[0]
                used = _processor_seconds(process.pid) - before
                most = _resident_mb(process.pid, "VmHWM")
        yield Row(
            what=name,
            target=f">= {wanted}, 0 lost",
            measured=f"{done / seconds:.0f} by the clock, {done / used:.0f} for each second of processor time, "
            f"{events - done} lost",
            met=done / seconds >= wanted and done == events,
            how=f"{events} issues opened at once in one repository, polling in it; load "
            f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, with the forge and the agent on them",
        )
    yield Row(
        what=MEMORY,
        target=f"<= {MEMORY_MB} MB resident",
        measured=f"{most:.0f} MB",
        met=most <= MEMORY_MB,
        how=f"the most it ever held, after {events} events with 16 in flight, one write each; 16 workers",
    )


def _until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)


def _requests(quick: bool) -> Iterator[Row]:
    polls = 3 if quick else 20
    with _world(polling={"interval_seconds": 1, "max_interval_seconds": 1}) as world, _ready(world):
        # What is read at leisure comes first.
        wait_until(lambda: [entry.status for entry in world.forge.ledger[-5:]] == [304] * 5, "it is quiet")
        world.forge.clear_ledger()
        wait_until(lambda: len(world.forge.ledger) >= polls, "polls")
        entries = world.forge.ledger
    asked = [entry for entry in entries if "per_page" in entry.query and entry.query["per_page"] == "30"]
    free = sum(entry.status == 304 for entry in entries)
    yield Row(
        what=REQUESTS,
        target="1, conditional",
        measured=f"{len(entries) / max(1, len(asked)):.2f}, {free} of {len(entries)} answered 304",
        met=len(entries) == len(asked) == free,
        how=f"{len(entries)} requests in a row by the forge's own ledger, after the first looks",
    )


def _many(quick: bool) -> Iterator[Row]:
    from tests.benchmarks.polling_paper import simulate

    found = simulate(QUIET_REPOS, 0, longest=60, latency=0.1, seed=1)
    yield Row(
        what=MANY,
        target=f">= {QUIET_REPOS}",
        measured=f"{QUIET_REPOS} take {found.used:.0%} of the line and {found.counted:.0f} of 5,000 counted requests",
        met=found.used < 1 and found.counted <= 5000,
        how="reckoned with the poller's own pace and 100 ms for an answer; on real time: "
        "`python -m tests.benchmarks.polling live --quiet 500 --longest 60`",
    )


def _stops(quick: bool) -> Iterator[Row]:
    from tests.engines import WHY_NOT

    for runtime in ("process", "docker"):
        name, target = (
            f"{STOP}, agents in {'a process' if runtime == 'process' else 'containers'}",
            "<= 5 s, none left",
        )
        if runtime == "docker" and (missing := WHY_NOT or _no_image()):
            yield Row(what=name, target=target, measured=f"not here: {missing}", met=None, how="")
            continue
        took, left = [], 0
        for _ in range(1 if quick else 5):
            agents = {"issue-triage": {"runtime": runtime, "timeout_seconds": 120}}
            with _world(polling={"interval_seconds": 1}, agents=agents) as world, _ready(world) as process:
                number = world.forge.open_issue(REPO, title="It crashes at start", author="kim")
                wait_until(lambda: world.forge.issue(REPO, number).labels, "a label", 300)  # noqa: B023
                children = _children(process.pid)
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                code = process.wait(60)
                took.append(time.monotonic() - began)
                left += (code != 0) + sum(Path(f"/proc/{child}").exists() for child in children)
                left += _containers(world) if runtime == "docker" else 0
        yield Row(
            what=name,
            target=target,
            measured=f"{max(took):.1f} s, {left} left",
            met=max(took) <= STOP_SECONDS and not left,
            how=f"the slowest of {len(took)}, after one issue was triaged by the bundled agent",
        )


def _no_image() -> str:
    """Build the agent's image, and return why that cannot be done here."""
    build = [sys.executable, "-m", "foreman.cli.main", "agent", "build", "issue-triage"]
    done = subprocess.run(build, capture_output=True, text=True, check=False, timeout=900)
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""


def _children(pid: int) -> list[str]:
    """Return every process that a process started, and those that these did."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    own = found.stdout.split()
    return own + [child for one in own for child in _children(int(one))]


def _containers(world: World) -> int:
    """Return how many containers are left of the daemon of a world, running or not."""
    from foreman.agent.engine import engine
    from foreman.agent.sealing import OWNER_LABEL
    from foreman.app.rundir import owner_of

    owner = f"{OWNER_LABEL}={owner_of(world.folder / 'memory.db')}"
    with engine(timeout_seconds=60) as client:
        return len(client.containers.list(all=True, filters={"label": owner}))
