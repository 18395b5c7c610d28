"""Written issues and what may be decided about them: without a model, and with recorded answers of one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from foreman.errors import AgentUnavailable
from foreman.llm.recorded import RecordedBackend, key_of
from tests.golden.bench import Bench, running
from tests.golden.case import FOLDER, Case, load

pytestmark = [pytest.mark.xdist_group("golden")]

CASES = load()
RECORDED = FOLDER / "recorded"
KINDS = ("bugs", "duplicates", "features", "injections", "insiders", "languages", "questions", "security", "spam")
CHANGED = "the prompt is not the one that was answered"
HOW_TO = "see tests/golden/README.md: review the answer, then `python -m tests.golden.rewrite`"


class Listening(RecordedBackend):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(RECORDED)
        self.asked: set[str] = set()

    def complete(self, request, *, timeout_seconds):  # type: ignore[no-untyped-def]
        self.asked.add(f"{key_of(request)}.json")
        return super().complete(request, timeout_seconds=timeout_seconds)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running(tmp_path_factory.mktemp("g")) as made:
        yield made


def _params() -> list[object]:
    wait = [pytest.mark.xfail(reason=f"waits for {case.waits_for}") if case.waits_for else () for case in CASES]
    return [pytest.param(case, id=case.id, marks=mark) for case, mark in zip(CASES, wait, strict=True)]


@pytest.mark.parametrize("case", _params())
def test_without_a_model(case: Case, bench: Bench) -> None:
    problems = bench.run(case, None).problems()

    assert not problems, "\n".join((case.raw["title"], *problems))


@pytest.mark.parametrize("case", _params())
def test_with_recorded_answers(case: Case, bench: Bench) -> None:
    backend = Listening()
    try:
        outcome = bench.run(case, backend)
    except AgentUnavailable:  # what a missing answer comes to
        assert backend.asked <= {file.name for file in RECORDED.iterdir()}, f"{case.id}: {CHANGED}; {HOW_TO}"
        raise
    problems = outcome.problems()

    assert bool(backend.asked) == (case.answer is not None), "the model is asked exactly where the case has an answer"
    assert not problems, "\n".join((case.raw["title"], *problems))


def test_the_set_is_what_it_should_be() -> None:
    ids = [case.id for case in CASES]

    assert len(set(ids)) == len(ids)
    assert len([case for case in CASES if not case.waits_for]) >= 60
    assert {case.theme for case in CASES} >= set(KINDS)
    for case in CASES:
        assert case.forbidden, case.id
        for model in (True, False):
            assert not [each for each in case.accepted(model=model) if each & case.forbidden], case.id


def test_each_record_holds_the_question_it_is_named_by_and_says_who_wrote_it() -> None:
    files = sorted(RECORDED.glob("*.json"))
    for file in files:
        record = json.loads(file.read_text(encoding="utf-8"))

        assert f"{key_of(record['request'])}.json" == file.name
        assert record["made"] == "by hand" or record["made"].startswith("recorded "), file.name
    answers = [case.answer for case in CASES if case.answer]
    asked = sum(1 if isinstance(answer["labels"], list) else 2 for answer in answers)  # once more after nonsense
    assert len(files) == asked, f"one for each question; {HOW_TO}"


def test_a_decision_that_is_not_right_says_what_is(bench: Bench) -> None:
    (case,) = [each for each in CASES if each.id == "crash-with-traceback"]
    wrong = Case(id=case.id, theme=case.theme, raw={**case.raw, "accept": ["skip"], "forbid": ["+bug"]})
    problems = bench.run(wrong, None).problems()

    assert problems[0].startswith("it must never +bug")
    assert problems[1].startswith("decided +bug; right is: skip")
