from __future__ import annotations

import pytest

from tests.sandbox.conftest import REPO

ISSUE = f"/repos/{REPO}/issues/1"


@pytest.fixture(autouse=True)
def opened(forge, clock):
    forge.open_issue(REPO, title="T", body="b", author="ann")
    clock.move(minutes=5)


def effects(forge):
    return [entry.effect for entry in forge.writes()]


def test_comment_is_posted_edited_and_deleted(http, forge, clock):
    created = http.post(f"{ISSUE}/comments", json={"body": "hi"})
    ident = created.json()["id"]
    place = f"/repos/{REPO}/issues/comments/{ident}"

    assert created.status_code == 201
    assert created.json()["user"]["login"] == "botty"
    assert forge.issue(REPO, 1).updated_at == clock.now
    assert http.patch(place, json={"body": "ho"}).json()["body"] == "ho"
    assert http.get(place).json()["body"] == "ho"
    assert http.delete(place).status_code == 204
    assert http.get(place).status_code == 404
    assert forge.issue(REPO, 1).comments == ()
    assert effects(forge) == [
        f"comment {REPO}#1 id={ident}",
        f"edit-comment {REPO}#1 id={ident}",
        f"delete-comment {REPO}#1 id={ident}",
    ]


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b'{"body": "', 400, "Problems parsing JSON"),
        (b"[1]", 400, "Body should be a JSON object"),
        (b"{}", 422, "wasn't supplied"),
        (b'{"body": 3}', 422, "is not a string"),
        (b'{"body": "  "}', 422, "Validation Failed"),
        (b'{"body": "' + b"x" * 65_537 + b'"}', 422, "Validation Failed"),
    ],
)
def test_bad_comment_is_refused_and_changes_nothing(http, forge, content, status, message):
    answer = http.post(f"{ISSUE}/comments", content=content)

    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert effects(forge) == []


def test_longest_comment_is_taken(http):
    assert http.post(f"{ISSUE}/comments", json={"body": "ü" * 65_536}).status_code == 201


def test_labels_are_matched_without_case_made_on_the_fly_and_not_doubled(http, forge):
    answer = http.post(f"{ISSUE}/labels", json={"labels": ["BUG", "brand/new"]})

    assert [label["name"] for label in answer.json()] == ["bug", "brand/new"]
    assert "brand/new" in [label["name"] for label in http.get(f"/repos/{REPO}/labels").json()]
    assert http.post(f"{ISSUE}/labels", json=["bug"]).status_code == 200
    assert http.delete(f"{ISSUE}/labels/brand%2Fnew").status_code == 200
    gone = http.delete(f"{ISSUE}/labels/brand%2Fnew")
    assert (gone.status_code, gone.json()["message"]) == (404, "Label does not exist")
    assert forge.issue(REPO, 1).labels == ("bug",)
    assert effects(forge) == [
        f"label+ bug {REPO}#1; label+ brand/new {REPO}#1",
        f"label- brand/new {REPO}#1",
    ]


def test_close_and_reopen_carry_their_reasons(http, forge):
    closed = http.patch(ISSUE, json={"state": "closed", "state_reason": "not_planned"}).json()

    assert (closed["state"], closed["state_reason"], closed["closed_by"]["login"]) == (
        "closed",
        "not_planned",
        "botty",
    )
    assert http.patch(ISSUE, json={"state": "closed"}).json()["state_reason"] == "not_planned"
    opened = http.patch(ISSUE, json={"state": "open"}).json()
    assert (opened["state_reason"], opened["closed_at"]) == ("reopened", None)
    assert http.patch(ISSUE, json={"state": "ajar"}).status_code == 422
    assert http.patch(ISSUE, json={"state": "closed", "state_reason": "bored"}).status_code == 422
    assert effects(forge) == [f"close {REPO}#1 not_planned", f"reopen {REPO}#1"]


def test_patch_replaces_labels_and_assignees(http, forge):
    forge.add_label(REPO, 1, "bug")
    http.patch(ISSUE, json={"title": "New", "labels": ["question"], "assignees": ["botty", "stranger"]})
    issue = forge.issue(REPO, 1)

    assert (issue.title, issue.labels, issue.assignees) == ("New", ("question",), ("botty",))
    assert effects(forge) == [f"edit {REPO}#1; label- bug {REPO}#1; label+ question {REPO}#1; assign botty {REPO}#1"]


def test_assigning_drops_strangers_without_a_word(http, forge):
    answer = http.post(f"{ISSUE}/assignees", json={"assignees": ["botty", "eve"]})

    assert answer.status_code == 201
    assert [user["login"] for user in answer.json()["assignees"]] == ["botty"]
    http.request("DELETE", f"{ISSUE}/assignees", json={"assignees": ["botty"]})
    assert forge.issue(REPO, 1).assignees == ()
    assert effects(forge) == [f"assign botty {REPO}#1", f"unassign botty {REPO}#1"]


def test_issue_is_opened_and_its_author_may_edit_and_close_it(client_of, forge):
    eve = client_of("eve")
    made = eve.post(f"/repos/{REPO}/issues", json={"title": "Mine", "body": "x", "labels": ["bug"]}).json()

    assert (made["number"], made["labels"]) == (2, [])
    place = f"/repos/{REPO}/issues/2"
    assert eve.patch(place, json={"title": "Mine!", "state": "closed"}).status_code == 200
    assert eve.post(f"/repos/{REPO}/issues", json={"title": " "}).status_code == 422
    assert eve.post(f"/repos/{REPO}/issues", json={}).status_code == 422
    assert forge.issue(REPO, 2).state == "closed"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"state": "closed"}),
        ("PATCH", "", {"title": "x"}),
        ("POST", "/labels", {"labels": ["bug"]}),
        ("DELETE", "/labels/bug", None),
        ("POST", "/assignees", {"assignees": ["eve"]}),
        ("PUT", "/lock", None),
    ],
)
def test_strangers_are_refused(client_of, forge, method, path, body):
    assert client_of("eve").request(method, ISSUE + path, json=body).status_code == 403
    assert client_of().request(method, ISSUE + path, json=body).status_code == 401
    assert effects(forge) == []


def test_triage_may_set_labels_but_not_make_them(client_of, forge):
    forge.add_collaborator(REPO, "tri", permission="triage")
    tri = client_of("tri")

    assert tri.post(f"{ISSUE}/labels", json=["bug"]).status_code == 200
    assert tri.post(f"{ISSUE}/labels", json=["unheard-of"]).status_code == 403
    assert tri.patch(ISSUE, json={"state": "closed"}).status_code == 200


def test_locked_issue_takes_no_comment(http, forge):
    assert http.put(f"{ISSUE}/lock").status_code == 204
    answer = http.post(f"{ISSUE}/comments", json={"body": "x"})

    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "Unable to create comment because issue is locked.",
    )
    assert http.delete(f"{ISSUE}/lock").status_code == 204
    assert http.post(f"{ISSUE}/comments", json={"body": "x"}).status_code == 201


def test_archived_repository_takes_nothing(http, forge):
    forge.archive(REPO)

    for method, path, body in [
        ("POST", "/comments", {"body": "x"}),
        ("POST", "/labels", ["bug"]),
        ("PATCH", "", {"state": "closed"}),
    ]:
        assert http.request(method, ISSUE + path, json=body).status_code == 403
    assert http.get(f"/repos/{REPO}").json()["archived"] is True
    assert effects(forge) == []


def test_label_is_made_once(http):
    made = http.post(f"/repos/{REPO}/labels", json={"name": "new", "color": "ff0000", "description": "d"})

    assert (made.status_code, made.json()["color"]) == (201, "ff0000")
    again = http.post(f"/repos/{REPO}/labels", json={"name": "NEW"})
    assert again.json()["errors"][0]["code"] == "already_exists"


def test_before_write_sees_the_state_before_and_only_real_changes(http, forge):
    seen = []
    forge.before_write(lambda entry: seen.append((entry.effect, forge.issue(REPO, 1).labels)))
    http.post(f"{ISSUE}/labels", json=["bug"])
    http.post(f"{ISSUE}/labels", json=["bug"])
    http.post(f"{ISSUE}/comments", json={"body": ""})
    http.get(ISSUE)

    assert seen == [(f"label+ bug {REPO}#1", ())]


def test_ledger_shows_the_login_never_the_token(http, forge):
    http.post(f"{ISSUE}/comments?x=1", json={"body": "hi"})
    entry = forge.ledger[-1]

    assert (entry.method, entry.path, entry.query, entry.body) == (
        "POST",
        f"{ISSUE}/comments",
        {"x": "1"},
        {"body": "hi"},
    )
    assert (entry.status, entry.login, entry.headers["authorization"]) == (201, "botty", "botty")
    assert forge.token("botty") not in repr(forge.ledger)
    forge.clear_ledger()
    assert forge.ledger == ()
