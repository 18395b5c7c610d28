"""Compare what the forge was really asked to do with what the action log says was done; the ledger is the judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from foreman.model import ActionState
from foreman.sandbox import LedgerEntry
from foreman.store.actions import LogEntry
from tests.world import BOT, REPO, World

ALREADY = "it was so already"


def _word(kind: str, payload: dict[str, object]) -> str:
    match kind:
        case "add_label":
            return f"label+ {payload['label']}"
        case "remove_label":
            return f"label- {payload['label']}"
        case _:
            return kind


Key = tuple[str, str]
"""An issue as people name it, and what was done to it."""


def logged(
    entries: Iterable[LogEntry], states: Collection[ActionState] = (ActionState.DONE, ActionState.UNDONE)
) -> Counter[Key]:
    """Return what the log says was written, or what else it says of it: how often what to which issue."""
    return Counter(
        (f"{entry.issue.repo.path}#{entry.issue.number}", _word(action.type, action.payload))
        for entry in entries
        for action in entry.actions
        if action.state in states and action.reason != ALREADY
    )


def written(writes: Iterable[LedgerEntry]) -> Counter[Key]:
    """Return what the forge's ledger says was written, in the same words."""
    found: Counter[Key] = Counter()
    for entry in writes:
        for effect in entry.effect.split("; "):
            words = effect.split(" ")
            issue = next((word for word in words if "#" in word), "")
            found[issue, " ".join(words[:2]) if words[0].startswith("label") else words[0]] += 1
    return found


def violations(world: World, numbers: list[int]) -> list[str]:
    """Return every way in which something was lost, done twice, or told wrongly.

    Args:
        world: Come to rest.
        numbers: Issues of which each must have the label `bug` and one comment by the bot.

    Returns:
        One line each.
    """
    entries = world.entries()
    wrong = []
    told, done = logged(entries), written(world.forge.writes())
    if told != done:
        wrong.append(f"log and ledger differ: only logged {told - done}, only written {done - told}")
    for number in numbers:
        issue = world.forge.issue(REPO, number)
        comments = [said for said in issue.comments if said.author == BOT]
        if len(comments) != 1:
            wrong.append(f"#{number} has {len(comments)} comments of ours")
        if "bug" not in issue.labels:
            wrong.append(f"#{number} has no label")
    for entry in entries:
        for action in entry.actions:
            if action.state in (ActionState.PLANNED, ActionState.SENT, ActionState.UNKNOWN, ActionState.FAILED):
                wrong.append(f"#{entry.issue.number}: {action.type} ended {action.state}: {action.reason}")
    return wrong


def at_rest(world: World, numbers: list[int]) -> bool:
    """Return whether every issue was decided on and no action is open."""
    entries = world.entries()
    decided = {entry.issue.number for entry in entries if any(a.state == ActionState.DONE for a in entry.actions)}
    still = any(a.state in (ActionState.PLANNED, ActionState.SENT) for entry in entries for a in entry.actions)
    return decided >= set(numbers) and not still
