"""Every number here was worked out by hand."""

from __future__ import annotations

import pytest

from foreman.learn import scoring
from foreman.learn.scoring import NOTHING, Score

PAIRS = [
    (["bug"], ["bug"]),
    (["Bug"], ["bug"]),
    (["bug"], ["question"]),
    ([], ["bug"]),
    (["question"], ["question"]),
    ([], []),
]


def test_each_label_is_scored_by_itself() -> None:
    found = scoring.per_label(PAIRS, ["bug", "question", "docs"])

    assert found["bug"] == Score(hits=2, wrong=1, missed=1)
    assert (found["bug"].precision, found["bug"].recall, found["bug"].f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert found["question"] == Score(hits=1, wrong=0, missed=1)
    assert (found["question"].precision, found["question"].recall) == (1.0, 0.5)
    assert found["question"].f1 == pytest.approx(2 / 3)
    assert (found["docs"].precision, found["docs"].recall, found["docs"].f1) == (None, None, None)


def test_all_labels_together() -> None:
    scores = scoring.per_label(PAIRS, ["bug", "question", "docs"]).values()

    assert scoring.micro(scores) == Score(hits=3, wrong=1, missed=2)
    assert scoring.macro_f1(scores) == pytest.approx(2 / 3), "a label that never came up has no part in it"
    assert scoring.macro_f1([Score(wrong=1), Score(hits=1)]) == 0.5
    assert scoring.macro_f1([]) is None


def test_confusion_tells_what_was_said_for_what() -> None:
    found = scoring.confusion([*PAIRS, (["question", "bug"], ["question"])], ["bug", "question"])

    assert found == {"bug": {"bug": 2, NOTHING: 1}, "question": {"bug": 2, "question": 1}, NOTHING: {NOTHING: 1}}


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ([], None),
        ([(1.0, True), (1.0, True)], 0.0),
        ([(0.9, False)], 0.9),
        # Two parts: .85 is said twice and right once, which is .35 off; .65 is said once and right.
        ([(0.85, True), (0.85, False), (0.65, True)], (2 * 0.35 + 0.35) / 3),
    ],
)
def test_calibration_error(told: list[tuple[float, bool]], error: float | None) -> None:
    assert scoring.calibration_error(told) == (None if error is None else pytest.approx(error))


def test_precision_over_coverage_lets_less_and_less_sure_answers_in() -> None:
    told = [(0.905, True), (0.9, True), (0.57, False), (0.57, True), (0.2, False)]

    cuts = scoring.precision_over_coverage(told, 10)

    assert [(cut.confidence, cut.coverage, cut.right, cut.count) for cut in cuts] == [
        (0.9, 0.2, 1.0, 2),
        (0.57, 0.4, 0.75, 4),
        (0.2, 0.5, 0.6, 5),
    ]
    assert scoring.precision_over_coverage([], 10) == ()


def test_recall_at_depths_and_coverage() -> None:
    rankings = [([7, 8, 9], 7), ([1, 2, 3], 3), ([4], 5), ([], 6)]

    assert scoring.recall_at(rankings, (1, 3)) == {1: 0.25, 3: 0.5}
    assert scoring.recall_at([], (1,)) == {1: None}
    assert scoring.coverage([True, False, True, True]) == 0.75
    assert scoring.coverage([]) is None
