"""What waits for whom, by the database and the configuration; asks no forge."""

from __future__ import annotations

from collections.abc import Sequence

from foreman.approvals.page import digest_of
from foreman.approvals.settling import AGENT
from foreman.approvals.state import State, load
from foreman.config.effective import RepoPlan
from foreman.model import ActionState, ForgeKind, IssueRef, Mode, RepoRef
from foreman.store import actions, controls
from foreman.store.actions import StoredAction
from foreman.store.database import Database
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One dashboard as the database has it.

    Attributes:
        state: What is kept of it.
        waiting: What it should show.
        confidential: Those of it whose issue is confidential, or was when it was decided upon: ids.
        paused: Nothing may be written there.
        busy: A change of it is on its way.
    """

    state: State
    waiting: tuple[StoredAction, ...]
    confidential: frozenset[int]
    paused: bool
    busy: bool

    @property
    def covers(self) -> str:
        """Digest of all that the page is to be made from."""
        hidden = [str(number) for number in sorted(self.confidential)]
        rows = [*(fingerprint(action) for action in self.waiting), "", *self.state.lately, *hidden]
        return digest_of("\n".join(rows))

    @property
    def stale(self) -> bool:
        """Whether the page was made from something else; one that does not exist is not missed for nothing."""
        if self.state.number is None:
            return bool(self.waiting)
        return self.covers != self.state.covers


def look_at(db: Database, repo: RepoRef, plans: Sequence[RepoPlan]) -> Look:
    """Read one dashboard from the database.

    Args:
        db: The store.
        repo: Where the dashboard is.
        plans: The repositories that use it.

    Returns:
        How it is, and how it should be.
    """
    with db.read() as connection:
        state = load(connection, repo)
        held = actions.held(connection) if actions.states(connection)[ActionState.HELD] else ()
        waiting = tuple(action for action in held if _belongs(action, repo, plans))
        ours = [IssueRef(repo, 0), *([IssueRef(repo, state.number)] if state.number else [])]
        busy = any(row.agent == AGENT for ref in ours for row in actions.of_issue_open(connection, ref))
        hidden = actions.held_in_confidence(connection) & {action.id for action in waiting}
        paused = controls.paused(connection, repo)
        return Look(state=state, waiting=waiting, confidential=hidden, paused=paused, busy=busy)


def dashboards(plans: Sequence[RepoPlan], kind: ForgeKind) -> dict[RepoRef, tuple[RepoPlan, ...]]:
    """Return the dashboards on one forge, each with the repositories that use it.

    Args:
        plans: What is configured now.
        kind: Which forge.

    Returns:
        None for which all is in `shadow`.
    """
    found: dict[RepoRef, tuple[RepoPlan, ...]] = {}
    for plan in plans:
        if plan.enabled and plan.repo.forge is kind:
            for name in {agent.policy.dashboard for agent in plan.agents if agent.policy.dashboard}:
                repo = RepoRef(kind, name)  # `config.checks` has seen to its shape
                found[repo] = (*found.get(repo, ()), plan)
    return {repo: users for repo, users in found.items() if is_wanted(repo, users)}


def is_wanted(repo: RepoRef, plans: Sequence[RepoPlan]) -> bool:
    """Return whether a repository holds the dashboard of any repository that is not all in `shadow`.

    Args:
        repo: Where the dashboard is.
        plans: What is configured now.

    Returns:
        False where nothing may be written there.
    """
    return any(
        plan.enabled
        and plan.repo.forge is repo.forge
        and agent.policy.dashboard == repo.path
        and {agent.policy.mode, *agent.policy.modes.values()} != {Mode.SHADOW}
        for plan in plans
        for agent in plan.agents
    )


def _belongs(action: StoredAction, repo: RepoRef, plans: Sequence[RepoPlan]) -> bool:
    """Return whether a held action is to be shown on this dashboard; in `shadow` nothing of it could be done."""
    plan = next((plan for plan in plans if plan.repo == action.issue.repo), None)
    agent = plan.agent(action.agent) if plan else None
    if agent is None or agent.policy.dashboard != repo.path:
        return False
    return agent.policy.mode_of(action.type) is not Mode.SHADOW


def fingerprint(action: StoredAction) -> str:
    """Return what changes when the same action waits again for another reason."""
    return digest_of("|".join([action.payload_hash, action.reason, action.detail, action.approved_by or ""]))
