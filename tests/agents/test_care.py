"""What makes people keep such an agent: it is right, asks once, closes nothing lightly, and people have the say."""

from __future__ import annotations

from typing import Any

import pytest

from agents.issue_triage.agent import decide
from agents.issue_triage.past import Past
from agents.issue_triage.texts import in_language
from foreman.protocol import Decision
from tests.agents.tasks import LONG, actions, body, labelled, reply, said, task

ASKED = "2026-01-01 issue-triage (opened): label_and_respond: label needs-info added; comment posted."
TITLE = "Saving a drawing with layers loses the colours"


def _similar(number: int = 12, title: str = TITLE, state: str = "open", **more: Any) -> dict[str, Any]:
    return {"number": number, "title": title, "state": state, "state_reason": "", "labels": [], "url": "", **more}


DONE = _similar(state="closed", state_reason="completed")


def _decide(title: str = TITLE, text: str = LONG, *, similar: Any = (), **more: Any) -> Decision:
    return decide(task(title, text, context={"similar": list(similar)}, **{"number": 30, **more}))


class TestDuplicates:
    @pytest.mark.parametrize(
        ("title", "text", "row", "named"),
        [
            (TITLE, LONG, _similar(), True),
            (f"[Bug]: {TITLE}!", LONG, _similar(), True),
            (TITLE, LONG, _similar(title="Saving a drawing is slow"), False),
            (TITLE, LONG, _similar(state="closed", state_reason="not_planned"), False),
            (TITLE, LONG, _similar(state="closed", state_reason="completed"), False),
            (TITLE, f"2.3: {LONG}", DONE | {"versions": ["2.3", "3.12"]}, True),
            (TITLE, f"2.4: {LONG}", _similar(state="closed", state_reason="completed", versions=["2.3"]), False),
            (TITLE, LONG, _similar(state="closed", state_reason="completed", versions=["2.3"]), False),
            (TITLE, f"2.3: {LONG}", _similar(state="closed", state_reason="not_planned", versions=["2.3"]), False),
            (TITLE, f"2.3: {LONG}", _similar(state="closed", state_reason="duplicate", versions=["2.3"]), False),
            (TITLE, f"2.3: {LONG}", _similar(state="closed", versions=["2.3"]), False),
            (TITLE, f"2.3: {LONG}", _similar(state="closed", state_reason="completed", versions="2.3"), False),
            (TITLE, LONG, _similar(number=30), False),
            (TITLE, LONG, _similar(number=31), False),
            (TITLE, LONG, _similar(number="12"), False),
            ("Startup crash", LONG, _similar(title="Startup crash"), False),
            ("Page 404 after the login form", LONG, _similar(title="Page 500 after the login form"), False),
            ("Help", f"{LONG}\n```\nKeyError: 'no palette in slot 7'\n```", _similar(
                title="KeyError: no palette in slot 3"), True),
            ("Help", f"{LONG}\n```\nKeyError: 'no palette in slot 7'\n```", _similar(
                title="KeyError: no brush in slot 3"), False),
        ],
    )  # fmt: skip
    def test_without_a_model_only_what_is_the_same_by_the_letter_and_neither_turned_down_nor_fixed_since(
        self, title: str, text: str, row: dict[str, Any], *, named: bool
    ) -> None:
        decision = _decide(title, text, similar=[row])

        assert ("#12:" in body(decision)) is named

    def test_at_most_three_are_named_and_nothing_else_is_asked(self) -> None:
        decision = _decide(text="broken", similar=[_similar(number) for number in range(10, 16)])

        assert actions(decision) == ["comment"]
        assert body(decision).count("nearly the same title") == 3

    def test_a_model_may_only_choose_among_what_was_found_and_must_say_why(self, gateway: Any) -> None:
        rows = [_similar(12, "Colours vanish on save"), _similar(13, "Layers", state="closed"), _similar(14, "Layers")]
        same = [
            {"number": 12, "reason": "colours are lost on save", "certain": True},
            {"number": 13, "reason": "closed", "certain": True},
            {"number": 14, "reason": "", "certain": True},
            {"number": 99, "reason": "made up", "certain": True},
            {"number": "12", "reason": "no number"}, 7,
        ]  # fmt: skip
        gateway.says(reply(duplicates=same))

        decision = _decide("Thoughts", similar=rows, gateway=gateway)

        assert actions(decision) == ["add_label:bug", "comment"]
        assert "#12: colours are lost on save" in body(decision)
        assert "#13" not in body(decision) and "#14" not in body(decision) and "#99" not in body(decision)
        asked = gateway.requests[0]["messages"][1]["content"]
        fenced = asked.split("<<<ISSUE ")[1].split("ISSUE ", 1)[0]
        assert "Colours vanish on save" in fenced and '"number": 13' not in asked

    @pytest.mark.parametrize(
        ("allow", "certain", "confidence", "closes"),
        [(True, True, 0.95, True), (False, True, 0.95, False), (True, False, 0.95, False), (True, True, 0.8, False)],
    )
    def test_one_is_closed_only_where_that_is_allowed_and_nobody_doubts_it(
        self, gateway: Any, *, allow: bool, certain: bool, confidence: float, closes: bool
    ) -> None:
        gateway.says(
            reply(duplicates=[{"number": 12, "reason": "same cause", "certain": certain}], confidence=confidence)
        )

        decision = _decide("Thoughts", similar=[_similar()], gateway=gateway, config={"allow_close": allow})

        assert (decision.decision == "close") is closes
        if closes:
            assert actions(decision) == ["comment", "close"]
            assert decision.actions[1].model_dump() == {"type": "close", "reason": "duplicate", "duplicate_of": 12}
            assert "stays open" in body(decision)

    def test_none_is_closed_for_one_that_is_closed_itself(self, gateway: Any) -> None:
        gateway.says(reply(duplicates=[{"number": 12, "reason": "same cause", "certain": True}], confidence=1.0))
        row = DONE | {"versions": ["2.3"]}

        decision = _decide("Thoughts", f"2.3: {LONG}", similar=[row], gateway=gateway, config={"allow_close": True})

        assert actions(decision) == ["add_label:bug", "comment"]

    def test_a_title_that_is_half_the_same_is_worth_a_call(self, gateway: Any) -> None:
        gateway.says(reply())
        row = _similar(title="Crash while saving a drawing with layers")

        decision = _decide("Crash after saving a drawing with many layers", similar=[row], gateway=gateway)

        assert actions(decision) == ["add_label:bug"]
        assert len(gateway.requests) == 1


class TestAskingOnce:
    @pytest.mark.parametrize(
        "change",
        [
            {"memory": ASKED},
            {"memory": "2026-01-01 issue-triage (opened): label_and_respond: comment waits for a person."},
            {"memory": "2026-01-02 ann removed: add_label needs-info."},
            {"author_role": "member"},
            {"comments": [said("ann", "Which version?", "maintainer")]},
            {"context": {"corrections": [{"number": 1, "label": "needs-info", "kind": "removed"}]}},
        ],
    )
    def test_nobody_is_asked_twice_nor_where_people_spoke(self, change: dict[str, Any]) -> None:
        assert "comment" in actions(decide(task("It does not work", "help")))
        assert decide(task("It does not work", "help", **change)).decision == "skip"

    def test_a_completed_text_takes_the_question_off(self) -> None:
        asked = {"event": "edited", "memory": ASKED}

        assert decide(labelled(task("It does not work", "help", **asked), "needs-info")).decision == "skip"
        full = labelled(task("It does not work", f"1. Open\n2. Save. It fails in 2.1. {LONG}", **asked), "needs-info")
        assert actions(decide(full)) == ["remove_label:needs-info"]

    def test_a_bug_that_a_form_labelled_is_looked_at_all_the_same(self) -> None:
        decision = decide(labelled(task("It does not work", "help"), "bug"))

        assert actions(decision) == ["add_label:needs-info", "comment"]

    @pytest.mark.parametrize("title", ["How do I export?", "Please add a dark theme"])
    def test_only_bugs_are_asked_about(self, title: str) -> None:
        assert "comment" not in actions(decide(task(title, "")))

    def test_what_a_model_finds_missing_is_asked_in_our_words_if_it_is_not_there(self, gateway: Any) -> None:
        gateway.says(reply(missing=["version", "steps", "nonsense"], comment="Which theme do you use?"))

        decision = decide(
            task("Seltsam", "In 2.1 ist die Seite leer und ich weiß nicht, wie das kommt.", gateway=gateway)
        )

        assert actions(decision) == ["add_label:bug", "add_label:needs-info", "comment"]
        german = in_language("de")
        assert body(decision) == german.ask_for(("steps",), more="Which theme do you use?")
        assert "in German" in gateway.requests[0]["messages"][1]["content"]

    def test_a_question_is_never_answered_without_a_source(self, gateway: Any) -> None:
        gateway.says(reply(labels=["question"], comment="Just set it to 3.", missing=["steps"]))

        assert actions(decide(task("Thoughts", gateway=gateway, config={"respond": True}))) == ["add_label:question"]


class TestLabels:
    SURE = ({"label": "question", "probability": 0.95, "sure": True},)
    LEAN = ({"label": "question", "probability": 0.6, "sure": False},)

    def test_one_category_at_the_most(self, gateway: Any) -> None:
        gateway.says(reply(labels=["question", "stale", "bug"]))

        assert actions(decide(task("Thoughts", gateway=gateway))) == ["add_label:question", "add_label:stale"]
        assert decide(task("Crash: how to stop it")).decision == "skip"
        assert actions(decide(task("Crash: how to stop it", priors=self.LEAN))) == ["add_label:question"]

    def test_sure_priors_need_no_model_and_unsure_ones_are_a_hint(self, gateway: Any) -> None:
        assert actions(decide(task("Thoughts", priors=self.SURE, gateway=gateway))) == ["add_label:question"]
        assert gateway.requests == []

        gateway.says(reply())
        decide(task("Thoughts", priors=self.LEAN, gateway=gateway))
        assert '"question" 60%' in gateway.requests[0]["messages"][1]["content"]

    def test_keywords_and_priors_that_contradict_each_other_are_not_sure(self, gateway: Any) -> None:
        assert actions(decide(task("Crash", LONG, priors=self.SURE))) == ["add_label:question"]
        assert actions(decide(task("Crash", LONG, priors=self.LEAN))) == ["add_label:bug"]

        gateway.says(reply(), reply())
        for priors in (self.SURE, self.LEAN):
            assert actions(decide(task("Crash", LONG, priors=priors, gateway=gateway))) == ["add_label:bug"]

    @pytest.mark.parametrize(
        "change",
        [
            {"memory": "2026-01-02 ann removed: add_label bug."},
            {"memory": "2026-01-01 issue-triage (opened): label_and_respond: label bug added, taken back since."},
            {"context": {"corrections": [{"number": 1, "label": "bug", "kind": "rejected"}]}},
        ],
    )
    def test_what_a_person_did_not_want_here_is_not_proposed_again(self, change: dict[str, Any]) -> None:
        assert decide(task(**change)).decision == "skip"
        elsewhere = {"corrections": [{"number": 2, "label": "bug", "kind": "rejected"}]}
        assert actions(decide(task(context=elsewhere))) == ["add_label:bug"]

    def test_a_model_that_is_not_sure_labels_nothing(self, gateway: Any) -> None:
        gateway.says(reply(confidence=0.3))

        assert decide(task("Thoughts", gateway=gateway)).decision == "skip"


class TestSecurity:
    TITLE = "Users can bypass authentication"

    @pytest.mark.parametrize("event", ["opened", "edited", "requested", "stale"])
    def test_a_person_is_told_and_nothing_is_written(self, event: str) -> None:
        decision = decide(labelled(task(self.TITLE, "", event=event), "needs-info"))

        assert (decision.decision, decision.actions) == ("escalate", ())
        assert in_language("en").security in decision.rationale

    def test_a_person_is_told_once(self) -> None:
        told = "2026-01-01 issue-triage (opened): escalate."

        assert decide(task(self.TITLE, "", event="edited", memory=told)).decision == "skip"

    def test_maintainers_may_talk_about_it(self) -> None:
        assert decide(task(self.TITLE, "", author_role="owner")).decision == "skip"

    def test_a_model_may_see_it_too(self, gateway: Any) -> None:
        gateway.says(reply(security=True, labels=["bug"], comment="Oh no"))

        assert decide(task("Thoughts", gateway=gateway)).decision == "escalate"


def test_the_maintainers_own_words_reach_the_model(gateway: Any) -> None:
    gateway.says(reply(), reply())

    decide(task("Thoughts", gateway=gateway, context={"instructions": "Written in a file. Last word."}))
    decide(task("Thoughts", gateway=gateway, config={"instructions": "Only in the configuration."}))

    first, second = (request["messages"][0]["content"] for request in gateway.requests)
    assert "Written in a file. Last word." in first
    assert "Only in the configuration." in second


def test_a_language_may_be_set() -> None:
    assert body(decide(task("It does not work", "help", config={"language": "fr-CA"}))).startswith("Il manque encore")


def test_memory_of_any_shape_is_survived() -> None:
    for memory in ("x" * 2_000, ": : :\n" * 300, "2026-01-01 a (b): c: d; e.\n" * 50):
        assert Past.of(task(memory=memory)) == Past()
