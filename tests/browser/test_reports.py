"""Reports in a real browser: they load and run nothing, and can be read on a telephone, at night and on paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreman.app.report.of_backtest import backtest_page
from foreman.app.report.of_replay import replay_page
from tests.app.report import made
from tests.browser.chrome import Proxy, Tab

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LOOKING = Path(__file__).with_name("looking.js").read_text(encoding="utf-8")
MANY = tuple(f"area: {number} {made.HOSTILE[number % 11][:40]}" for number in range(40))
PAGES = {
    "backtest": lambda: backtest_page(made.backtest(), now=made.NOW),
    "many labels": lambda: backtest_page(made.backtest(issues=120, labels=MANY), now=made.NOW),
    "replay": lambda: replay_page(made.replay(), model="big", now=made.NOW),
}


@pytest.fixture(params=list(PAGES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / f"a report of {request.param} #1 & ü.html"
    file.write_text(PAGES[request.param](), encoding="utf-8")
    return file


def test_a_page_that_strangers_wrote_into_runs_nothing_asks_for_nothing_and_complains_of_nothing(
    tab: Tab, proxy: Proxy, place: Path
) -> None:
    tab.open(place.as_uri())

    assert tab.complaints() == []
    assert tab.requests() == [place.as_uri()]
    assert proxy.strangers() == []
    assert tab.evaluate("document.title").startswith(("Backtest of", "Replay of"))
    assert tab.evaluate("document.scripts.length + document.images.length") == 0
    assert tab.evaluate("document.querySelectorAll('svg.plot').length") == 3
    assert tab.evaluate("getComputedStyle(document.querySelector('.tiles')).display") == "grid", "its style is let in"


def test_a_page_can_be_read_on_a_telephone_on_a_desk_and_at_night(tab: Tab, place: Path) -> None:
    tab.open(place.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    for scheme, width in (("light", 1200), ("light", 360), ("dark", 360)):
        tab.media(scheme=scheme)
        tab.resize(width)

        assert tab.evaluate(LOOKING) == [], f"{scheme}, {width} wide"


def test_its_picture_is_not_blank_and_another_one_at_night(tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(PAGES["backtest"](), encoding="utf-8")
    tab.open(file.as_uri(), width=360)
    day = tab.picture(tmp_path / "day.png")
    tab.media(scheme="dark")
    night = tab.picture(tmp_path / "night.png")

    assert day.startswith(b"\x89PNG")
    assert min(len(day), len(night)) > 20_000, "one colour alone packs into less"
    assert day != night


def test_on_paper_the_numbers_behind_the_plots_are_there_too(tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(PAGES["backtest"](), encoding="utf-8")
    tab.open(file.as_uri())
    paper = tab.paper(tmp_path / "report.pdf")
    tab.media(medium="print", scheme="dark")

    assert paper.startswith(b"%PDF")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "no black paper"
    shown = "[...document.querySelectorAll('details table')].every((each) => each.getBoundingClientRect().height > 20)"
    assert tab.evaluate(shown)


def test_whoever_has_no_mouse_reaches_every_link_and_every_table_that_scrolls(tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(PAGES["replay"](), encoding="utf-8")
    tab.open(file.as_uri(), width=360)

    unreached = """
      [...document.querySelectorAll('a, summary, .wide')].filter((each) => {
        each.focus();
        return document.activeElement !== each && each.checkVisibility({ contentVisibilityAuto: true });
      }).length
    """
    assert tab.evaluate("document.querySelectorAll('a').length") > 5
    assert tab.evaluate(unreached) == 0
    assert tab.evaluate("[...document.querySelectorAll('.wide')].filter((each) => !each.ariaLabel).length") == 0


def test_a_page_without_these_measures_would_be_caught(tab: Tab, proxy: Proxy, tmp_path: Path) -> None:
    """What the tests above rely on: here something is asked for, run, complained of, and cannot be read."""
    file = tmp_path / "bad.html"
    file.write_text(
        f"<!DOCTYPE html><body style='color: #999; background: #fff'><p style='width: 900px'>pale</p>{made.HOSTILE[0]}"
        f"<img src='http://{made.ELSEWHERE}/pixel'>"
    )

    tab.open(file.as_uri(), width=360)

    assert tab.evaluate("document.title") == "owned"
    assert f"http://{made.ELSEWHERE}/pixel" in tab.requests()
    assert [line for line in proxy.strangers() if made.ELSEWHERE in line]
    assert tab.complaints()
    told = tab.evaluate(LOOKING)
    assert any("contrast" in one for one in told)
    assert any("wide in 360" in one for one in told)
