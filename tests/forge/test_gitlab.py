"""What GitLab's replies mean, and that a write believes only a reply about the issue it meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from foreman.errors import ForgeAuthError, ForgeError, ForgeLocked, ForgeMoved, ForgeRejected, ForgeUnavailable
from foreman.forge.base import ChangeKind
from foreman.forge.gitlab import GitLabForge
from foreman.forge.gitlab_wire import WireSession
from foreman.forge.grants import Grants, TokenKind
from foreman.forge.http_exchange import UnusableReply
from foreman.forge.wire import OneOrigin
from foreman.model import Account, IssueRef, ReactionKind, Role
from tests.forge.gitlab_replies import KIM, REF, REPO, issue, label, note, project
from tests.forge.scripted import Answer, ScriptedServer

Connect = Callable[..., GitLabForge]
_ISSUE = "/api/v4/projects/acme%2Ftools%2Fwidget/issues/12"
_ELSEWHERE = {"references": {"full": "evil/widget#12"}}
_FORBIDDEN = Answer(403, {"message": "403 Forbidden"})
_NEXT = (("Link", '<http://x.invalid/?page=2>; rel="next"'),)


@pytest.fixture
def connect(connect_gitlab: Connect) -> Connect:
    return connect_gitlab


def member(level: int, **changes: Any) -> dict[str, Any]:
    return KIM | {"access_level": level} | changes


def seen_by(own: int | None, group: int | None = None, **changes: Any) -> dict[str, Any]:
    """A project as somebody with these roles is shown it."""
    roles = {"project_access": own and {"access_level": own}, "group_access": group and {"access_level": group}}
    return project(permissions=roles, **changes)


@pytest.mark.parametrize(
    ("write", "reply"),
    [
        (lambda forge: forge.add_label(REF, "bug"), issue(labels=["other"])),
        (lambda forge: forge.add_label(REF, "bug"), issue(iid=13)),
        (lambda forge: forge.add_label(REF, "Bug"), issue(labels=["bug"])),
        (lambda forge: forge.remove_label(REF, "bug"), issue(labels=["bug"])),
        (lambda forge: forge.remove_label(REF, "bug"), issue(labels=[], **_ELSEWHERE)),
        (lambda forge: forge.post_comment(REF, "x"), note(noteable_iid=13)),
        (lambda forge: forge.post_comment(REF, "x"), note(system=True)),
        (lambda forge: forge.post_comment(REF, "x"), note(id=None)),
        (lambda forge: forge.edit_comment(REF, 55, "x"), note(id=56)),
        (lambda forge: forge.edit_issue_body(REF, "x"), issue(iid=13)),
        (lambda forge: forge.edit_issue_body(REF, "x"), issue(**_ELSEWHERE)),
        (lambda forge: forge.open_issue(REPO, "t", "b"), issue(**_ELSEWHERE)),
        (lambda forge: forge.close(REF, "completed"), issue(state="opened")),
        (lambda forge: forge.close(REF, "completed"), issue(state="closed", iid=13)),
        (lambda forge: forge.reopen(REF), issue(state="closed")),
    ],
)
def test_a_write_whose_reply_is_about_something_else_is_in_doubt(
    write: Callable[[GitLabForge], object], reply: Any, server: ScriptedServer, connect: Connect
) -> None:
    server.will(Answer(200, reply))

    with pytest.raises(ForgeUnavailable) as raised:
        write(connect(server.url))

    assert raised.value.sent
    assert len(server.asked) == 1


def test_reads_refuse_what_is_about_another_issue_or_project(server: ScriptedServer, connect: Connect) -> None:
    forge = connect(server.url)
    for body, ask in [
        (issue(iid=13), lambda: forge.issue(REF)),
        (issue(**_ELSEWHERE), lambda: forge.issue(REF)),
        (issue(moved_to_id=901, state="closed"), lambda: forge.issue(REF)),
        ([issue(), issue(**_ELSEWHERE)], lambda: forge.probe(REPO, etag="")),
        ([issue(**_ELSEWHERE)], lambda: list(forge.changed_since(REPO, since=datetime(2026, 1, 1, tzinfo=UTC)))),
        ([note(noteable_iid=1)], lambda: forge.comments(REF)),
    ]:
        server.will(Answer(200, body))
        with pytest.raises(ForgeMoved):
            ask()


def test_the_whole_path_of_a_project_is_one_part_of_the_address(server: ScriptedServer, connect: Connect) -> None:
    full = {"full": "ACME/Tools/widget#12"}
    server.will(Answer(200, issue(references=full)))

    for url in (server.url, f"{server.url}/gitlab/", f"{server.url}/gitlab/api/v4"):
        assert connect(url).issue(REF).ref == REF

    assert [asked.path for asked in server.asked] == [_ISSUE, f"/gitlab{_ISSUE}", f"/gitlab{_ISSUE}"]
    assert server.asked[0].headers["authorization"] == "Bearer t0ken"
    assert server.asked[0].headers["user-agent"].startswith("foreman/")


@pytest.mark.parametrize(
    ("answers", "changed"),
    [
        ((Answer(200, [issue()], (("ETag", 'W/"abc"'),)), Answer(304)), False),
        ((Answer(200, [issue()], (("ETag", 'W/"abc"'),)),) * 2, False),
        ((Answer(200, [issue()]), Answer(200, [issue()])), False),
        ((Answer(200, [issue()], (("ETag", 'W/"abc"'),)), Answer(200, [], (("ETag", 'W/"d"'),))), True),
        ((Answer(200, [issue()]), Answer(200, [issue(title="Other")])), True),
    ],
    ids=["304", "the same tag with 200", "the same page without a tag", "another tag", "another page"],
)
def test_a_probe_knows_what_it_has_seen_with_or_without_tags(
    answers: tuple[Answer, ...], changed: bool, server: ScriptedServer, connect: Connect
) -> None:
    forge = connect(server.url)
    server.will(*answers)

    first = forge.probe(REPO, etag="")
    second = forge.probe(REPO, etag=first.etag)

    assert (first.changed, first.complete, len(first.issues)) == (True, True, 1)
    assert second.changed is changed
    assert (second.etag == first.etag) is not changed
    assert server.asked[0].path == server.asked[1].path
    assert server.asked[1].headers.get("if-none-match") == (first.etag if "abc" in first.etag else None)


def test_the_roles_of_a_page_of_authors_are_one_request_and_kept_for_a_while(
    server: ScriptedServer, connect: Connect
) -> None:
    now = [datetime(2026, 3, 1, tzinfo=UTC)]
    levels = (50, 40, 30, 20, 15, 10, 5, 30)
    authors = [{"id": 100 + number, "username": f"u{number}"} for number in range(len(levels) + 1)]
    rows = [issue(iid=number + 1, author=author) for number, author in enumerate(authors)]
    members = [member(level, id=100 + number) for number, level in enumerate(levels)]
    members[-1]["state"] = "blocked"
    # Who came by two ways is there twice.
    members.insert(1, member(10, id=100))
    forge = connect(server.url, clock=lambda: now[0])
    server.will(Answer(200, rows), Answer(200, members), Answer(200, rows))

    found = forge.probe(REPO, etag="").issues
    forge.probe(REPO, etag="")

    assert [one.role for one in found] == [
        Role.OWNER, Role.MAINTAINER, Role.MEMBER, Role.COLLABORATOR, Role.COLLABORATOR,
        Role.NONE, Role.NONE, Role.NONE, Role.NONE,
    ]  # fmt: skip
    asked = urlsplit(server.asked[1].path)
    assert asked.path == "/api/v4/projects/acme%2Ftools%2Fwidget/members/all"
    assert parse_qs(asked.query)["user_ids[]"] == [str(100 + number) for number in range(len(authors))]
    assert len(server.asked) == 3
    now[0] += timedelta(minutes=11)
    server.will(Answer(200, rows[0]), Answer(200, [member(10, id=100)]))
    assert forge.issue(IssueRef(REPO, 1)).role is Role.NONE


def test_whose_role_cannot_be_asked_for_is_unknown_and_asked_for_again(
    server: ScriptedServer, connect: Connect
) -> None:
    lee = KIM | {"id": 8, "username": "lee"}
    server.will(
        Answer(200, issue(author=KIM)),
        _FORBIDDEN,
        Answer(200, issue(author=KIM)),
        Answer(200, []),
        Answer(200, issue(author=KIM)),
        Answer(200, issue(author=lee)),
        Answer(401),
    )
    forge = connect(server.url)

    assert [forge.issue(REF).role for _ in range(3)] == [Role.UNKNOWN, Role.NONE, Role.NONE]
    with pytest.raises(ForgeAuthError):
        forge.issue(REF)


@pytest.mark.parametrize(
    ("username", "account", "role"),
    [
        (
            "project_5_bot_0123456789abcdef",
            Account(login="project_5_bot_0123456789abcdef", id=7, is_bot=True),
            Role.BOT,
        ),
        ("group_12_bot", Account(login="group_12_bot", id=7, is_bot=True), Role.BOT),
        ("project_5_bot1", Account(login="project_5_bot1", id=7, is_bot=True), Role.BOT),
        ("support-bot", Account(login="support-bot", id=7, is_bot=True), Role.BOT),
        ("GitLab-Security-Bot", Account(login="GitLab-Security-Bot", id=7, is_bot=True), Role.BOT),
        ("service_account_group_9_abc", Account(login="service_account_group_9_abc", id=7, is_bot=True), Role.BOT),
        ("ghost", Account(login="ghost", id=0), Role.UNKNOWN),
        ("foreman-bot", Account(login="foreman-bot", id=7), Role.NONE),
        ("my_project_5_bot", Account(login="my_project_5_bot", id=7), Role.NONE),
    ],
)
def test_an_author_is_what_the_name_says_that_only_gitlab_gives(
    username: str, account: Account, role: Role, server: ScriptedServer, connect: Connect
) -> None:
    server.will(Answer(200, issue(author=KIM | {"username": username})), Answer(200, []))

    found = connect(server.url).issue(REF)

    assert (found.author, found.role) == (account, role)


def test_comments_leave_out_what_gitlab_says_and_the_words_of_internal_notes(
    server: ScriptedServer, connect: Connect
) -> None:
    first = [note(id=1, body="said"), note(id=2, body="changed the description", system=True)]
    last = [note(id=4, body="secret", internal=True), note(id=5, body="secret too", internal=None, confidential=True)]
    server.will(
        Answer(200, first, _NEXT), Answer(200, [], (("X-Next-Page", "3"),)), Answer(200, last, (("X-Next-Page", ""),))
    )

    found = connect(server.url).comments(REF)

    assert [(one.id, one.body, one.internal) for one in found] == [(1, "said", False), (4, "", True), (5, "", True)]
    assert [one.thumbs_down for one in found] == [None] * 3
    # A page may be empty though others follow: what may not be seen is taken out of it last.
    assert len(server.asked) == 3


def test_comments_from_a_time_on_end_with_the_first_page_that_reaches_back(
    server: ScriptedServer, connect: Connect
) -> None:
    times = ["2026-01-05T00:00:00.124Z", "2026-01-05T00:00:00.123Z", "2026-01-05T00:00:00.122Z"]
    rows = [note(id=9 - number, updated_at=at) for number, at in enumerate(times)]
    server.will(Answer(200, rows, _NEXT))

    found = connect(server.url).comments(REF, since=datetime(2026, 1, 5, 0, 0, 0, 123456, tzinfo=UTC))

    assert [one.id for one in found] == [8, 9]
    assert len(server.asked) == 1
    assert "order_by=updated_at&sort=desc" in server.asked[0].path


def test_history_comes_from_three_lists_whose_numbers_are_their_own(server: ScriptedServer, connect: Connect) -> None:
    at = "2026-01-02T03:04:0{}.000Z"
    sentences = [
        "assigned to @lee, @ann.b and @kim and unassigned @old-one",
        "changed title from **{-a-}** to **{+b+}**",
        "locked the discussion in this issue",
        "unlocked this issue",
        "moved from acme/other#3",
        "removed assignee",
        "changed the description",
        "moved to acme/other#4",
    ]
    notes = [
        note(id=1 + number, body=body, system=True, author=KIM, created_at=at.format(number))
        for number, body in enumerate(sentences)
    ]
    labels = [
        {"id": 1, "user": KIM, "created_at": at.format(8), "label": label("bug"), "action": "add"},
        {"id": 2, "user": None, "created_at": at.format(8), "label": None, "action": "remove"},
    ]
    states = [
        {"id": 1, "user": KIM, "created_at": at.format(9), "state": "closed"},
        {"id": 2, "user": KIM, "created_at": at.format(9), "state": "merged"},
    ]
    said = note(id=99, body="assigned to @nobody", author=KIM)
    server.will(Answer(200, labels), Answer(200, states), Answer(200, [*notes, said]))

    found = connect(server.url).history(REF)

    kim = Account(login="kim", id=7)
    assert [(one.kind, one.actor, one.label, one.assignee) for one in found] == [
        (ChangeKind.ASSIGNED, kim, "", "lee"),
        (ChangeKind.ASSIGNED, kim, "", "ann.b"),
        (ChangeKind.ASSIGNED, kim, "", "kim"),
        (ChangeKind.UNASSIGNED, kim, "", "old-one"),
        (ChangeKind.RENAMED, kim, "", ""),
        (ChangeKind.LOCKED, kim, "", ""),
        (ChangeKind.UNLOCKED, kim, "", ""),
        (ChangeKind.TRANSFERRED, kim, "", ""),
        (ChangeKind.UNASSIGNED, kim, "", ""),
        (ChangeKind.LABELED, kim, "bug", ""),
        (ChangeKind.UNLABELED, None, "", ""),
        (ChangeKind.CLOSED, kim, "", ""),
    ]
    assert len({one.id for one in found}) == len(found)
    assert all(0 < one.id < 2**63 for one in found)


def test_what_a_closed_issue_keeps_of_why(server: ScriptedServer, connect: Connect) -> None:
    here, there = (f"https://gitlab.example/api/v4/projects/{number}/issues" for number in (5, 6))
    of_this = {"self": f"{here}/7", "closed_as_duplicate_of": f"{here}/3"}
    of_another = {"self": f"{here}/7", "closed_as_duplicate_of": f"{there}/3"}
    rows = [issue(state="closed", _links=links) for links in (of_this, of_another, {})]
    server.will(*(Answer(200, row) for row in (*rows, issue(state="opened", _links=of_this))))
    forge = connect(server.url)
    found = [forge.issue(REF) for _ in range(4)]

    assert [one.state_reason for one in found] == ["duplicate", "duplicate", "", ""]
    assert [one.duplicate_of for one in found] == [3, None, None, None]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("/close", True),
        ("hello\n/label ~bug\n", True),
        ("hello\r\n/close\r\nbye", True),
        ("\r/close", True),
        ("/Close now", True),
        ("```\n/close\n```", True),
        ("```sh\n /close\n```\nfine", False),
        (">>>\n```\n>>>\n/close\n```", True),
        ("`foo` bar\n```\n/close\n```", True),
        ("```\n/close\n``` ", True),
        ("`\n/close\n`", True),
        ("> /close", False),
        (" /close", False),
        ("say /close", False),
        ("/usr/bin/python breaks", False),
        ("/etc", True),
        ("/ close", False),
        ("/1", False),
    ],
)
def test_no_text_goes_out_that_gitlab_could_take_for_an_order(
    text: str, order: bool, server: ScriptedServer, connect: Connect
) -> None:
    forge = connect(server.url)
    server.will(Answer(200, note() | issue(id=55)))
    for write in (
        lambda: forge.post_comment(REF, text),
        lambda: forge.edit_comment(REF, 55, text),
        lambda: forge.edit_issue_body(REF, text),
        lambda: forge.open_issue(REPO, "Board", text),
    ):
        server.asked.clear()
        if order:
            with pytest.raises(ForgeRejected, match="order to GitLab"):
                write()
        else:
            write()

        assert len(server.asked) == (0 if order else 1)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(202, {"commands_changes": {"state_event": "close"}, "summary": ["Closed this issue."]}),
        Answer(201, note(commands_changes={"add_label_ids": [3]})),
    ],
)
def test_a_comment_that_was_taken_for_an_order_is_never_repeated(
    answer: Answer, server: ScriptedServer, connect: Connect
) -> None:
    server.will(answer)

    with pytest.raises(ForgeRejected, match="for orders"):
        connect(server.url).post_comment(REF, "hello")


@pytest.mark.parametrize("name", ["", " ", "a,b", ","])
def test_a_label_that_would_be_none_or_several_is_not_tried(
    name: str, server: ScriptedServer, connect: Connect
) -> None:
    forge = connect(server.url)
    for write in (forge.add_label, forge.remove_label):
        with pytest.raises(ForgeRejected):
            write(REF, name)

    assert server.asked == []


def test_a_scoped_label_is_a_label(server: ScriptedServer, connect: Connect) -> None:
    server.will(Answer(200, issue(labels=["bug", "priority::high"])))

    connect(server.url).add_label(REF, "priority::high")

    assert json.loads(server.asked[0].body) == {"add_labels": "priority::high"}
    assert (server.asked[0].method, server.asked[0].path) == ("PUT", _ISSUE)


def test_an_assignment_keeps_the_others_and_takes_members_only(server: ScriptedServer, connect: Connect) -> None:
    lee = {"id": 8, "username": "lee"}
    members = [member(30, username="kimberly", id=9), member(30)]
    server.will(Answer(200, issue(assignees=[lee])), Answer(200, members), Answer(200, issue(assignees=[lee, KIM])))
    forge = connect(server.url)

    forge.assign(REF, "Kim")

    assert json.loads(server.asked[2].body) == {"assignee_ids": [8, 7]}
    for rows in ([], [member(30, state="blocked")]):
        server.asked.clear()
        server.will(Answer(200, issue()), Answer(200, rows))
        with pytest.raises(ForgeRejected, match="cannot be assigned"):
            forge.assign(REF, "kim")
        assert [asked.method for asked in server.asked] == ["GET", "GET"]
    # Without a licence GitLab takes one assignee, and keeps the one there is.
    server.will(Answer(200, issue(assignees=[lee])), Answer(200, members), Answer(200, issue(assignees=[lee])))
    with pytest.raises(ForgeRejected):
        forge.assign(REF, "kim")


def test_taking_back_an_assignment_leaves_the_others(server: ScriptedServer, connect: Connect) -> None:
    lee = {"id": 8, "username": "lee"}
    forge = connect(server.url)
    for there, left, sent in [([KIM, lee], [lee], [8]), ([KIM], [], [0])]:
        server.asked.clear()
        server.will(Answer(200, issue(assignees=there)), Answer(200, issue(assignees=left)))
        forge.unassign(REF, "kim")
        assert json.loads(server.asked[1].body) == {"assignee_ids": sent}
    server.asked.clear()
    server.will(Answer(200, issue(assignees=[lee])))
    forge.unassign(REF, "kim")
    assert [asked.method for asked in server.asked] == ["GET"]
    server.will(Answer(200, issue(assignees=[KIM])))
    with pytest.raises(ForgeUnavailable):
        forge.unassign(REF, "kim")


@pytest.mark.parametrize(
    ("looks", "kind"),
    [
        ((Answer(200, issue(discussion_locked=True)), Answer(200, project())), ForgeLocked),
        ((Answer(200, issue()), Answer(200, project(archived=True))), ForgeRejected),
        ((Answer(200, issue()), Answer(200, project())), ForgeAuthError),
        ((Answer(500),), ForgeAuthError),
    ],
    ids=["locked", "archived", "too weak", "cannot look"],
)
def test_a_bare_refusal_is_looked_into(
    looks: tuple[Answer, ...], kind: type[ForgeError], server: ScriptedServer, connect: Connect
) -> None:
    server.will(_FORBIDDEN, *looks)

    with pytest.raises(ForgeError) as raised:
        connect(server.url).post_comment(REF, "hello")

    assert type(raised.value) is kind
    assert raised.value.status == 403
    assert [asked.method for asked in server.asked] == ["POST"] + ["GET"] * len(looks)


@pytest.mark.parametrize(
    ("row", "facts"),
    [
        (seen_by(20), (False, False, True, True, False)),
        (seen_by(10, 15), (False, False, True, True, False)),
        (seen_by(10), (False, False, True, False, False)),
        (seen_by(None, 50, visibility="internal", archived=True), (True, True, True, True, False)),
        (seen_by(50, issues_enabled=False), (False, False, False, True, False)),
        (seen_by(50, issues_access_level="disabled"), (False, False, False, True, False)),
        (seen_by(50, marked_for_deletion_on="2026-01-09"), (False, False, True, True, True)),
        (seen_by(50, marked_for_deletion_at="2026-01-09"), (False, False, True, True, True)),
    ],
)
def test_a_project_tells_what_may_be_done_there(
    row: dict[str, Any], facts: tuple[bool, ...], server: ScriptedServer, connect: Connect
) -> None:
    server.will(Answer(200, row))

    info = connect(server.url).repository(REPO)

    assert (info.private, info.archived, info.has_issues, info.may_write, info.disabled) == facts


def test_a_role_that_came_with_a_shared_group_is_found_among_the_members(
    server: ScriptedServer, connect: Connect
) -> None:
    server.will(Answer(200, project(permissions={})), Answer(200, KIM), Answer(200, member(30)))

    assert connect(server.url).repository(REPO).may_write
    assert server.asked[2].path.endswith("/members/all/7")


def test_reactions_come_in_shades(server: ScriptedServer, connect: Connect) -> None:
    names = ("thumbsup", "thumbsdown_tone3", "tada")
    rows = [
        {"id": 5 - number, "name": name, "user": KIM, "created_at": f"2026-01-02T03:04:0{number}.000Z"}
        for number, name in enumerate(names)
    ]
    server.will(Answer(200, rows))

    found = connect(server.url).reactions(REF, 55)

    assert [one.kind for one in found] == [ReactionKind.THUMBS_UP, ReactionKind.THUMBS_DOWN, ReactionKind.OTHER]
    assert urlsplit(server.asked[0].path).path == f"{_ISSUE}/notes/55/award_emoji"


@pytest.mark.parametrize(
    ("username", "answer", "grants"),
    [
        (
            "kim",
            Answer(200, {"scopes": ["read_api", "api"], "expires_at": "2026-12-31"}),
            Grants(kind=TokenKind.PERSONAL, scopes=("api", "read_api"), expires_at=datetime(2026, 12, 31, tzinfo=UTC)),
        ),
        (
            "project_5_bot_0a",
            Answer(200, {"scopes": ["api"], "expires_at": None}),
            Grants(kind=TokenKind.PROJECT, scopes=("api",)),
        ),
        ("group_5_bot_0a", Answer(404, {"message": "404 Not Found"}), Grants(kind=TokenKind.GROUP)),
        ("kim", _FORBIDDEN, Grants(kind=TokenKind.UNKNOWN)),
    ],
)
def test_a_token_tells_what_it_may_do(
    username: str, answer: Answer, grants: Grants, server: ScriptedServer, connect: Connect
) -> None:
    server.will(Answer(200, KIM | {"username": username}), answer)

    assert connect(server.url).grants() == grants


def test_the_session_sends_to_no_other_host(server: ScriptedServer) -> None:
    wire = OneOrigin(url="http://gitlab.invalid", timeout_seconds=5, hear=lambda headers: None)

    with pytest.raises(UnusableReply, match="another host"):
        WireSession(wire, lambda: "t0ken").request("get", f"{server.url}/api/v4/user")

    assert server.asked == []


def test_a_list_without_an_end_is_given_up(
    server: ScriptedServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreman.forge.gitlab_reader.MOST_PAGES", 3)
    server.will(Answer(200, [label("bug")], _NEXT))

    with pytest.raises(ForgeRejected, match="more than 3 pages"):
        connect(server.url).labels(REPO)

    assert len(server.asked) == 3
