from __future__ import annotations

import threading
import time

import httpx
import pytest

from foreman.sandbox import Fault, NoSuchThing, SandboxForge, commit_then_drop
from foreman.sandbox.samples import fill
from tests.sandbox.conftest import REPO


def test_state_file_brings_everything_back(tmp_path, clock):
    path = tmp_path / "deep" / "state.json"
    with SandboxForge(clock=clock, state_file=path) as forge:
        forge.add_repo(REPO, labels=["bug"])
        forge.add_collaborator(REPO, "botty")
        forge.open_issue(REPO, title="T ü", body=None, author="ann", labels=["bug"])
        token = forge.token("botty")
        headers = {"Authorization": f"token {token}"}
        httpx.post(
            f"{forge.url}/repos/{REPO}/issues/1/comments", json={"body": "hi"}, headers=headers, trust_env=False
        )
        forge.close(REPO, 1, reason="duplicate")
        issue = forge.issue(REPO, 1)
    again = SandboxForge(clock=clock, state_file=path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert again.issue(REPO, 1) == issue
    assert again.token("botty") == token
    assert again.comment(REPO, 1, author="ann", body="x") > max(issue.id, issue.comments[0].id)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"accounts": {"a": 1}, "repos": {}, "renames": {}, "next_id": 1}']
)
def test_file_that_is_no_state_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "state.json"
    path.write_text(content)

    with pytest.raises(ValueError, match="is no state of this sandbox"):
        SandboxForge(state_file=path)
    assert path.read_text() == content


def test_what_a_deleted_account_wrote_is_by_nobody(forge, http):
    forge.add_collaborator(REPO, "ann")
    number = forge.open_issue(REPO, title="T", author="ann")
    forge.comment(REPO, number, author="ann", body="hi")
    forge.remove_account("ann")

    assert http.get(f"/repos/{REPO}/issues/{number}").json()["user"] is None
    assert http.get(f"/repos/{REPO}/issues/{number}/comments").json()[0]["user"] is None
    assert [user["login"] for user in http.get(f"/repos/{REPO}/assignees").json()] == ["botty"]


def test_close_is_quick_and_leaves_no_thread_behind():
    before = set(threading.enumerate())
    forge = SandboxForge()
    forge.start()
    with httpx.Client(base_url=forge.url, trust_env=False) as idle:
        idle.get("/rate_limit")
        forge.close()
    forge.close()

    assert set(threading.enumerate()) == before
    with pytest.raises(RuntimeError, match="not running"):
        _ = forge.url


def test_starting_twice_is_refused_and_a_port_can_be_had_again():
    with SandboxForge() as forge:
        port = int(forge.url.rpartition(":")[2])
        with pytest.raises(RuntimeError, match="running already"):
            forge.start()
    again = SandboxForge()
    again.start(port)
    again.close()


def test_what_is_not_there_is_named():
    forge = SandboxForge()
    forge.add_repo(REPO)

    with pytest.raises(NoSuchThing, match="acme/other"):
        forge.issue("acme/other", 1)
    with pytest.raises(NoSuchThing, match=r"acme/widget#7"):
        forge.comment(REPO, 7, author="a", body="b")
    with pytest.raises(NoSuchThing, match="comment 5"):
        forge.delete_comment(REPO, 5)
    with pytest.raises(ValueError, match="owner/name"):
        forge.add_repo("widget")
    with pytest.raises(ValueError, match="permission is one of"):
        forge.add_collaborator(REPO, "x", permission="push")


def test_many_threads_lose_nothing(forge, client_of):
    forge.open_issue(REPO, title="T", author="ann")
    clients = [client_of("botty") for _ in range(4)]

    def work(client):
        for number in range(20):
            assert client.post(f"/repos/{REPO}/issues/1/comments", json={"body": str(number)}).status_code == 201

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    comments = forge.issue(REPO, 1).comments
    assert len(comments) == len({comment.id for comment in comments}) == len(forge.writes()) == 80
    assert [entry.seq for entry in forge.ledger] == sorted(entry.seq for entry in forge.ledger)


def test_exchange_callback_sees_the_body_that_was_answered(forge, http):
    seen = []
    forge.on_exchange(lambda entry, body: seen.append((entry.path, entry.status, entry.fault, b"botty" in body)))
    http.get("/user")
    forge.inject(Fault(action=commit_then_drop))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/user")

    assert seen == [("/user", 200, "", True), ("/user", 0, "commit_then_drop", True)]


def test_people_and_the_bot_see_one_world(forge, http):
    number = forge.open_issue(REPO, title="T", body="b", author="ann")
    comment = forge.comment(REPO, number, author="ann", body="c")
    forge.edit_comment(REPO, comment, body="d")
    forge.edit_issue(REPO, number, body="bb", by="ann")
    forge.assign(REPO, number, "botty")
    forge.unassign(REPO, number, "botty")
    forge.lock(REPO, number)
    forge.unlock(REPO, number)
    forge.close(REPO, number)
    forge.reopen(REPO, number)
    seen = http.get(f"/repos/{REPO}/issues/{number}").json()

    assert (seen["body"], seen["state"], seen["comments"], seen["locked"]) == ("bb", "open", 1, False)
    assert http.get(f"/repos/{REPO}/issues/comments/{comment}").json()["body"] == "d"
    assert forge.writes() == ()


def test_samples_cover_what_a_maintainer_meets(clock):
    forge = SandboxForge(clock=clock)
    demo = fill(forge)
    issues = forge.issues(demo.repo)
    names = {issue.author for issue in issues}

    assert len(issues) >= 25
    assert all(issue.created_at <= issue.updated_at < clock.now for issue in issues)
    for state in ("open", "closed"):
        opened = [issue.created_at for issue in issues if issue.state == state]
        assert opened == sorted(opened)
    assert sum(issue.state == "closed" and bool(issue.labels) for issue in issues) >= 20, "to try an agent on"
    assert any(issue.is_pull_request for issue in issues)
    assert any("<!--" in (issue.body or "") and "@everyone" in (issue.body or "") for issue in issues)
    assert any(not issue.body for issue in issues)
    assert any("Traceback" in (issue.body or "") for issue in issues)
    assert any("\r\n" in (issue.body or "") for issue in issues)
    assert any(not issue.title.isascii() for issue in issues)
    assert {"mira-holt", "deps-bot"} <= names
    assert sum((clock.now - issue.updated_at).days >= 40 for issue in issues) >= 3
    assert all(
        any(word in (i.title + (i.body or "")).lower() for i in issues)
        for words in demo.labels.values()
        for word in words[:1]
    )


def test_filling_twice_changes_nothing(clock):
    forge = SandboxForge(clock=clock)

    assert fill(forge) == fill(forge)


def test_ledger_measures_time_twice(forge, http, clock):
    start = time.monotonic()
    http.get("/user")

    assert forge.ledger[0].at == clock.now
    assert start <= forge.ledger[0].monotonic <= time.monotonic()
