"""People at work on forges in the soaks, an honest agent, and what of their words it has not been shown yet."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foreman.briefing import MAX_COMMENTS
from foreman.sandbox import SandboxForge
from tests.durability.yard import Yard
from tests.world import decision

TALKED_ABOUT = 12
"""Newest issues of a repository that people edit and comment on while they are open."""


@dataclass(slots=True)
class Crowd:
    """People at work, and what of it the agent has not been shown yet.

    Attributes:
        forges: Where they work: the forge of each repository.
        chance: What they do next.
        made: Events so far.
        unseen: Word of an event to its issue; a later edit takes the place of one before.
        edits: Word of the last edit of each issue.
        replaced: Edits that another one replaced before anybody looked.
    """

    forges: Mapping[str, SandboxForge]
    chance: random.Random
    made: int = 0
    unseen: dict[str, tuple[str, int]] = field(default_factory=dict)
    edits: dict[tuple[str, int], str] = field(default_factory=dict)
    replaced: int = 0
    issues: dict[str, list[int]] = field(default_factory=dict)
    tasks: int = 0

    def __post_init__(self) -> None:
        """Begin with no issue anywhere."""
        self.issues = {repo: [] for repo in self.forges}

    def do(self, among: Sequence[str] = ()) -> None:
        """Let one thing happen, in any repository or in one of these."""
        repo = self.chance.choice(among or list(self.issues))
        forge, act = self.forges[repo], self.chance.random()
        # Where newer ones were moved away older ones are among them, and about what is closed no agent is asked.
        known = [n for n in self.issues[repo][-TALKED_ABOUT:] if forge.issue(repo, n).state == "open"]
        if act < 0.1 or not known:
            self.open(repo)
            return
        number, word = self.chance.choice(known), self._word()
        issue = forge.issue(repo, number)
        if act < 0.3 or len(issue.comments) >= MAX_COMMENTS - 1:
            forge.edit_issue(repo, number, body=f"In short: {word}", by=issue.author)
            self._forget_edit(repo, number)
            self.edits[repo, number] = word
        else:
            forge.comment(repo, number, author=issue.author, body=f"One more thing: {word}")
        self.unseen[word] = (repo, number)

    def open(self, repo: str, author: str = "") -> int:
        """Open an issue; by somebody new, or by one."""
        word = self._word()
        number = self.forges[repo].open_issue(repo, title=f"It crashes {word}", author=author or f"kim{self.made}")
        self.issues[repo].append(number)
        self.unseen[word] = (repo, number)
        return number

    def _word(self) -> str:
        self.made += 1
        return f"word{self.made}x"

    def _forget_edit(self, repo: str, number: int) -> None:
        before = self.edits.get((repo, number))
        if before is not None and self.unseen.pop(before, None) is not None:
            self.replaced += 1

    def answer(self, task: dict[str, Any]) -> dict[str, Any]:
        """Answer as an honest agent does, and tick off what it was shown."""
        self.tasks += 1
        for word in re.findall(r"word\d+x", json.dumps(task["payload"]["issue"])):
            self.unseen.pop(word, None)
        if "comment posted" in task["context"]["memory_summary"]:
            return decision(task)
        return Yard.honest(task)
