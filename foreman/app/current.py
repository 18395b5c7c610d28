"""The configuration that holds now, and how SIGHUP changes it.

A reload takes effect between decisions. Valid: new repositories, policies, modes and intervals hold from the next look
on. Invalid: nothing changes, and the log says why. What is already planned was judged by the old rules; where the new
ones are stricter about its mode, they hold for it too: `auto` to `approve` holds it, to `shadow` takes it off, and so
does the end of its agent's or its repository's entry. What they no longer allow at all, such as closing, is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from foreman import allowance, approvals, commands, undo
from foreman.app import forges
from foreman.app.found import in_use, plans_of
from foreman.app.limits import Limits
from foreman.config import load
from foreman.config.effective import Policy, RepoPattern, RepoPlan
from foreman.config.models import Config
from foreman.errors import AgentError, ConfigError, ContainerError, ForgeError
from foreman.gate import permission
from foreman.gate.reasons import Reason
from foreman.log import get_logger
from foreman.model import ActionState, Allow, Deny, Hold, Mode, RepoRef, Verdict
from foreman.store import actions, controls, discovered, inbox, ladder, polls
from foreman.store import commands as orders
from foreman.store.actions import StoredAction
from foreman.store.database import Database

log = get_logger(__name__)

NEEDS_RESTART = ("llm", "storage", "server", "workers")
"""Sections whose parts are built once, at the start; so is what is used of `identity` and `agents`."""


class CurrentConfig:
    """Gives the plans to everybody who asks, one whole configuration at a time.

    Attributes:
        welcome: Sets up what a new configuration needs and the start did not, before it holds.
    """

    def __init__(self, config: Config, *, source: Path | None, db: Database, now: Callable[[], datetime]) -> None:
        """Take the configuration of the start.

        Args:
            config: As loaded.
            source: Where from; None when it cannot be loaded again.
            db: Where planned actions are.
            now: Current time, aware UTC.
        """
        self._db = db
        self._now = now
        self._source = source
        self._lock = threading.Lock()
        self._limits = Limits(db=db, now=now)
        self._config = config
        self._built = _parts_of(config)
        self._coming: tuple[RepoPlan, ...] = ()
        self.welcome: Callable[[Config], None] = lambda _: None
        self._patterns = config.patterns()
        self._plans = self._planned(config)
        self._asked: dict[RepoRef, RepoPlan] = {}

    @property
    def config(self) -> Config:
        """The configuration now."""
        with self._lock:
            return self._config

    @property
    def plans(self) -> tuple[RepoPlan, ...]:
        """What holds for each repository now."""
        with self._lock:
            return tuple(self._plans.values())

    @property
    def reached(self) -> tuple[RepoPlan, ...]:
        """The plans, also those about to hold, and of repositories that somebody asked for before any lookup."""
        with self._lock:
            asked = (plan for repo, plan in self._asked.items() if repo not in self._plans)
            return (*self._plans.values(), *asked, *self._coming)

    @property
    def patterns(self) -> tuple[RepoPattern, ...]:
        """The patterns that repositories are looked up for now."""
        with self._lock:
            return self._patterns

    def plan_of(self, repo: RepoRef) -> RepoPlan | None:
        """Return what holds for one repository now, None when it is not configured.

        One that a pattern takes and no lookup has come by yet has a plan already, and is `reached` from then on; one
        that is gone has none any more.
        """
        with self._lock:
            plan, config, patterns = self._plans.get(repo), self._config, self._patterns
        if plan is not None or not patterns:
            return plan
        with self._db.read() as connection:
            known = discovered.knows(connection, repo)
        plan = None if known else config.plan_of(repo)
        if plan is not None:
            with self._lock:
                self._asked[repo] = plan
        return plan

    def recheck(self, action: StoredAction) -> Verdict:
        """Judge a planned action by what holds now: whether it is allowed at all, its mode, the hour's quota."""
        with self._lock:
            plans = self._plans
        if action.issue.repo not in plans and (plan := self.plan_of(action.issue.repo)) is not None:
            plans = {**plans, plan.repo: plan}
        mode, policy = _mode_of(plans, action), _policy_of(plans, action)
        with self._db.read() as connection:
            objection = _objection(connection, action, mode, policy)
        if objection is not None:
            return objection
        return Allow() if policy is None else self._limits.verdict(action, policy)

    def reload(self) -> bool:
        """Read the file again and put it into force.

        Returns:
            Whether it was taken.
        """
        if self._source is None:
            log.warning("reload_refused", reason="this configuration was not read from a file")
            return False
        try:
            new = load.load(self._source)
        except ConfigError as error:
            log.error("reload_refused", problems=[str(problem) for problem in error.problems])
            return False
        plans = self._planned(new)
        if not self._welcomed(new, tuple(plans.values())):
            return False
        parts = _parts_of(new)
        self._built = {**parts, **self._built}
        later = list(dict.fromkeys(name[0] for name, part in parts.items() if part != self._built[name]))
        with self._lock:
            before = self._plans
            self._config = new
            self._patterns = new.patterns()
            self._plans = plans
            self._asked = {}
        # After the plans: a decision judged by the old ones is seen here, or finds the new ones when it commits.
        self._tighten(plans)
        self._hasten(before, plans)
        self.widen()
        log.info("reloaded", repos=len(plans), **({"needs_restart": later} if later else {}))
        return True

    def _welcomed(self, new: Config, plans: tuple[RepoPlan, ...]) -> bool:
        self._coming = plans
        try:
            self.welcome(new)
        except ConfigError as error:
            log.error("reload_refused", problems=[str(problem) for problem in error.problems])
            return False
        except (ForgeError, AgentError, ContainerError) as error:
            log.error("reload_refused", reason=str(error), do="reload again once that is over")
            return False
        finally:
            self._coming = ()
        return True

    def widen(self) -> None:
        """Let tasks go on that were held by a bound which is wider now."""
        with self._db.read() as connection:
            free = allowance.widened(connection, self.plan_of)
        if free:
            with self._db.transaction() as connection:
                inbox.release(connection, free)

    def _hasten(self, before: Mapping[RepoRef, RepoPlan], after: Mapping[RepoRef, RepoPlan]) -> None:
        """Let nobody wait out an interval that is shorter now."""
        now = self._now()
        latest = {
            repo: now + _longest(plan)
            for repo, plan in after.items()
            if repo in before and _longest(plan) < _longest(before[repo])
        }
        if latest:
            with self._db.transaction() as connection:
                polls.hasten(connection, latest)

    def rediscovered(self) -> None:
        """Take up what the patterns stand for now; what is planned for a repository that is gone is taken off."""
        config = self.config
        plans = self._planned(config)
        with self._lock:
            if self._config is not config:
                return  # a reload came between, and has read the same rows
            self._plans = plans
        self._tighten(plans)

    def _planned(self, config: Config) -> dict[RepoRef, RepoPlan]:
        with self._db.read() as connection:
            return {plan.repo: plan for plan in plans_of(config, connection)}

    def _tighten(self, plans: dict[RepoRef, RepoPlan]) -> None:
        """Hold or take off what is planned, where the new mode is stricter."""
        now = self._now()
        with self._db.transaction() as connection:
            for action in actions.open_actions(connection, now=datetime.max.replace(tzinfo=now.tzinfo), limit=100_000):
                if action.state is not ActionState.PLANNED:
                    continue
                mode = _mode_of(plans, action)
                if mode is Mode.APPROVE and not action.approved_by:
                    actions.hold(connection, [action.id], reason="mode_approve", detail="the mode became stricter")
                elif mode is Mode.SHADOW:
                    actions.cancel(
                        connection, [action.id], state=ActionState.SHADOW, reason="the mode became shadow", now=now
                    )


BY_PEOPLE = frozenset({undo.AGENT, approvals.AGENT, orders.AGENT})
"""Under these names people have something done, or are told something."""


def _parts_of(config: Config) -> dict[tuple[str, str], object]:
    """Return what parts are built of that work for a configuration, by section and which."""
    parts: dict[tuple[str, str], object] = {(name, ""): getattr(config, name) for name in NEEDS_RESTART}
    for kind in forges.kinds(config):
        mine = {name: value for name, value in config.identity if name.startswith(f"{kind.value}_")}
        parts["identity", kind.value] = mine
    return parts | {("agents", name): agent for name, agent in in_use(config).items()}


def _longest(plan: RepoPlan) -> timedelta:
    return timedelta(seconds=max(plan.interval_seconds, plan.max_interval_seconds))


def _objection(connection: Connection, action: StoredAction, mode: Mode, policy: Policy | None) -> Verdict | None:
    """Return what is against an action by what holds now, but for the quotas."""
    if action.agent not in BY_PEOPLE and controls.kept_off(connection, action.issue):
        return Deny(Reason.HOLD_LABEL, "a person ordered hold")
    if mode is Mode.SHADOW:
        return Deny(Reason.MODE_SHADOW, "the mode became stricter")
    if policy is not None and (no := _withdrawn(connection, action, policy)) is not None:
        return no
    if mode is Mode.APPROVE:
        return Hold(Reason.MODE_APPROVE, "the mode became stricter")
    if action.agent not in BY_PEOPLE and action.type in ladder.down(connection, action.issue.repo):
        return Hold(Reason.STEPPED_DOWN, action.type)
    return None


def _withdrawn(connection: Connection, action: StoredAction, policy: Policy) -> Deny | None:
    confidential = bool(actions.seen(connection, action.log_id).get("confidential", False))
    return permission.withdrawn(action.type, action.payload, policy, confidential=confidential)


def _mode_of(plans: Mapping[RepoRef, RepoPlan], action: StoredAction) -> Mode:
    """Return the mode that holds for an action; what nobody configures any more may only be looked at."""
    if action.agent == undo.AGENT:
        return Mode.AUTO  # a person asked for it
    if action.agent == approvals.AGENT:
        return Mode.AUTO if approvals.is_wanted(action.issue.repo, tuple(plans.values())) else Mode.SHADOW
    if action.agent == orders.AGENT:
        plan = plans.get(action.issue.repo)
        return Mode.AUTO if plan is not None and commands.heard_on(plan) else Mode.SHADOW
    policy = _policy_of(plans, action)
    return Mode.SHADOW if policy is None else policy.mode_of(action.type)


def _policy_of(plans: Mapping[RepoRef, RepoPlan], action: StoredAction) -> Policy | None:
    plan = plans.get(action.issue.repo)
    agent = plan.agent(action.agent) if plan is not None and plan.enabled else None
    return None if agent is None else agent.policy
