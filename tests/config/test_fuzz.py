"""Whatever is in the file: it loads, or every problem is a line a person can read. Nothing else comes out."""

from __future__ import annotations

import random

import pytest

from foreman.errors import ConfigError
from foreman.printable import printable
from tests.config.documents import IDENTITY, load
from tests.config.test_plan import TWO_AGENTS
from tests.config.test_show import DEFAULTS

SECRET = "a-value-that-must-not-leave"
PIECES = [
    ":", "- ", "\n", "  ", "{", "}", "[", "]", "&a ", "*a", "<<: *a\n", "!!python/name:x ", "'", '"', "|", ">", "#",
    "\t", "\x00", "\u202e", "no", "~", "${SECRET}", "${", "$${", "${SECRET:-x}", "1e999", "-1", "true", "repos:",
    "agents:", "9" * 5000, "\ud7ff", "? ", "---\n", "%YAML 9.9\n", "**", "/*", "extends: x\n", "defaults:",
]  # fmt: skip


def mutated(rng: random.Random) -> str:
    text = IDENTITY + rng.choice([TWO_AGENTS, DEFAULTS])
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text))
        match rng.randrange(3):
            case 0:
                text = text[:at] + rng.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[at + rng.randint(1, 40) :]
            case _:
                lines = text.split("\n")
                lines.insert(rng.randrange(len(lines)), rng.choice(lines))
                text = "\n".join(lines)
    return text


@pytest.mark.parametrize("seed", range(2))
def test_a_broken_file_ends_in_problems_or_in_a_configuration(seed: int, request: pytest.FixtureRequest) -> None:
    rng = random.Random(seed)
    outcomes = {True: 0, False: 0}

    for _ in range(1000 if request.config.getoption("--long") else 150):
        text = mutated(rng)
        try:
            load(text, SECRET=SECRET).plans()
            outcomes[True] += 1
        except ConfigError as error:
            outcomes[False] += 1
            assert error.problems
            assert len(error.problems) <= 101
            assert str(error) == printable(str(error), keep_lines=True), text
            assert SECRET not in str(error), text

    assert min(outcomes.values()) > 0, outcomes
