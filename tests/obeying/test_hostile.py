"""Comments made to order what their author may not, to be echoed, or to cost more than they should."""

from __future__ import annotations

import pytest

from foreman.commands import read
from foreman.commands.reading import MAX_CHARS, MAX_COMMANDS
from foreman.model import Account, IssueRef
from tests.gate import oracle
from tests.obeying.conftest import Counter
from tests.rig import BOT, REPO

NAMES = [
    "@everyone",
    "<img/src=//evil.example/x>",
    "[x](//evil.example)",
    "![x](https://evil.example)",
    "#1",
    "acme/other#2",
    "fixes:#1",
    "/close",
    "\u202elamron\u2066",
    "\x1b[31mred\x07",
    "{{7*7}}${HOME}$(id)",
    "=cmd|'/C calc'!A0",
    "'; DROP TABLE actions;--",
    "<!--",
    "x" * 100,
]
LONG = MAX_CHARS - 40


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_what_is_echoed_does_nothing_to_its_readers(counter: Counter, ref: IssueRef, forge: str) -> None:
    lines = [f'label +"{name}"' for name in NAMES]
    for at in range(0, len(lines), MAX_COMMANDS):
        assert counter.order(ref, *lines[at : at + MAX_COMMANDS])[0] == "eyes"

    answers = counter.answers(ref)
    assert len(answers) == 2
    for answer in answers:
        assert oracle.faults(answer, forge=forge, repo=REPO, prefixes=()) == set()
    assert "there is no label `@everyone` here" in answers[0]
    assert "`/close`" in answers[0]
    assert counter.labels(ref) == []


def test_our_own_answers_copied_by_others_order_nothing_and_stand_for_nothing(counter: Counter, ref: IssueRef) -> None:
    counter.order(ref, "label +nonsense")
    (ours,) = [c for c in counter.rig.sandbox.issue(REPO, ref.number).comments if c.author == BOT]
    before = counter.rig.effects()
    for by in ("stranger", "kim"):
        counter.rig.clock.advance(5)
        text = f"{ours.body}\n\n@{BOT} label +bug"
        counter.rig.sandbox.comment(REPO, ref.number, author=by, body=text, at=counter.rig.clock())
        counter.turn()

    assert counter.rig.effects() == before, "also by who may: what stands behind a hidden part may not have been seen"
    assert counter.order(ref, "label +nonsense") == ["eyes", "-1"]
    assert len(counter.answers(ref)) == 2, "a copy of an answer is not taken for the answer"


@pytest.mark.parametrize("name", [f"{BOT}2", f"{BOT}[bot]x", f"the-{BOT}", BOT.replace("o", "\u043e"), f"{BOT}\u200d"])
def test_a_bot_whose_name_looks_like_ours_gets_its_orders_itself(counter: Counter, ref: IssueRef, name: str) -> None:
    counter.rig.sandbox.comment(REPO, ref.number, author="kim", body=f"@{name} label +bug", at=counter.rig.clock())
    counter.turn()

    assert counter.rig.effects() == []


def test_who_lost_the_right_between_the_word_and_the_look_orders_nothing(counter: Counter, ref: IssueRef) -> None:
    counter.rig.clock.advance(5)
    said = counter.say(ref, "label +bug", "pause")
    counter.poll()
    counter.rig.sandbox.add_collaborator(REPO, "kim", "triage")
    counter.work()

    assert counter.signs(ref, said) == []
    assert (counter.labels(ref), counter.is_paused()) == ([], False)


def test_thousands_of_orders_are_few(counter: Counter, ref: IssueRef) -> None:
    """Of strangers, who get no sign, of somebody who may, and in more text than anybody writes."""
    counter.rig.clock.advance(5)
    stranger = [counter.say(ref, *["label +bug"] * 500, by="stranger") for _ in range(30)]
    much = counter.say(ref, *["label +bug"] * 700)
    too_much = counter.say(ref, *["pause"] * 2_000)
    counter.turn()

    assert {tuple(counter.signs(ref, number)) for number in stranger} == {()}
    assert counter.signs(ref, much) == ["eyes", "-1"]
    assert counter.signs(ref, too_much) == []
    assert (counter.labels(ref), counter.is_paused()) == (["bug"], False)
    asked = [entry for entry in counter.rig.sandbox.ledger if "/collaborators/stranger/" in entry.path]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        "> " * LONG,
        "".join(">" * depth + "a\n" for depth in range(190)),
        "- " * LONG,
        "".join("  " * depth + "- a\n" for depth in range(130)),
        "`" * LONG,
        "[" * LONG,
        "![" * LONG,
        "[a](" * LONG,
        "[*_`<!" * LONG,
        "*a _b **" * LONG,
        "<!--" * LONG,
        "<a " * LONG,
        "[a]: <" * LONG,
        "a|" * 4_000 + "\n" + "-|" * 4_000,
        "\\" * LONG,
        "\n" * LONG,
        "\t" * LONG + "x",
        "$" * LONG,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_no_text_takes_long_to_read_or_hides_the_order_before_it(hostile: str) -> None:
    said = read(f"@{BOT} undo\n\n{hostile[:LONG]}", Account(login=BOT, id=7))

    assert [one.verb for one in said.commands] == ["undo"]
