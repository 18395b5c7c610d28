"""Which lines of a comment a person says to us.

The text is taken apart as a forge shows it: a line counts in a paragraph of its own, at the outermost level. Nothing
counts in code, quotations, lists, headings and tables, nor behind the first piece of HTML, behind which text may hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from foreman.commands.words import Command, Said, meaning
from foreman.config.effective import RepoPlan
from foreman.model import INSIDERS, Account, Comment, Issue, Mode

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_COMMANDS = 10
"""Most commands taken from one comment."""

MAX_CHARS = 20_000
"""A longer comment is prose and orders nothing."""

MAX_LINE_CHARS = 1_000
"""Longer lines are prose."""

_STOPS = re.compile(r"^[ \t]{0,3}(?:>>>[ \t]*$|\$\$)", re.MULTILINE)
"""Where GitLab begins a quotation of many lines, and both forges a formula: our renderer knows neither."""


def names_of(bot: Account) -> frozenset[str]:
    """Return what people call an account: a GitHub App with and without the word GitHub adds to its name."""
    login = bot.login.lower()
    return frozenset({login, login.removesuffix("[bot]")})


def read(body: str, bot: Account) -> Said:
    """Read the commands of a comment.

    Args:
        body: Raw text.
        bot: Our own account, by whose name a command begins.

    Returns:
        What it orders; nothing for nearly every comment.
    """
    names = names_of(bot)
    text = body.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_CHARS or not any(f"@{name}" in text.lower() for name in names):
        return Said()
    stop = _STOPS.search(text)
    found: list[Command] = []
    for number, line in _spoken(text[: stop.start()] if stop else text):
        command = meaning(line, names, line=number) if len(line) <= MAX_LINE_CHARS else None
        if command is not None:
            found.append(command)
    said = sum(1 for line in text.split("\n") if line.strip())
    return Said(
        commands=tuple(found[:MAX_COMMANDS]),
        cut=len(found) > MAX_COMMANDS,
        only=bool(found) and len(found) == said,
    )


def on_the_matter(comments: Iterable[Comment], issue: Issue, bot: Account) -> tuple[Comment, ...]:
    """Leave out what somebody of the project said to us alone: it neither asks the reporter nor answers anybody."""
    return tuple(
        said
        for said in comments
        if said.role not in INSIDERS or said.author.id == issue.author.id or not read(said.body, bot).only
    )


def heard_on(plan: RepoPlan) -> bool:
    """Return whether commands are listened to in a repository: not where they are off, and not where all is shadow."""
    return plan.enabled and any(
        agent.policy.commands and {agent.policy.mode, *agent.policy.modes.values()} != {Mode.SHADOW}
        for agent in plan.agents
    )


def _spoken(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines of outermost paragraphs, up to the first HTML."""
    tokens = _markdown().parse(text)
    for place, token in enumerate(tokens):
        if token.type == "html_block" or any(child.type == "html_inline" for child in token.children or ()):
            return
        outermost = token.type == "inline" and token.level == 1 and tokens[place - 1].type == "paragraph_open"
        if outermost and token.map is not None and not _runs_on(token):
            for offset, line in enumerate(token.content.split("\n")):
                yield token.map[0] + offset + 1, line.strip()


def _runs_on(token: Token) -> bool:
    """Return whether something in a paragraph goes over more than one line, such as code between backticks."""
    breaks = sum(1 for child in token.children or () if child.type in ("softbreak", "hardbreak"))
    return breaks != token.content.count("\n")


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")
