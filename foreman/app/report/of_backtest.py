"""The page of a backtest: what it comes to, its plots, and what would have annoyed somebody. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from foreman.app.annoyances import MOST_ANNOYING, Annoyance
from foreman.app.backtest import Backtest
from foreman.app.backtest_report import document
from foreman.app.report.charts import calibration, cost, curve
from foreman.app.report.figures import counted, decimal, money, share
from foreman.app.report.markup import Child, Markup, element, foreign, join, link
from foreman.app.report.page import page
from foreman.app.report.tables import matrix, sentences, table, tiles


def backtest_page(found: Backtest, *, now: datetime) -> str:
    """Return the page of a run.

    Args:
        found: The run.
        now: When the page is made, aware UTC.

    Returns:
        HTML.
    """
    facts = document(found)
    labels = facts["labels"]
    spent = [one.answer.usd for one in found.tried if one.answer is not None and not one.answer.left_alone]
    cuts = [("", labels["precision_over_coverage"])]
    if facts["compared"]:
        cuts = [(one["model"], one["precision_over_coverage"]) for one in reversed(facts["compared"])]
    plots = (
        curve(cuts, whole=labels["issues_people_labelled"]),
        calibration(labels["calibration"], labels["calibration_error"], whole=labels["issues_people_labelled"]),
        cost(spent, calls=facts["model_calls"], tokens=facts["input_tokens"] + facts["output_tokens"]),
    )
    return page(
        f"Backtest of {found.plan.agent} on {found.repo}",
        _lead(facts),
        _tiles(facts, wrong_closes=_wrong_closes(found)),
        _told(facts),
        _annoying(facts["annoying"]),
        _labels(labels),
        element("div", *plots, class_="plots"),
        _rest(facts),
        _compared(facts["compared"]),
        now=now,
    )


def _lead(facts: Mapping[str, Any]) -> Markup:
    model = facts["model"] or "no model"
    return element(
        "p",
        f"{counted(facts['issues'], 'closed issue')} as they were when they were opened, {model}: what the agent would"
        " have done, beside what people did in the end.",
    )


def _wrong_closes(found: Backtest) -> int:
    answered = [(one.answer.close, one.truth.state_reason) for one in found.tried if one.answer is not None]
    return sum(1 for close, ended in answered if close and close != ended)


def _tiles(facts: Mapping[str, Any], *, wrong_closes: int) -> Markup:
    labels = facts["labels"]
    closes = f"{facts['closes']:,}" + (f", {wrong_closes} wrong" if wrong_closes else "")
    return tiles(
        (
            ("labels right (precision)", share(labels["precision"])),
            ("labels found (recall)", share(labels["recall"])),
            ("issues labelled (coverage)", share(labels["coverage"])),
            ("macro F1", decimal(labels["macro_f1"])),
            ("comments", f"{facts['comments']:,}"),
            ("closes", closes),
            ("cost", money(facts["usd"])),
        )
    )


def _told(facts: Mapping[str, Any]) -> Markup:
    """Return what a reader must know before believing the numbers."""
    said = []
    if facts["stopped"]:
        said.append(f"It ended early: {facts['stopped']}.")
    if facts["failed"]:
        said.append(f"{counted(facts['failed'], 'issue')} failed: {'; '.join(facts['failures'])}.")
    if facts["not_read_because"]:
        said.append(f"Some issues may be missing: {facts['not_read_because']}.")
    if facts["comments_not_read_because"]:
        said.append(f"Not all comments are known: {facts['comments_not_read_because']}.")
    unknown = facts["labels"]["who_labelled_not_known"]
    if unknown:
        said.append(f"Of {counted(unknown, 'issue')} nobody knows who put the labels on; they are taken for people's.")
    shown: list[Markup] = [element("p", one, class_="warn") for one in said]
    quiet = [f"{counted(count, 'issue')} left alone: {reason}." for reason, count in facts["left_alone"].items()]
    if facts["reused"]:
        quiet.append(f"{counted(facts['reused'], 'answer')} came from an earlier run.")
    return join(*shown, sentences(quiet))


def _annoying(found: Sequence[Annoyance]) -> Markup:
    if not found:
        return join(element("h2", "What would have annoyed you"), element("p", "Nothing here."))
    head = f"{'These ten' if len(found) == MOST_ANNOYING else 'These'} would have annoyed you"
    items = [
        element(
            "li",
            link(bad.url, join(f"#{bad.number} ", foreign(bad.title))),
            element("div", bad.what, class_="said"),
        )
        for bad in found
    ]
    return element("section", element("h2", head), element("ol", *items, class_="annoying"))


def _labels(labels: Mapping[str, Any]) -> Markup:
    heads = ("label", "right", "wrong", "missed", "precision", "recall", "F1")
    rows: list[tuple[Child, ...]] = [
        (foreign(name), one["hits"], one["wrong"], one["missed"], *_rates(one))
        for name, one in labels["per_label"].items()
    ]
    rows.append((element("strong", "all"), labels["hits"], labels["wrong"], labels["missed"], *_rates(labels)))
    on = f"on {counted(labels['issues_people_labelled'], 'issue')} that people gave one of these labels"
    shown = table(heads, rows, caption=f"Each label by itself, {on}", numbers=heads[1:])
    parts: list[Child] = [element("h2", "Labels"), shown]
    if labels["confusion"]:
        parts += [
            element("h2", "What was taken for what (confusion matrix)"),
            matrix(
                labels["confusion"],
                rows="people chose",
                columns="it chose",
                caption="Issues by the label people chose and the one it chose; framed is where both are the same",
            ),
        ]
    return element("section", *parts)


def _rest(facts: Mapping[str, Any]) -> Markup:
    same, stale = facts["duplicates"], facts["stale"]
    closed = counted(same["closed_as_duplicate"], "issue was", "issues were")
    right = f"rightly for {same['suggested_right']:,}"
    said = [f"{closed} closed as a duplicate; it suggested an original for {same['suggested']:,}, {right}."]
    if same["original_known"]:
        depths = ", ".join(f"{share(part)} among the first {depth}" for depth, part in same["found_at"].items())
        said.append(f"Of {counted(same['original_known'], 'known original')} the search found {depths}.")
    silence = "Of no issue all comments are known, so nothing can be said about stale ones."
    if stale["comments_known"]:
        silence = (
            f"Of {counted(stale['comments_known'], 'issue')} whose comments are known {stale['would_be_stale']:,}"
            f" would have gone stale; a person would have reversed {stale['person_would_have_reversed']:,}."
        )
    kept = [(kind, "waits for a person", count) for kind, count in facts["held"].items()]
    kept += [(kind, "refused", count) for kind, count in facts["denied"].items()]
    shown = table(
        ("action", "policy", "times"), kept, caption="What policy would not have let through", numbers=("times",)
    )
    return element(
        "section",
        element("h2", "Duplicates and silence"),
        sentences((*said, silence)),
        *((element("h2", "Held back"), shown) if kept else ()),
    )


def _compared(sides: Sequence[Mapping[str, Any]]) -> Markup:
    if not sides:
        return Markup("")
    heads = ("model", "precision", "recall", "macro F1", "coverage", "tokens", "cost")
    rows = [
        (
            one["model"],
            *(share(one[name]) for name in ("precision", "recall")),
            decimal(one["macro_f1"]),
            share(one["coverage"]),
            f"{one['tokens']:,}",
            money(one["usd"]),
        )
        for one in sides
    ]
    caption = f"Both on the same {counted(sides[0]['issues'], 'issue')}"
    return element("section", element("h2", "Two models"), table(heads, rows, caption=caption, numbers=heads[1:]))


def _rates(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return share(one["precision"]), share(one["recall"]), decimal(one["f1"])
