"""Compare what the forge was really asked to do with what the action log says was done; the ledger is the judge."""

from __future__ import annotations

from collections import Counter

from foreman.model import ActionState
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


def logged(entries: tuple[LogEntry, ...]) -> Counter[tuple[int, str]]:
    """Return what the log says was written: issue number and what, how often."""
    return Counter(
        (entry.issue.number, _word(action.type, action.payload))
        for entry in entries
        for action in entry.actions
        if action.state in (ActionState.DONE, ActionState.UNDONE) and action.reason != ALREADY
    )


def written(world: World) -> Counter[tuple[int, str]]:
    """Return what the forge's ledger says was written by the bot."""
    found: Counter[tuple[int, str]] = Counter()
    for entry in world.forge.writes():
        for effect in entry.effect.split("; "):
            words = effect.split(" ")
            number = next((int(word.rpartition("#")[2]) for word in words if word.startswith(f"{REPO}#")), 0)
            found[number, f"{words[0]} {words[1]}" if words[0].startswith("label") else words[0]] += 1
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
    told, done = logged(entries), written(world)
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
