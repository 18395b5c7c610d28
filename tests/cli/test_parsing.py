from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from foreman.cli import parsing
from foreman.cli.status import span
from foreman.config.load import parse
from foreman.errors import UsageError
from foreman.model import IssueRef, RepoRef
from tests.config.documents import SPECIFICATION

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("a/b#12", "a/b#12"),
        ("gitlab:g/s/p#3", "gitlab:g/s/p#3"),
        ("https://github.com/a/b/issues/12", "a/b#12"),
        ("https://github.com/a/b/issues/12/", "a/b#12"),
        ("https://github.com/a/b/issues/12#issuecomment-5", "a/b#12"),
        ("https://api.example.org/api/v3/repos/a/b/issues/12", "a/b#12"),
        ("https://gitlab.com/g/s/p/-/issues/3", "gitlab:g/s/p#3"),
        ("https://gitlab.com/g/s/p/-/issues/3?show=x#note_5", "gitlab:g/s/p#3"),
        ("https://gitlab.com/g/s/p/-/issues/incident/3", "gitlab:g/s/p#3"),
        ("https://gitlab.com/g/p/-/work_items/3/", "gitlab:g/p#3"),
        ("https://gitlab.com/api/v4/projects/g%2Fs%2Fp/issues/3", "gitlab:g/s/p#3"),
    ],
)
def test_an_issue_is_read_as_people_write_it(text: str, ref: str) -> None:
    assert parsing.issue(text) == IssueRef.parse(ref)
    assert parsing.repo_or_issue(text) == IssueRef.parse(ref)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "#12",
        "a/b",
        "a/b#0",
        "a/b#-1",
        "a/b#１２",
        "a/b#1234567890123",
        "a/../c#1",
        "https://github.com/a/b/pull/12",
        "https://github.com/a/b/discussions/12",
        "https://github.com/a/b/c/issues/12",
        "https://gitlab.com/g/p/-/merge_requests/12",
        "https://gitlab.com/g/p/-/-/issues/12",
        "https://gitlab.com/-/issues/12",
        "https://gitlab.com/api/v4/projects/7/issues/3",
        "https://github.com/a/b",
        "ftp://github.com/a/b/issues/12",
        "https://[broken/a/b/issues/1",
        "svn:a/b#1",
        "a/b#12\nforged",
    ],
)
def test_what_is_no_issue_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is no issue: write"):
        parsing.issue(text)


OWN = "https://git.example.org/api/v3"
PREFIXED = "https://example.org/a/git"


@pytest.mark.parametrize(
    ("github", "gitlab", "text", "ref"),
    [
        (None, None, "https://github.com/a/b/issues/12", "a/b#12"),
        (None, None, "https://www.github.com/a/b/issues/12", "a/b#12"),
        (None, None, "https://gitlab.com/g/p/issues/3", "gitlab:g/p#3"),
        (OWN, None, "https://git.example.org/a/b/issues/12", "a/b#12"),
        (OWN, None, "https://git.example.org/api/v3/repos/a/b/issues/12", "a/b#12"),
        (OWN, None, "https://github.com/a/b/issues/12", None),
        (None, None, "https://github.com.example.org/a/b/issues/12", None),
        (None, None, "https://github.com@example.org/a/b/issues/12", None),
        (None, "https://git.example.org", "https://git.example.org/g/s/p/-/issues/3", "gitlab:g/s/p#3"),
        (None, "https://git.example.org", "https://gitlab.com/g/s/p/-/issues/3", None),
        (None, "https://git.example.org:8443", "https://git.example.org:8443/g/p/-/issues/3", "gitlab:g/p#3"),
        (None, "https://git.example.org:8443", "https://git.example.org/g/p/-/issues/3", None),
        (None, PREFIXED, f"{PREFIXED}/g/s/p/-/work_items/3", "gitlab:g/s/p#3"),
        (None, PREFIXED, f"{PREFIXED}/api/v4/projects/g%2Fp/issues/3", "gitlab:g/p#3"),
        (None, f"{PREFIXED}/", f"{PREFIXED}/g/p/-/issues/3", "gitlab:g/p#3"),
        (None, PREFIXED, "https://example.org/g/p/-/issues/3", None),
        (None, PREFIXED, "https://example.org/a/gitter/p/-/issues/3", None),
        ("https://example.org/api/v3", PREFIXED, f"{PREFIXED}/g/p/-/issues/3", "gitlab:g/p#3"),
        ("https://example.org/api/v3", PREFIXED, "https://example.org/g/p/issues/3", "g/p#3"),
        (OWN, "https://git.example.org", "https://git.example.org/g/p/-/issues/3", "gitlab:g/p#3"),
        (OWN, "https://git.example.org", "https://git.example.org/g/p/issues/3", "g/p#3"),
    ],
)
def test_an_address_counts_on_the_forges_of_the_configuration_only(
    github: str | None, gitlab: str | None, text: str, ref: str | None
) -> None:
    own = {"github_api_url": github, "gitlab_url": gitlab}
    keys = "".join(f"  {key}: {url}\n" for key, url in own.items() if url)
    config = parse(SPECIFICATION.replace("identity:\n", f"identity:\n{keys}").encode())

    if ref is None:
        with pytest.raises(UsageError, match="is elsewhere"):
            parsing.issue(text, config)
    else:
        assert parsing.issue(text, config) == IssueRef.parse(ref)


def test_a_repository_is_no_issue() -> None:
    assert parsing.repo("a/b") == RepoRef.parse("a/b")
    assert parsing.repo_or_issue("gitlab:g/p") == RepoRef.parse("gitlab:g/p")
    with pytest.raises(UsageError, match="is an issue: a repository is meant"):
        parsing.repo("a/b#1")
    with pytest.raises(UsageError, match="is no repository"):
        parsing.repo("a b")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("4w", NOW - timedelta(weeks=4)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, moment: datetime) -> None:
    assert parsing.since(text, now=NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "2", "2x", "-2h", "h", "2 h", "soon", "999999w", "2026-13-01", "9999999h", "0001-01-01T00:00+05:00"]
)
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is no time: write"):
        parsing.since(text, now=NOW)


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (42, "42 s"), (119, "119 s"), (180, "3 min"), (7_200, "2 h"), (200_000, "2 d")]
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text
