"""What is said to a person who ordered something. Only our own words, names of labels, and reasons of the gate."""

from __future__ import annotations

from collections.abc import Iterable

from foreman.gate.reasons import Reason, explain
from foreman.model import ActionState
from foreman.printable import printable
from foreman.store.actions import LogEntry, StoredAction

_NAME_CHARS = 80


def code(text: str) -> str:
    """Return a name as code: nothing in it means anything to a forge, and nobody is called by it."""
    plain = " ".join(printable(text).replace("`", "'").split())
    return f"`{plain[:_NAME_CHARS]}`" if plain else "``"


def faults(told: Iterable[tuple[int, str, str]]) -> str:
    """Return the comment about what did not work.

    Args:
        told: Line of the person's comment (0 for all of it), word of the command, and what was wrong.

    Returns:
        Markdown.
    """
    rows = [f"- line {line}, {code(verb)}: {why}" if line else f"- {why}" for line, verb, why in told]
    return "\n".join(["That did not work:", "", *rows])


def why(entry: LogEntry) -> str:
    """Return the comment that explains a decision: facts of the log, folded; nothing that an agent wrote.

    Args:
        entry: The decision.

    Returns:
        Markdown.
    """
    done = ", ".join(f"{_named(one)} {_state(one)}" for one in entry.actions) or "nothing to be done"
    rows = [f"- when: {entry.timestamp:%Y-%m-%d %H:%M} UTC, because of {code(entry.event or 'nothing known')}"]
    asked = f"- who: {code(entry.agent)}"
    if entry.model:
        asked += f", with the model {code(entry.model)}"
    if entry.confidence is not None:
        asked += f", {entry.confidence:.0%} sure"
    rows.append(asked)
    if skipped := meaning(entry.rationale.partition(":")[0]):
        rows.append(f"- left alone: {skipped}")
    for action in entry.actions:
        told = meaning(action.reason)
        rows.append(f"- {_named(action)}: {_state(action)}" + (f". {told}" if told else ""))
    if entry.undone_by:
        rows.append("- taken back since")
    summary = f"<details>\n<summary>Decision {entry.id} in full</summary>"
    more = f"{code(f'foreman explain {entry.id}')} on the machine I run on tells the rest."
    return "\n".join([f"My last decision here: {done}.", "", summary, "", *rows, "", more, "", "</details>"])


def meaning(reason: str) -> str:
    """Return what a reason of the gate means and what to do about it; empty for any other word."""
    if reason not in set(Reason):
        return ""
    told = explain(reason)
    return f"{told.meaning} {told.remedy}"


def not_done(action: StoredAction) -> str:
    """Return why an action that was ordered was not done; empty when it was, or will be."""
    if action.state in (ActionState.DONE, ActionState.PLANNED, ActionState.SENT, ActionState.UNDONE):
        return ""
    told = meaning(action.reason.partition(":")[0])
    if told:
        return f"{_named(action)} was not done. {told}"
    words = {
        ActionState.HELD: "waits for a person again",
        ActionState.UNKNOWN: "was sent, and nobody knows whether it arrived",
    }
    return f"{_named(action)} {words.get(action.state, 'was not done')} ({code(f'foreman explain {action.log_id}')})"


def _named(action: StoredAction) -> str:
    match action.type:
        case "add_label":
            return code(f"+{action.payload.get('label', '')}")
        case "remove_label":
            return code(f"-{action.payload.get('label', '')}")
        case _:
            return code(action.type)


def _state(action: StoredAction) -> str:
    return f"{action.state.value} ({code(action.reason)})" if action.reason in set(Reason) else action.state.value
