"""Whatever the sandbox would run as a quick action, neither the gate nor the adapter lets through."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from foreman.forge.gitlab_commands import has_command
from foreman.gate.text import CleanText, compose, outgoing
from foreman.gate.text_context import TextContext
from foreman.model import ForgeKind, RepoRef
from foreman.sandbox.gitlab_commands import runs
from tests.sandbox.conftest import PROJECT

CONTEXT = TextContext(forge=ForgeKind.GITLAB, repo=RepoRef(ForgeKind.GITLAB, PROJECT))
COMMANDS = [
    "/close",
    "/label ~bug",
    "/CLOSE ",
    "/close\t",
    "/assign @x",
    "&#47;close",
    "/usr/bin",
    "text",
    "[a](",
    "<br>",
]
FENCES = ["```", "````", "~~~", "  ```", "```sh", "`", "``", ">>>", "<pre>", "</pre>", "<!--", "-->", "<details>", "|"]
SPACES = [
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "> ",
    "- ",
    "1. ",
    "    ",
    "\t",
    "\\",
    " ",
    "# ",
    "&#10;",
    "\u200b",
    "\ufeff",
    "\u2028",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*COMMANDS, *FENCES, *SPACES]), min_size=1, max_size=14).map("".join))
def test_no_text_gets_a_command_past_both(text: str) -> None:
    clean = outgoing(text, CONTEXT)

    assert has_command(text) or not runs(text)
    if isinstance(clean, CleanText):
        assert not runs(compose(clean, marker_line="<!-- foreman:v1 key=a tag=b -->"))


def test_what_runs() -> None:
    assert [runs(text) for text in ("/close", "x\n/close", "x /close", "```\n/close\n```")] == [
        True,
        True,
        False,
        False,
    ]
