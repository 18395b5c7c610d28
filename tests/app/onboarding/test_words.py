from __future__ import annotations

from foreman.app.onboarding.words import keywords, misleading
from tests.app.onboarding.making import issue

FORM = "### What happened?\n\n### Which version?\n\n- [x] I looked for the same\nplease fill in everything\n"


def history() -> list:
    bugs = [issue(n, f"Segfault in part {n}", "bug", body=f"{FORM}It dies with a stack overflow") for n in range(20)]
    asks = [issue(100 + n, f"Palette of chart {n}", "question", body=f"{FORM}Which colours?") for n in range(20)]
    rest = [issue(200 + n, f"Segfault and palette {n}") for n in range(30)]
    return [*bugs, *asks, *rest]


def test_the_words_that_set_a_label_apart_are_found() -> None:
    found = keywords(history(), ["bug", "question"], most=6)

    (segfault,) = [word for word in found["bug"] if word.text == "segfault"]
    assert (segfault.inside, segfault.all) == (20, 20)
    assert "palette" in {word.text for word in found["question"]}


def test_what_stands_in_texts_alone_in_forms_or_in_code_is_no_word_for_it() -> None:
    words = {word.text for own in keywords(history(), ["bug", "question"], most=50).values() for word in own}

    assert words.isdisjoint({"stack overflow", "what happened", "version", "fill", "everything"})


def test_a_word_of_several_labels_and_the_projects_own_name_are_none() -> None:
    issues = [issue(n, "widget slow", "bug" if n % 2 else "question") for n in range(40)]
    issues += [issue(100 + n, f"widget gadget {n}", "bug") for n in range(20)]

    found = keywords(issues, ["bug", "question"], most=6, leave_out=["widget"])

    assert [word.text for word in found["bug"]] == ["gadget"]
    assert found["question"] == ()


def test_a_label_with_few_issues_has_no_words() -> None:
    issues = [issue(n, f"Palette {n}", "question") for n in range(7)] + [
        issue(50 + n, "Crash", "bug") for n in range(9)
    ]

    assert keywords(issues, ["bug", "question"], most=6)["question"] == ()


def test_a_usual_word_that_stands_for_something_else_here_is_told() -> None:
    issues = [issue(n, "Error when I start", "question") for n in range(6)] + [issue(9, "crash", "bug")]

    wrong = misleading(issues, ["bug", "question"], {"bug": ["error", "crash"], "question": ["how to"]})

    assert wrong == {"error": "bug"}


def test_a_text_without_end_is_read_in_no_time() -> None:
    odd = [issue(n, "a" * 50_000, "bug", body="<!-- " * 20_000 + "`" * 20_000 + "> " * 20_000) for n in range(20)]
    odd += [issue(100 + n, "-" * 50_000, "question", body="_'" * 50_000) for n in range(20)]

    assert set(keywords(odd, ["bug", "question"], most=6)) == {"bug", "question"}
