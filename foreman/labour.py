"""Working through what is due: items for whoever has nothing to do, and word to an account about its forge."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from foreman import chores
from foreman.account import Account
from foreman.model import IssueRef, RepoRef
from foreman.pipeline import Passed, Pipeline
from foreman.store import inbox
from foreman.store.database import Database
from foreman.values import dataclass


class Agents(Protocol):
    """What the daemon needs of the agents."""

    def busy(self) -> frozenset[str]:
        """Return the agent types that can take no task now."""

    def warm(self) -> None:
        """Start them, so that the first task need not wait."""

    def tend(self) -> None:
        """Look after health: quarantine and release."""

    def stop(self, *, timeout_seconds: float) -> None:
        """End them all."""


@dataclass(slots=True, kw_only=True)
class Labour:
    """The pipeline between the accounts and the agents.

    Attributes:
        db: The store.
        accounts: One per forge.
        pipeline: Works through the inbox.
        agents: The agents' runtimes.
        now: Current time, aware UTC.
    """

    db: Database
    accounts: tuple[Account, ...]
    pipeline: Pipeline
    agents: Agents
    now: Callable[[], datetime]

    def anything_ready(self) -> bool:
        """Tell whether to claim something.

        More are woken than there is work, where nobody counted it: those who come too late take no lock.
        """
        if self.pipeline.owes:
            return True
        with self.db.read() as connection:
            return inbox.any_ready(connection, now=self.now())

    def anything_due(self) -> bool:
        """Tell whether there is anything to think about or to write that need not wait."""
        if any(account.has_due() for account in self.accounts):
            return True
        closed = self._closed_repos()
        with self.db.read() as connection:
            return inbox.claimable(connection, now=self.now(), busy=self.agents.busy(), full_repos=closed)

    def work(self, worker: str) -> Passed | None:
        """Work on one item, and tell its account when the forge was the trouble.

        Args:
            worker: Who claims, for the log.

        Returns:
            What happened, None when nothing was ready.
        """
        passed = self.pipeline.work(worker, busy=self.agents.busy(), closed=self._closed_repos())
        if passed is not None and passed.account_refused:
            self._account_of(passed.item.issue.repo).refused(passed.reason)
        if passed is not None and passed.unreachable:
            self._account_of(passed.item.issue.repo).unreachable()
        return passed

    def work_on(self, ref: IssueRef) -> bool:
        """Take one step on one issue alone; returns whether there was one to take."""
        passed = self.pipeline.work("command", busy=self.agents.busy(), only=ref)
        wrote = self._account_of(ref.repo).write_next(only=ref)
        return passed is not None or wrote

    def tend(self) -> bool:
        """Do the chores; returns whether work became free."""
        freed = chores.do(self.db, now=self.now())
        for account in self.accounts:
            account.tend()
        return freed

    def _closed_repos(self) -> list[RepoRef]:
        return [repo for account in self.accounts for repo in account.closed_repos()]

    def _account_of(self, repo: RepoRef) -> Account:
        return next(account for account in self.accounts if account.kind is repo.forge)
