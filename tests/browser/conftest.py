"""One browser for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.chrome import Chrome, Proxy, Tab, browser, started


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Chrome, Proxy]]:
    """Start the browser; skips where there is none, which CI counts as a failure."""
    program = browser()
    if program is None:
        pytest.skip("no browser here: `.ci/browser-up` installs Debian's chromium")
    with started(program, tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def proxy(opened: tuple[Chrome, Proxy]) -> Proxy:
    """Return what has taken the browser's requests."""
    opened[1].asked.clear()
    return opened[1]


@pytest.fixture(scope="session")
def _tab(opened: tuple[Chrome, Proxy]) -> Tab:
    return opened[0].tab()


@pytest.fixture
def tab(_tab: Tab) -> Tab:
    """Return the one page there is, by day and on a screen."""
    _tab.media()
    return _tab
