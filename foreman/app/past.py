"""A closed issue as it was when it was opened, as far as the mirror can tell, and what people made of it in the end.

Not known, and so never shown: comments, later labels, what the author's name is, what was put right by people. Text is
that of today.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from foreman.app.past_learning import PastLearning, by_people, known_at
from foreman.config.effective import AgentPlan
from foreman.config.models import Config
from foreman.gate.facts import Facts
from foreman.guidance import Guidance, Library
from foreman.model import INSIDERS, Account, EventKind, ForgeKind, Issue, Label, RepoRef, Role
from foreman.precedents import MOST_SIMILAR, Known, versions_of
from foreman.priors.pools import categories
from foreman.recall import Look
from foreman.store import mirror, mirror_facts, search
from foreman.store.database import Database
from foreman.store.mirror import MirrorIssue
from foreman.store.search import Hit
from foreman.values import dataclass

FOUND = 10
"""Similar issues that are looked at for how well originals are found."""

_PAGES = {ForgeKind.GITHUB: "/issues/", ForgeKind.GITLAB: "/-/issues/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What people did with an issue.

    Attributes:
        labels: That are on it and that neither Foreman nor another bot is known to have put there.
        known: It was read who put them on; else they are taken for people's.
        state_reason: The forge's word for why it was closed.
        duplicate_of: The original that a person named, or that the forge keeps.
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
        at: When all other issues looked as they are shown, aware UTC.
        truth: In the end.
        found: Older issues like it, best first, at most `FOUND`.
        digest: Of everything of it that an agent may be shown.
    """

    look: Look
    at: datetime
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
            self._times = mirror_facts.label_times(connection, repo)
            # Forms and documentation of today would tell what was not known: only what a maintainer tells every task.
            self._library = Library()
            self._guidance = Guidance(mission=self._library.about(connection, repo, title="", body="").mission)
            self._all = sorted(mirror.of_repo(connection, repo), key=lambda one: (one.created_at, one.issue.number))
        self._kept = {one.issue.number: one for one in self._all}
        self._learning = PastLearning(repo.key, self._all, by=self._by, times=self._times, offered=categories(plan))
        # Not the labels that the repository has today: no agent may add them, and one more would change every task.
        names = dict.fromkeys((*plan.policy.labels_add, *plan.policy.labels_remove))
        self._labels = tuple(Label(name=name) for name in names)

    def closed(self, *, limit: int, since: datetime | None) -> list[MirrorIssue]:
        """Return the newest closed issues in the order they were opened; none that is confidential."""
        found = [one for one in self._all if one.state == "closed" and not one.confidential]
        return [one for one in found if since is None or one.created_at >= since][-limit:]

    def then(self, issue: MirrorIssue, *, at: datetime | None = None) -> Then:
        """Return an issue as it was when it was opened, and what came of it.

        Args:
            issue: Which.
            at: Show all others as they were later than that, aware UTC; None for when the issue was opened.

        Returns:
            What is known.
        """
        at = at or issue.created_at
        with self._db.read() as connection:
            hits = search.similar(
                connection,
                self._repo,
                title=issue.title,
                body=issue.body,
                limit=FOUND,
                before=at,
                exclude=issue.issue.number,
            )
            found = tuple(self._as_it_was(hit, at) for hit in hits)
            truth = self._truth(connection, issue)
        similar = [replace(hit, score=0.0) for hit in found[:MOST_SIMILAR]]  # depends on all others, and is not shown
        mine = (issue.title, issue.body, issue.author_role, self._guidance, tuple(map(self.versions, similar)))
        told = repr((mine, similar, self._learning.mark(at)))
        digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]
        return Then(look=self.look(issue), at=at, truth=truth, found=found, digest=digest)

    def known(self, then: Then) -> Known:
        """Return what was known beside the issue: older ones, and labels learned from older ones alone."""
        priors = self._learning.priors(then.look.facts.issue, at=then.at)
        shown = then.found[:MOST_SIMILAR]
        named = {hit.issue: self.versions(hit) for hit in shown}
        return Known(similar=shown, versions=named, priors=priors, guidance=self._guidance)

    def told_of(self, row: Mapping[str, Any], *, at: datetime) -> Hit | None:
        """Return an issue that an agent was told of beside another one, with its title of today.

        Args:
            row: As `precedents.outline` noted it.
            at: When it was told, aware UTC: where the note has no labels, those that were known to be on it.

        Returns:
            It; None where its text is not kept.
        """
        kept = self._kept.get(row["number"])
        if kept is None or kept.confidential:
            return None
        known = [label for label in kept.labels if known_at(kept, label, self._times) <= at]
        return Hit(
            issue=kept.issue,
            title=kept.title,
            state=row["state"],
            state_reason=row.get("state_reason", kept.state_reason if row["state"] == "closed" else ""),
            labels=tuple(row.get("labels", known)),
            created_at=kept.created_at,
            score=row["score"],
        )

    def guidance(self, issue: Issue) -> Guidance:
        """Return what the project's own files of today say on an issue, forms and documentation among them."""
        with self._db.read() as connection:
            return self._library.about(connection, self._repo, title=issue.title, body=issue.body)

    def versions(self, hit: Hit) -> tuple[str, ...]:
        """Return what versions an issue names, by the text that is kept of it."""
        kept = self._kept.get(hit.issue.number)
        return versions_of(hit, None if kept is None else f"{kept.title}\n{kept.body}")

    def look(self, issue: MirrorIssue) -> Look:
        """Return what is known of an issue itself at the moment it was opened."""
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

    def _as_it_was(self, hit: Hit, at: datetime) -> Hit:
        """Show another issue without what happened to it later, or may have."""
        kept = self._kept.get(hit.issue.number)
        if kept is None:
            return replace(hit, state="open", state_reason="", labels=())
        labels = tuple(label for label in hit.labels if known_at(kept, label, self._times) <= at)
        if hit.state == "closed" and (kept.closed_at or kept.updated_at) <= at:
            return replace(hit, labels=labels)
        return replace(hit, state="open", state_reason="", labels=labels)

    def _truth(self, connection: Connection, issue: MirrorIssue) -> Truth:
        said = mirror_facts.comments(connection, issue.issue)
        named = [one.duplicate_of for one in said if one.duplicate_of is not None]
        days = self._plan.config.get("stale_days", 60)
        patience = timedelta(days=days if isinstance(days, int) and days > 0 else 60)
        return Truth(
            labels=by_people(issue, self._by),
            known=issue.issue.number in self._by,
            state_reason=issue.state_reason,
            duplicate_of=named[-1] if named else issue.duplicate_of,
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


def _silence(issue: MirrorIssue, said: Sequence[mirror_facts.CommentFact], patience: timedelta) -> tuple[bool, bool]:
    people = [one for one in said if one.by in ("person", "unknown")]
    for before, after in pairwise(people):
        if before.role in INSIDERS and after.at - before.at >= patience:
            return True, True
    last = people[-1] if people else None
    if last is None or issue.closed_at is None:
        return False, False
    return last.role in INSIDERS and issue.closed_at - last.at >= patience, False
