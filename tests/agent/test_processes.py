"""Agents as child processes: real ones, that misbehave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foreman.agent.conformance import sample
from foreman.agent.managed import ManagedRuntime
from foreman.agent.processes import ProcessLauncher, Resources, process_runtime
from foreman.errors import AgentUnavailable

Make = Callable[..., ManagedRuntime]

HEAD = """
import json, os, socket, subprocess, sys, time
from foreman.agentkit import serve
from foreman.protocol import Decision
def skip(task, text=""):
    return Decision(task_id=str(task.task_id), decision="skip", rationale=text, actions=())
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a function that makes a runtime for an agent written in the test."""
    made: list[ManagedRuntime] = []

    def runtime(code: str, *, first_pause_seconds: float = 0.05, **resources: Any) -> ManagedRuntime:
        script = tmp_path / "agent.py"
        script.write_text(HEAD + textwrap.dedent(code))
        launcher = ProcessLauncher(
            "mine",
            command=[sys.executable, str(script)],
            work_dir=tmp_path / "w",
            resources=Resources(**resources),
        )
        made.append(ManagedRuntime("mine", launcher, first_pause_seconds=first_pause_seconds))
        return made[-1]

    yield runtime
    for each in made:
        each.stop(timeout_seconds=10)


def _ask(runtime: ManagedRuntime, timeout_seconds: float = 60.0, **issue: Any) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(
        runtime.ask(json.dumps(sample(**issue)).encode(), timeout_seconds=timeout_seconds)
    )
    return reply


def test_the_bundled_agent_works_and_leaves_nothing(tmp_path: Path) -> None:
    runtime = process_runtime("issue-triage", gateway_url="http://127.0.0.1:1/v1", work_dir=tmp_path / "w")

    assert not runtime.healthy()
    assert _ask(runtime)["actions"] == [{"type": "add_label", "label": "bug"}]
    assert runtime.healthy()
    runtime.stop(timeout_seconds=10)

    assert (runtime.sealed, runtime.gateway_url) == (False, "http://127.0.0.1:1/v1")
    assert not runtime.healthy()
    assert list((tmp_path / "w").iterdir()) == []
    with pytest.raises(AgentUnavailable, match="stopped"):
        _ask(runtime)


def test_its_environment_holds_nothing_of_ours(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "ANTHROPIC_API_KEY", "FOREMAN_CONFIG", "SSH_AUTH_SOCK", "LD_LIBRARY_PATH"):
        monkeypatch.setenv(name, "canary")
    runtime = make(
        """
        def tell(task):
            told = {"env": dict(os.environ), "fds": os.listdir("/proc/self/fd"), "cwd": os.getcwd()}
            told["sid"] = os.getsid(0) == os.getpid()
            told["parent"] = open(f"/proc/{os.getppid()}/environ").read()
            return skip(task, json.dumps(told))
        serve(tell)
        """
    )

    told = json.loads(_ask(runtime)["rationale"])

    assert "canary" not in json.dumps(told)
    assert set(told["env"]) - {"LC_CTYPE"} == {
        "PATH", "LANG", "HOME", "TMPDIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "FOREMAN_AGENT_SOCKET",
    }  # fmt: skip
    assert told["env"]["HOME"] == told["cwd"]
    assert told["sid"]
    assert len(told["fds"]) < 12


CHILDREN = """
    def spawn(task):
        detached = subprocess.Popen(
            [sys.executable, "-c", "import os, time; os.fork() and os._exit(0); os.setsid();"
             "print(os.getpid(), flush=True); time.sleep(600)"],
            stdout=subprocess.PIPE)
        plain = subprocess.Popen(["sleep", "600"])
        return skip(task, json.dumps([int(detached.stdout.readline()), plain.pid, os.getpid()]))
    serve(spawn)
"""


def test_it_is_ended_with_everything_it_started_even_what_detached_itself(
    make: Make, wait: Callable[..., None], is_gone: Callable[[int], bool]
) -> None:
    runtime = make(CHILDREN)
    pids = json.loads(_ask(runtime)["rationale"])
    assert not any(is_gone(pid) for pid in pids)

    runtime.stop(timeout_seconds=10)

    wait(lambda: all(is_gone(pid) for pid in pids))


def test_a_killed_daemon_takes_its_agents_along(
    tmp_path: Path, wait: Callable[..., None], is_gone: Callable[[int], bool]
) -> None:
    (tmp_path / "agent.py").write_text(HEAD + textwrap.dedent(CHILDREN))
    daemon = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(f"""
            import json, sys, time
            from pathlib import Path
            from foreman.agent.conformance import sample
            from foreman.agent.processes import process_runtime
            runtime = process_runtime("mine", gateway_url="", work_dir=Path({str(tmp_path)!r}) / "w",
                                      command=[sys.executable, {str(tmp_path / "agent.py")!r}])
            print(runtime.ask(json.dumps(sample()).encode(), timeout_seconds=60).decode(), flush=True)
            time.sleep(600)
        """)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert daemon.stdout is not None
    try:
        pids = json.loads(json.loads(daemon.stdout.readline())["rationale"])
    finally:
        daemon.kill()
        daemon.wait()
        daemon.stdout.close()

    wait(lambda: all(is_gone(pid) for pid in pids))


def test_a_stubborn_agent_is_killed(make: Make, wait: Callable[..., None], is_gone: Callable[[int], bool]) -> None:
    runtime = make(
        """
        import signal, threading
        signal.signal = lambda *_: None
        def tell(task):
            return skip(task, str(os.getpid()))
        import foreman.agentkit.server
        import ctypes
        ctypes.CDLL(None).signal(15, 1)  # SIG_IGN
        serve(tell)
        """
    )
    pid = int(_ask(runtime)["rationale"])

    runtime.stop(timeout_seconds=10)

    wait(lambda: is_gone(pid))


def test_a_dead_agent_is_started_again(make: Make, wait: Callable[..., None], is_gone: Callable[[int], bool]) -> None:
    runtime = make("serve(lambda task: skip(task, str(os.getpid())))")
    first = int(_ask(runtime)["rationale"])
    os.kill(first, signal.SIGKILL)
    wait(lambda: is_gone(first) and not runtime.healthy())
    wait(lambda: not runtime._launcher.is_running())

    assert int(_ask(runtime)["rationale"]) != first


def test_an_agent_that_keeps_dying_is_left_alone_for_a_while(make: Make) -> None:
    runtime = make("sys.exit('no licence')", first_pause_seconds=3_600.0)

    for _ in range(2):
        with pytest.raises(AgentUnavailable, match="no licence"):
            _ask(runtime)
    with pytest.raises(AgentUnavailable, match="keeps ending; next start in"):
        _ask(runtime)


def test_a_stuck_agent_is_replaced_after_its_task_ran_out_of_time(make: Make) -> None:
    runtime = make(
        """
        import time
        def stick(task):
            if task.payload.issue.number == 13:
                os.kill(os.getpid(), 19)  # SIGSTOP: not even its health check is answered
                time.sleep(3600)  # until it is stopped, which another thread of it may be told first
            return skip(task, str(os.getpid()))
        serve(stick)
        """
    )
    first = _ask(runtime)["rationale"]

    with pytest.raises(AgentUnavailable, match="within"):
        _ask(runtime, timeout_seconds=1.0, number=13)

    assert _ask(runtime)["rationale"] != first


def test_memory_is_limited(make: Make) -> None:
    runtime = make(
        """
        def hog(task):
            try:
                return skip(task, str(len(bytearray(1_000_000_000))))
            except MemoryError:
                return skip(task, "refused")
        serve(hog)
        """,
        memory="256m",
    )

    assert _ask(runtime)["rationale"] == "refused"


def test_a_fork_bomb_ends_the_agent(make: Make) -> None:
    runtime = make(
        """
        def bomb(task):
            for _ in range(60):
                try:
                    if os.fork() == 0:
                        time.sleep(600)
                        os._exit(0)
                except OSError:
                    break
            time.sleep(600)
        serve(bomb)
        """,
        pids=32,
    )

    with pytest.raises(AgentUnavailable):
        _ask(runtime)


def test_a_flood_of_output_neither_blocks_it_nor_fills_the_log(make: Make) -> None:
    runtime = make("print('x' * 5_000_000, flush=True)\nserve(lambda task: skip(task, 'alive'))")

    assert _ask(runtime)["rationale"] == "alive"


def test_a_missing_program_says_so(tmp_path: Path) -> None:
    runtime = process_runtime("mine", gateway_url="", work_dir=tmp_path, command=["/no/such/program"])

    with pytest.raises(AgentUnavailable, match="cannot start /no/such/program"):
        runtime.start()
    with pytest.raises(AgentUnavailable, match=r"set agents\.other\.command"):
        process_runtime("other", gateway_url="", work_dir=tmp_path).start()


def test_a_long_work_folder_still_gets_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the folder for temporary files is no shorter."""
    (tmp_path / ("t" * 120)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("t" * 120)))
    runtime = process_runtime("issue-triage", gateway_url="", work_dir=tmp_path / ("d" * 120))
    try:
        runtime.start()
        assert runtime.healthy()
    finally:
        runtime.stop(timeout_seconds=10)


@pytest.mark.parametrize(
    "system",
    [
        pytest.param("del os.pidfd_open", id="a Python built for an old kernel"),
        pytest.param(
            "def refuse(kind, limits): raise ValueError('current limit exceeds maximum limit')\n"
            "sys.platform, resource.setrlimit = 'darwin', refuse",
            id="macOS",
        ),
    ],
)
def test_the_keeper_needs_only_what_every_system_has(system: str) -> None:
    code = f"import os, resource, sys\n{system}\nfrom foreman.agent import keeper\nsys.exit(keeper.main(sys.argv[1:]))"
    limits = ("1000000000", "64", "50", "0.1")
    keeper = subprocess.Popen(
        [sys.executable, "-c", code, *limits, "sh", "-c", "exit 7"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    keeper.wait(60)  # with its input open: closing that would end the agent
    _, said = keeper.communicate()

    assert (keeper.returncode, said) == (7, b"")


def test_stopping_while_it_starts_does_not_wait_for_it(make: Make) -> None:
    import threading

    runtime = make("time.sleep(600)")
    failed = []

    def start() -> None:
        try:
            runtime.start()
        except AgentUnavailable as error:
            failed.append(str(error))

    starter = threading.Thread(target=start)
    starter.start()
    deadline = time.monotonic() + 60
    while runtime._launcher._process is None and time.monotonic() < deadline:  # type: ignore[attr-defined]
        threading.Event().wait(0.01)
    runtime.stop(timeout_seconds=5)
    starter.join(60)

    assert not starter.is_alive()
    assert failed
