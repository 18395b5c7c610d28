"""What a GitLab client can change on the sandbox, what it cannot, and what the ledger says of it."""

from __future__ import annotations

import pytest

from foreman.sandbox import Fault, SandboxForge, commit_then_drop
from tests.sandbox.conftest import PROJECT

URL = "/projects/acme%2Ftools%2Fwidget"
ISSUE = f"{PROJECT}#1"


def effects(lab: SandboxForge) -> list[str]:
    return [entry.effect for entry in lab.writes()]


@pytest.fixture
def issue(lab) -> str:
    lab.open_issue(PROJECT, title="T", body="b", author="ann")
    return f"{URL}/issues/1"


def test_labels_are_added_taken_off_and_replaced(lab, gitlab, issue):
    assert gitlab.put(issue, json={"add_labels": "bug,question"}).json()["labels"] == ["bug", "question"]
    assert gitlab.put(issue, json={"add_labels": "bug"}).status_code == 200
    gitlab.put(issue, json={"remove_labels": ["bug"], "add_labels": ["Bug"]})
    gitlab.put(f"{issue}?labels=question")

    assert effects(lab) == [
        f"label+ bug {ISSUE}; label+ question {ISSUE}",
        f"label- bug {ISSUE}; create-label Bug {PROJECT}; label+ Bug {ISSUE}",
        f"label- Bug {ISSUE}",
    ]
    assert [row["name"] for row in gitlab.get(f"{URL}/labels").json()] == ["bug", "Bug", "question"]
    assert gitlab.get(f"{URL}/labels/Bug").json()["description"] is None
    assert len(gitlab.get(f"{issue}/resource_label_events").json()) == 5


def test_of_one_scope_one_label_stays(lab, gitlab, issue):
    gitlab.put(issue, json={"add_labels": "p::1,p::x::1"})
    gitlab.put(issue, json={"add_labels": "p::2"})
    lab.add_label(PROJECT, 1, "p::x::2", by="ann")

    assert effects(lab)[1:] == [f"label- p::1 {ISSUE}; create-label p::2 {PROJECT}; label+ p::2 {ISSUE}"]
    assert lab.issue(PROJECT, 1).labels == ("p::2", "p::x::2")


def test_close_reopen_edit_assign_lock_and_hide(lab, gitlab, issue):
    number = lab.add_account("mia")
    lab.add_collaborator(PROJECT, "mia", "guest")
    body = gitlab.put(
        issue,
        json={
            "state_event": "close",
            "title": "New",
            "description": "c",
            "assignee_ids": [number, 99],
            "discussion_locked": True,
            "confidential": "true",
        },
    ).json()
    assert (body["state"], body["title"], body["description"]) == ("closed", "New", "c")
    assert (body["assignee"]["username"], body["discussion_locked"], body["confidential"]) == ("mia", True, True)
    gitlab.put(issue, json={"state_event": "close"})
    assert gitlab.put(issue, json={"state_event": "reopen"}).json()["state"] == "closed", "a locked one stays closed"
    gitlab.put(issue, json={"discussion_locked": False, "confidential": False, "assignee_ids": []})
    gitlab.put(issue, json={"state_event": "reopen", "assignee_id": number})

    assert effects(lab) == [
        f"edit {ISSUE}; close {ISSUE}; assign mia {ISSUE}; lock {ISSUE}; make-confidential {ISSUE}",
        f"unassign mia {ISSUE}; unlock {ISSUE}; make-visible {ISSUE}",
        f"reopen {ISSUE}; assign mia {ISSUE}",
    ]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 400, "are missing, at least one parameter must be provided"),
        ({"state_event": "closed"}, 400, "state_event does not have a valid value"),
        ({"title": " "}, 400, "can't be blank"),
        ({"title": "x" * 256}, 400, "is too long (maximum is 255 characters)"),
        ({"title": 5}, 400, "title is invalid"),
        ({"confidential": "perhaps"}, 400, "confidential is invalid"),
        ({"add_labels": [5]}, 400, "add_labels is invalid"),
        ([], 400, "does not match the declared format"),
    ],
)
def test_what_is_wrong_is_told(lab, gitlab, issue, body, status, told):
    answer = gitlab.put(issue, json=body)

    assert answer.status_code == status
    assert told in answer.text
    assert effects(lab) == []


def test_who_may_change_what(lab, client_of, issue):
    lab.add_account("stranger")
    lab.add_collaborator(PROJECT, "planner", "planner")
    lab.add_collaborator(PROJECT, "guest", "guest")
    nobody, author, stranger, guest, planner = (
        client_of(login, prefix="/api/v4") for login in ("", "ann", "stranger", "guest", "planner")
    )
    wish = {"state_event": "close", "add_labels": "bug", "discussion_locked": True}

    assert nobody.put(issue, json=wish).json() == {"message": "401 Unauthorized"}
    assert nobody.post(f"{URL}/issues", json={"title": "T"}).status_code == 401
    for client in (stranger, guest):
        assert (client.put(issue, json=wish).status_code, client.put(issue, json=wish).json()) == (
            403,
            {"message": "403 Forbidden"},
        )
        assert client.post(f"{URL}/labels", json={"name": "x", "color": "#fff"}).status_code == 403
        assert client.delete(issue).status_code == 403
    assert author.put(issue, json=wish).json()["labels"] == []
    assert planner.put(issue, json={**wish, "state_event": "reopen"}).json()["labels"] == ["bug"]
    lab.archive(PROJECT)
    assert planner.put(issue, json={"state_event": "reopen"}).status_code == 403
    assert author.post(f"{issue}/notes", json={"body": "x"}).status_code == 403
    assert effects(lab) == [f"close {ISSUE}", f"reopen {ISSUE}; label+ bug {ISSUE}; lock {ISSUE}"]


def test_notes_are_said_edited_and_deleted_by_their_author_or_a_maintainer(lab, client_of, gitlab, issue):
    lab.add_collaborator(PROJECT, "boss", "maintainer")
    first = gitlab.post(f"{issue}/notes", json={"body": "  hi\n"})
    number = first.json()["id"]
    assert (first.status_code, first.json()["body"], first.json()["commands_changes"]) == (201, "  hi", {})
    assert gitlab.put(f"{issue}/notes/{number}", json={"body": "ho"}).json()["body"] == "ho"
    assert gitlab.put(f"{issue}/notes/{number}", json={"body": "ho"}).status_code == 200
    other = lab.comment(PROJECT, 1, author="ann", body="mine")
    assert gitlab.put(f"{issue}/notes/{other}", json={"body": "x"}).status_code == 403
    assert client_of("ann", prefix="/api/v4").delete(f"{issue}/notes/{number}").status_code == 403
    assert client_of("boss", prefix="/api/v4").delete(f"{issue}/notes/{other}").status_code == 204
    assert gitlab.delete(f"{issue}/notes/{number}").status_code == 204
    assert gitlab.delete(f"{issue}/notes/{number}").json() == {"message": "404 Not found"}
    assert gitlab.post(f"{issue}/notes", json={}).json() == {"error": "body is missing"}
    assert "can't be blank" in gitlab.post(f"{issue}/notes", json={"body": " "}).text
    assert "too long" in gitlab.post(f"{issue}/notes", json={"body": "x" * 1_000_001}).text

    assert effects(lab) == [
        f"comment {ISSUE} id={number}",
        f"edit-comment {ISSUE} id={number}",
        f"delete-comment {ISSUE} id={other}",
        f"delete-comment {ISSUE} id={number}",
    ]


def test_in_a_locked_discussion_members_talk_and_nobody_else(lab, client_of, gitlab, issue):
    lab.lock(PROJECT, 1)
    lab.add_collaborator(PROJECT, "guest", "guest")

    stranger = client_of("ann", prefix="/api/v4").post(f"{issue}/notes", json={"body": "x"})
    assert (stranger.status_code, stranger.json()) == (403, {"message": "403 Forbidden"})
    assert client_of("guest", prefix="/api/v4").post(f"{issue}/notes", json={"body": "x"}).status_code == 201
    assert gitlab.post(f"{issue}/notes", json={"body": "x"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "effect"),
    [
        ("/close", f"close {ISSUE}"),
        ("/CLOSE \r\n", f"close {ISSUE}"),
        ("/duplicate #2", f"close {ISSUE} duplicate"),
        ('/label ~bug ~"question" ~unheard-of', f"label+ bug {ISSUE}; label+ question {ISSUE}"),
        ("/unlabel ~pinned", f"label- pinned {ISSUE}"),
        ("/remove_label", f"label- pinned {ISSUE}"),
        ("/relabel ~bug", f"label- pinned {ISSUE}; label+ bug {ISSUE}"),
        ("/assign me @mia @unheard-of", f"assign botty {ISSUE}; assign mia {ISSUE}"),
        ("/reassign @botty", f"unassign ann {ISSUE}; assign botty {ISSUE}"),
        ("/unassign @ann", f"unassign ann {ISSUE}"),
        ("/unassign", f"unassign ann {ISSUE}"),
        ("/title New one", f"edit {ISSUE}"),
        ("/lock\n/unlock\n/lock", f"lock {ISSUE}"),
        ("/confidential", f"make-confidential {ISSUE}"),
        ("/subscribe\n/todo", f"command subscribe {ISSUE}; command todo {ISSUE}"),
    ],
)
def test_a_note_of_nothing_but_commands_is_done_and_not_kept(lab, gitlab, issue, body, effect):
    lab.add_collaborator(PROJECT, "mia", "guest")
    lab.add_label(PROJECT, 1, "pinned")
    lab.assign(PROJECT, 1, "ann")

    answer = gitlab.post(f"{issue}/notes", json={"body": body})

    assert (answer.status_code, effects(lab)) == (202, [effect])
    assert answer.json()["commands_changes"]
    assert answer.json()["summary"]
    assert lab.issue(PROJECT, 1).comments == ()


@pytest.mark.parametrize(
    ("body", "kept", "does"),
    [
        ("Fine.\n/close\nThanks.", "Fine.\nThanks.", True),
        ("Fine.\r\n\r\n/close", "Fine.", True),
        ("```\n/close\n", "```", True),
        ("~~~\n/close\n~~~", "~~~\n~~~", True),
        ("  ```\n/close\n  ```", "  ```\n  ```", True),
        ("<pre>\n/close\n</pre>", "<pre>\n</pre>", True),
        ("<!--\n/close\n-->", "<!--\n-->", True),
        ("`\n/close\n`", "`\n`", True),
        ("```sh\n/close\n```", "```sh\n/close\n```", False),
        ("```\n/close\n``` x\n/close\n```", "```\n/close\n``` x\n/close\n```", False),
        (">>>\n/close\n>>>", ">>>\n/close\n>>>", False),
        ("> /close", "> /close", False),
        ("- /close", "- /close", False),
        (" /close", " /close", False),
        ("\u200b/close", "\u200b/close", False),
        ("\ufeff/close", "\ufeff/close", False),
        ("\\/close", "\\/close", False),
        ("/closed", "/closed", False),
        ("/usr/bin", "/usr/bin", False),
        ("`/close`", "`/close`", False),
        ("see /close", "see /close", False),
    ],
)
def test_where_a_command_runs_and_where_it_is_text(lab, gitlab, issue, body, kept, does):
    answer = gitlab.post(f"{issue}/notes", json={"body": body})

    assert (answer.status_code, answer.json()["body"]) == (201, kept)
    assert bool(answer.json()["commands_changes"]) is does
    number = answer.json()["id"]
    assert effects(lab) == [f"comment {ISSUE} id={number}" + (f"; close {ISSUE}" if does else "")]
    assert lab.issue(PROJECT, 1).state == ("closed" if does else "open")


def test_commands_of_whoever_may_not_are_dropped_and_not_done(lab, client_of, issue):
    lab.add_account("stranger")
    client = client_of("stranger", prefix="/api/v4")

    kept = client.post(f"{issue}/notes", json={"body": "hi\n/close\n/label ~bug\n/subscribe"})
    alone = client.post(f"{issue}/notes", json={"body": "/label ~bug"})

    assert (kept.json()["body"], kept.json()["commands_changes"]) == ("hi", {})
    assert (alone.status_code, alone.json()) == (
        202,
        {"commands_changes": {}, "summary": ["Could not apply label command."]},
    )
    assert (lab.issue(PROJECT, 1).state, lab.issue(PROJECT, 1).labels) == ("open", ())


def test_commands_run_in_edits_and_descriptions_too(lab, gitlab, issue):
    first, second = (gitlab.post(f"{issue}/notes", json={"body": "x"}).json()["id"] for _ in range(2))
    edited = gitlab.put(f"{issue}/notes/{first}", json={"body": "y\n/label ~bug"})
    gone = gitlab.put(f"{issue}/notes/{second}", json={"body": "/close"})
    described = gitlab.put(issue, json={"description": "new\n/reopen\n/todo"})
    same = gitlab.put(f"{issue}/notes/{first}", json={"body": "y\n/lock"})
    opened = gitlab.post(
        f"{URL}/issues", json={"title": "U", "description": "d\n/label ~bug\n/todo", "labels": "question"}
    )

    assert (edited.json()["body"], edited.json()["commands_changes"]) == ("y", {"label_names": ["bug"]})
    assert (gone.status_code, gone.json()["commands_changes"]) == (202, {"state_event": "close"})
    assert (described.json()["description"], described.json()["state"]) == ("new", "opened")
    assert same.json()["commands_changes"] == {"discussion_locked": True}
    assert (opened.status_code, opened.json()["description"], opened.json()["labels"]) == (
        201,
        "d",
        ["bug", "question"],
    )
    assert effects(lab)[2:] == [
        f"edit-comment {ISSUE} id={first}; label+ bug {ISSUE}",
        f"delete-comment {ISSUE} id={second}; close {ISSUE}",
        f"edit {ISSUE}; reopen {ISSUE}; command todo {ISSUE}",
        f"lock {ISSUE}",
        f"open {PROJECT}#2; label+ question {PROJECT}#2; label+ bug {PROJECT}#2; command todo {PROJECT}#2",
    ]


def test_opening_and_deleting_issues_and_making_labels(lab, client_of, gitlab):
    stranger = client_of("ann", prefix="/api/v4")
    first = stranger.post(f"{URL}/issues", json={"title": "T", "labels": "bug", "confidential": True}).json()
    assert (first["labels"], first["confidential"], first["description"]) == ([], True, None)
    assert gitlab.post(f"{URL}/issues", json={"description": "d"}).json() == {"error": "title is missing"}
    assert gitlab.delete(f"{URL}/issues/1").status_code == 403
    assert client_of("acme", prefix="/api/v4").delete(f"{URL}/issues/1").status_code == 204
    assert gitlab.get(f"{URL}/issues/1").status_code == 404
    label = {"name": "new", "color": "#aabbcc", "description": "d"}
    made = gitlab.post(f"{URL}/labels", json=label)
    assert (made.status_code, made.json()["color"], made.json()["description"]) == (201, "#aabbcc", "d")
    assert gitlab.post(f"{URL}/labels", json=label).status_code == 409
    assert gitlab.post(f"{URL}/labels", json={"name": "x"}).json() == {"error": "color is missing"}
    assert gitlab.post(f"{URL}/labels", json={**label, "name": "a,b"}).status_code == 400
    assert gitlab.patch(f"{URL}/labels").json() == {"error": "405 Not Allowed"}
    lab.add_repo("acme/silent", has_issues=False)
    assert gitlab.post("/projects/acme%2Fsilent/issues", json={"title": "T"}).status_code == 403

    assert effects(lab) == [
        f"open {ISSUE}",
        f"delete {ISSUE}",
        f"create-label new {PROJECT}",
    ]


def test_a_reply_can_be_lost_after_it_was_done(lab, gitlab, issue):
    lab.inject(Fault(method="POST", path="/notes$", action=commit_then_drop))
    seen = []
    lab.before_write(lambda entry: seen.append(entry.effect))

    with pytest.raises(Exception, match="disconnected"):
        gitlab.post(f"{issue}/notes", json={"body": "x\n/close"})

    assert [row["body"] for row in gitlab.get(f"{issue}/notes").json()] == ["x"]
    assert seen == [f"comment {ISSUE}; close {ISSUE}"]


def test_the_state_file_remembers_its_kind(tmp_path, clock):
    path = tmp_path / "state.json"
    lab = SandboxForge(clock=clock, state_file=path, kind="gitlab")
    lab.add_repo(PROJECT)
    lab.add_group_member("acme/tools", "mia")
    lab.open_issue(PROJECT, title="T", confidential=True)
    lab.comment(PROJECT, 1, author="mia", body="x", internal=True)
    issue = lab.issue(PROJECT, 1)

    again = SandboxForge(clock=clock, state_file=path, kind="gitlab")
    assert again.issue(PROJECT, 1) == issue
    again.add_repo("acme/tools/late")
    with pytest.raises(ValueError, match="holds the state of a gitlab sandbox, not a github one"):
        SandboxForge(clock=clock, state_file=path)


@pytest.mark.parametrize("path", ["widget", "acme//widget", "/widget", "acme/", "acme/widget"])
def test_a_path_that_is_none_or_taken_is_refused(lab, path):
    if path == "acme/widget":
        lab.add_repo(path)

    with pytest.raises(ValueError, match=r"path of a repository|already"):
        lab.add_repo(path)


def test_github_has_no_nested_paths(forge):
    with pytest.raises(ValueError, match="path of a repository"):
        forge.add_repo("acme/tools/widget")
