"""The real client library must be content with what it is told."""

from __future__ import annotations

import github
import pytest

from foreman.sandbox import Fault, reply
from tests.sandbox.conftest import REPO


@pytest.fixture(params=["", "/api/v3"])
def hub(request, forge):
    client = github.Github(
        base_url=forge.url + request.param,
        auth=github.Auth.Token(forge.token("botty")),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    yield client
    client.close()


def test_a_whole_triage(hub, forge):
    for number in range(35):
        forge.open_issue(REPO, title=f"T{number}", body="b", author="ann")
    forge.add_collaborator(REPO, "mia", permission="admin")
    repo = hub.get_repo(REPO)
    issue = repo.get_issue(35)
    comment = issue.create_comment("Thanks.")
    issue.add_to_labels("bug", "question")
    issue.remove_from_labels("bug")
    issue.add_to_assignees("mia")
    issue.remove_from_assignees("mia")
    issue.edit(state="closed", state_reason="not_planned")
    comment.edit("Thank you.")

    assert hub.get_user().login == "botty"
    assert (repo.permissions.push, repo.permissions.admin, repo.archived, repo.private) == (True, False, False, False)
    assert [row.number for row in repo.get_issues(state="all", sort="created", direction="asc")] == list(range(1, 36))
    assert [row.body for row in issue.get_comments()] == ["Thank you."]
    assert [row.event for row in issue.get_timeline()] == [
        "commented",
        "labeled",
        "labeled",
        "unlabeled",
        "assigned",
        "unassigned",
        "closed",
    ]
    assert [row.name for row in repo.get_labels()] == ["bug", "question"]
    assert repo.get_collaborator_permission("mia") == "admin"
    assert hub.get_rate_limit().rate.limit > 0
    seen = repo.get_issue(35)
    assert (seen.state, seen.state_reason, [label.name for label in seen.labels]) == (
        "closed",
        "not_planned",
        ["question"],
    )
    comment.delete()
    assert forge.issue(REPO, 35).comments == ()


def test_errors_are_understood(hub, forge):
    with pytest.raises(github.UnknownObjectException):
        hub.get_repo("acme/nothing")
    forge.inject(Fault(action=reply(422, body={"message": "no"})))
    with pytest.raises(github.GithubException, match="no"):
        hub.get_repo(REPO)
    forge.revoke("botty")
    with pytest.raises(github.BadCredentialsException):
        hub.get_repo(REPO)


def test_rate_limit_is_understood(hub, forge, clock):
    forge.rate_limit(0, clock.now.replace(hour=13))

    with pytest.raises(github.RateLimitExceededException):
        hub.get_repo(REPO)
