"""Issues and surveys made up for tests of what is proposed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from foreman.app.onboarding.survey import Survey
from foreman.forge.base import RepoInfo
from foreman.model import Account, ForgeKind, Issue, IssueRef, Label, RepoRef, Role

NOW = datetime(2026, 5, 1, tzinfo=UTC)
REPO = RepoRef(ForgeKind.GITHUB, "acme/widget")
INFO = RepoInfo(id=1, path="acme/widget", private=False, archived=False, has_issues=True, may_write=True)


def issue(
    number: int, title: str, *labels: str, body: str = "", days: float = 1, role=Role.NONE, state="closed"
) -> Issue:
    at = NOW - timedelta(days=days)
    return Issue(
        ref=IssueRef(REPO, number),
        id=number,
        title=title,
        body=body,
        author=Account(login="ann", id=7),
        role=role,
        state=state,
        labels=labels,
        created_at=at,
        updated_at=at,
    )


def seen(*issues: Issue, labels: tuple[str, ...] = (), **more) -> Survey:
    return Survey(info=INFO, labels=tuple(Label(name=name) for name in labels), issues=issues, **more)
