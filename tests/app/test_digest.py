"""What a digest tells, out of a database that is filled as the daemon fills it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from markdown_it import MarkdownIt

from foreman.app.digest import Digest, digest
from foreman.app.digest_news import news_of
from foreman.app.digest_page import WIDTH, page, section
from foreman.app.digest_quiet import fell_silent
from foreman.config.effective import AgentPlan, Policy, RepoPlan
from foreman.model import ActionState, Event, EventKind, ForgeKind, IssueRef, Mode, RepoRef
from foreman.printable import width_of
from foreman.store import actions, breakers, corrections, events, issues, polls
from foreman.store.actions import NewAction, NewDecision
from foreman.store.database import Database
from foreman.store.issues import Snapshot
from foreman.store.usage import UsageStore
from tests.empty import empty_database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WEEK = NOW - timedelta(days=7)
WIDGET = RepoRef(ForgeKind.GITHUB, "acme/widget")
HOSTILE = (
    "@everyone ![x](https://evil.example/p.png) [a](https://evil.example) <img src=x> `b` #7 a/b#8 fixes 漢字漢字"
)


class Story:
    """Writes what happened."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._tasks = itertools.count()

    def issue(
        self, number: int, *, labels: tuple[str, ...] = (), confidential: bool = False, state: str = "open"
    ) -> IssueRef:
        ref = IssueRef(WIDGET, number)
        shot = Snapshot(
            issue=ref,
            forge_id=number,
            updated_at=NOW,
            content_digest="",
            labels=labels,
            state=state,
            author_id=7,
            comment_count=0,
            confidential=confidential,
            settled=True,
        )
        with self.db.transaction() as connection:
            issues.save(connection, shot)
        return ref

    def decide(
        self,
        ref: IssueRef,
        *wanted: tuple[str, dict[str, Any], ActionState],
        at: datetime = NOW,
        reason: str = "",
        decision: str = "label_and_respond",
        **seen: Any,
    ) -> int:
        """Log a decision, and send what of it was done."""
        sent = {ActionState.DONE, ActionState.UNKNOWN}
        new = NewDecision(
            issue=ref, task_id=f"t{next(self._tasks)}", agent="issue-triage", task_type="issue.triage",
            decision=decision, seen={"turn": "maintainer", "turn_since": at.isoformat(), **seen},
            actions=tuple(
                NewAction(type=kind, payload=payload, reason=reason, state=ActionState.PLANNED if to in sent else to)
                for kind, payload, to in wanted
            ),
        )  # fmt: skip
        with self.db.transaction() as connection:
            log_id = actions.record(connection, new, now=at)
            for action, (_, _, state) in zip(actions.entry(connection, log_id).actions, wanted, strict=True):
                if state in sent:
                    actions.mark_sent(connection, action.id, now=at)
                    actions.settle(connection, action.id, actions.Outcome(state=state), now=at)
        return log_id

    def came(self, kind: EventKind, number: int, *, at: datetime = NOW) -> None:
        event = Event(key=f"{kind}{number}{at}", issue=IssueRef(WIDGET, number), kind=kind, occurred_at=at, actor_id=7)
        with self.db.transaction() as connection:
            events.add(connection, event, now=at)

    def told(self, plan: RepoPlan | None = None, *, posted: bool = False) -> Digest:
        return digest(self.db, [plan or PLAN], since=WEEK, now=NOW, posted=posted)


PLAN = RepoPlan(
    repo=WIDGET, enabled=True, interval_seconds=60, first_run=None,
    agents=(AgentPlan(agent="issue-triage", events=frozenset(EventKind), config={},
                      policy=Policy(mode=Mode.AUTO, needs_info_label="needs-info")),),
)  # fmt: skip
DONE, HELD, DENIED = ActionState.DONE, ActionState.HELD, ActionState.DENIED


def label(name: str, state: ActionState = DONE) -> tuple[str, dict[str, Any], ActionState]:
    return ("add_label", {"label": name}, state)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    (tmp_path / "memory.db").write_bytes(empty_database())
    db = Database.open(tmp_path / "memory.db")
    yield Story(db)
    db.close()


def test_it_counts_what_came_in_was_done_and_was_not(story: Story) -> None:
    for number in (1, 2, 3):
        story.came(EventKind.OPENED, number)
    story.came(EventKind.OPENED, 4, at=WEEK - timedelta(hours=1))
    story.decide(story.issue(1), label("bug"), ("comment", {"body": "hi"}, DONE))
    story.decide(story.issue(2), label("bug"), label("question", DENIED))
    story.decide(story.issue(3), ("close", {"reason": "duplicate"}, DONE), title="Twice")
    story.decide(story.issue(4), label("old"), at=WEEK - timedelta(hours=1))
    story.decide(story.issue(5), label("late", HELD), at=WEEK - timedelta(days=30))
    story.decide(story.issue(6), decision="skip")
    (repo,) = story.told().repos

    assert repo.came_in == {"opened": 3}
    assert repo.done == {"add_label": 2, "comment": 1, "close": 1}
    assert repo.labels == {"bug": 2}
    assert repo.decided == {"label_and_respond": 3, "skip": 1}
    assert [(one.number, one.title) for one in repo.closed] == [(3, "Twice")]
    assert (repo.refused, repo.held, repo.failed, repo.shadow) == (1, 1, 0, 0)


def test_it_tells_whose_turn_it_is_by_the_last_look_at_each_open_issue(story: Story) -> None:
    story.decide(story.issue(1), at=NOW - timedelta(days=3), title="Older")
    story.decide(story.issue(1), at=NOW - timedelta(days=2), title="It crashes")
    story.decide(story.issue(2), turn="reporter")
    story.decide(story.issue(3), turn="upstream")
    story.decide(story.issue(4), turn="", turn_since="")
    story.decide(story.issue(5, labels=("Needs-Info",)), title="we asked")
    story.decide(story.issue(6, state="closed"))
    story.decide(story.issue(7), at=NOW - timedelta(days=40), title="waits long")
    (repo,) = story.told().repos

    assert repo.waits == {"maintainer": 2, "reporter": 2, "nobody": 1, "unknown": 1}
    assert [(one.number, one.title) for one in repo.longest] == [(7, "waits long"), (1, "It crashes")]


def test_what_people_put_right_and_what_it_cost_is_told(story: Story) -> None:
    ref = story.issue(1)
    with story.db.transaction() as connection:
        for kind, at in (("removed", NOW), ("thumbs_down_withdrawn", NOW), ("removed", WEEK - timedelta(days=1))):
            corrections.add(connection, issue=ref, kind=kind, action_type="add_label", value="bug", by="kim",
                            because="it is `none`", now=at)  # fmt: skip
    call = _Call()
    UsageStore(story.db).record(call)
    story.decide(ref, label("bug"))
    found = story.told()
    (repo,) = found.repos

    assert [one.kind for one in repo.put_right] == ["removed"]
    assert (repo.usd, repo.calls, repo.saved_tasks, repo.saved_usd) == (Decimal("0.02"), 1, 1, Decimal("0.02"))
    text = page(found)
    assert "* `#1` label taken off: add_label `bug` by `kim`: `it is 'none'`" in text
    assert "* cost: USD 0.0200 for 1 model call; 1 task needed none, which saved about USD" in text


class _Call:
    task_id, repo, agent, provider, model, error = "t", "acme/widget", "issue-triage", "openai", "m", ""
    input_tokens, output_tokens, cached_tokens, usd, duration_ms = 1, 1, 0, Decimal("0.02"), 5
    started_at = NOW


def test_what_failed_without_a_sound_needs_a_person(story: Story) -> None:
    begin = NOW - timedelta(days=20)
    for day in range(14):
        story.decide(story.issue(day + 1), label("bug"), label("question"), at=begin + timedelta(days=day))
    story.came(EventKind.OPENED, 99)
    with story.db.transaction() as connection:
        state = polls.PollState(repo=WIDGET, last_ok_at=NOW - timedelta(hours=1), failures=9, last_error="503 `x`")
        polls.save(connection, state)
        breakers.quarantine(connection, "agent:issue-triage", reason="it lies", now=NOW)
        breakers.open_until(connection, "account:github", until=NOW + timedelta(minutes=5), reason="401", now=NOW)
        breakers.open_until(connection, "account:gitlab", until=NOW + timedelta(minutes=5), reason="401", now=NOW)
    story.decide(story.issue(50), label("bug", ActionState.UNKNOWN), at=begin)
    found = {need.kind: need for need in story.told().needs}

    assert set(found) == {"silent", "polling", "agent", "account", "unknown"}
    assert found["silent"].text.startswith("nothing done since 2026-11-15, though 1 came in")
    assert found["polling"].text == "could not be polled 9 times in a row"
    assert story.told(replace(PLAN, enabled=False)).needs == ()


def test_of_what_is_confidential_or_may_be_a_hole_no_forge_is_told(story: Story) -> None:
    story.decide(story.issue(1), label("bug", DENIED), reason="security_report", title="Remote code execution")
    story.decide(story.issue(2), decision="escalate", title="leak")
    story.decide(story.issue(3, confidential=True), label("bug"), ("close", {"reason": "completed"}, DONE))
    story.decide(story.issue(4), title="Anyone can bypass authentication: SQL injection in login")
    story.decide(story.issue(5), title="It crashes")
    open_, posted = story.told(), story.told(posted=True)

    assert [(need.kind, need.where) for need in open_.needs][:2] == [
        ("escalated", "acme/widget#2"),
        ("security", "acme/widget#1"),
    ]
    assert [(need.kind, need.where) for need in posted.needs] == [("escalated", ""), ("security", "")]
    assert [one.number for one in posted.repos[0].longest] == [5]
    assert posted.repos[0].closed == ()
    for public in (True, False):
        text = section(posted, public=public)
        assert ("security" in text) is not public
        for word in ("#1", "#2", "#3", "#4", "Remote", "leak", "SQL"):
            assert word not in text


@pytest.mark.parametrize("clock", ["00:00", "11:59", "12:01", "23:59"])
def test_a_dashboard_tells_of_the_same_days_from_midnight_to_midnight(story: Story, clock: str) -> None:
    hour, minute = map(int, clock.split(":"))
    story.decide(story.issue(1), label("bug"), at=WEEK.replace(hour=0))
    story.decide(story.issue(2), label("older"), at=WEEK.replace(hour=0) - timedelta(seconds=1))

    text = news_of(story.db, [PLAN], public=False, now=NOW.replace(hour=hour, minute=minute))

    assert text.startswith("## The last 7 days\n")
    assert "bug" in text
    assert "older" not in text


def test_no_text_of_strangers_acts_or_breaks_out(story: Story) -> None:
    for number in range(1, 8):
        ref = story.issue(number)
        padding = "x" * (5 * number)
        story.decide(ref, label(f"{padding} # {HOSTILE}\n# head"), title=f"{padding} {HOSTILE}", at=WEEK)
    with story.db.transaction() as connection:
        corrections.add(connection, issue=IssueRef(WIDGET, 1), kind="rejected", action_type="add_label", value=HOSTILE,
                        by="@kim", because=f"``` {HOSTILE}\n- [ ] x\n/close", now=NOW)  # fmt: skip
        polls.save(connection, polls.PollState(repo=WIDGET, failures=9, last_error=f"``` {HOSTILE}\n# x"))
    for text in (page(story.told()), section(story.told(posted=True), public=False)):
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
        inline = [child for token in tokens for child in token.children or ()]

        assert {token.type.removesuffix("_open").removesuffix("_close") for token in tokens} <= {
            "heading", "inline", "paragraph", "bullet_list", "list_item",
        }  # fmt: skip
        assert {child.type for child in inline} <= {"text", "code_inline", "softbreak"}
        plain = "".join(child.content for child in inline if child.type == "text")
        assert not any(word in plain for word in ("@", "evil", "http", "#", "fixes", "![", "<", "/close"))
        assert "evil" in text
        heads = [line for line in text.split("\n") if line.startswith("#")]
        assert all(
            head.startswith(("# Foreman, ", "## Needs", "## The last", "## `acme", "### `acme")) for head in heads
        )
        assert all(
            width_of(line) <= WIDTH for line in text.split("\n") if "labels:" not in line and HOSTILE[:9] not in line
        )


def test_a_public_page_tells_of_no_money_and_no_trouble_of_ours(story: Story) -> None:
    UsageStore(story.db).record(_Call())
    story.decide(story.issue(1), label("bug"))
    with story.db.transaction() as connection:
        breakers.quarantine(connection, "agent:issue-triage", reason="it lies", now=NOW)
        polls.save(connection, polls.PollState(repo=WIDGET, failures=9, last_error="secret host"))
    told = story.told(posted=True)
    public, private = section(told, public=True), section(told, public=False)

    assert "USD" in private
    assert "it lies" in private
    assert "secret host" in private
    for word in ("USD", "it lies", "agent", "secret host"):
        assert word not in public
    assert "could not be polled" in public


def test_hundreds_of_repositories_are_told_apart_and_take_no_query_more_than_one(story: Story) -> None:
    other = RepoRef(ForgeKind.GITHUB, "acme/gadget")
    story.decide(story.issue(1), label("bug"), ("close", {"reason": "not_planned"}, DONE), label("docs", HELD))
    story.decide(IssueRef(other, 1), label("question"))
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    plans = [PLAN, *(replace(PLAN, repo=RepoRef(ForgeKind.GITHUB, f"acme/r{n}")) for n in range(300))]
    plans.append(replace(PLAN, repo=other))
    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    try:
        found = digest(story.db, plans[:1], since=WEEK, now=NOW)
        queries = len(asked)
        all_of_them = digest(story.db, plans, since=WEEK, now=NOW)
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)

    assert len(asked) == 2 * queries
    assert all_of_them.repos[0] == found.repos[0]
    assert [repo.repo for repo in all_of_them.repos if not repo.is_empty] == ["acme/widget", "acme/gadget"]
    assert (found.repos[0].labels, all_of_them.repos[-1].labels) == ({"bug": 1}, {"question": 1})


def test_where_nothing_happened_there_is_nothing_to_tell(story: Story) -> None:
    assert section(story.told(posted=True), public=False) == ""
    assert page(story.told()).endswith("Nothing happened in 1 repository.")


def hours(*days: float, each: int = 1) -> dict[datetime, int]:
    return {NOW.replace(minute=0) - timedelta(days=day): each for day in days}


@pytest.mark.parametrize(
    ("seen", "silent"),
    [
        ({}, False),
        (hours(*range(3, 17)), False),  # one a day, three missing: may be chance
        (hours(*range(6, 20)), True),
        (hours(*range(3, 17), each=3), True),
        (hours(0.5, each=50), False),  # a night
        (hours(1.5, each=50), False),  # the backlog of the first day
        (hours(*range(2, 16)) | hours(16, each=50), False),
        (hours(1.5, 2, 3, each=10), True),
        (hours(4, 9, 14, each=20), False),  # every five days, and it is the fourth
        (hours(8, 13, 18, each=20), True),
        (hours(3, 4, 7, 8, 9, 10, 11, each=5), False),  # it knows of weekends
        (hours(4, each=4), False),  # too little is known
    ],
)
def test_silence_is_told_from_a_quiet_day(seen: dict[datetime, int], silent: bool) -> None:
    assert (fell_silent(seen, now=NOW) is not None) is silent
