"""A backtest and a replay made up for their reports: strangers' texts at their worst, two models, prices."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from foreman.app.answers import Answer
from foreman.app.backtest import Backtest, Other, Tried
from foreman.app.past import Truth
from foreman.app.replay import Replayed
from foreman.config.effective import AgentPlan, Policy
from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store.action_log import LogEntry
from foreman.store.actions import StoredAction

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
REPO = RepoRef.parse("acme/widget")
ELSEWHERE = "elsewhere.example"
HOSTILE = (
    "<script>document.title='owned'</script>",
    f'"><img src="http://{ELSEWHERE}/pixel" onerror="document.title=\'owned\'">',
    "</title></style></main><h1>owned</h1>",
    f"<style>@import url(http://{ELSEWHERE}/x.css); body {{ display: none }}</style>",
    f'<svg/onload="fetch(\'http://{ELSEWHERE}/\')"><meta http-equiv=refresh content="0;url=http://{ELSEWHERE}/">',
    "right \u202e to left \u2066 \u0000 \x1b[31m &lt;b&gt; &amp; \ud800",
    '=HYPERLINK("http://elsewhere.example","click")',
    " \t+cmd|' /C calc'!A0\r\n@SUM(1)",
    "長い題名" * 40,
    "without_a_place_to_break_" * 20,
    "العنوان من اليمين إلى اليسار",
)
PLAIN = ("bug", "question", "docs")


def plan(labels: tuple[str, ...] = PLAIN) -> AgentPlan:
    """Return the plan of an agent that is asked about these labels."""
    config = {"labels": {label: ["word"] for label in labels}}
    return AgentPlan(agent="issue-triage", events=frozenset(), config=config, policy=Policy(labels_add=labels))


def tried(number: int, *, title: str, mine: str, theirs: str, confidence: float | None, usd: float | None) -> Tried:
    """Return a closed issue with an answer."""
    answer = Answer(
        number=number,
        digest="d",
        decision="label_and_respond",
        confidence=confidence,
        labels=(mine,) if mine else (),
        close="not_planned" if number % 7 == 0 else "",
        comment=number % 3 == 0,
        duplicates=(number - 1,) if number % 5 == 0 else (),
        found=(number - 1, number - 2),
        held=("close",) if number % 4 == 0 else (),
        denied=("add_label",) if number % 6 == 0 else (),
        input_tokens=1000,
        output_tokens=50,
        usd=usd,
        calls=0 if usd == 0 else 1,
    )
    truth = Truth(
        labels=frozenset({theirs} if theirs else ()),
        known=number % 2 == 0,
        state_reason="completed",
        duplicate_of=number - 2 if number % 5 == 0 else None,
        silence=(True, number % 2 == 0) if number % 3 == 0 else None,
    )
    url = f"https://github.com/acme/widget/issues/{number}"
    return Tried(number=number, title=title, url=url, answer=answer, truth=truth)


def backtest(*, issues: int = 60, labels: tuple[str, ...] = PLAIN, titles: tuple[str, ...] = HOSTILE) -> Backtest:
    """Return a run in which everything came up that can."""
    made = []
    for number in range(1, issues + 1):
        theirs = labels[number % len(labels)]
        mine = theirs if number % 4 else labels[(number + 1) % len(labels)]
        one = tried(
            number,
            title=titles[number % len(titles)],
            mine="" if number % 11 == 0 else mine,
            theirs=theirs,
            confidence=None if number % 13 == 0 else 0.5 + number % 50 / 100,
            usd=0.0 if number % 3 == 0 else 0.0004 * (number % 9 + 1),
        )
        made.append(one)
    failed = replace(made[3], answer=None, failure=HOSTILE[0])
    aside = replace(made[5], answer=Answer(number=6, digest="d", left_alone=f"exempt: {HOSTILE[2]}"))
    alone = (*made[:3], failed, made[4], replace(aside, url="javascript:alert(1)"), *made[6:])
    answers = {one.answer.number: replace(one.answer, labels=(labels[0],), usd=0.01) for one in alone if one.answer}
    return Backtest(
        repo=REPO,
        plan=plan(labels),
        provider="recorded",
        model=f"big {HOSTILE[0]}",
        tried=alone,
        reused=3,
        read=60,
        unread=HOSTILE[1],
        comments_unread=HOSTILE[3],
        stopped=HOSTILE[4],
        other=Other(model="small", answers=answers),
    )


def entry(number: int, *, title: str, label: str, usd: str | None = "0.0010") -> LogEntry:
    """Return a logged decision that put a label on."""
    issue = IssueRef(REPO, number)
    action = StoredAction(
        id=number,
        log_id=number,
        issue=issue,
        agent="issue-triage",
        position=0,
        type="add_label",
        payload={"type": "add_label", "label": label},
        key="0" * 32,
        state=ActionState.DONE,
        reason="",
        detail="",
        payload_hash="",
        undo={},
        attempts=1,
        sent_at=NOW,
        not_before=None,
        settled_at=NOW,
        created_at=NOW,
        approved_by=None,
    )
    return LogEntry(
        id=number,
        issue=issue,
        task_id=str(uuid.UUID(int=number)),
        agent="issue-triage",
        task_type="triage",
        decision="label_and_respond",
        rationale=title,
        confidence=0.6,
        event="opened",
        attempt=1,
        mode="auto",
        policy_version="1",
        author_id=5,
        seen={"title": title},
        model="small",
        input_tokens=100,
        output_tokens=5,
        usd=None if usd is None else Decimal(usd),
        duration_ms=5,
        undoes=None,
        undone_by=(),
        timestamp=NOW - timedelta(days=1),
        actions=(action,),
    )


def replay(*, decisions: int = 30, labels: tuple[str, ...] = PLAIN) -> tuple[Replayed, ...]:
    """Return a run in which decisions differ, fail, are left out and can be compared with what people did."""
    made = []
    for number in range(1, decisions + 1):
        title = HOSTILE[number % len(HOSTILE)]
        then = labels[number % len(labels)]
        now = then if number % 3 else labels[(number + 1) % len(labels)]
        answer = Answer(
            number=number,
            digest="",
            decision="label_and_respond",
            confidence=0.5 + number % 45 / 100,
            labels=(now,),
            usd=0.002 + number / 10_000,
            calls=1,
        )
        made.append(
            Replayed(
                entry=entry(number, title=title, label=then),
                now=answer,
                text_changed=number % 8 == 0,
                title=title,
                url=f"https://github.com/acme/widget/issues/{number}",
                stands=frozenset({then}) if number % 2 else None,
                offered=labels,
            )
        )
    made[0] = replace(made[0], now=None, why_not=HOSTILE[1], failed=True)
    made[1] = Replayed(entry=made[1].entry, now=None, why_not="the text of the issue is not kept")
    return tuple(made)
