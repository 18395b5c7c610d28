"""The outgoing-text function over random tangles: what comes out is harmless, and a second pass changes nothing."""

from __future__ import annotations

import random

import pytest

from foreman.gate import text_steps
from foreman.gate.text import CleanText, outgoing
from foreman.gate.text_rendered import render
from tests.gate import oracle
from tests.gate.cases import DOCS, PREFIXES, context

# fmt: off
PIECES = [
    "fixes", "Closes", "duplicate of", "#12", "#5", "!7", "GH-3", "acme/other#4", "@acme/core", "@x", " ",
    "  ", "\n", "\n\n", "*", "**", "_", "`", "``", "```\n", "~~~\n", "[", "]", "(", ")", "](", "![", "<",
    "<!--", "-->", "<b>", "&#64;", "&amp;", "&lt;", "&", "https://bad.example/x",
    "https://docs.acme.example/y", "http://", "www.bad.com", "bad.com", "/close", "!deploy", ".deploy",
    "bors r+", "- ", "> ", "1. ", "    ", "\t", "a", "word", "\\", "\u200b", "\u200d", "\u202e", "\U000e0041",
    "\u0645\u06cc", "\U0001f469", "\ufe0f", "[x]: y", "[^1]:", "\"t\"", "$\\color{x}", "~bug", "%m", "&12",
    "$5", "$`", "`$", "[[", "]]", "|", "| a |\n|---|\n",
    "www.", "a@b_c.d", "> - ", "kim@0123abc", "\u00a0",
    "\r\n", "\r", "mailto:a@b.com", "\uff20x", "ok to test", "&zwj;", "&#10;", "&colon;", "#", "@",
    "fix", "es", "---\n", "<https://bad.example>", "`#1`", ":", ".",
]
# fmt: on
HARD = {
    "brackets": "[",
    "links": "[a](",
    "pictures": "![",
    "emphasis": "*a_ ",
    "quotes": "> ",
    "tags": "<a ",
    "comments": "<!-- -->",
    "mentions": "@a ",
    "references": "a/b#1 ",
    "keywords": "fixes ",
    "URLs": "https://",
    "hosts": "a.com ",
    "backticks": "`a``b",
    "entities": "&#64;",
    "definitions": "[a]: b\n",
    "commands": "/a\n",
    "paths": "a/",
    "invisible": "\u200b",
    "formulas": "$\\a{b}$ ",
    "bars": "https://docs.acme.example|",
    "addresses": "a@b.c ",
    "nesting": "> - ",
    "gaps": "fixes" + " " * 50,
    "cells": "| a | b |\n|---|---|\n",
    "quick actions": "```a\n/b\n",
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("count", "seed"), [(300, 7), pytest.param(5_000, 8, marks=pytest.mark.long)])
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_what_comes_out_is_harmless_and_stays_as_it_is(forge: str, count: int, seed: int) -> None:
    rnd = random.Random(seed)
    place = context(forge)
    posted = 0
    for _ in range(count):
        body = "".join(rnd.choice(PIECES) for _ in range(rnd.randint(1, 14)))

        result = outgoing(body, place)

        if isinstance(result, CleanText):
            posted += 1
            assert outgoing(result.text, place) == CleanText(text=result.text), repr(body)
            blocks = [block.strip() for block in oracle.code_blocks(result.text)]
            assert blocks == [block.strip() for block in render(result.text).code]
            prefixes = (PREFIXES[forge], DOCS)
            wrong = oracle.faults(result.text, forge=forge, repo="acme/widget", prefixes=prefixes)
            assert not wrong, (wrong, body, result.text)
    assert posted > count / 2


@pytest.mark.parametrize("piece", HARD.values(), ids=HARD.keys())
def test_hard_texts_come_to_an_end(piece: str) -> None:
    """32 KB of each; a quadratic scan would run into the suite's time-out."""
    body = (piece * 32_768)[:32_000]

    outgoing(body, context(max_chars=70_000))


@pytest.mark.parametrize("step", text_steps.STEPS, ids=[step.name for step in text_steps.STEPS])
def test_a_step_leaves_honest_text_alone(step: text_steps.Step) -> None:
    body = "See `@x` and\n\n```sh\n/close @y fixes #1 <b> https://bad.example\n```\n\nor https://docs.acme.example/."

    assert step.run(body, context()) == body
