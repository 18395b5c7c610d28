from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from foreman.learn import Correction, Example, Model, Prior, train, words
from foreman.learn.calibration import NEVER, WANTED_PRECISION, thresholds
from foreman.learn.features import features, form_lines
from foreman.learn.training import MOST_EXAMPLES, newest_in_turn
from tests.learn.corpus import LABELS, written


@pytest.fixture(scope="module")
def model() -> Model:
    return train(written(210), labels=LABELS, folds=2)


def told(model: Model, one: Example) -> tuple[Prior, ...]:
    return model.predict(one.repo, one.title, one.body)


def right(model: Model, issues: Sequence[Example]) -> float:
    return sum(told(model, one)[0].label in one.labels for one in issues) / len(issues)


def test_it_tells_what_it_was_not_shown_far_better_than_the_commonest_label_would(model: Model) -> None:
    unseen = written(150, seed=2)

    assert right(model, unseen) >= 0.8


def test_what_it_is_sure_of_is_right_nine_times_of_ten(model: Model) -> None:
    unseen = written(200, seed=3)
    sure = [told(model, one)[0].label in one.labels for one in unseen if told(model, one)[0].sure]

    assert len(sure) >= 60
    assert sum(sure) / len(sure) >= 0.88


def test_probabilities_mean_what_they_say(model: Model) -> None:
    unseen = written(200, seed=4)
    said = sum(told(model, one)[0].probability for one in unseen) / len(unseen)

    assert abs(said - right(model, unseen)) < 0.07
    assert all(abs(sum(prior.probability for prior in told(model, one)) - 1) < 0.001 for one in unseen[:20])


def test_at_most_one_label_of_an_issue_is_sure(model: Model) -> None:
    assert all(sum(prior.sure for prior in told(model, one)) <= 1 for one in written(100, seed=5))


def test_it_comes_back_from_bytes_and_says_the_same(model: Model) -> None:
    data = model.to_bytes()
    again = Model.from_bytes(data)

    assert len(data) < 1_000_000
    assert again.labels == model.labels and again.thresholds == model.thresholds
    for one in written(60, seed=6):
        before = {prior.label: prior.probability for prior in told(model, one)}
        assert all(abs(before[prior.label] - prior.probability) < 0.03 for prior in told(again, one))
    assert right(again, written(150, seed=2)) >= 0.8


def test_training_twice_gives_the_same_model() -> None:
    issues = written(45)

    assert train(issues, labels=LABELS, folds=2).to_bytes() == train(issues[::-1], labels=LABELS, folds=2).to_bytes()


@pytest.mark.parametrize("harm", [b"", b"foreman-priors\n", b"foreman-priors\nx\x9c", b"\x80\x04N."])
def test_what_is_no_model_is_refused(harm: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Model.from_bytes(harm)


def test_a_damaged_model_is_refused_or_read_but_nothing_else(model: Model) -> None:
    data = model.to_bytes()
    for at in range(20, len(data), len(data) // 25):
        with pytest.raises(ValueError, match=r"."):
            Model.from_bytes(data[:at])
        with pytest.raises(ValueError, match=r"."):
            Model.from_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])


def test_a_model_that_knows_nothing_says_nothing() -> None:
    for few in ([], written(9), [one for one in written(60, noise=0) if "bug" in one.labels]):
        nothing = train(few, labels=LABELS)

        assert Model.from_bytes(nothing.to_bytes()).predict("o/plain", "Title", "Body") == ()


def test_it_names_the_issues_own_words_that_speak_for_a_label(model: Model) -> None:
    title, body = "Regression: **Search** hangs", "It worked before. Now it fails with the plugin, `hidden` too."
    told = words(model, "o/plain", title, body, "bug")

    assert {"regression", "hangs", "fails"} & set(told)
    assert set(told) <= set((title + " " + body).lower().replace(".", " ").replace(":", " ").split())
    assert words(model, "o/plain", title, body, "unknown") == words(Model.empty(), "o/plain", title, body, "bug") == ()


def test_too_few_labels_are_enough_for_a_guess_and_never_for_being_sure() -> None:
    young = train(written(24, noise=0), labels=LABELS)

    assert told(young, written(1, seed=7)[0])
    assert not any(prior.sure for one in written(60, seed=7) for prior in told(young, one))


def test_a_repository_it_never_saw_gets_a_guess_that_is_never_sure(model: Model) -> None:
    for one in written(30, seed=8):
        assert not any(prior.sure for prior in told(model, replace(one, repo="o/new")))


def test_only_offered_labels_are_told_and_an_issue_with_none_of_them_is_none_of_them() -> None:
    mixed = train(written(120, noise=0), labels=("BUG", "docs"), folds=0)
    bugs = [one for one in written(60, seed=9, noise=0) if "bug" in one.labels]
    others = [one for one in written(60, seed=9, noise=0) if "bug" not in one.labels]

    assert {prior.label for one in bugs for prior in told(mixed, one)} == {"BUG"}
    assert sum(told(mixed, one)[0].probability > 0.5 for one in bugs) >= 0.8 * len(bugs)
    assert sum(told(mixed, one)[0].probability < 0.5 for one in others) >= 0.8 * len(others)


def test_an_issue_with_two_of_the_labels_teaches_nothing() -> None:
    both = [replace(one, labels=frozenset({"bug", "feature"})) for one in written(60)]

    assert train(both, labels=LABELS).labels == ()


def test_a_correction_counts_at_once_where_the_text_is_alike_and_nowhere_else(model: Model) -> None:
    bug = next(one for one in written(60, seed=10, noise=0) if "bug" in one.labels)
    alike, else_where = replace(bug, body=bug.body + " again"), replace(bug, repo="o/unrelated")
    question = next(one for one in written(60, seed=10, noise=0) if "question" in one.labels)
    wrong = Correction(repo=bug.repo, title=bug.title, body=bug.body, label="bug", fits=False)
    better = model.corrected([wrong, replace(wrong, label="feature", fits=True)])

    assert told(model, bug)[0].label == "bug" and told(better, bug)[0].label == "feature"
    assert told(better, alike)[0].label == "feature"
    assert told(better, question) == told(model, question)
    assert told(better, else_where) == told(model, else_where)


def test_what_counts_more_wins() -> None:
    issues = written(60, noise=0)
    strange = [
        replace(one, title="Zebra crossing", body="stripes", labels=frozenset({label}), weight=weight)
        for one, label, weight in zip(issues, ["bug"] * 6 + ["feature"] * 6, [1.0] * 6 + [9.0] * 6, strict=False)
    ]
    learned = train(issues + strange, labels=LABELS, folds=0)

    assert learned.predict("o/plain", "Zebra crossing", "stripes")[0].label == "feature"


@pytest.mark.parametrize(
    "text",
    [part * (65_536 // len(part)) for part in
     ("a", "`", "<!--", "- [ ] ", "### \n", " \t", "\0\ud800é", "aA", "https://", "**", "'", "\n", "[", "1.", "| -")],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_of_64_kilobytes_of_anything_only_the_beginning_is_read(text: str, model: Model) -> None:
    counts = features(text, text)

    assert sum(len(part) for part in counts.values()) < 8_000
    assert features(text, text + "bug" * 10_000) == counts
    assert len(model.predict("o/plain", text, text)) == 3
    assert len(form_lines([text] * 5)) <= 2


def test_form_lines_do_not_count_as_words() -> None:
    bodies = [f"my own words number {number}\n### Steps to reproduce" for number in range(6)]
    form = form_lines(bodies)

    assert features("", bodies[0], form)["stems"].keys() < features("", bodies[0])["stems"].keys()
    assert features("", bodies[0], form)["shape"] == features("", bodies[0])["shape"]


def test_the_newest_of_every_repository_are_learned_from_in_turn() -> None:
    many, few = written(MOST_EXAMPLES + 300, repos=("o/plain",)), written(50, repos=("o/forms",))
    taken = newest_in_turn(many + few)

    assert len(taken) == MOST_EXAMPLES
    assert sum(one.repo == "o/forms" for one in taken) == 50
    assert min(one.at for one in taken if one.repo == "o/plain") > min(one.at for one in many)


def test_a_threshold_is_the_lowest_from_which_on_enough_was_right() -> None:
    said = [(0.99 - number / 100, 0.01 + number / 100) for number in range(40)]
    truths = [0] * 30 + [1] * 10

    first, second = thresholds(said, truths)
    assert 0.6 < first <= 0.75
    assert second == NEVER
    assert thresholds(said[:9], truths[:9]) == (NEVER, NEVER)


def test_where_it_was_always_right_it_may_be_a_little_less_sure_than_it_ever_was() -> None:
    said = [(0.995, 0.005)] * 20 + [(0.004, 0.996)] * 20

    assert thresholds(said, [0] * 20 + [1] * 20) == (WANTED_PRECISION, WANTED_PRECISION)
