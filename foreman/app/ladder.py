"""Where each repository stands between `shadow`, `approve` and `auto`, and which step its people's deeds speak for.

It suggests and takes no step; the one that is taken, down, is `store.ladder`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from foreman.config.effective import RepoPlan
from foreman.config.models import Config
from foreman.config.plan import entry_of
from foreman.model import Mode
from foreman.store import agreement, ladder
from foreman.store.agreement import Agreement
from foreman.values import dataclass

ENOUGH = 20
"""So many actions must have been judged by people before a step up is suggested."""

KEPT = 0.9
"""And such a share of them must stand."""

ENOUGH_BACK = 10
"""So many suffice for a step back."""

BACK_FROM = {Mode.AUTO: 0.75, Mode.APPROVE: 0.5}
"""Where less than this stands, a step back is suggested."""

_RUNGS = (Mode.SHADOW, Mode.APPROVE, Mode.AUTO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """Where one type of action stands in one repository.

    Attributes:
        repo: Its key.
        action_type: `add_label`, `comment`, ….
        mode: As configured; the strictest where several agents work.
        stepped_down_at: Since when such actions wait for a person whatever the mode; None where they do not.
        why: What people reversed; empty where they do not.
        kept: Actions that stand, among the newest of the last 90 days.
        reversed: Actions that people reversed.
        since: When the oldest of these was decided; None where nothing was.
        shadow: Nothing was written: labels are compared with those that people put on.
        suggested: The mode that this speaks for; None for the one it has.
        setting: What to write for it: a key of the configuration and its value, or a command; empty for nothing.
    """

    repo: str
    action_type: str
    mode: Mode
    stepped_down_at: datetime | None
    why: str
    kept: int
    reversed: int
    since: datetime | None
    shadow: bool
    suggested: Mode | None
    setting: str


def suggest(mode: Mode, counted: Agreement | None) -> Mode | None:
    """Say which step the deeds of people speak for. Pure.

    Args:
        mode: That holds now.
        counted: How often people agreed; in the shadow, by comparison.

    Returns:
        The mode above or below; None to stay.
    """
    if counted is None or counted.shadow is not (mode is Mode.SHADOW):
        return None
    place = _RUNGS.index(mode)
    if counted.counted >= ENOUGH and counted.share >= KEPT:
        return _RUNGS[place + 1] if place + 1 < len(_RUNGS) else None
    if counted.counted >= ENOUGH_BACK and mode in BACK_FROM and counted.share < BACK_FROM[mode]:
        return _RUNGS[place - 1]
    return None


def rungs(connection: Connection, config: Config, plans: Sequence[RepoPlan], *, now: datetime) -> Iterator[Rung]:
    """Tell where everything stands of which there is anything to tell.

    Args:
        connection: To read from.
        config: As loaded.
        plans: Each repository.
        now: Current time, aware UTC.

    Yields:
        One for each repository and type of action, in the order of the plans.
    """
    down = {(step.repo, step.action_type): step for step in ladder.steps(connection)}
    for plan in plans:
        if not plan.enabled or not plan.agents:
            continue
        counted = agreement.of_repo(connection, plan.repo, now=now)
        kinds = {one.action_type for one in counted} | {kind for repo, kind in down if repo == plan.repo}
        for kind in sorted(kinds):
            mode = min((agent.policy.mode_of(kind) for agent in plan.agents), key=_RUNGS.index)
            told = next(
                (one for one in counted if one.action_type == kind and one.shadow is (mode is Mode.SHADOW)), None
            )
            step = down.get((plan.repo, kind))
            to = suggest(mode, told) if step is None else None
            setting = _setting(config, plan, kind, to) if to else ""
            if step is not None and _well_since(connection, plan, kind, step.at):
                setting = f"foreman resume {plan.repo} --action {kind}"
            yield Rung(
                repo=plan.repo.key,
                action_type=kind,
                mode=mode,
                stepped_down_at=step.at if step else None,
                why=step.why if step else "",
                kept=told.kept if told else 0,
                reversed=told.reversed if told else 0,
                since=told.since if told else None,
                shadow=mode is Mode.SHADOW,
                suggested=to,
                setting=setting,
            )


def _setting(config: Config, plan: RepoPlan, kind: str, mode: Mode) -> str:
    index = entry_of(config, plan.repo)
    return "" if index is None else f"repos[{index}].policy.modes.{kind}: {mode.value}"


def _well_since(connection: Connection, plan: RepoPlan, kind: str, since: datetime) -> bool:
    """Return whether what people let pass since a step down speaks for lifting it."""
    told = agreement.written(connection, plan.repo, since=since, only=kind)[: agreement.LATEST]
    return len(told) >= ENOUGH and sum(not one.reversed for one in told) >= KEPT * len(told)
