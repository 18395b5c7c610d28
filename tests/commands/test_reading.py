"""Which lines of a comment are orders, and what they order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreman.commands import Command, Verb, heard_on, on_the_matter, read
from foreman.commands.reading import MAX_CHARS, MAX_COMMANDS
from foreman.config.effective import AgentPlan, Policy, RepoPlan
from foreman.gate import turn
from foreman.model import Account, Comment, EventKind, Issue, IssueRef, Mode, RepoRef, Role

BOT = Account(login="acme-bot", id=7)
HASH = "0123456789abcdef"


def verbs(body: str, bot: Account = BOT) -> list[str]:
    return [command.verb.value for command in read(body, bot).commands]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("@acme-bot triage", {"verb": Verb.TRIAGE}),
        ("@ACME-Bot: Triage!", {"verb": Verb.TRIAGE}),
        ("@acme-bot,  why?", {"verb": Verb.WHY}),
        ("  @acme-bot undo.", {"verb": Verb.UNDO}),
        ("@acme-bot hold", {"verb": Verb.HOLD}),
        ("@acme-bot pause", {"verb": Verb.PAUSE}),
        ("@acme-bot resume", {"verb": Verb.RESUME}),
        ("@acme-bot label +bug -question", {"verb": Verb.LABEL, "add": ("bug",), "remove": ("question",)}),
        (
            '@acme-bot label +"good first issue", -`needs info` +a::b/c',
            {"verb": Verb.LABEL, "add": ("good first issue", "a::b/c"), "remove": ("needs info",)},
        ),
        (f"@acme-bot approve {HASH}", {"verb": Verb.APPROVE, "hashes": (HASH,)}),
        (f"@acme-bot approve `{HASH[:8]}`, 89ABCDEF", {"verb": Verb.APPROVE, "hashes": (HASH[:8], "89abcdef")}),
        (
            f"@acme-bot reject {HASH[:8]} because it is wrong.",
            {"verb": Verb.REJECT, "hashes": (HASH[:8],), "because": "it is wrong"},
        ),
    ],
)
def test_an_order_is_a_whole_line(line: str, wanted: dict[str, object]) -> None:
    said = read(line, BOT)

    assert said.commands == (Command(line=1, **wanted),)  # type: ignore[arg-type]
    assert said.only
    assert Command.of_json(said.commands[0].as_json()) == said.commands[0]


@pytest.mark.parametrize(
    "line",
    [
        "@acme-bot label bug",
        "@acme-bot label",
        "@acme-bot label +bug question",
        "@acme-bot label +bug -Bug",
        "@acme-bot label " + " ".join(f"+l{n}" for n in range(11)),
        "@acme-bot approve",
        "@acme-bot approve 1234567",
        f"@acme-bot approve {HASH} please",
    ],
)
def test_an_order_that_cannot_be_understood_says_why(line: str) -> None:
    (command,) = read(line, BOT).commands

    assert command.fault


@pytest.mark.parametrize(
    "body",
    [
        "/triage",
        "please @acme-bot undo",
        "acme-bot undo",
        "@acme-bot",
        "@acme-bot thanks!",
        "@acme-bot undo that please",
        "@acme-bot why did you do that?",
        "@acme-bot2 undo",
        "@acme-bot/team undo",
        "@someone undo",
        "\\@acme-bot undo",
        "&#64;acme-bot undo",
        "\uff20acme-bot undo",
        "@acme\u2010bot undo",
        "@\u0430cme-bot undo",
        "@acme-bot\u200b undo",
        "@acme-bot und\u043e",
        "> @acme-bot undo",
        "> somebody said\n@acme-bot undo",
        "> > @acme-bot undo\n\nno!",
        ">>>\n@acme-bot undo\n>>>",
        "    @acme-bot undo",
        "\t@acme-bot undo",
        "```\n@acme-bot undo\n```",
        "```\n@acme-bot undo",
        "~~~~\n```\n@acme-bot undo\n~~~",
        "`code\n@acme-bot undo\n`",
        "- @acme-bot undo",
        "1. well\n   @acme-bot undo",
        "- well\n@acme-bot undo",
        "# @acme-bot undo",
        "@acme-bot undo\n===",
        "a | b\n--|--\n@acme-bot undo",
        "**@acme-bot undo**",
        "<!--\n@acme-bot undo\n-->",
        "<!-- x -->\n\n@acme-bot undo",
        "<details>\n\n@acme-bot undo\n\n</details>",
        "<p hidden>\n\n@acme-bot undo",
        "see <b>this</b>\n\n@acme-bot undo",
        "$$\n@acme-bot undo\n$$",
        "[x]: /u '\n@acme-bot undo\n'",
        "@acme-bot undo " + "x" * 2000,
        "@acme-bot undo\n" * (MAX_CHARS // 10),
    ],
)
def test_what_is_no_line_of_ones_own_orders_nothing(body: str) -> None:
    assert verbs(body) == []


def test_orders_stand_between_prose_and_keep_their_lines() -> None:
    said = read("Hello\r\n@acme-bot undo\r\n\r\n> @acme-bot pause\r\n\r\n@acme-bot why\r\nthanks", BOT)

    assert [(one.line, one.verb) for one in said.commands] == [(2, Verb.UNDO), (6, Verb.WHY)]
    assert not said.only
    assert not said.cut


def test_no_more_than_ten_are_taken_from_one_comment() -> None:
    said = read("@acme-bot undo\n" * 500, BOT)

    assert (len(said.commands), said.cut) == (MAX_COMMANDS, True)


@pytest.mark.parametrize(
    ("login", "called", "heard"),
    [
        ("foreman[bot]", "foreman[bot]", True),
        ("foreman[bot]", "foreman", True),
        ("foreman", "foreman[bot]", False),
        ("project_1_bot", "project_1_bot", True),
        ("group_22_bot_0f0f", "Group_22_bot_0f0f", True),
        ("dr.who", "dr.who", True),
        ("acme-bot", "acme-bot", True),
        ("kim", "\u212aim", False),
    ],
)
def test_the_account_is_called_as_its_forge_calls_it(login: str, called: str, heard: bool) -> None:
    assert verbs(f"@{called} undo", Account(login=login, id=7)) == (["undo"] if heard else [])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*"`>-~$<!#|'\"[]() \n\t\\", "@acme-bot undo", "\n\n", "```", "<!--", "-->", "word"])))
def test_any_text_is_read_to_its_end_and_quoted_it_orders_nothing(parts: list[str]) -> None:
    body = "".join(parts)

    assert len(read(body, BOT).commands) <= MAX_COMMANDS
    quoted = "\n".join(f"> {line}" for line in body.split("\n"))
    assert verbs(quoted) == []


@pytest.mark.parametrize(
    ("policies", "heard"),
    [
        ([Policy()], True),
        ([Policy(mode=Mode.APPROVE)], True),
        ([Policy(mode=Mode.SHADOW)], False),
        ([Policy(mode=Mode.SHADOW, modes={"add_label": Mode.AUTO})], True),
        ([Policy(commands=False)], False),
        ([Policy(commands=False), Policy()], True),
        ([], False),
    ],
)
def test_nobody_listens_where_nothing_may_be_written(policies: list[Policy], heard: bool) -> None:
    agents = tuple(
        AgentPlan(agent=f"a{n}", events=frozenset(EventKind), config={}, policy=p) for n, p in enumerate(policies)
    )
    plan = RepoPlan(repo=RepoRef.parse("a/b"), enabled=True, interval_seconds=60, first_run=None, agents=agents)

    assert heard_on(plan) is heard


def test_what_a_maintainer_says_to_us_alone_moves_nobodys_turn() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    ann, kim = Account(login="ann", id=1), Account(login="kim", id=2)
    fields = {"ref": IssueRef.parse("a/b#1"), "id": 1, "title": "", "body": "", "state": "open"}
    issue = Issue(**fields, author=ann, role=Role.NONE, created_at=at, updated_at=at)  # type: ignore[arg-type]

    def said(minutes: int, author: Account, role: Role, body: str) -> Comment:
        when = at + timedelta(minutes=minutes)
        return Comment(id=minutes, author=author, role=role, body=body, created_at=when, updated_at=when)

    asked = said(1, kim, Role.MEMBER, "Which version is it?")
    ordered = said(2, kim, Role.MEMBER, "@acme-bot label +bug")
    answered = said(3, ann, Role.NONE, "@acme-bot triage")

    def whose(*comments: Comment) -> str | None:
        owed = turn.turn(issue, on_the_matter(comments, issue, BOT), (), BOT)
        return owed.turn if owed else None

    assert whose(asked, ordered) == "reporter"
    assert whose(asked, ordered, answered) == "maintainer", "whoever answers us is there"
