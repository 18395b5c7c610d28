"""How a repository is kept, read with few requests: its labels, its last issues, how long answers take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from datetime import datetime, timedelta
from itertools import islice, pairwise
from statistics import median

from foreman.app.onboarding.keeping import Keeping, read_keeping
from foreman.app.onboarding.roles import can_be_configured
from foreman.errors import ForgeError
from foreman.forge.base import ForgeReader, Permission, RepoInfo
from foreman.model import INSIDERS, Account, Comment, Issue, Label, RepoRef, Role
from foreman.values import dataclass

MOST_ROWS = 400
"""Issues and pull requests that are read: five requests at the most."""

MOST_ISSUES = 300
"""Issues of these that are looked at, the latest changed ones."""

READ_COMMENTS = 20
"""Issues whose comments are read, a request each, to see how long answers take."""

READ_COMMENTS_UNKNOWN = 8
"""The same without a token: GitHub takes 60 requests an hour from an address."""

_LONGEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was seen.

    Attributes:
        info: The repository; None where it could not be read.
        owner: Whose the token is; None without one.
        runs_it: The token's owner administers the repository: a person rather than a bot.
        labels: That exist; None where they could not be read.
        issues: The latest changed ones, newest change first; no pull requests, none that is confidential.
        answers: From an outsider's issue to the first word of somebody of the project.
        replies: From a word of the project to the reporter's next one.
        keeping: What files of the repository say.
        notes: What could not be read, and what a person should know, one sentence each.
    """

    info: RepoInfo | None = None
    owner: Account | None = None
    runs_it: bool = False
    labels: tuple[Label, ...] | None = None
    issues: tuple[Issue, ...] = ()
    answers: tuple[timedelta, ...] = ()
    replies: tuple[timedelta, ...] = ()
    keeping: Keeping = field(default_factory=Keeping)
    notes: tuple[str, ...] = ()

    @property
    def answer_days(self) -> float | None:
        """The median time to the first answer, days; None where too little was read."""
        return median(span / timedelta(days=1) for span in self.answers) if len(self.answers) >= 3 else None

    @property
    def newest_open(self) -> int | None:
        """The number of the newest open issue that was seen, an outsider's rather than one of the project's."""
        still = sorted((issue for issue in self.issues if issue.state == "open"), key=lambda one: -one.ref.number)
        outside = [issue for issue in still if issue.role not in INSIDERS and issue.role is not Role.BOT]
        return next((issue.ref.number for issue in (*outside, *still)), None)


def survey(reader: ForgeReader, repo: RepoRef, *, signed_in: bool, now: datetime) -> Survey:
    """Look at a repository; what cannot be read is told in a note.

    Args:
        reader: Of its forge.
        repo: Which.
        signed_in: There is a token.
        now: Current time, aware UTC.

    Returns:
        What was seen.

    Raises:
        ForgeAuthError: The forge does not take the token.
        ForgeNotFound: The repository is not there, or not for us.
        ForgeError: The forge cannot be reached.
    """
    owner = reader.whoami() if signed_in else None
    info = reader.repository(repo)
    repo = RepoRef(repo.forge, info.path)
    notes: list[str] = []
    labels: tuple[Label, ...] | None = None
    issues: tuple[Issue, ...] = ()
    answers: list[timedelta] = []
    replies: list[timedelta] = []
    runs_it = False
    keeping = Keeping()
    with _noting(notes, "the labels"):
        labels = _usable(reader.labels(repo), notes)
    with _noting(notes, "the issues"):
        issues = _latest(reader, repo, now) if info.has_issues else ()
    with _noting(notes, "comments, which tell how long answers take,"):
        for issue in _talked_about(issues)[: READ_COMMENTS if signed_in else READ_COMMENTS_UNKNOWN]:
            found = _waits(issue, reader.comments(issue.ref))
            answers += found[0]
            replies += found[1]
    if owner is not None and not owner.is_bot:
        with _noting(notes, "what the token's owner may do"):
            runs_it = reader.permission(repo, owner) is Permission.ADMIN
    with _noting(notes, "forms and workflows"):
        keeping = read_keeping(reader, repo)
    return Survey(
        info=info,
        owner=owner,
        runs_it=runs_it,
        labels=labels,
        issues=issues,
        answers=tuple(answers),
        replies=tuple(replies),
        keeping=keeping,
        notes=tuple(notes),
    )


def _usable(labels: Sequence[Label], notes: list[str]) -> tuple[Label, ...]:
    """Leave out the labels that no configuration can name, and say so."""
    usable = tuple(label for label in labels if can_be_configured(label.name))
    if len(usable) < len(labels):
        notes.append(f"{len(labels) - len(usable)} of the labels have control characters in their names: left out")
    return usable


def _latest(reader: ForgeReader, repo: RepoRef, now: datetime) -> tuple[Issue, ...]:
    """Read the issues that changed last: a page tells how much happens here, and so how far back to go."""
    first = reader.probe(repo, etag="")
    seen = {issue.ref.number: issue for issue in first.issues}
    if not first.complete and first.issues:
        oldest = min(issue.updated_at for issue in first.issues)
        span = max(now - oldest, timedelta(hours=1)) * (MOST_ROWS / len(first.issues))
        rows: Iterator[Issue] = reader.changed_since(repo, since=now - min(span, _LONGEST))
        seen |= {issue.ref.number: issue for issue in islice(rows, MOST_ROWS)}
    real = (
        replace(issue, labels=tuple(name for name in issue.labels if can_be_configured(name)))
        for issue in seen.values()
        if not issue.is_pull_request and not issue.confidential
    )
    return tuple(sorted(real, key=lambda issue: issue.updated_at, reverse=True)[:MOST_ISSUES])


def _talked_about(issues: Sequence[Issue]) -> list[Issue]:
    return [
        issue
        for issue in issues
        if issue.comment_count and issue.role not in INSIDERS and issue.role not in (Role.BOT, Role.UNKNOWN)
    ]


def _waits(issue: Issue, comments: Sequence[Comment]) -> tuple[list[timedelta], list[timedelta]]:
    """Return how long the project let the reporter wait for the first answer, and the reporter the project."""
    said = [one for one in comments if not one.author.is_bot and not one.internal]
    first = next((one for one in said if one.role in INSIDERS), None)
    answers = [] if first is None else [first.created_at - issue.created_at]
    replies = [
        after.created_at - before.created_at
        for before, after in pairwise(said)
        if before.role in INSIDERS and after.author.id == issue.author.id
    ]
    return answers, replies


@contextmanager
def _noting(notes: list[str], what: str) -> Iterator[None]:
    """Go on without something that cannot be read, and say so."""
    try:
        yield
    except ForgeError as error:
        notes.append(f"{what} could not be read ({error})")
