"""What only GitLab has: quick actions, confidential issues, nested groups, silent limits, bots of tokens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from foreman.endings import ROLE_PATIENCE
from foreman.sandbox import Fault, commit_then_drop, commit_then_status, reply
from tests.end_to_end.conftest import Command
from tests.gate import cases
from tests.world import BOT, TOKEN, World, decision, identity, wait_until

NESTED = "acme/tools/ui/widget"
HUSH = "Customer data leaks through the export"
COMMENT = {"type": "comment", "body": "Which version is that?"}
LABEL = {"type": "add_label", "label": "bug"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a world on GitLab whose project is in a group within a group."""
    made = World(tmp_path, kind="gitlab")
    made.forge.add_repo(NESTED, labels=["bug", "docs"])
    made.forge.add_collaborator(NESTED, BOT, permission="reporter")
    made.config["repos"] = [made.repo(NESTED)]
    yield made
    made.close()


def test_one_refusal_to_tell_who_somebody_is_loses_no_event(world: World) -> None:
    world.once()
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.forge.inject(Fault(path="members/all", times=2, action=reply(403, body={"message": "403 Forbidden"})))

    wait_until(lambda: world.once() and world.forge.issue(NESTED, number).labels == ("bug",), "it is labelled")


def test_one_refusal_to_tell_who_commented_loses_no_event_and_takes_no_maintainer_for_a_stranger(world: World) -> None:
    world.forge.add_collaborator(NESTED, "robin", permission="maintain")
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.once()
    for author in ("robin", "lee"):  # a maintainer, and a stranger
        before = len(world.entries(number))
        world.forge.comment(NESTED, number, author=author, body="Here, too")
        world.forge.inject(Fault(path="members/all", times=None, action=reply(403, body={"message": "403 Forbidden"})))
        world.once()
        assert len(world.entries(number)) == before
        world.forge.clear_faults()
        wait_until(lambda: world.once() and len(world.entries(number)) == before + 1, "a decision")  # noqa: B023

    assert [entry.rationale for entry in world.entries(number)][1] == "actor_is_insider"
    assert len(world.agent.tasks) == 2


def test_where_nobody_may_know_who_somebody_is_it_is_left_alone_after_a_while(world: World) -> None:
    world.once()
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.forge.inject(Fault(path="members/all", times=None, action=reply(403, body={"message": "403 Forbidden"})))
    world.once()
    assert not world.entries(number)

    later = datetime.now(UTC) + ROLE_PATIENCE
    world.clock = lambda: later
    world.once()

    (entry,) = world.entries(number)
    assert (entry.decision, entry.rationale) == ("skip", "author_unknown")
    assert not world.agent.tasks


ORDERS = (
    "/close", "/reopen", "/label ~docs", "/unlabel ~bug", "/relabel ~docs", "/assign me", "/assign @kim", "/lock",
    "/title Owned", "/confidential", "/duplicate #1", "/move acme/widget", "/due tomorrow", "/spend 1h", "/Close",
    "/label ~bug ~docs", "/promote", "/shrug", "/subscribe", "/done", "/cc @kim",
)  # fmt: skip
PLACES = (
    "{}", "{}\n{}", "Thanks\n{}", "Thanks  \n{}", "Thanks\\\n{}", "a\r\n{}\r\nb", "a\r{}", "a\x0b{}", "a\u2028{}",
    "\ufeff{}", "\u200b{}", "\u00a0{}", "\u2060\ufeff{}", " {}", "   {}", "\t{}", "    {}", "- {}", "1. {}", "* a\n{}",
    "> {}", ">>>\n{}\n>>>", ">>>\na\n>>>\n{}", "```\n{}\n```", "````\n```\n````\n{}", "````\n{}\n````", "~~~\n{}\n~~~",
    "```a`\n{}", "``` \n{}\n ```", "a `b\n{}\n` c", "`` ` ``\n{}", "<!-- x -->\n{}", "<!--\n{}\n-->",
    "<pre>\n{}\n</pre>", "<details>\n<summary>a</summary>\n{}\n</details>", "<b>a</b>\n{}", "| a |\n|---|\n{}",
    "# a\n{}", "---\n{}\n---", "$$\n{}\n$$", "[a]: b\n{}", "[^1]: a\n{}", ":::\n{}\n:::", "**\n{}**",
    "&#47;close\n&sol;close", "\\\n{}\\",
)  # fmt: skip


def test_no_order_in_a_comment_is_carried_out_by_the_forge(world: World) -> None:
    """The sandbox carries out whatever any version of GitLab would; its ledger is the judge."""
    corpus = [case["body"] for case in map(cases.expand, cases.load()) if case["id"].startswith("text.command")]
    texts = [place.replace("{}", ORDERS[index % len(ORDERS)]) for index, place in enumerate(PLACES)] + corpus
    texts += [f"Thanks\n{order}" for order in ORDERS]
    world.config["policy"] = {"max_runs_per_person_per_day": 1000, "max_actions_per_hour": 1000}
    world.config["agents"]["issue-triage"]["max_concurrency"] = 4
    world.config["agents"]["issue-triage"]["max_retries"] = 0
    said: dict[int, str] = {}
    for text in texts:
        number = world.forge.open_issue(NESTED, title="It crashes", author="kim", labels=["bug"])
        said[number] = text
    world.config["polling"]["first_run"] = 1000
    world.agent.answer = lambda task: decision(
        task, {"type": "comment", "body": said[task["payload"]["issue"]["number"]]}
    )
    before = {number: world.forge.issue(NESTED, number) for number in said}
    world.once()

    changed = {}
    posted = 0
    for number, text in said.items():
        issue, was = world.forge.issue(NESTED, number), before[number]
        fields = ("state", "labels", "title", "assignees", "locked", "confidential", "changes")
        posted += len(issue.comments)
        if any(getattr(issue, name) != getattr(was, name) for name in fields) or len(issue.comments) > 1:
            changed[text] = issue
    assert changed == {}
    assert {action.state.value for entry in world.entries() for action in entry.actions} == {"done", "denied"}
    assert [effect for effect in world.effects() if "; " in effect or not effect.startswith("comment ")] == []
    assert len(world.effects()) == posted > len(texts) / 2
    assert len(world.agent.tasks) == len(texts)


def test_control_the_sandbox_does_carry_out_an_order(world: World) -> None:
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    address = f"{world.forge.url}/api/v4/projects/{NESTED.replace('/', '%2F')}/issues/{number}/notes"
    reply = httpx.post(address, headers={"PRIVATE-TOKEN": world.token}, json={"body": "Thanks\n/close\n/label ~docs"})

    assert reply.status_code == 201
    assert (world.forge.issue(NESTED, number).state, world.forge.issue(NESTED, number).labels) == ("closed", ("docs",))


def test_a_lost_reply_is_looked_for_and_nothing_is_said_twice(world: World) -> None:
    world.agent.answer = lambda task: decision(task, LABEL, COMMENT)
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.forge.inject(Fault(method="POST", path="/notes", times=1, action=commit_then_drop))
    world.forge.inject(Fault(method="PUT", path="/issues/", times=1, action=commit_then_status(502)))
    wait_until(lambda: world.once() and {state for _, state in world.states(number)} == {"done"}, "both are settled")

    issue = world.forge.issue(NESTED, number)
    assert (issue.labels, len(issue.comments)) == (("bug",), 1)
    assert [entry.method for entry in world.forge.writes()] == ["PUT", "POST"]


@pytest.mark.parametrize("told", [True, False], ids=["with headers", "without a word"])
def test_a_limit_is_waited_out_and_nothing_is_lost(world: World, told: bool) -> None:
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    with world.shop() as shop:
        shop.daemon.once()
        assert world.forge.issue(NESTED, number).labels == ("bug",)
        world.forge.clear_ledger()
        later = world.forge.open_issue(NESTED, title="It crashes", author="kim")
        world.forge.rate_limit(0, datetime.now(UTC) + timedelta(seconds=2), told=told)
        assert shop.daemon.once().failed_polls
        assert [entry.status for entry in world.forge.ledger].count(429) <= 3

    world.forge.rate_limit(10_000, datetime.now(UTC) + timedelta(hours=1))
    world.once()
    assert world.forge.issue(NESTED, later).labels == ("bug",)


def test_a_gitlab_below_a_path_is_one_like_any_other(world: World, foreman: Command) -> None:
    world.config["identity"]["gitlab_url"] = f"{world.forge.url}/a/git"
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.once()
    page = world.agent.tasks[0]["payload"]["issue"]["url"]

    assert page == f"{world.forge.url}/a/git/{NESTED}/-/issues/{number}"
    assert world.forge.issue(NESTED, number).labels == ("bug",)
    assert f"gitlab:{NESTED}#{number}" in foreman("log", page).answer
    assert foreman("log", page.replace("/a/git/", "/")).code == 2
    assert foreman("check").code == 0


def test_a_revoked_token_stops_the_account_and_check_names_the_key(world: World, foreman: Command) -> None:
    world.forge.open_issue(NESTED, title="It crashes", author="kim")
    with world.shop() as shop:
        world.forge.revoke(BOT)
        assert shop.daemon.once().failed_polls
        assert [account.shut for account in shop.accounts.values()] == [True]

    assert world.effects() == []
    checked = foreman("check")
    assert checked.code == 1
    assert "identity.gitlab_token" in checked.answer


def test_a_projects_own_token_serves_and_its_bots_issues_are_left_alone(world: World) -> None:
    login, token = world.forge.access_token(NESTED, "reporter")
    world.config["identity"] = identity(world.forge, login)
    os.environ[TOKEN] = token
    other, _ = world.forge.access_token(NESTED, "reporter")
    bots = world.forge.open_issue(NESTED, title="It crashes", author=other)
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.once()

    assert world.forge.issue(NESTED, number).labels == ("bug",)
    assert world.entries(bots)[0].rationale.endswith("_is_bot")
    assert [task["repo"] for task in world.agent.tasks] == [f"gitlab:{NESTED}"]


def test_a_confidential_issue_is_left_to_people_and_quoted_nowhere(world: World, foreman: Command) -> None:
    hushed = world.forge.open_issue(NESTED, title=HUSH, body=HUSH, author="kim", confidential=True)
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.forge.comment(NESTED, number, author="mira", body=f"As in #{hushed}")
    world.forge.comment(NESTED, number, author="mira", body=f"See: {HUSH}", internal=True)
    world.once()
    asked = foreman("triage", f"gitlab:{NESTED}#{hushed}", "--agent", "issue-triage")

    assert "confidential" in asked.answer
    assert [task["payload"]["issue"]["number"] for task in world.agent.tasks] == [number]
    assert HUSH not in str(world.agent.tasks)
    assert world.forge.issue(NESTED, hushed).labels == ()
    entry = world.entries(hushed)[0]
    assert entry.rationale.startswith("confidential")
    for words in (["log"], ["explain", entry.id], ["status"], ["memory", "export"], ["triage", "--dry-run"]):
        where = [f"gitlab:{NESTED}#{hushed}"] if words[0] == "triage" else []
        shown = foreman(*words, *where)
        assert HUSH not in shown.answer + shown.story, words
    stored = b"".join(file.read_bytes() for file in world.folder.glob("memory.db*"))
    assert HUSH.encode() not in stored


def test_who_opts_in_has_confidential_issues_looked_after_and_held_quietly(world: World, foreman: Command) -> None:
    ops = "acme/tools/ops"
    world.forge.add_repo(ops)
    world.forge.add_collaborator(ops, BOT, permission="developer")
    world.config["repos"][0]["policy"] = {
        "act_on_confidential": True,
        "modes": {"comment": "approve"},
        "dashboard": ops,
    }
    world.agent.answer = lambda task: decision(task, LABEL, {"type": "comment", "body": f"About: {HUSH}"})
    hushed = world.forge.open_issue(NESTED, title=HUSH, author="kim", confidential=True)
    world.once()

    assert world.forge.issue(NESTED, hushed).labels == ("bug",)
    assert world.agent.tasks[0]["payload"]["issue"]["title"] == HUSH
    (page,) = world.forge.issues(ops)
    assert f"`comment` on `gitlab:{NESTED}#{hushed}`, which is confidential" in page.body
    assert HUSH not in page.body
    assert HUSH not in foreman("log").answer + foreman("explain", 1).answer.split("comment:")[0]
    assert all(row["confidential"] for row in json.loads(foreman("memory", "export").answer))

    (held,) = json.loads(foreman("pending", "--json").answer)
    assert foreman("approve", held["id"]).code == 0
    assert HUSH in world.forge.issue(NESTED, hushed).comments[0].body
    taken = foreman("undo", world.entries(hushed)[0].id, "--yes")
    assert taken.code == 0
    assert world.forge.issue(NESTED, hushed).labels == ()


def test_an_issue_that_turns_confidential_before_the_write_is_left_alone(world: World, foreman: Command) -> None:
    world.config["mode"] = "approve"
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.once()
    (held,) = json.loads(foreman("pending", "--json").answer)
    world.forge.make_confidential(NESTED, number)
    foreman("approve", held["id"])

    assert world.effects() == []
    assert world.states(number) == [("add_label", "denied")]
    assert "it is confidential now" in world.entries(number)[0].actions[0].reason


def test_what_was_done_is_taken_back_on_an_issue_that_turned_confidential(world: World, foreman: Command) -> None:
    number = world.forge.open_issue(NESTED, title="It crashes", author="kim")
    world.once()
    (entry,) = world.entries(number)
    world.forge.make_confidential(NESTED, number)

    assert foreman("undo", entry.id, "--yes").code == 0
    assert world.forge.issue(NESTED, number).labels == ()
