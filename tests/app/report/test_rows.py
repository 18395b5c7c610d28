"""Rows for a spreadsheet: what RFC 4180 asks for, and nothing that a spreadsheet would reckon with."""

from __future__ import annotations

import csv
import io
import re

import pytest

from foreman.app.report import rows
from tests.app.report import made


def _read(raw: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw, newline=""), strict=True))


def test_a_row_for_each_issue_says_what_both_did() -> None:
    found = made.backtest(titles=('He said "no", twice',))

    raw = rows.of_backtest(found)

    read = _read(raw)
    assert len(read) == len(found.tried) == raw.count("\r\n") - 1
    assert raw.count("\n") == raw.count("\r\n")
    first, fourth, fifth = read[0], read[3], read[4]
    assert (first["number"], first["title"], first["people_labels"], first["labels"]) == (
        "1",
        'He said "no", twice',
        "question",
        "question",
    )
    assert (first["confidence"], first["usd"], first["model_calls"]) == ("0.51", "0.0008", "1")
    assert (fourth["number"], fourth["decision"], fourth["labels"], fourth["usd"]) == ("4", "", "", "")
    assert fourth["failure"].startswith("<script>")
    assert (fifth["duplicates"], fifth["people_duplicate_of"]) == ("4", "3")
    assert fifth["annoying"] == "would have named #4 as the same; people did not"
    assert read[6]["annoying"] == "would have closed it as not_planned; people closed it as completed"


@pytest.mark.parametrize(
    "title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "=cmd|' /C calc'!A0", "\u200b=1"]
)
def test_no_cell_is_a_formula_or_goes_on_in_another_line(title) -> None:
    (row, *_) = _read(rows.of_backtest(made.backtest(issues=7, titles=(title,))))
    (other, *_) = _read(rows.of_backtest(made.backtest(issues=7, titles=(f"x;{title}",))))

    assert row["title"][0] in "'\\"
    assert not re.search(r"[\x00-\x1f]", row["title"] + other["title"])
    assert other["title"].startswith("x;")


def test_text_is_in_quotes_and_numbers_are_not() -> None:
    head, line, *_ = rows.of_backtest(made.backtest(issues=7, titles=("a;=b,c",))).split("\r\n")

    assert all(re.fullmatch('"[a-z_]+"', name) for name in head.split(","))
    assert line.startswith('1,"a;=b,c","https://github.com/acme/widget/issues/1","question",')


def test_a_row_for_each_decision_says_what_came_out_then_and_now() -> None:
    read = _read(rows.of_replay(made.replay()))

    assert len(read) == 30
    assert (read[0]["failed"], read[0]["labels_after"], read[0]["same"]) == ("yes", "", "")
    assert read[1]["not_replayed_because"] == "the text of the issue is not kept"
    differs = read[2]
    assert (differs["id"], differs["same"], differs["labels_before"], differs["labels_after"]) == (
        "3",
        "no",
        "bug",
        "question",
    )
    assert (differs["usd_before"], differs["usd_after"], differs["labels_that_stand"]) == ("0.001", "0.0023", "bug")


def test_nothing_at_all_is_an_empty_table() -> None:
    assert rows.of_replay(()) == ""
