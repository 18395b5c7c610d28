"""`foreman backtest`: what would have been decided about closed issues, beside what people did with them.

Each answer is kept in a file as soon as it is there, so that a run that was interrupted goes on where it was. Nothing
is written to a forge, nor to the action log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from foreman.app.answers import Answer, Kept, answer_of
from foreman.app.bench import Bench, bench, with_budget, with_model
from foreman.app.catching_up import catch_up, catch_up_on_comments
from foreman.app.one_issue import agents_for
from foreman.app.opening import open_store
from foreman.app.past import Past, Then, Truth
from foreman.config.effective import AgentPlan
from foreman.config.models import Config
from foreman.errors import AgentError, BudgetExceeded, ForemanError, UsageError
from foreman.model import IssueRef, RepoRef
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store.mirror import MirrorIssue
from foreman.values import dataclass

MOST_FAILURES = 3
"""In a row; after that it is no matter of single issues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One closed issue.

    Attributes:
        number: Of the issue.
        title: Without known secrets.
        url: Its page.
        answer: What would have been done; None when the agent failed.
        truth: What people did.
        failure: Why the agent failed; empty when it did not.
    """

    number: int
    title: str
    url: str
    answer: Answer | None
    truth: Truth
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What an earlier run with the configured model left, where this one had another.

    Attributes:
        model: Its name.
        answers: By number of the issue.
    """

    model: str
    answers: dict[int, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a run found.

    Attributes:
        repo: Which.
        plan: Of the agent that was tried.
        provider: Of the model; `none` without one.
        model: Empty without one.
        tried: In the order in which they were opened.
        reused: How many answers an earlier run had left.
        read: How many issues were read from the forge for it.
        unread: Why none could be, where some may be missing.
        comments_unread: Why it is not known of some who said something when.
        stopped: Why it ended early; empty when it did not.
        other: What to compare with; None for nothing.
    """

    repo: RepoRef
    plan: AgentPlan
    provider: str
    model: str
    tried: tuple[Tried, ...]
    reused: int
    read: int = 0
    unread: str = ""
    comments_unread: str = ""
    stopped: str = ""
    other: Other | None = None


def run(
    config: Config,
    repo: RepoRef,
    *,
    limit: int,
    since: datetime | None,
    agent: str | None,
    model: str | None,
    max_usd: Decimal | None = None,
    settings: Settings,
    secrets: KnownSecrets,
    progress: Callable[[int, int], None],
) -> Backtest:
    """Try an agent on closed issues.

    Args:
        config: As loaded.
        repo: Which repository's.
        limit: How many at the most, the newest.
        since: Only what was opened since, aware UTC.
        agent: Which agent; None for the only one.
        model: Instead of the configured one.
        max_usd: What this run may cost, instead of what is left of today's budget.
        settings: Of the environment.
        secrets: Filled with every secret that is there.
        progress: Called with how many are done and how many there are; 0 where that is not known yet.

    Returns:
        What was found.

    Raises:
        UsageError: There is nothing to try, or it must be said which agent.
    """
    plans = agents_for(config, IssueRef(repo, 1), agent)
    if len(plans) > 1:
        raise UsageError(f"say with --agent which one: {', '.join(plan.agent for plan in plans)}")
    plan = plans[0]
    if model is not None and config.llm.provider == "none":
        raise UsageError("--model needs a provider in the configuration: llm.provider is none")
    configured, config = config, with_model(config, model)
    with open_store(config, create=True) as db:
        caught_up = catch_up(config, repo, db=db, secrets=secrets, progress=progress)
        past = Past(db, repo, plan, config)
        closed = past.closed(limit=limit, since=since)
        if not closed:
            why = caught_up.why_not or ("try --since further back" if since else "")
            raise UsageError(f"no closed issue of {repo} is known" + (f": {why}" if why else ""))
        said = catch_up_on_comments(config, repo, closed, db=db, secrets=secrets, progress=progress)
        folder = settings.data_dir / "backtest"
        kept = Kept.at(folder, config, repo, plan)
        with bench(with_budget(config, max_usd, db=db), db=db, settings=settings, secrets=secrets) as desk:
            trial = _Trial(desk=desk, past=past, plan=plan, kept=kept, secrets=secrets, max_usd=max_usd)
            for issue in closed:
                progress(len(trial.tried), len(closed))
                if trial.stopped:
                    break
                trial.go_on(issue)
            progress(len(trial.tried), len(closed))
    provider = config.llm.provider
    name = config.llm.model or "" if provider != "none" else ""
    return Backtest(
        repo=repo,
        plan=plan,
        provider=provider,
        model=name,
        tried=tuple(trial.tried),
        reused=trial.reused,
        read=caught_up.read,
        unread=caught_up.why_not,
        comments_unread=said.why_not,
        stopped=trial.stopped,
        other=_other(configured, trial, Kept.at(folder, configured, repo, plan)) if config != configured else None,
    )


def _other(configured: Config, trial: _Trial, kept: Kept) -> Other | None:
    answers = {
        one.answer.number: answer
        for one in trial.tried
        if one.answer is not None and (answer := kept.get(one.answer.number, one.answer.digest)) is not None
    }
    return Other(model=configured.llm.model or "", answers=answers) if answers else None


@dataclass(slots=True, kw_only=True)
class _Trial:
    """One run, as far as it got."""

    desk: Bench
    past: Past
    plan: AgentPlan
    kept: Kept
    secrets: KnownSecrets
    max_usd: Decimal | None
    tried: list[Tried] = field(default_factory=list)
    reused: int = 0
    stopped: str = ""
    _failures: int = 0
    _spent: float = 0.0

    def go_on(self, issue: MirrorIssue) -> None:
        """Try the next issue, or say why the run ends before it."""
        then = self.past.then(issue)
        answer, failure = self.kept.get(issue.issue.number, then.digest), ""
        if answer is not None:
            self.reused += 1
        else:
            answer, failure = self._asked(then)
            if answer is None and not failure:
                return
        self.tried.append(
            Tried(
                number=issue.issue.number,
                title=self.secrets.redact(issue.title),
                url=then.look.facts.issue.url,
                answer=answer,
                truth=then.truth,
                failure=failure,
            )
        )

    def _asked(self, then: Then) -> tuple[Answer | None, str]:
        if self.max_usd is not None and self._spent >= float(self.max_usd):
            self.stopped = f"USD {self._spent:.4f} were spent, as --max-usd allows"
            return None, ""
        try:
            thought = self.desk.ask(then.look, self.plan, lambda: self.past.known(then))
        except BudgetExceeded as error:
            of_day = self.desk.thinker.refusal(then.look.facts.ref.repo.key)
            if of_day is None:  # only this one task needs more than it may
                return None, self._failed(error)
            told = f"{of_day}; --max-usd gives a run money of its own"
            self.stopped = told if self.max_usd is None else "--max-usd leaves too little for the next issue"
            return None, ""
        except AgentError as error:
            return None, self._failed(error)
        answer = answer_of(thought, digest=then.digest, found=tuple(hit.issue.number for hit in then.found))
        self._failures = 0
        self.kept.add(answer)
        self._spent += answer.usd or 0.0
        if answer.usd is None and self.max_usd is not None:
            self.stopped = "the price of this model is not known, so nothing can be held to --max-usd"
        return answer, ""

    def _failed(self, error: ForemanError) -> str:
        failure = self.secrets.redact(str(error))
        self._failures += 1
        if self._failures == MOST_FAILURES and not self.stopped:
            self.stopped = f"{MOST_FAILURES} failures in a row: {failure}"
        return failure
