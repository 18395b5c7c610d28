"""Issues as people write them, put together from parts: three kinds, two repositories with forms of their own."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from foreman.learn import Example

LABELS = ("bug", "feature", "question")

THINGS = ["the parser", "the cache", "the menu", "export", "the login page", "the installer", "search", "the plugin"]
ENDS = ["on Windows", "after the last update", "with large files", "in dark mode", "behind a proxy", "", "", ""]
TITLES = {
    "bug": [
        "{} crashes {}",
        "{} shows wrong results {}",
        "Error in {} {}",
        "{} is broken {}",
        "{} hangs {}",
        "Regression: {} {}",
    ],
    "feature": [
        "Add an option to {} {}",
        "Support shortcuts in {} {}",
        "Allow sorting in {} {}",
        "Make {} faster {}",
        "{}: remember state {}",
    ],
    "question": [
        "How do I set up {} {}?",
        "Is it possible to change {} {}?",
        "What does {} do {}?",
        "Help with {} {}",
        "Using {} {}",
    ],
}
BODIES = {
    "bug": [
        "When I start it, it stops.\n```\nTraceback (most recent call last)\n```",
        "It worked before. Now it fails.",
        "Expected: it works. Actual: it does not. Version 3.{}",
    ],
    "feature": [
        "It would be nice to have this.",
        "Every other tool can. I would like to send a patch.",
        "My use case: many people share one machine.",
    ],
    "question": [
        "I read the manual and could not find it. Can anyone tell?",
        "I am trying to do this at work, thanks!",
        "I am new to this. Where do I look?",
    ],
}
FORMS = {
    "o/plain": "{}",
    "o/forms": "### What happens\n\n{}\n\n### Checks\n\n- [x] I searched the issues\n\n### Version\n\n1.2",
}


def written(count: int, *, seed: int = 1, noise: float = 0.1, repos: tuple[str, ...] = tuple(FORMS)) -> list[Example]:
    """Return so many issues, every tenth of which bears another label than it reads like."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        kind = LABELS[number % 3]
        repo = repos[number // 3 % len(repos)]
        title = chance.choice(TITLES[kind]).format(chance.choice(THINGS), chance.choice(ENDS))
        body = FORMS[repo].format(f"{chance.choice(BODIES[kind]).format(number % 7)} {chance.choice(THINGS)} {number}")
        label = chance.choice(LABELS) if chance.random() < noise else kind
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        made.append(Example(repo=repo, title=title, body=body, labels=frozenset({label}), at=at))
    return made
