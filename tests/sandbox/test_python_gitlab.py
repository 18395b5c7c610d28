"""The real client library must be content with what it is told."""

from __future__ import annotations

import gitlab as sdk
import pytest

from foreman.sandbox import Fault, SandboxForge, reply
from foreman.sandbox.samples import fill
from tests.sandbox.conftest import PROJECT


@pytest.fixture(params=["", "/git/lab"])
def client(request, lab):
    client = sdk.Gitlab(lab.url + request.param, private_token=lab.token("botty"), retry_transient_errors=False)
    yield client
    client.session.close()


def test_a_whole_triage(client, lab):
    for number in range(35):
        lab.open_issue(PROJECT, title=f"T{number}", body="b", author="ann")
    lab.add_collaborator(PROJECT, "mia", "maintainer")
    client.auth()
    project = client.projects.get(PROJECT)
    issue = project.issues.get(35)
    note = issue.notes.create({"body": "Thanks."})
    project.issues.update(35, {"add_labels": "bug,question"})
    project.issues.update(35, {"remove_labels": "bug"})
    [mia] = client.users.list(username="mia", get_all=True)
    issue.assignee_ids = [mia.id]
    issue.state_event = "close"
    issue.save()
    note.body = "Thank you."
    note.save()

    assert client.user.username == "botty"
    assert [row.iid for row in project.issues.list(iterator=True, sort="asc")] == list(range(1, 36))
    keyset = project.issues.list(iterator=True, pagination="keyset", order_by="updated_at", sort="asc", per_page=10)
    assert len(list(keyset)) == 35
    assert project.issues.list(page=2, per_page=20, get_all=False)[0].iid == 15
    assert [(row.body, row.system) for row in issue.notes.list(get_all=True, sort="asc")] == [
        ("Thank you.", False),
        ("assigned to @mia", True),
    ]
    assert [row.action for row in issue.resourcelabelevents.list(get_all=True)] == ["add", "add", "remove"]
    assert [row.state for row in issue.resourcestateevents.list(get_all=True)] == ["closed"]
    assert [row.name for row in project.labels.list(get_all=True)] == ["bug", "question"]
    assert project.members_all.get(mia.id).access_level == sdk.const.AccessLevel.MAINTAINER
    assert client.personal_access_tokens.get("self").scopes == ["api"]
    assert [row.path for row in client.groups.get("acme").projects.list(get_all=True, include_subgroups=True)] == [
        "widget"
    ]
    seen = project.issues.get(35)
    assert (seen.state, seen.labels, seen.assignee["username"]) == ("closed", ["question"], "mia")
    note.delete()
    assert lab.issue(PROJECT, 35).comments == ()
    assert client.version()[0].startswith("18.")


def test_errors_are_understood(client, lab):
    with pytest.raises(sdk.GitlabGetError, match="404 Project Not Found"):
        client.projects.get("acme/nothing")
    lab.open_issue(PROJECT, title="T")
    issue = client.projects.get(PROJECT).issues.get(1)
    with pytest.raises(sdk.GitlabCreateError, match="body is missing"):
        issue.notes.create({"body": None})
    lab.inject(Fault(action=reply(429, body="Retry later\n")))
    with pytest.raises(sdk.GitlabHttpError) as caught:
        client.http_get("/user", obey_rate_limit=False)
    assert caught.value.response_code == 429
    lab.revoke("botty")
    with pytest.raises(sdk.GitlabAuthenticationError):
        client.auth()


def test_the_demo_is_in_a_nested_project():
    with SandboxForge(kind="gitlab") as lab:
        demo = fill(lab)
        client = sdk.Gitlab(lab.url, private_token=demo.token, retry_transient_errors=False)
        project = client.projects.get(demo.repo)
        issues = project.issues.list(state="opened", get_all=True)
        names = {row.name for row in project.labels.list(get_all=True)}
        client.session.close()

        assert (demo.repo, len(issues)) == (PROJECT, 28)
        assert names >= {"bug", "question", "foreman:hold"}
        assert fill(lab) == demo
