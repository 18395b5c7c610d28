"""Read what a person typed: an issue, a repository, a span of time. Wrong input is one clear line and exit code 2."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from foreman.errors import UsageError
from foreman.model import ForgeKind, IssueRef, RepoRef
from foreman.patterns import late

if TYPE_CHECKING:
    from foreman.config.models import Config

_SPAN = late(r"(\d{1,6})([mhdw])")
_NUMBER = r"(?P<number>\d{1,12})/?"
_PAGES = {
    ForgeKind.GITHUB: late(rf"(?:/(?P<repo>[^/]+/[^/]+)|(?:/api/v3)?/repos/(?P<api>[^/]+/[^/]+))/issues/{_NUMBER}"),
    ForgeKind.GITLAB: late(
        rf"(?:/(?!api/)(?P<repo>.+?)(?:/-)?|/api/v4/projects/(?P<api>[^/]+))/(?:issues(?:/incident)?|work_items)/{_NUMBER}"
    ),
}
"""Paths of an issue's page, and of the same in the API."""

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def issue(text: str, config: Config | None = None) -> IssueRef:
    """Read `owner/repo#12`, `gitlab:group/sub/project#12`, or the address of an issue's page.

    Args:
        text: What was typed.
        config: Says where the forges are: an address must be on one of them. None: any address is taken.

    Returns:
        The issue.

    Raises:
        UsageError: It is none of these.
    """
    try:
        return _from_url(text, config) if "://" in text else IssueRef.parse(text)
    except ValueError:
        raise UsageError(
            f"{text[:120]!r} is no issue: write owner/repo#12, gitlab:group/project#12 or the address of its page"
        ) from None


def repo_or_issue(text: str, config: Config | None = None) -> RepoRef | IssueRef:
    """Read a repository, `owner/repo` or `gitlab:group/project`, or an issue of one.

    Args:
        text: What was typed.
        config: As in `issue`.

    Returns:
        Which of the two it is.

    Raises:
        UsageError: It is neither.
    """
    if "#" in text or "://" in text:
        return issue(text, config)
    try:
        return RepoRef.parse(text)
    except ValueError:
        raise UsageError(f"{text[:120]!r} is no repository: write owner/repo or gitlab:group/project") from None


def repo(text: str) -> RepoRef:
    """Read a repository: `owner/repo` or `gitlab:group/project`.

    Args:
        text: What was typed.

    Returns:
        The repository.

    Raises:
        UsageError: It is something else.
    """
    found = repo_or_issue(text)
    if isinstance(found, IssueRef):
        raise UsageError(f"{text[:120]!r} is an issue: a repository is meant, owner/repo or gitlab:group/project")
    return found


def since(text: str, *, now: datetime) -> datetime:
    """Read how far back: `30m`, `2h`, `7d`, `4w`, or an ISO date or time.

    Args:
        text: What was typed.
        now: Current time, aware UTC.

    Returns:
        The time, aware UTC.

    Raises:
        UsageError: It is neither.
    """
    span = _SPAN.fullmatch(text)
    try:
        if span:
            return now - int(span[1]) * _UNITS[span[2]]
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        raise UsageError(f"{text[:60]!r} is no time: write 30m, 2h, 7d, 4w or 2026-01-31") from None


def _from_url(text: str, config: Config | None) -> IssueRef:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(text)
    if config is None:
        return _on_either(parts.path)
    places = {
        ForgeKind.GITHUB: _place(config.identity.github_api_url),
        ForgeKind.GITLAB: _place(config.identity.gitlab_url),
    }
    host, path = _place(text)
    here = {kind: root for kind, (where, root) in places.items() if where == host and path.startswith(f"{root}/")}
    if not here:
        known = " and ".join(f"{where}{root}" for where, root in places.values())
        raise UsageError(f"{text[:120]!r} is elsewhere: the configuration's forges are {known}")
    if len(here) > 1 and len(set(here.values())) == 1:
        return _on_either(path.removeprefix(here[ForgeKind.GITHUB]))
    kind, root = max(here.items(), key=lambda place: len(place[1]))
    return _on(kind, path.removeprefix(root))


def _on_either(path: str) -> IssueRef:
    return _on(ForgeKind.GITLAB if "/-/" in path or path.startswith("/api/v4/") else ForgeKind.GITHUB, path)


def _on(kind: ForgeKind, path: str) -> IssueRef:
    found = _PAGES[kind].fullmatch(path)
    if found is None:
        raise ValueError(path)
    return IssueRef(RepoRef(kind, unquote(found["api"]) if found["api"] else found["repo"]), int(found["number"]))


def _place(url: str) -> tuple[str, str]:
    """Return host and path of an address as a forge's web pages have them, whichever of its addresses is given."""
    parts = urlsplit(str(url))
    host = re.sub(r"^(?:api|www)\.", "", parts.hostname or "")
    port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    return f"{host}{port}", re.sub(r"/api/v[34]$", "", parts.path.rstrip("/"))
