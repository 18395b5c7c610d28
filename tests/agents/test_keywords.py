"""What keyword lists find in a text, and what they must not."""

from __future__ import annotations

import pytest

from agents.issue_triage.keywords import choose, confidence, contains, is_sure, match
from agents.issue_triage.reading import plain, read

LISTS = {
    "bug": ("crash", "exception", "error"),
    "question": ("how do I", "how to"),
    "feature": ("feature request", "would be nice"),
}


@pytest.mark.parametrize(
    ("text", "keyword", "there"),
    [
        ("There is a bug", "bug", True),
        ("debug output", "bug", False),
        ("bugfix", "bug", False),
        ("two bugs", "bug", True),
        ("It crashes, crashed, is crashing", "crash", True),
        ("crashlytics", "crash", False),
        ("terrors", "error", False),
        ("raises ValueError", "error", True),
        ("java.lang.NullPointerException: x", "exception", True),
        ("JavaScript", "java", False),
        ("HOW DO I do this?", "how do I", True),
        ("how\n   do I", "how do i", True),
        ("show to me", "how to", False),
        ("it does not work", "doesn't work", False),
        ("it doesn’t work", "doesn't work", True),
        ("C++ code", "c++", True),
        ("C code", "c++", False),
        ("use --flag=x", "--flag", True),
        ("without error", "error", False),
        ("this is not a bug", "bug", False),
        ("no errors but a crash", "crash", True),
        ("not sure how to do it", "how to", True),
        ("error 500", "500", True),
        ("error 5001", "500", False),
        ("プログラムがクラッシュしました", "クラッシュ", True),
        ("FULLWIDTH ＣＲＡＳＨ", "crash", True),
        ("straße", "strasse", True),
        ("anything", "", False),
    ],
)
def test_a_keyword_is_a_whole_word(text: str, keyword: str, there: bool) -> None:
    assert contains(plain(text), plain(keyword)) is there


def test_the_title_weighs_more_than_the_body() -> None:
    found = match(read("How to configure this?", "I get an error"), LISTS)

    assert [(each.label, each.points) for each in found] == [("question", 4), ("bug", 2)]
    assert is_sure(found)


def test_quotes_headings_boxes_comments_and_links_say_nothing() -> None:
    body = """### Error message
- [x] I looked for other crash reports
> somebody else wrote: exception
<!-- please describe the crash
or the error -->
See https://example.org/crash/exception"""

    assert match(read("Hello", body), LISTS) == ()


def test_output_counts_once_however_often_it_says_error() -> None:
    body = "```\n" + "RuntimeError: exception crash error\n" * 500 + "```"

    (found,) = match(read("Hello", body), LISTS)

    assert found.points == 2
    assert not is_sure((found,))
    assert choose((found,)) == (found,)


def test_a_bare_traceback_is_output() -> None:
    body = 'Traceback (most recent call last)\n  File "x.py", line 1\nplease look'

    parts = read("x", body)

    assert parts.has_output
    assert parts.prose == "please look"


def test_two_equal_labels_leave_doubt_and_are_both_chosen() -> None:
    found = match(read("Crash: how to stop it", ""), LISTS)

    assert not is_sure(found)
    assert [each.label for each in choose(found)] == ["bug", "question"]
    assert confidence(found) < confidence(found[:1])


def test_nothing_found_is_no_confidence() -> None:
    assert confidence(()) == 0.0
    assert choose(()) == ()


@pytest.mark.parametrize(
    "body", ["crash " * 11_000, "<!--" * 16_000, "```\n" * 16_000, "![" * 32_000, "crash" * 13_000, "no " * 20_000]
)
def test_a_body_made_to_cost_time_is_read_to_its_end(body: str) -> None:
    match(read("x" * 255, body), LISTS)
