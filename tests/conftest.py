"""Switches and guards for the whole suite: no network beyond loopback, no home directory of a person."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

_ALLOWED = ("127.", "::1", "localhost")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switches of the long tests."""
    parser.addoption("--long", action="store_true", help="run property and kill tests at full length")
    parser.addoption("--replies", type=int, default=20_000, help="so many random replies, with --long (gate)")
    parser.addoption("--kills", type=int, default=0, help="so many random kills (durability)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked long, with the reason, unless asked for."""
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="long: run with --long"))


@functools.cache
def _group(file: Path) -> str:
    """Return what a file's tests share with those of others, as their mark has it; empty where that is nothing."""
    marked = re.search(r'xdist_group\("(\w+)"\)', file.read_text(encoding="utf-8"))
    return marked[1] if marked else ""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep together what shares something costly to make: under pytest 9.2 xdist itself passes over its marks."""
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(config.rootpath / nodeid.partition("::")[0]) or nodeid

    return Together(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skipped container or browser test a failure where an engine or a browser must be there: in CI."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"skipped where a browser must be there: {report.longrepr}"
    if report.skipped and os.environ.get("FOREMAN_REQUIRE_ENGINE") and item.get_closest_marker("docker"):
        report.outcome = "failed"
        report.longrepr = f"skipped where an engine must answer: {report.longrepr}"
    return report


def _refuse_far_connections(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and not str(address[0]).startswith(_ALLOWED):
        raise PermissionError(f"a test reached for the network: {address!r}")


sys.addaudithook(_refuse_far_connections)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give every test a home of its own and none of the person's settings."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(home / "data"))
    for name in ("FOREMAN_CONFIG", "FOREMAN_LOG_LEVEL", "FOREMAN_LOG_FORMAT", "CREDENTIALS_DIRECTORY", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Let no test log into the stream of one before it, which is closed: a command sets the log up for its process."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def project() -> Path:
    """Return the project's top folder."""
    return Path(__file__).parent.parent
