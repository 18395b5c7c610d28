"""What is told to change a verdict does: every case of the corpus is judged again with the change made."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from foreman.config.effective import Policy
from foreman.gate import admission, policy, reply
from foreman.gate.facts import Facts
from foreman.gate.levers import Kind, Lever, Refused, in_words, levers
from foreman.gate.reasons import EXPLANATIONS, Reason
from foreman.model import Allow, EventKind, Mode, Verdict
from tests.gate import cases

FIELDS = {"labels.add": "labels_add", "labels.remove": "labels_remove"}
CHANGED = [case for case in cases.load() if case["stage"] in ("judge", "admit") and "$repeat" not in str(case)]
NOBODY_CAN = {
    Reason.OWN_EVENT,
    Reason.OWN_ISSUE,
    Reason.TOO_MANY_COMMENTS,
    Reason.REPEATED,
    Reason.CONTRADICTORY,
    Reason.NOTHING_TO_DO,
    Reason.LABEL_RESERVED,
    Reason.DUPLICATE_UNNAMED,
    Reason.NOT_REMINDED,
    Reason.UNANNOUNCED,
    Reason.CLOSE_OBJECTED,
    Reason.CLOSE_ANNOUNCED,
    Reason.CLOSE_REFUSED,
    Reason.TEXT_EMPTY,
    Reason.TEXT_SECRET,
    Reason.TEXT_UNSAFE,
    Reason.STALE,
    Reason.ANOTHER_ISSUE,
    Reason.NOT_FOR_US,
    Reason.REJECTED,
    Reason.REPLACED,
}


class _Case:
    """One case, to be judged with changes."""

    def __init__(self, case: dict[str, Any]) -> None:
        case = cases.expand(case)
        self.stage = case["stage"]
        self.facts: Facts = cases.facts(**case.get("facts", {}))
        self.policy: Policy = cases.make_policy(**case.get("policy", {}))
        default = ["opened", "commented", "stale"] if self.stage == "admit" else []
        self.events = [EventKind(name) for name in case.get("events", default)]
        raw = {"task_id": cases.TASK_ID, "decision": "label_and_respond", "rationale": "r"} | case.get("decision", {})
        raw = raw if "actions" in raw else {**raw, "actions": []}
        self.decision = reply.read_reply(json.dumps(raw).encode(), task_id=cases.TASK_ID)

    def verdicts(self) -> list[tuple[Verdict, str]]:
        if self.stage == "admit":
            return [(admission.admit(self.facts, self.policy, self.events), "")]
        judged = policy.judge(self.decision, self.facts, self.policy, events=self.events, secrets=cases.SECRETS)
        return [(one.verdict, one.action.type) for one in judged]

    def apply(self, lever: Lever) -> bool:
        """Change what is told; False where that lies with the forge or with a person who approves."""
        if lever.kind is Kind.ORDER and lever.key == "label":
            self.facts = replace(self.facts, requested=True)
        elif lever.kind is Kind.ORDER:
            self.facts = replace(self.facts, stepped_down=frozenset())
        elif lever.kind is Kind.CONFIG and lever.key == "events":
            self.events = [*self.events, EventKind(lever.value)]
        elif lever.kind is Kind.CONFIG:
            key = lever.key.removeprefix("policy.")
            name = FIELDS.get(key, key)
            old = getattr(self.policy, name)
            if lever.op == "add":
                value: Any = (*old, lever.value)
            elif lever.op == "remove":
                value = tuple(one for one in old if one.casefold() != lever.value.casefold())
            else:
                value = lever.value
            self.policy = replace(self.policy, **{name: value})
        else:
            return False
        return True


def _refusals() -> list[tuple[str, int, Lever]]:
    found = []
    for case in CHANGED:
        for place, (verdict, kind) in enumerate(_Case(case).verdicts()):
            if not isinstance(verdict, Allow):
                told = _told(_Case(case), verdict, kind)
                found += [(case["id"], place, lever) for lever in told]
    return found


def _told(case: _Case, verdict: Any, kind: str) -> tuple[Lever, ...]:
    return levers(
        Refused(
            reason=verdict.reason,
            detail=verdict.detail,
            action_type=kind,
            payload={},
            confidence=case.decision.confidence,
            repo="acme/widget",
        )
    )


def test_each_change_takes_its_objection_away() -> None:
    by_id = {case["id"]: case for case in CHANGED}
    tried, wrong = set(), []
    for case_id, place, lever in _refusals():
        case = _Case(by_id[case_id])
        before, kind = case.verdicts()[place]
        if not case.apply(lever):
            continue
        after, _ = case.verdicts()[place]
        # One label of several that must go: the next one is told then.
        same = not isinstance(after, Allow) and after == before
        tried.add((str(before.reason), lever.key))
        if same:
            wrong.append((case_id, kind, before, lever))

    assert wrong == []
    assert len(tried) >= 25


def test_every_reason_has_a_change_or_is_known_to_have_none() -> None:
    told = {
        reason
        for reason in EXPLANATIONS
        if levers(Refused(reason=reason, detail="3 characters", action_type="close", payload={}))
    }

    assert told == set(Reason) - NOBODY_CAN
    assert levers(Refused(reason="of another version", payload={})) == ()


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ({"reason": "too_many_actions", "detail": "7 actions"}, ["`policy.max_actions: 7`"]),
        ({"reason": "label_not_listed", "detail": "p1"}, ["`policy.labels.add` with `p1`"]),
        ({"reason": "low_confidence", "confidence": 0.62}, ["`foreman approve 5`", "`policy.min_confidence: 0.62`"]),
        ({"reason": "close_off"}, ["`policy.allow_close: true`"]),
        ({"reason": "mode_shadow"}, ["`policy.modes.close: approve`", "`policy.modes.close: auto`"]),
        ({"reason": "stepped_down"}, ["`foreman approve 5`", "`foreman resume a/b --action close`"]),
        (
            {"reason": "exempt_label", "detail": "pinned"},
            ["label pinned taken off", "`policy.exempt_labels` without `pinned`"],
        ),
    ],
)
def test_it_is_said_in_words_that_can_be_typed(refused: dict[str, Any], words: list[str]) -> None:
    found = levers(Refused(**{"action_type": "close", "payload": {}, "repo": "a/b"} | refused))

    assert [in_words(one, approve="foreman approve 5") for one in found] == words


def test_a_mode_that_is_told_is_one() -> None:
    (one, two) = levers(Refused(reason="mode_shadow", action_type="close", payload={}))

    assert [Mode(one.value), Mode(two.value)] == [Mode.APPROVE, Mode.AUTO]
