"""What the adapters of all forges do alike with replies: take them at a shape's word, or not believe them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar

from foreman.errors import ForgeMoved
from foreman.forge.asking import Reply
from foreman.forge.base import Change, ChangeKind, Labelling, Quota
from foreman.forge.line import Line
from foreman.forge.rows import read
from foreman.forge.trouble import readable
from foreman.model import Issue, RepoRef

_T = TypeVar("_T")


class OnLine:
    """An adapter's part that has to do with the line alone."""

    def __init__(self, line: Line) -> None:
        """Take the account's line."""
        self._line = line

    @property
    def quota(self) -> Quota | None:
        """What the last reply left of the account's requests; None where the forge does not tell."""
        return self._line.meter.quota

    @property
    def skew(self) -> timedelta:
        """How far the forge's clock is ahead of ours."""
        return self._line.meter.skew

    def disconnect(self) -> None:
        """Break off what is under way, from any thread, and send nothing any more (`close` closes issues)."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()


def shaped(shape: type[_T], reply: Reply, operation: str, repo: str) -> _T:
    """Read a reply as one shape.

    Args:
        shape: A row class, or a tuple of one.
        reply: Of the forge.
        operation: What was asked for.
        repo: Repository key.

    Returns:
        The row or rows; `ForgeUnavailable` when the reply has another shape.
    """
    with readable(operation, repo):
        return read(shape, reply.data)


def labellings_in(number: int, history: Iterable[Change]) -> tuple[Labelling, ...]:
    """Return the labels put on an issue, out of its history and in its order; of a deleted label there is no name."""
    return tuple(
        Labelling(number=number, label=change.label, actor=change.actor, at=change.at)
        for change in history
        if change.kind is ChangeKind.LABELED and change.label
    )


def require(claim: bool) -> None:
    """Raise the ValueError that `readable` knows unless something holds that a reply must say."""
    if not claim:
        raise ValueError("the reply is about something else")


def elsewhere(operation: str, repo: RepoRef) -> ForgeMoved:
    """Return what to raise when a read was answered about something else."""
    message = "the answer is about another repository or issue"
    return ForgeMoved(message, repo=repo.key, operation=operation, status=200)


def by_change(since: datetime, page: Callable[[datetime, int], tuple[tuple[Issue, ...], bool]]) -> Iterator[Issue]:
    """Read a list that is ordered by last change, though rows move to its end while it is read.

    Args:
        since: Where to begin.
        page: Reads the rows changed at or after a time, one page of so many, and tells whether another follows.

    Yields:
        Each row, oldest change first, nothing unchanged twice.
    """
    seen: set[tuple[int, datetime]] = set()
    number = 1
    while True:
        issues, more = page(since, number)
        for issue in issues:
            if (issue.ref.number, issue.updated_at) not in seen:
                seen.add((issue.ref.number, issue.updated_at))
                yield issue
        if not issues or not more:
            return
        newest = max(issue.updated_at for issue in issues)
        # More rows of one moment than a page takes: only there is the page number all there is to go by.
        number = number + 1 if newest <= since else 1
        since = max(newest, since)
