"""Stands between the daemon and an agent run as a process: starts it with limits, ends it with all it started.

Run as a script by `processes`, alone in a fresh interpreter; imports nothing of Foreman and never returns into it. It
ends the agent when its standard input closes, which happens however the daemon dies. As the subreaper it inherits
processes whose parents have gone, so nothing escapes by detaching (on Linux; elsewhere the process group has to do).

    python -I -S keeper.py DATA_BYTES OPEN_FILES PIDS GRACE_SECONDS COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_MAX_FILE_BYTES = 64 * 1024 * 1024
_LOOK_MILLISECONDS = 1_000


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except ValueError:  # macOS knows limits that it does not take
        if sys.platform == "linux":
            raise


def _tasks_of_user() -> int:
    count = 0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                count += len(list((entry / "task").iterdir()))
        except OSError:  # it ended meanwhile
            continue
    return count


def _descendants(root: int) -> list[int]:
    found: list[int] = []
    waiting = [root]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            try:
                children = [int(each) for each in task.read_text().split()]
            except OSError:  # it ended meanwhile
                continue
            found += children
            waiting += children
    return found


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _become_agent(data_bytes: int, open_files: int, pids: int, command: list[str]) -> None:
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, open_files)
    _limit(resource.RLIMIT_FSIZE, _MAX_FILE_BYTES)
    if data_bytes:
        # Not the address space: Node and Go reserve far more of that than they use.
        _limit(resource.RLIMIT_DATA, data_bytes)
    if os.getuid() != 0 and sys.platform == "linux":
        # Counted over all processes of the user, so the room starts from what is there.
        _limit(resource.RLIMIT_NPROC, _tasks_of_user() + pids)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.execvp(command[0], command)  # noqa: S606 - a fixed argument list, no shell


def _end(agent: int, grace_seconds: float) -> None:
    """Ask nicely, then kill everything that is left, until nothing is."""
    try:
        os.killpg(agent, signal.SIGTERM)
    except ProcessLookupError:
        agent = 0
    give_up = time.monotonic() + grace_seconds
    while agent and time.monotonic() < give_up:
        try:
            if os.waitpid(agent, os.WNOHANG)[0]:
                agent = 0
        except ChildProcessError:
            agent = 0
        time.sleep(0.01)
    for _ in range(1_000):
        if agent:
            try:
                os.killpg(agent, signal.SIGKILL)
            except ProcessLookupError:
                agent = 0
        left = _descendants(os.getpid())
        _signal(left, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        time.sleep(0.01)


def _watch(agent: int, pids: int) -> int:
    """Return the agent's exit status once it ended, -1 when the daemon is gone or wants it ended."""
    wishes = select.poll()
    wishes.register(0, select.POLLIN | select.POLLHUP)
    if sys.platform == "linux" and hasattr(os, "pidfd_open"):
        # An old kernel has none, and neither has a Python built for one; its end is seen a second later then.
        with contextlib.suppress(OSError):
            wishes.register(os.pidfd_open(agent), select.POLLIN)
    while True:
        ready = wishes.poll(_LOOK_MILLISECONDS)
        # Orphans of the agent land here and are reaped on the way.
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == agent:
                return os.waitstatus_to_exitcode(status)
            if pid == 0:
                break
        if any(handle == 0 for handle, _ in ready):
            return -1
        if len(_descendants(os.getpid())) > pids:
            print("foreman: the agent started too many processes and was ended", file=sys.stderr)  # noqa: T201
            return -1


def main(arguments: list[str]) -> int:
    """Start the agent, wait, end it.

    Args:
        arguments: As in the module's docstring.

    Returns:
        Exit status: 0 when ended on request, else the agent's own or 1.
    """
    data_bytes, open_files, pids = (int(each) for each in arguments[:3])
    grace_seconds = float(arguments[3])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the daemon says when to end
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    agent = os.fork()
    if agent == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        try:
            _become_agent(data_bytes, open_files, pids, arguments[4:])
        except OSError as error:
            print(f"foreman: cannot start {arguments[4]}: {error.strerror}", file=sys.stderr)  # noqa: T201
        os._exit(127)
    status = _watch(agent, pids)
    _end(agent, grace_seconds)
    return 0 if status == -1 else abs(status) or 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
