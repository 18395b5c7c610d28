"""The pages themselves: one file that loads nothing, in which whatever strangers wrote is text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from foreman.app.report.charts import calibration, cost, curve
from foreman.app.report.markup import element, foreign, link, text
from foreman.app.report.of_backtest import backtest_page
from foreman.app.report.of_replay import replay_page
from foreman.app.report.tables import MOST_COLUMNS, OTHERS, matrix
from tests.app.report import made

_ELEMENTS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "footer",
        "section",
        "h1",
        "h2",
        "p",
        "a",
        "bdi",
        "div",
        "span",
        "strong",
        "ol",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "figure",
        "figcaption",
        "svg",
        "line",
        "polyline",
        "circle",
        "rect",
        "text",
    ]
)
_EMPTY = {"meta"}


class _Seen(HTMLParser):
    """Every element of a page, whether they fit into each other, and what is said in them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {tag} {attrs}"
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == []


def _seen(page: str) -> _Seen:
    seen = _Seen()
    seen.feed(page)
    seen.close()
    return seen


@pytest.fixture(scope="module", params=["backtest", "replay", "many labels"])
def page(request: pytest.FixtureRequest) -> str:
    many = tuple(f"area: {number} {made.HOSTILE[number % 11][:40]}" for number in range(40))
    if request.param == "replay":
        return replay_page(made.replay(), model=made.HOSTILE[0], now=made.NOW)
    found = made.backtest() if request.param == "backtest" else made.backtest(issues=200, labels=many)
    return backtest_page(found, now=made.NOW)


def test_what_strangers_wrote_is_text_and_the_page_has_only_elements_of_ours(page) -> None:
    seen = _seen(page)

    assert {name for name, _ in seen.found} <= _ELEMENTS
    attributes = {key for _, attributes in seen.found for key in attributes}
    assert not {key for key in attributes if key.startswith("on") or key in {"src", "style", "srcset", "action"}}
    links = [attributes["href"] for _, attributes in seen.found if "href" in attributes]
    assert links
    assert all(re.fullmatch(r"https://github\.com/acme/widget/issues/\d+", str(href)) for href in links)
    assert all(attributes["rel"] == "noopener noreferrer" for name, attributes in seen.found if name == "a")
    said = "".join(seen.said)
    assert "<script>document.title='owned'</script>" in said
    assert not re.search("[\u202e\u2066\x00\x1b\ud800]", page)
    assert page.isprintable() or set(re.findall(r"[^\w\W]|[\x00-\x1f]", page)) <= {"\n"}


def test_the_page_may_load_and_run_nothing_but_its_own_style(page) -> None:
    seen = _seen(page)
    policies = [
        attributes["content"]
        for _, attributes in seen.found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert policies == [f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]
    assert page.index("Content-Security-Policy") < page.index("<title>"), "before anything that it is about"
    assert "url(" not in style
    assert "@import" not in style


def test_names_in_a_page_are_there_once_and_each_plot_says_what_it_shows_and_has_its_numbers(page) -> None:
    seen = _seen(page)
    names = [attributes["id"] for _, attributes in seen.found if "id" in attributes]
    plots = [attributes for name, attributes in seen.found if name == "svg" and attributes.get("role") == "img"]

    assert len(names) == len(set(names))
    assert len(plots) == 3
    assert {attributes["aria-labelledby"] for attributes in plots} == set(names)
    assert sum(name == "details" for name, _ in seen.found) >= 3
    assert all("scope" in attributes for name, attributes in seen.found if name == "th")


def test_a_run_in_which_nothing_came_up_has_a_page_too() -> None:
    empty = made.backtest(issues=0 + 6, titles=("x",))
    bare = empty.__class__(repo=empty.repo, plan=empty.plan, provider="none", model="", tried=(), reused=0, read=0)

    page = backtest_page(bare, now=made.NOW)

    assert "No model was asked: it cost nothing." in page
    assert "nothing to draw" in page
    assert "Nothing here." in page
    other = replay_page(made.replay(decisions=2), model="", now=made.NOW)
    assert "Nothing: each comes out as it did." in other
    assert "nobody knows which side is right" in other


def test_a_link_leads_to_the_web_or_nowhere() -> None:
    assert link('https://a.example/?a=1&b="', "x") == (
        '<a href="https://a.example/?a=1&amp;b=&quot;" rel="noopener noreferrer">x</a>'
    )
    assert link("javascript:alert(1)", "<b>") == "&lt;b&gt;"
    assert link("", "x") == "x"


def test_text_is_escaped_once_and_stays_in_its_own_direction() -> None:
    assert text("<&\"'\u202e\n") == "&lt;&amp;&quot;&#x27;\\u202e\\n"
    assert foreign("<b>") == "<bdi>&lt;b&gt;</bdi>"
    assert (
        element("p", element("b", "<"), "<", None, class_="a b", aria_label=None)
        == '<p class="a b"><b>&lt;</b>&lt;</p>'
    )


def test_labels_for_which_there_is_no_room_are_added_up_and_none_is_lost() -> None:
    confusion = {f"label {number}": {f"label {number}": number, "(none)": 1} for number in range(1, 60)}

    shown = matrix(confusion, rows="a", columns="b", caption="c")

    numbers = [int(cell) for cell in re.findall(r"<td[^>]*>(?:<span[^>]*>)?(\d+)", shown)]
    assert sum(numbers) == sum(count for row in confusion.values() for count in row.values())
    assert shown.count("<tr>") == 1 + MOST_COLUMNS
    assert OTHERS in shown
    assert "label 59" in shown


@pytest.mark.parametrize(
    ("spent", "calls", "said"),
    [
        ([0.0, 0.0], 0, "No model was asked"),
        ([None, None], 2, "The price of the model is not known: 2 model calls, 10 tokens."),
        ([0.0, 0.0], 2, "The model costs nothing: 2 model calls"),
        ([0.01, 0.03, None], 3, "USD 0.0400 in all, USD 0.0200 an issue on average, USD 0.0300 at the most"),
        ([0.01, 0.03, None], 3, "The price of 1 issue is not known."),
        ([0.0, 1.5], 1, "1 issue for nothing"),
    ],
)
def test_what_it_cost_is_said_also_where_there_is_nothing_to_draw(spent, calls, said) -> None:
    assert said in cost(spent, calls=calls, tokens=10)


def test_where_there_is_nothing_to_draw_the_page_says_what_is_lacking() -> None:
    assert "No answer came with a confidence" in curve([("", [])], whole=3)
    assert "No closed issue here bears one of the labels" in curve([("", [])], whole=0)
    assert "No closed issue here bears one of the labels" in calibration([], None, whole=0)


def test_each_issue_is_in_one_bar_and_the_dearest_in_the_last() -> None:
    shown = cost([0.0, 0.001, 0.005, 0.006], calls=3, tokens=1)

    rows = re.findall(r'<th scope="row">([^<]*)</th><td class="number">(\d+)</td>', shown)
    assert rows[0] == ("0", "1")
    assert [int(count) for _, count in rows[1:]] == [1, 0, 0, 0, 1, 1]


def test_a_line_of_a_thousand_bounds_is_thinned_and_keeps_its_ends() -> None:
    cuts = [
        {"min_confidence": 1 - n / 1000, "coverage": n / 1000, "right": 1 - n / 2000, "issues": n}
        for n in range(1, 1001)
    ]

    shown = curve([("", cuts)], whole=1000)

    dots = re.findall(r'<circle cx="([\d.]+)"', shown)
    assert len(dots) == 40
    assert (float(dots[0]), float(dots[-1])) == (46.3, 328.0)


def test_a_bar_of_calibration_stands_where_its_confidence_is() -> None:
    part = {"from": 0.9, "to": 1.0, "issues": 8, "confidence": 0.95, "right": 0.5}

    shown = calibration([part], 0.45, whole=9)

    ((left, top),) = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)"', shown)
    assert float(left) == pytest.approx(46 + 282 * 0.9 + 1, abs=0.1)
    assert float(top) == pytest.approx(28 + 176 / 2, abs=0.1)
    assert "Calibration error 0.45" in shown
