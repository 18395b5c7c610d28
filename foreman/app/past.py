"""A closed issue as it was when it was opened, as far as the mirror can tell, and what people made of it in the end.

Not known, and so never shown: comments, later labels, what the author's name is. Text is that of today.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from foreman.config.effective import AgentPlan
from foreman.config.models import Config
from foreman.gate.facts import Facts
from foreman.learn import Example, Model, Prior, train
from foreman.learn.features import MAX_BODY_CHARS, MAX_TITLE_CHARS
from foreman.model import INSIDERS, Account, EventKind, ForgeKind, Issue, IssueRef, Label, RepoRef, Role
from foreman.precedents import Known
from foreman.priors.pools import categories
from foreman.recall import Look
from foreman.store import mirror, mirror_facts, search
from foreman.store.database import Database
from foreman.store.mirror import MirrorIssue
from foreman.store.search import Hit

SHOWN = 5
"""Similar issues that an agent is told of."""

FOUND = 10
"""Similar issues that are looked at for how well originals are found."""

LEAST_EXAMPLES = 20
"""As at work: labelled issues before anything is learned."""

_GROWTH = 1.3  # learned again when there is so much more to learn from
_PAGES = {ForgeKind.GITHUB: "/issues/", ForgeKind.GITLAB: "/-/issues/"}
_NOT_PEOPLE = frozenset({"us", "bot"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What people did with an issue.

    Attributes:
        labels: That are on it and that neither Foreman nor another bot is known to have put there.
        known: It was read who put them on; else they are taken for people's.
        state_reason: The forge's word for why it was closed.
        duplicate_of: The original that a person named.
        silence: None where comments were not read; else whether it was quiet for `stale_days` while the reporter owed
            an answer, and whether a person came back to it after that.
    """

    labels: frozenset[str]
    known: bool
    state_reason: str
    duplicate_of: int | None
    silence: tuple[bool, bool] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """A closed issue and what it looked like.

    Attributes:
        look: When it was opened.
        truth: In the end.
        found: Older issues like it, best first, at most `FOUND`.
        digest: Of everything of it that an agent may be shown, but what was learned.
    """

    look: Look
    truth: Truth
    found: tuple[Hit, ...]
    digest: str


class Past:
    """The closed issues of one repository. Reads the mirror alone."""

    def __init__(self, db: Database, repo: RepoRef, plan: AgentPlan, config: Config) -> None:
        """Read who labelled what.

        Args:
            db: With the mirror.
            repo: Which.
            plan: Of the agent that is tried.
            config: Says where the forge is.
        """
        self._db = db
        self._repo = repo
        self._plan = plan
        self._page = page_of(config, repo)
        self._bot = Account(login=_login(config, repo.forge), id=-1, is_bot=True)
        with db.read() as connection:
            self._by = mirror_facts.labels_of_repo(connection, repo)
            self._all = sorted(mirror.of_repo(connection, repo), key=lambda one: (one.created_at, one.issue.number))
        named = dict.fromkeys(label for issue in self._all for label in issue.labels)
        names = dict.fromkeys((*plan.policy.labels_add, *plan.policy.labels_remove, *named))
        self._labels = tuple(Label(name=name) for name in names)
        self._model: tuple[int, Model] = (0, Model.empty())

    def closed(self, *, limit: int, since: datetime | None) -> list[MirrorIssue]:
        """Return the newest closed issues in the order they were opened; none that is confidential."""
        found = [one for one in self._all if one.state == "closed" and not one.confidential]
        return [one for one in found if since is None or one.created_at >= since][-limit:]

    def then(self, issue: MirrorIssue) -> Then:
        """Return an issue as it was when it was opened, and what came of it."""
        opened = issue.created_at
        with self._db.read() as connection:
            hits = search.similar(
                connection,
                self._repo,
                title=issue.title,
                body=issue.body,
                limit=FOUND,
                before=opened,
                exclude=issue.issue.number,
            )
            found = tuple(_as_it_was(connection, hit, opened) for hit in hits)
            truth = self._truth(connection, issue)
        told = repr((issue.title, issue.body, issue.author_role, found[:SHOWN], [one.name for one in self._labels]))
        digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]
        return Then(look=self._look(issue), truth=truth, found=found, digest=digest)

    def known(self, then: Then) -> Known:
        """Return what was known beside the issue: older ones, and labels learned from older ones alone."""
        return Known(similar=then.found[:SHOWN], priors=self._priors(then.look.facts.issue))

    def _look(self, issue: MirrorIssue) -> Look:
        number = issue.issue.number
        shown = Issue(
            ref=issue.issue,
            id=issue.forge_id,
            title=issue.title,
            body=issue.body,
            author=Account(login="reporter", id=issue.author_id, is_bot=issue.author_role == Role.BOT),
            role=Role(issue.author_role),
            state="open",
            created_at=issue.created_at,
            updated_at=issue.created_at,
            url=f"{self._page}{number}",
        )
        facts = Facts(
            issue=shown,
            bot=self._bot,
            event=EventKind.OPENED,
            event_actor=shown.author,
            repo_labels=self._labels,
            labels_removed_by_people=frozenset(),
            labels_added_by_people=frozenset(),
            our_comments_today=0,
            now=issue.created_at,
        )
        return Look(facts=facts, comments=(), history=())

    def _priors(self, issue: Issue) -> tuple[Prior, ...]:
        offered = categories(self._plan)
        earlier = [one for one in self._all if one.created_at < issue.created_at and not one.confidential]
        examples = [example for one in earlier if (example := self._example(one)) is not None]
        if len(examples) < LEAST_EXAMPLES:
            return ()
        trained, model = self._model
        if not trained or not trained <= len(examples) < trained * _GROWTH:
            model = train(examples, labels=offered)
            self._model = (len(examples), model)
        wanted = {label.casefold() for label in offered}
        told = model.predict(issue.ref.repo.key, issue.title, issue.body)
        return tuple(prior for prior in told if prior.label.casefold() in wanted)[:8]

    def _example(self, issue: MirrorIssue) -> Example | None:
        labels = self._by_people(issue)
        if not labels:
            return None
        return Example(
            repo=self._repo.key,
            title=issue.title[:MAX_TITLE_CHARS],
            body=issue.body[:MAX_BODY_CHARS],
            labels=labels,
            at=issue.created_at,
        )

    def _by_people(self, issue: MirrorIssue) -> frozenset[str]:
        who = self._by.get(issue.issue.number, {})
        return frozenset(label for label in issue.labels if who.get(label) not in _NOT_PEOPLE)

    def _truth(self, connection: Connection, issue: MirrorIssue) -> Truth:
        said = mirror_facts.comments(connection, issue.issue)
        named = [one.duplicate_of for one in said if one.duplicate_of is not None]
        days = self._plan.config.get("stale_days", 60)
        patience = timedelta(days=days if isinstance(days, int) and days > 0 else 60)
        return Truth(
            labels=self._by_people(issue),
            known=issue.issue.number in self._by,
            state_reason=issue.state_reason,
            duplicate_of=named[-1] if named else None,
            silence=_silence(issue, said, patience) if len(said) == issue.comment_count else None,
        )


def page_of(config: Config, repo: RepoRef) -> str:
    """Return the address of a repository's issues, to which a number is added."""
    identity = config.identity
    if repo.forge is ForgeKind.GITHUB:
        base = str(identity.github_api_url).rstrip("/").removesuffix("/api/v3")
        base = "https://github.com" if base == "https://api.github.com" else base
    else:
        base = str(identity.gitlab_url).rstrip("/")
    return f"{base}/{repo.path}{_PAGES[repo.forge]}"


def _login(config: Config, kind: ForgeKind) -> str:
    identity = config.identity
    return (identity.github_user if kind is ForgeKind.GITHUB else identity.gitlab_user) or ""


def _as_it_was(connection: Connection, hit: Hit, at: datetime) -> Hit:
    """Show another issue without what may have happened to it later: anything, if it changed since."""
    kept = mirror.get(connection, IssueRef(hit.issue.repo, hit.issue.number))
    if kept is None or kept.updated_at <= at:
        return hit
    early = {fact.label for fact in mirror_facts.label_facts(connection, hit.issue) if fact.at <= at}
    labels = tuple(label for label in hit.labels if label in early)
    if hit.state == "closed" and kept.closed_at is not None and kept.closed_at <= at:
        return replace(hit, labels=labels)
    return replace(hit, state="open", state_reason="", labels=labels)


def _silence(issue: MirrorIssue, said: Sequence[mirror_facts.CommentFact], patience: timedelta) -> tuple[bool, bool]:
    people = [one for one in said if one.by in ("person", "unknown")]
    for before, after in pairwise(people):
        if before.role in INSIDERS and after.at - before.at >= patience:
            return True, True
    last = people[-1] if people else None
    if last is None or issue.closed_at is None:
        return False, False
    return last.role in INSIDERS and issue.closed_at - last.at >= patience, False
