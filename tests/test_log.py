from __future__ import annotations

import contextlib
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog

from foreman.log import MAX_VALUE_CHARS, configure
from foreman.model import RepoRef
from foreman.secrets import KnownSecrets

SECRET = "a-value-that-must-not-leave"
FORGED = 'fine\x1b[31m\nlevel=error msg="disk failed"\u202e\u2028\x9b0m'


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def logged() -> Callable[..., io.StringIO]:
    def start(fmt: str = "json", level: str = "info") -> io.StringIO:
        # pytest's own handlers would format, and choke on, what libraries get wrong.
        logging.getLogger().handlers[:] = []
        stream = io.StringIO()
        secrets = KnownSecrets()
        configure(level, fmt, secrets, stream)
        secrets.add(SECRET, "BOT_TOKEN")
        return stream

    return start


def records(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_of_json_with_time_and_level(logged) -> None:
    stream = logged()

    structlog.get_logger().info("poll_finished", repo=RepoRef.parse("a/b"), new_events=3, duration_s=0.5)

    (record,) = records(stream)
    assert record["event"] == "poll_finished"
    assert record["level"] == "info"
    assert record["timestamp"].endswith("Z")
    assert "a/b" in record["repo"]
    assert (record["new_events"], record["duration_s"]) == (3, 0.5)


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_no_value_forges_a_record_or_steers_a_terminal(logged, fmt: str) -> None:
    stream = logged(fmt)

    structlog.get_logger().info("decided", rationale=FORGED, nested={FORGED: [FORGED]}, **{"bad\nkey": 1})

    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert text[:-1].isprintable()


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_no_secret_is_written_wherever_it_stands(logged, fmt: str) -> None:
    stream = logged(fmt)
    token = "ghp_" + "a1" * 18

    logger = structlog.get_logger().bind(bound=SECRET)
    try:
        raise ValueError(f"could not use {SECRET} nor {token}")
    except ValueError:
        logger.exception(f"failed {SECRET}", nested={"a": [(SECRET,)], SECRET: token}, other=Exception(SECRET))
    logging.getLogger("urllib3").warning("retry %s", SECRET)

    text = stream.getvalue()
    assert SECRET not in text
    assert token not in text
    assert "[BOT_TOKEN]" in text
    assert "ValueError" in text


def test_lines_of_a_traceback_cannot_pass_for_records(logged) -> None:
    stream = logged("console")

    try:
        raise ValueError("2026-01-01T00:00:00Z [error    ] forged\n2026-01-01T00:00:00Z [error    ] forged\x1b[0m")
    except ValueError:
        structlog.get_logger().exception("failed")

    first, *rest = stream.getvalue().splitlines()
    assert "failed" in first
    assert all(line.startswith("    ") for line in rest if line)
    assert "\x1b" not in stream.getvalue()


def test_libraries_come_in_at_warning_and_above(logged) -> None:
    stream = logged(level="debug")

    logging.getLogger("github").info("a request")
    logging.getLogger("uvicorn.error").warning("port %d\nforged", 80)
    logging.getLogger("apscheduler").error("broken %s %s", "format")
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("apscheduler").exception("job failed")

    found = records(stream)
    assert [(record["level"], record["logger"]) for record in found] == [
        ("warning", "uvicorn.error"),
        ("error", "apscheduler"),
        ("error", "apscheduler"),
    ]
    assert found[0]["text"] == "port 80\\nforged"
    assert "KeyError" in found[2]["exception"]


def test_the_level_holds_and_a_second_call_replaces_the_first(logged) -> None:
    first = logged(level="debug")
    second = logged(level="error")

    structlog.get_logger().warning("quiet")
    structlog.get_logger().error("loud")
    logging.getLogger("x").error("library")

    assert first.getvalue() == ""
    assert [record["event"] for record in records(second)] == ["loud", "library_message"]


def test_the_scheduler_is_heard_only_when_a_job_breaks(logged) -> None:
    stream = logged()

    logging.getLogger("apscheduler.scheduler").warning("maximum number of running instances reached")
    logging.getLogger("apscheduler.executors.default").error("a job raised")

    assert [record["text"] for record in records(stream)] == ["a job raised"]


def test_large_values_are_cut_and_odd_ones_made_plain(logged) -> None:
    stream = logged()
    endless: list = []
    endless.append(endless)

    structlog.get_logger().info("seen", body="x" * 1_000_000, endless=endless, raw=b"\xff\x00", number=float("inf"))

    text = stream.getvalue()
    assert len(text) < 2 * MAX_VALUE_CHARS
    assert "(1000000 characters)" in text


class Awkward:
    def __str__(self) -> str:
        raise RuntimeError(f"not to be shown: {SECRET}")

    __repr__ = __str__


class AwkwardMapping(dict):
    def items(self) -> None:
        raise RuntimeError("not to be read")


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_nothing_that_is_logged_makes_logging_fail(logged, fmt: str) -> None:
    stream = logged(fmt)
    log = structlog.get_logger()

    log.info("shown", value=Awkward(), within=[Awkward(), {Awkward(): 1}], mapping=AwkwardMapping(a=1))
    log.info("odd", exception=[SECRET], stack={"a": SECRET}, number=float("nan"), lone="\ud800")
    logging.getLogger("uvicorn.error").error("of %s", Awkward())
    logging.getLogger("uvicorn.error").error(Awkward())

    text = stream.getvalue()
    assert SECRET not in text
    assert text.count("Awkward that cannot be shown") >= 3
    if fmt == "json":
        assert [record["level"] for record in records(stream)] == ["info", "info", "error", "error"]
        assert "NaN" not in text


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_a_log_that_cannot_be_written_stops_no_work(fmt: str) -> None:
    with open("/dev/full", "w", buffering=1, encoding="utf-8") as full:  # noqa: PTH123
        configure("info", fmt, KnownSecrets(), full)
        structlog.get_logger().info("lost")
        with contextlib.suppress(OSError):
            full.close()
        structlog.get_logger().info("lost, too")
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    configure("info", "console", KnownSecrets(), narrow)
    structlog.get_logger().info("kept", sign="é")
    assert b"\\xe9" in narrow.buffer.getvalue()


STRAYS = f"""
import sys, threading, warnings
from foreman.log import configure
from foreman.secrets import KnownSecrets
known = KnownSecrets()
known.add({SECRET!r}, "BOT_TOKEN")
configure("info", "json", known)

class Leaves:
    def __del__(self):
        raise ValueError({SECRET!r})

def fail():
    raise ValueError({SECRET!r})

Leaves()
thread = threading.Thread(target=fail, name="one")
thread.start()
thread.join()
warnings.warn({SECRET!r}, UserWarning)
"""


def test_what_nobody_caught_is_logged_without_secrets() -> None:
    done = subprocess.run([sys.executable, "-c", STRAYS], capture_output=True, text=True, check=True, timeout=60)

    assert SECRET not in done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [record["event"] for record in told] == ["cleanup_failed", "thread_failed", "library_message"]
    assert all("[BOT_TOKEN]" in json.dumps(record) for record in told)


def test_what_is_bound_to_the_thread_is_in_every_record(logged) -> None:
    stream = logged()

    with structlog.contextvars.bound_contextvars(task_id="t1"):
        structlog.get_logger().info("inside")
    structlog.get_logger().info("outside")

    assert [record.get("task_id") for record in records(stream)] == ["t1", None]
