"""The error tree: what went wrong, whether waiting can help, and until when.

    ForemanError
      ConfigError               every problem at once, each with its path; exit 2
      UsageError                a command asked for something that does not exist or may not be; exit 2
      ForgeError                carries the repository and the operation
        ForgeAuthError          wrong, expired or too weak token
        ForgeNotFound           404
        ForgeGone               410: deleted
        ForgeMoved              301/307/308: lives elsewhere now, and we do not follow
        ForgeRejected           422 and the like: repeating cannot help
        ForgeLocked             the conversation is locked
        ForgeRateLimited        transient; knows retry_at
        ForgeUnavailable        transient; time-out, connection, 5xx, not JSON
      AgentError
        AgentUnavailable        transient; not reachable, not healthy, over its deadline
        AgentReplyInvalid       not JSON, unknown action, wrong task_id: nothing is executed
      ContainerError            the engine or the image; transient
      ModelError                the model provider's answer is no use
        ModelUnavailable        transient
        BudgetExceeded          transient; knows retry_at
      StoreError                the database cannot be used; says what to do
        StoreTaken              another daemon works on it; exit 2
        StoreBusy               transient; the write lock stayed taken
        StoreFull               transient; no space left
        LeaseLost               another worker or daemon holds the lease now

`transient` says that the same call may succeed later, `retry_at` when. Only `pipeline` acts on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with what a person wrote.

    Attributes:
        path: Where, as dots and indexes: `repos[0].agents[1].type`; empty for the whole document.
        message: What is wrong and what to do, without any secret value.
    """

    path: str
    message: str

    def __str__(self) -> str:
        """Render as one line."""
        return f"{self.path}: {self.message}" if self.path else self.message


class ForemanError(Exception):
    """Base of everything Foreman raises on purpose; its text is fit for the maintainer to read."""

    transient: bool = False
    retry_at: datetime | None = None


class ConfigError(ForemanError):
    """The configuration cannot be used; raised at load, with every problem found. The caller prints it and exits 2."""

    def __init__(self, problems: Sequence[Problem], *, source: str = "") -> None:
        """Keep the problems.

        Args:
            problems: At least one.
            source: The file they are in, as the person named it.
        """
        self.problems = tuple(problems)
        self.source = source
        head = f"{source}: " if source else ""
        super().__init__("\n".join(f"{head}{problem}" for problem in self.problems))


class UsageError(ForemanError):
    """A command was asked for something that does not exist or is not allowed; the caller prints it and exits 2."""


class ForgeError(ForemanError):
    """A request to a forge failed for good; the caller logs the action as failed."""

    def __init__(self, message: str, *, repo: str = "", operation: str = "", status: int | None = None) -> None:
        """Describe the failed request.

        Args:
            message: What happened, without any secret.
            repo: Repository key as in `action_log.repo`; empty where none is concerned.
            operation: What was asked for, in a word or two: `list issues`, `add label`.
            status: HTTP status, None when there was no answer.
        """
        self.repo = repo
        self.operation = operation
        self.status = status
        where = " ".join(part for part in (operation, repo) if part)
        super().__init__(f"{where}: {message}" if where else message)


class ForgeAuthError(ForgeError):
    """The token is wrong, expired or may not do this; the caller pauses the account (401) and tells the maintainer."""


class ForgeNotFound(ForgeError):
    """There is no such thing, or the token may not see it; the caller stops acting on it."""


class ForgeGone(ForgeNotFound):
    """It was deleted; the caller stops acting on it for ever."""


class ForgeMoved(ForgeError):
    """It lives elsewhere now; the caller never follows and tells the maintainer."""


class ForgeRejected(ForgeError):
    """The forge understood and refused; repeating the same request cannot help."""


class ForgeLocked(ForgeRejected):
    """The conversation is locked; the caller leaves it alone."""


class ForgeRateLimited(ForgeError):
    """Too many requests; the caller waits until `retry_at` before any other request of this account."""

    transient = True

    def __init__(
        self, message: str, *, retry_at: datetime, repo: str = "", operation: str = "", status: int | None = None
    ) -> None:
        """Describe the limit.

        Args:
            message: Which limit.
            retry_at: When the forge takes requests again, aware UTC.
            repo: Repository key.
            operation: What was asked for.
            status: HTTP status.
        """
        super().__init__(message, repo=repo, operation=operation, status=status)
        self.retry_at = retry_at


class ForgeUnavailable(ForgeError):
    """No usable answer: time-out, connection, 5xx, not JSON. A write may have happened: look before repeating."""

    transient = True

    def __init__(
        self, message: str, *, repo: str = "", operation: str = "", status: int | None = None, sent: bool = True
    ) -> None:
        """Describe the failure.

        Args:
            message: What happened.
            repo: Repository key.
            operation: What was asked for.
            status: HTTP status, None when there was no answer.
            sent: False only when it is certain that no byte of the request left (connection refused, no such host).
        """
        super().__init__(message, repo=repo, operation=operation, status=status)
        self.sent = sent


class AgentError(ForemanError):
    """An agent did not do its job; the task fails, nothing is executed."""


class AgentUnavailable(AgentError):
    """The agent cannot be reached or is not healthy; the caller retries later and counts it against the agent.

    Attributes:
        asked: The task had been handed over, so that it may itself be what was too much; else no run is counted.
    """

    transient = True

    def __init__(self, message: str = "", *, asked: bool = False) -> None:
        """Take the message and whether the agent saw the task."""
        super().__init__(message)
        self.asked = asked


class AgentReplyInvalid(AgentError):
    """The reply is not a Decision; nothing of it is used. Retried, since a model may do better the next time."""

    transient = True


class ContainerError(ForemanError):
    """The container engine cannot be used or the image cannot be built; says what to do."""

    transient = True


class ModelError(ForemanError):
    """The model provider refused or answered nonsense; the agent is told, the task may go on without a model."""


class ModelUnavailable(ModelError):
    """The provider cannot be reached, is overloaded or too slow."""

    transient = True


class BudgetExceeded(ModelError):
    """A budget is spent; the task is held until `retry_at`."""

    transient = True

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        """Name the budget.

        Args:
            message: Which budget, how much of it.
            retry_at: When it is filled again, aware UTC; None when only a person can raise it.
        """
        super().__init__(message)
        self.retry_at = retry_at


class StoreError(ForemanError):
    """The database cannot be used: damaged, newer than this program, not writable. The message says what to do."""


class StoreTaken(StoreError):
    """Another daemon works on this database: a start that should not have been asked for; exit 2."""


class StoreBusy(StoreError):
    """The write lock stayed taken for the whole busy timeout; the caller may try again."""

    transient = True


class StoreFull(StoreError):
    """No space left for a write; the caller stops acting and tries again later."""

    transient = True


class LeaseLost(StoreError):
    """The lease or fence this work was done under is not ours any more; the caller drops the work."""
