"""What Foreman did on this issue before, read out of the memory summary: facts of its own log, one line each. Pure.

Our own comments are not shown to agents, so this is how a second question, a second list or a second reminder is
avoided. What cannot be read counts as not having happened; the rules outside the agent hold all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from foreman.protocol import Task

_LINE = re.compile(r"(\d{4}-\d\d-\d\d) [^()]{0,60}?(?: \(([a-z_.]{1,40})\))?: ([a-z_]{1,40})(?:: (.*))?\.")
_COMMENTED = re.compile(r"\bcomment (?:posted|waits for|not done yet|not settled|sent)")
_LABELED = re.compile(r"\blabel ([^;]{1,50}) added(, taken back since)?(?=;|$)")
_TAKEN_OFF = re.compile(
    r"\b(?:rejected|took back): add_label ([^;]{1,50})\.$|\bremoved: (?:\w+_label )?([^;]{1,50})\.$"
)
_UNCLEAN = re.compile(r"[^\w .:/@+#-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What happened on one issue before.

    Attributes:
        commented: We said something here, or are about to.
        reminded_on: Day of the last reminder, `YYYY-MM-DD`; empty for none.
        escalated: A person was told about it.
        labels: Names of labels that we set, as the log writes them.
        refused: Names of labels that a person did not want here, as the log writes them.
    """

    commented: bool = False
    reminded_on: str = ""
    escalated: bool = False
    labels: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    @classmethod
    def of(cls, task: Task) -> Past:
        """Read what a task says about the past of its issue."""
        commented = escalated = False
        reminded_on = ""
        labels: set[str] = set()
        refused = {_written(name) for name in _corrected(task)}
        for line in task.context.memory_summary.splitlines():
            if taken := _TAKEN_OFF.search(line):
                refused.add(taken[1] or taken[2])
                continue
            found = _LINE.fullmatch(line)
            if found is None:
                continue
            day, event, decision, done = found[1], found[2] or "", found[3], found[4] or ""
            escalated = escalated or decision == "escalate"
            said = bool(_COMMENTED.search(done))
            commented = commented or said
            for name, back in _LABELED.findall(done):
                (refused if back else labels).add(name)
            if event == "stale" and (said or _LABELED.search(done)):
                reminded_on = max(reminded_on, day)
        return cls(
            commented=commented,
            reminded_on=reminded_on,
            escalated=escalated,
            labels=frozenset(labels - refused),
            refused=frozenset(refused),
        )

    def is_refused(self, label: str) -> bool:
        """Return whether a person did not want this label here."""
        return _written(label) in self.refused

    def is_ours(self, label: str) -> bool:
        """Return whether the label was set by us and left there."""
        return _written(label) in self.labels


def _corrected(task: Task) -> list[str]:
    """Return labels that corrections of this very issue speak against."""
    names = []
    for fix in task.context.corrections:
        label, kind = fix.get("label"), fix.get("kind")
        if fix.get("number") != task.payload.issue.number or not isinstance(label, str) or not isinstance(kind, str):
            continue
        if label and "add" not in kind:
            names.append(label)
    return names


def _written(label: str) -> str:
    """Write a label's name as the log does."""
    return _UNCLEAN.sub(" ", label).strip()[:50]
