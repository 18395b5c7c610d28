"""What GitHub's replies mean, and that a write believes only a reply about the issue it meant."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from foreman.errors import ForgeMoved, ForgeNotFound, ForgeRejected, ForgeUnavailable
from foreman.forge.base import ChangeKind, Permission
from foreman.forge.github import GitHubForge
from foreman.model import Account, IssueRef, Role
from tests.forge.replies import REF, REPO, comment, issue, label
from tests.forge.scripted import Answer, ScriptedServer

Connect = Callable[..., GitHubForge]
_ANN = {"login": "ann", "id": 7}
_ELSEWHERE = {"repository_url": "https://api.github.com/repos/evil/widget"}


@pytest.mark.parametrize(
    ("write", "reply"),
    [
        (lambda forge: forge.add_label(REF, "bug"), [label("bug", "evil/widget")]),
        (lambda forge: forge.add_label(REF, "bug"), [label("other")]),
        (lambda forge: forge.add_label(REF, "bug"), []),
        (lambda forge: forge.remove_label(REF, "bug"), [label("bug")]),
        (lambda forge: forge.remove_label(REF, "bug"), [label("other", "evil/widget")]),
        (lambda forge: forge.post_comment(REF, "x"), comment(issue_url="https://api.github.com/repos/acme/widget/issues/13")),
        (lambda forge: forge.post_comment(REF, "x"), comment(issue_url="https://api.github.com/repos/evil/widget/issues/12")),
        (lambda forge: forge.post_comment(REF, "x"), comment(id=None)),
        (lambda forge: forge.edit_comment(REF, 55, "x"), comment(id=56)),
        (lambda forge: forge.edit_comment(REF, 55, "x"), comment(issue_url="https://api.github.com/repos/acme/widget/issues/1")),
        (lambda forge: forge.edit_issue_body(REF, "x"), issue(number=13)),
        (lambda forge: forge.edit_issue_body(REF, "x"), issue(**_ELSEWHERE)),
        (lambda forge: forge.open_issue(REPO, "t", "b"), issue(**_ELSEWHERE)),
        (lambda forge: forge.close(REF, "completed"), issue(state="open")),
        (lambda forge: forge.close(REF, "completed"), issue(state="closed", number=13)),
        (lambda forge: forge.reopen(REF), issue(state="closed")),
        (lambda forge: forge.assign(REF, "ann"), issue(number=13, assignees=[{"login": "ann", "id": 7}])),
        (lambda forge: forge.unassign(REF, "ann"), issue(assignees=[{"login": "Ann", "id": 7}])),
    ],
)  # fmt: skip
def test_a_write_whose_reply_is_about_something_else_is_in_doubt(
    write: Callable[[GitHubForge], object], reply: Any, server: ScriptedServer, connect: Connect
) -> None:
    server.will(Answer(200, reply))

    with pytest.raises(ForgeUnavailable) as raised:
        write(connect(server.url))

    assert raised.value.sent
    assert len(server.asked) == 1


def test_reads_refuse_what_is_about_another_issue_or_repository(server: ScriptedServer, connect: Connect) -> None:
    forge = connect(server.url)
    for body, ask in [
        (issue(number=13), lambda: forge.issue(REF)),
        (issue(**_ELSEWHERE), lambda: forge.issue(REF)),
        ([issue(), issue(**_ELSEWHERE)], lambda: forge.probe(REPO, etag="")),
        ([issue(**_ELSEWHERE)], lambda: list(forge.changed_since(REPO, since=datetime(2026, 1, 1, tzinfo=UTC)))),
        ([comment(issue_url="https://api.github.com/repos/acme/widget/issues/1")], lambda: forge.comments(REF)),
    ]:
        server.will(Answer(200, body))
        with pytest.raises(ForgeMoved):
            ask()


def test_names_in_another_case_are_the_same_repository(server: ScriptedServer, connect: Connect) -> None:
    server.will(Answer(200, issue(repository_url="https://api.github.com/repos/ACME/Widget")))

    assert connect(server.url).issue(REF).ref == REF


@pytest.mark.parametrize(
    ("fields", "role", "account"),
    [
        ({"author_association": "OWNER"}, Role.OWNER, Account(login="ann", id=7)),
        ({"author_association": "MEMBER"}, Role.MEMBER, Account(login="ann", id=7)),
        ({"author_association": "COLLABORATOR"}, Role.COLLABORATOR, Account(login="ann", id=7)),
        ({"author_association": "CONTRIBUTOR"}, Role.CONTRIBUTOR, Account(login="ann", id=7)),
        ({"author_association": "FIRST_TIME_CONTRIBUTOR"}, Role.NONE, Account(login="ann", id=7)),
        ({"author_association": "FIRST_TIMER"}, Role.NONE, Account(login="ann", id=7)),
        ({"author_association": "NONE"}, Role.NONE, Account(login="ann", id=7)),
        ({"author_association": "MANNEQUIN"}, Role.UNKNOWN, Account(login="ann", id=7)),
        ({"author_association": "owner"}, Role.UNKNOWN, Account(login="ann", id=7)),
        ({"author_association": None}, Role.UNKNOWN, Account(login="ann", id=7)),
        ({"user": None, "author_association": "OWNER"}, Role.UNKNOWN, Account(login="ghost", id=0)),
        ({"user": {"login": "ghost", "id": 10137, "type": "User"}}, Role.UNKNOWN, Account(login="ghost", id=0)),
        (
            {"user": {"login": "helper[bot]", "id": 8, "type": "Bot"}, "author_association": "MEMBER"},
            Role.BOT,
            Account(login="helper[bot]", id=8, is_bot=True),
        ),
    ],
)
def test_an_author_is_what_the_forge_says_and_never_more(
    fields: dict[str, Any], role: Role, account: Account, server: ScriptedServer, connect: Connect
) -> None:
    server.will(Answer(200, issue(**fields)), Answer(200, [comment(**({"author_association": "NONE"} | fields))]))
    forge = connect(server.url)

    found = forge.issue(REF)
    said = forge.comments(REF)[0]

    assert (found.role, found.author) == (role, account)
    assert (said.role, said.author) == (role, account)


def test_text_that_no_database_takes_is_made_storable(server: ScriptedServer, connect: Connect) -> None:
    body = json.dumps(
        issue(title="half \ud83d and \U0001f600", body="nul \0.", labels=["plain", {"name": "bug"}])
    ).encode()
    server.will(Answer(200, body))

    found = connect(server.url).issue(REF)

    assert found.title == "half \ufffd and \U0001f600"
    assert found.body == "nul \ufffd."
    assert found.labels == ("plain", "bug")


@pytest.mark.parametrize(
    "name", ["a/b", "a?b#c", "50%", "%2e%2e", "help wanted", "größe", "a;b", "...", "c++", "\u202ex"]
)
def test_a_label_is_named_in_the_address_without_leaving_the_issue(
    name: str, server: ScriptedServer, connect: Connect
) -> None:
    server.will(Answer(200, []))

    connect(server.url).remove_label(REF, name)

    head, tail = server.asked[0].path.split("/labels/")
    assert head == "/repos/acme/widget/issues/12"
    assert "/" not in tail
    assert parse_qs(f"x={tail.replace('+', '%2B')}", separator="\n")["x"] == [name]


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_label_that_no_address_can_name_is_not_tried(name: str, server: ScriptedServer, connect: Connect) -> None:
    with pytest.raises(ForgeRejected):
        connect(server.url).remove_label(REF, name)

    assert server.asked == []


def test_a_missing_label_is_done_and_a_missing_issue_is_not(server: ScriptedServer, connect: Connect) -> None:
    forge = connect(server.url)
    server.will(Answer(404, {"message": "Label does not exist"}))
    forge.remove_label(REF, "bug")

    server.will(Answer(404, {"message": "Not Found"}))
    with pytest.raises(ForgeNotFound):
        forge.remove_label(REF, "bug")


def test_whom_github_leaves_out_without_a_word_is_refused(server: ScriptedServer, connect: Connect) -> None:
    server.will(Answer(201, issue(assignees=[])))

    with pytest.raises(ForgeRejected):
        connect(server.url).assign(REF, "stranger")


@pytest.mark.parametrize(
    ("answer", "account", "permission"),
    [
        (Answer(200, {"permission": "write", "role_name": "maintain", "user": _ANN}), 7, "maintain"),
        (Answer(200, {"permission": "write", "role_name": "release-crew", "user": _ANN}), 7, "write"),
        (Answer(200, {"permission": "read", "role_name": "triage", "user": _ANN}), 7, "triage"),
        (Answer(200, {"permission": "odd", "role_name": "odd", "user": _ANN}), 7, "none"),
        (Answer(200, {"permission": "admin", "role_name": "admin", "user": {"login": "ann", "id": 8}}), 7, "none"),
        (Answer(200, {"permission": "admin", "role_name": "admin", "user": None}), 7, "none"),
        (Answer(404, {"message": "ann is not a user"}), 7, "none"),
        (Answer(200, {"permission": "admin", "role_name": "admin", "user": _ANN}), 0, "none"),
    ],
)  # fmt: skip
def test_a_permission_belongs_to_an_id_and_not_to_a_name(
    answer: Answer, account: int, permission: str, server: ScriptedServer, connect: Connect
) -> None:
    server.will(answer)

    assert connect(server.url).permission(REPO, Account(login="ann", id=account)) is Permission(permission)


def test_history_names_who_assigned_and_leaves_out_what_has_no_word(server: ScriptedServer, connect: Connect) -> None:
    at = "2026-01-02T03:04:05Z"
    bob = {"login": "bob", "id": 8}
    server.will(
        Answer(
            200,
            [
                {
                    "id": 1,
                    "event": "labeled",
                    "actor": bob,
                    "created_at": at,
                    "label": {"name": "bug", "color": "f00"},
                },
                {"id": 2, "event": "subscribed", "actor": None, "created_at": None},
                {"id": 3, "event": "assigned", "actor": _ANN, "assigner": bob, "assignee": _ANN, "created_at": at},
                {"id": 4, "event": "closed", "actor": None, "created_at": at},
            ],
        )
    )

    changes = connect(server.url).history(REF)

    bobs = Account(login="bob", id=8)
    assert [(change.kind, change.actor, change.label, change.assignee) for change in changes] == [
        (ChangeKind.LABELED, bobs, "bug", ""),
        (ChangeKind.ASSIGNED, bobs, "", "ann"),
        (ChangeKind.CLOSED, None, "", ""),
    ]


def test_a_probe_asks_the_same_address_each_time_and_pays_nothing_for_no_change(
    server: ScriptedServer, connect: Connect
) -> None:
    forge = connect(server.url)
    server.will(Answer(200, [issue()], (("ETag", 'W/"abc"'),)), Answer(304, headers=(("ETag", 'W/"abc"'),)))

    first = forge.probe(REPO, etag="")
    second = forge.probe(REPO, etag=first.etag)

    assert (first.changed, first.complete, len(first.issues)) == (True, True, 1)
    assert (second.changed, second.etag, second.issues) == (False, 'W/"abc"', ())
    assert server.asked[0].path == server.asked[1].path
    assert server.asked[0].path.endswith("/repos/acme/widget/issues?direction=desc&per_page=30&sort=updated&state=all")
    assert "if-none-match" not in server.asked[0].headers
    assert server.asked[1].headers["if-none-match"] == 'W/"abc"'


def test_the_path_of_an_enterprise_server_stays_in_front(server: ScriptedServer, connect: Connect) -> None:
    server.will(Answer(201, issue(repository_url="https://git.example/api/v3/repos/acme/widget")))

    assert connect(f"{server.url}/api/v3/").open_issue(REPO, "t", "b") == IssueRef(REPO, 12)
    assert server.asked[0].path == "/api/v3/repos/acme/widget/issues"
    assert json.loads(server.asked[0].body) == {"title": "t", "body": "b"}
    assert server.asked[0].headers["x-github-api-version"] == "2022-11-28"
    assert server.asked[0].headers["user-agent"].startswith("foreman/")


def test_the_library_has_no_way_of_its_own_to_stderr(server: ScriptedServer, connect: Connect) -> None:
    logging.getLogger("github").addHandler(logging.StreamHandler())
    connect(server.url)

    assert logging.getLogger("github").handlers == []
    assert logging.getLogger("github").level == logging.WARNING
