"""What the two ports to a forge mean, tried on anything that implements them.

A new adapter joins by a subclass that gives the `world` fixture: people's hands on a forge (the names of
`foreman.sandbox`), and an adapter logged in as `foreman-bot`, which may write to the world's repository. Where forges
really differ a subclass says so in an attribute, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from foreman.errors import ForgeError, ForgeGone, ForgeLocked, ForgeMoved, ForgeNotFound, ForgeRejected
from foreman.forge.base import ChangeKind, ForgeReader, ForgeWriter, Permission, Sign
from foreman.forge.grants import TokenKind
from foreman.model import Account, ForgeKind, IssueRef, ReactionKind, RepoRef, Role

REPO = RepoRef.parse("acme/widget")
BOT = "foreman-bot"


@dataclass
class World:
    """A forge with one repository, and our adapter to it."""

    people: Any
    reader: ForgeReader
    writer: ForgeWriter
    bot: str = BOT
    repo: RepoRef = REPO

    def open(self, title: str = "It breaks", **fields: Any) -> IssueRef:
        fields.setdefault("author", "ann")
        return IssueRef(self.repo, self.people.open_issue(self.repo.path, title=title, **fields))

    def beside(self, name: str) -> RepoRef:
        """A repository of the same owner."""
        return RepoRef(self.repo.forge, f"{self.repo.owner}/{name}")


def furnish(people: Any, repo: RepoRef = REPO) -> None:
    """Fill a forge with what the contract counts on."""
    people.add_account(BOT)
    people.add_repo(repo.path, labels=["bug", ("question", "Somebody asks")])
    people.add_collaborator(repo.path, BOT, permission="write")
    people.add_collaborator(repo.path, "mia", permission="maintain")
    people.add_collaborator(repo.path, "tim", permission="triage")
    people.set_association(repo.path, "mia", "MEMBER")
    people.set_association(repo.path, "con", "CONTRIBUTOR")
    people.add_account("ann")
    people.add_account("helper[bot]", is_bot=True)


class ForgeContract:
    """The meaning of `ForgeReader` and `ForgeWriter`."""

    roles: ClassVar[dict[str, Role]] = {
        "mia": Role.MEMBER,
        "con": Role.CONTRIBUTOR,
        "ann": Role.NONE,
        "helper[bot]": Role.BOT,
    }
    permissions: ClassVar[dict[str, Permission]] = {
        BOT: Permission.WRITE,
        "mia": Permission.MAINTAIN,
        "tim": Permission.TRIAGE,
        "ann": Permission.READ,
    }
    lists_pull_requests: ClassVar[bool] = True
    comments_move_time_at_once: ClassVar[bool] = True
    keeps_reasons: ClassVar[bool] = True
    gone: ClassVar[type[ForgeError]] = ForgeGone
    every_answer_tells_a_move: ClassVar[bool] = True
    locks_bind_members: ClassVar[bool] = True
    longest_comment: ClassVar[int] = 65_536

    def test_it_knows_who_it_is_and_where(self, world: World) -> None:
        assert world.reader.kind is world.repo.forge
        assert world.reader.whoami().login == world.bot
        assert world.reader.whoami().is_bot is world.bot.endswith("[bot]")
        info = world.reader.repository(world.repo)
        assert (info.path, info.private, info.archived, info.has_issues, info.may_write) == (
            world.repo.path, False, False, True, True,
        )  # fmt: skip
        assert info.id > 0
        with pytest.raises(ForgeNotFound):
            world.reader.repository(world.beside("nothing"))

    def test_it_knows_what_its_token_may_do(self, world: World) -> None:
        grants = world.reader.grants()

        assert isinstance(grants.kind, TokenKind)
        assert grants.scopes or grants.permissions, "the token of a test is one of which the forge tells"

    def test_an_owners_repositories_are_those_the_account_can_see(self, world: World) -> None:
        owner = world.repo.owner
        for name, private in (("open", False), ("old", False), ("ours", True), ("theirs", True)):
            world.people.add_repo(f"{owner}/{name}", private=private)
        world.people.add_collaborator(f"{owner}/ours", BOT)
        world.people.add_repo(f"{owner}2/other")
        world.people.archive(f"{owner}/old")

        found = world.reader.owned(owner, nested=False)

        assert [info.path for info in found] == [f"{owner}/{name}" for name in ("widget", "open", "old", "ours")]
        assert [info.archived for info in found] == [False, False, True, False]
        assert found[0] == world.reader.repository(world.repo)
        with pytest.raises(ForgeNotFound):
            world.reader.owned("nobody-at-all", nested=False)

    def test_an_issue_is_read_whole(self, world: World) -> None:
        ref = world.open(body="Line one\r\n\u200b<!-- two -->", labels=("bug",))

        found = world.reader.issue(ref)

        assert (found.ref, found.title, found.body) == (ref, "It breaks", "Line one\r\n\u200b<!-- two -->")
        assert (found.author.login, found.role, found.state, found.labels) == ("ann", Role.NONE, "open", ("bug",))
        assert (found.locked, found.is_pull_request, found.comment_count, found.assignees) == (False, False, 0, ())
        assert found.created_at.utcoffset() == timedelta(0)
        assert found.updated_at >= found.created_at
        assert found.url.startswith("http")

    def test_authors_have_the_role_the_forge_gives_them(self, world: World) -> None:
        for author, role in self.roles.items():
            ref = world.open(author=author)
            world.people.comment(world.repo.path, ref.number, author=author, body="me")

            assert world.reader.issue(ref).role is role
            assert world.reader.comments(ref)[0].role is role
            assert world.reader.issue(ref).author.is_bot is (role is Role.BOT)

    def test_a_probe_tells_what_changed_and_when_nothing_did(self, world: World) -> None:
        first = world.open("one")
        second = world.open("two", **({"pull_request": True} if self.lists_pull_requests else {}))

        seen = world.reader.probe(world.repo, etag="")
        again = world.reader.probe(world.repo, etag=seen.etag)
        world.people.comment(world.repo.path, first.number, author="ann", body="hm")
        moved = world.reader.probe(world.repo, etag=seen.etag)

        assert [issue.ref for issue in seen.issues] == [second, first]
        assert [issue.is_pull_request for issue in seen.issues] == [self.lists_pull_requests, False]
        assert (seen.changed, seen.complete) == (True, True)
        assert (again.changed, again.issues, again.etag) == (False, (), seen.etag)
        assert moved.changed
        newest_first = [first, second] if self.comments_move_time_at_once else [second, first]
        assert [issue.ref for issue in moved.issues] == newest_first

    def test_a_probe_of_many_is_not_complete(self, world: World) -> None:
        refs = [world.open(str(number)) for number in range(31)]

        seen = world.reader.probe(world.repo, etag="")

        assert [issue.ref for issue in seen.issues] == refs[:0:-1]
        assert not seen.complete

    def test_a_sweep_begins_at_its_time_and_goes_by_change(self, world: World) -> None:
        refs = [world.open(str(number)) for number in range(105)]
        world.people.close(world.repo.path, refs[50].number)
        start = world.reader.issue(refs[2]).updated_at

        swept = list(world.reader.changed_since(world.repo, since=start))

        assert [issue.ref for issue in swept] == [*refs[2:50], *refs[51:], refs[50]]
        assert swept[-1].state == "closed"

    def test_the_newest_open_issues_are_no_pull_requests(self, world: World) -> None:
        first = world.open("one")
        second = world.open("two")
        if self.lists_pull_requests:
            world.open("three", pull_request=True)
        shut = world.open("four")
        world.people.close(world.repo.path, shut.number)
        last = world.open("five")

        assert [issue.ref for issue in world.reader.newest_open(world.repo, limit=2)] == [last, second]
        assert [issue.ref for issue in world.reader.newest_open(world.repo, limit=9)] == [last, second, first]
        assert world.reader.newest_open(world.repo, limit=0) == ()

    def test_comments_come_oldest_first_and_from_a_time_on(self, world: World) -> None:
        ref = world.open()
        ids = [world.people.comment(world.repo.path, ref.number, author="ann", body=f"no {n}") for n in range(103)]
        world.people.edit_comment(world.repo.path, ids[0], body="edited")

        found = world.reader.comments(ref)
        late = world.reader.comments(ref, since=found[100].updated_at)

        assert [comment.id for comment in found] == ids
        assert found[0].body == "edited"
        assert found[0].updated_at > found[0].created_at
        assert {comment.id for comment in late} == {ids[0], *ids[100:]}
        assert world.reader.issue(ref).comment_count == 103

    def test_history_says_who_did_what(self, world: World) -> None:
        ref = world.open()
        people, at = world.people, (world.repo.path, ref.number)
        people.add_label(*at, "bug", by="mia")
        people.remove_label(*at, "bug", by="tim")
        people.assign(*at, "mia", by="tim")
        people.edit_issue(*at, title="It really breaks", by="ann")
        people.close(*at, by="mia")
        people.reopen(*at, by="ann")
        people.lock(*at, by="mia")
        people.unlock(*at, by="mia")

        found = world.reader.history(ref)

        assert [(change.kind, change.actor.login if change.actor else "") for change in found] == [
            (ChangeKind.LABELED, "mia"),
            (ChangeKind.UNLABELED, "tim"),
            (ChangeKind.ASSIGNED, "tim"),
            (ChangeKind.RENAMED, "ann"),
            (ChangeKind.CLOSED, "mia"),
            (ChangeKind.REOPENED, "ann"),
            (ChangeKind.LOCKED, "mia"),
            (ChangeKind.UNLOCKED, "mia"),
        ]
        assert [change.label for change in found[:2]] == ["bug", "bug"]
        assert found[2].assignee == "mia"
        assert len({change.id for change in found}) == len(found)

    def test_who_put_labels_on_is_told_for_one_issue_and_where_the_forge_can_for_all(self, world: World) -> None:
        first, second = world.open(), world.open()
        people, repo = world.people, world.repo.path
        people.add_label(repo, first.number, "bug", by="mia")
        people.add_label(repo, second.number, "bug", by=BOT)
        people.remove_label(repo, first.number, "bug", by="tim")
        people.add_label(repo, first.number, "question", by="tim")

        of_first = world.reader.labellings_of(first)
        page = world.reader.labellings(world.repo, page=1)

        assert [(one.number, one.label, one.actor and one.actor.login) for one in of_first] == [
            (first.number, "bug", "mia"),
            (first.number, "question", "tim"),
        ]
        if world.repo.forge is ForgeKind.GITLAB:
            assert page is None
            return
        found, more = page
        assert [(one.number, one.label, one.actor and one.actor.login) for one in found] == [
            (first.number, "question", "tim"),
            (second.number, "bug", BOT),
            (first.number, "bug", "mia"),
        ]
        assert found[0].at == of_first[1].at and not more

    def test_reactions_have_somebody_and_move_no_time(self, world: World) -> None:
        ref = world.open()
        said = world.people.comment(world.repo.path, ref.number, author=BOT, body="Is it a bug?")
        before = world.reader.issue(ref)
        people, at = world.people, (world.repo.path, ref.number)

        people.react(*at, "+1", by="ann")
        people.react(*at, "heart", by="mia")
        people.react(*at, "-1", by="mia", comment_id=said)
        people.react(*at, "-1", by="tim", comment_id=said)
        people.unreact(*at, "-1", by="tim", comment_id=said)
        found = world.reader.reactions(ref)
        heard = world.reader.reactions(ref, said)

        assert [(one.author.login, one.kind) for one in found] == [
            ("ann", ReactionKind.THUMBS_UP),
            ("mia", ReactionKind.OTHER),
        ]
        assert [(one.author.login, one.kind) for one in heard] == [("mia", ReactionKind.THUMBS_DOWN)]
        assert len({one.id for one in (*found, *heard)}) == 3
        after, comment = world.reader.issue(ref), world.reader.comments(ref)[0]
        assert (after.updated_at, after.comment_count) == (before.updated_at, 1)
        assert (after.thumbs_up, after.thumbs_down) == (1, 0)
        assert (comment.thumbs_up, comment.thumbs_down) in {(0, 1), (None, None)}, "told, or not told at all"
        with pytest.raises(ForgeNotFound):
            world.reader.reactions(ref, said + 100_000)

    def test_it_reacts_to_a_comment_once_however_often_it_is_asked(self, world: World) -> None:
        ref = world.open()
        said = world.people.comment(world.repo.path, ref.number, author="mia", body="Have a look")

        for sign in (Sign.SEEN, Sign.SEEN, Sign.DONE, Sign.REFUSED, Sign.DONE):
            world.writer.react(ref, said, sign)

        found = world.reader.reactions(ref, said)
        assert sorted(one.kind for one in found) == [
            ReactionKind.OTHER,
            ReactionKind.THUMBS_DOWN,
            ReactionKind.THUMBS_UP,
        ]
        assert {one.author.login for one in found} == {world.bot}
        assert world.reader.reactions(ref) == ()
        with pytest.raises(ForgeNotFound):
            world.writer.react(ref, said + 100_000, Sign.SEEN)

    def test_labels_come_with_their_descriptions(self, world: World) -> None:
        found = {label.name: label.description for label in world.reader.labels(world.repo)}

        assert found == {"bug": "", "question": "Somebody asks"}

    def test_permission_is_asked_and_belongs_to_the_id(self, world: World) -> None:
        for login, permission in self.permissions.items():
            account = Account(login=login, id=world.people.add_account(login))

            assert world.reader.permission(world.repo, account) is permission
            assert world.reader.permission(world.repo, Account(login=login, id=account.id + 5000)) is Permission.NONE
        assert world.reader.permission(world.repo, Account(login="no-such-login", id=5)) is Permission.NONE
        assert world.reader.permission(world.repo, Account(login="ghost", id=0)) is Permission.NONE

    def test_files_are_those_of_the_default_branch_and_text(self, world: World) -> None:
        people, path = world.people, world.repo.path
        assert (world.reader.files(world.repo, ""), world.reader.file(world.repo, "MISSION.md")) == ((), None)
        people.write_file(path, "MISSION.md", "\ufeff# Widgets\r\nWe count \U0001f600\n")
        people.write_file(path, "docs/how to/start #1.md", "Begin.")
        people.write_file(path, "docs/FAQ.md", "x" * 2_000)
        people.write_file(path, "docs/logo.md", b"\x89PNG\r\n\x00\xff")
        people.write_file(path, "docs/empty.md", "")

        mission, odd = (
            world.reader.file(world.repo, "MISSION.md"),
            world.reader.file(world.repo, "docs/how to/start #1.md"),
        )
        docs = {one.path: one for one in world.reader.files(world.repo, "docs")}

        assert mission is not None
        assert odd is not None
        assert (mission.path, mission.text) == ("MISSION.md", "# Widgets\r\nWe count \U0001f600\n")
        assert (mission.url.startswith("http"), mission.url.endswith("/MISSION.md")) == (True, True)
        assert (odd.text, odd.url.rpartition("/docs/")[2]) == ("Begin.", "how%20to/start%20%231.md")
        assert [one.path for one in world.reader.files(world.repo, "")] == ["MISSION.md"]
        assert set(docs) == {"docs/FAQ.md", "docs/empty.md", "docs/logo.md"}
        assert {one.size for one in docs.values()} <= {None, 0, 8, 2_000}
        faq = world.reader.file(world.repo, "docs/FAQ.md", most=2_000)
        assert faq is not None
        assert faq.sha == docs["docs/FAQ.md"].sha
        assert getattr(world.reader.file(world.repo, "docs/empty.md"), "text", None) == ""
        assert world.reader.file(world.repo, "docs/FAQ.md", most=1_999) is None
        for nothing in ("docs/logo.md", "docs", "docs/no.md", "no/such/file.md", "mission.md"):
            assert world.reader.file(world.repo, nothing) is None
        assert world.reader.files(world.repo, "no/such") == world.reader.files(world.repo, "docs/FAQ.md") == ()

    def test_no_path_leads_out_of_the_repository(self, world: World) -> None:
        for path in ("../secret", "docs/../../x", "/etc/passwd", "a//b", "docs/", ".", "a\nb", "a\\b"):
            with pytest.raises(ForgeRejected):
                world.reader.file(world.repo, path)
            with pytest.raises(ForgeRejected):
                world.reader.files(world.repo, path)

    def test_what_is_gone_moved_or_missing_is_told_apart(self, world: World) -> None:
        gone, moved, here = world.open("gone"), world.open("moved"), world.open("here")
        world.people.add_repo(world.beside("other").path)
        world.people.delete_issue(world.repo.path, gone.number)
        world.people.transfer(world.repo.path, moved.number, world.beside("other").path)
        missing = IssueRef(world.repo, 999)

        for ref, error in [(gone, self.gone), (moved, ForgeMoved), (missing, ForgeNotFound)]:
            with pytest.raises(error):
                world.reader.issue(ref)
            if ref == moved and not self.every_answer_tells_a_move:
                continue
            for ask in (
                lambda ref=ref: world.reader.comments(ref),
                lambda ref=ref: world.writer.post_comment(ref, "hello"),
                lambda ref=ref: world.writer.add_label(ref, "bug"),
                lambda ref=ref: world.writer.remove_label(ref, "bug"),
                lambda ref=ref: world.writer.close(ref, "completed"),
            ):
                with pytest.raises(error):
                    ask()
        world.people.rename_repo(world.repo.path, world.beside("gadget").path)
        with pytest.raises(ForgeMoved):
            world.reader.probe(world.repo, etag="")
        with pytest.raises(ForgeMoved):
            world.writer.post_comment(here, "hello")

    def test_labels_are_put_on_and_taken_off_and_twice_is_once(self, world: World) -> None:
        ref = world.open()

        world.writer.add_label(ref, "bug")
        world.writer.add_label(ref, "bug")
        world.writer.add_label(ref, "question")
        assert world.reader.issue(ref).labels == ("bug", "question")

        world.writer.remove_label(ref, "bug")
        world.writer.remove_label(ref, "bug")
        assert world.reader.issue(ref).labels == ("question",)
        assert [change.kind for change in world.reader.history(ref)] == [
            ChangeKind.LABELED,
            ChangeKind.LABELED,
            ChangeKind.UNLABELED,
        ]
        assert all(change.actor and change.actor.login == world.bot for change in world.reader.history(ref))

    def test_a_comment_is_posted_edited_and_deleted(self, world: World) -> None:
        ref, other = world.open(), world.open("another")
        body = "<!-- foreman:v1 -->\nVerdict: **bug** 🙂\n"

        posted = world.writer.post_comment(ref, body)
        assert [(one.id, one.author.login, one.body.rstrip()) for one in world.reader.comments(ref)] == [
            (posted, world.bot, body.rstrip())
        ]

        world.writer.edit_comment(ref, posted, "withdrawn")
        assert world.reader.comments(ref)[0].body == "withdrawn"

        world.writer.delete_comment(ref, posted)
        world.writer.delete_comment(ref, posted)
        assert world.reader.comments(ref) == ()
        assert world.reader.comments(other) == ()
        with pytest.raises(ForgeNotFound):
            world.writer.edit_comment(ref, posted, "again")

    def test_a_comment_too_long_is_rejected(self, world: World) -> None:
        ref = world.open()

        with pytest.raises(ForgeRejected):
            world.writer.post_comment(ref, "a" * (self.longest_comment + 1))

        assert world.reader.comments(ref) == ()

    def test_a_locked_conversation_is_left_alone(self, world: World) -> None:
        ref = world.open()
        world.people.lock(world.repo.path, ref.number)

        assert world.reader.issue(ref).locked
        if self.locks_bind_members:
            with pytest.raises(ForgeLocked):
                world.writer.post_comment(ref, "hello")
            assert world.reader.comments(ref) == ()

    @pytest.mark.parametrize("reason", ["completed", "not_planned", "duplicate"])
    def test_closing_and_reopening_twice_is_once(self, reason: str, world: World) -> None:
        ref = world.open()

        world.writer.close(ref, reason)
        world.writer.close(ref, reason)
        closed = world.reader.issue(ref)
        world.writer.reopen(ref)
        world.writer.reopen(ref)

        assert (closed.state, closed.state_reason) == ("closed", reason if self.keeps_reasons else "")
        assert world.reader.issue(ref).state == "open"
        assert [change.kind for change in world.reader.history(ref)] == [ChangeKind.CLOSED, ChangeKind.REOPENED]

    def test_people_are_assigned_and_a_stranger_is_rejected(self, world: World) -> None:
        ref = world.open()

        world.writer.assign(ref, "mia")
        world.writer.assign(ref, "mia")
        assert world.reader.issue(ref).assignees == ("mia",)
        with pytest.raises(ForgeRejected):
            world.writer.assign(ref, "ann")

        world.writer.unassign(ref, "mia")
        world.writer.unassign(ref, "mia")
        assert world.reader.issue(ref).assignees == ()

    def test_an_issue_of_our_own_is_opened_and_rewritten(self, world: World) -> None:
        ref = world.writer.open_issue(world.repo, "Foreman's board", "first")

        world.writer.edit_issue_body(ref, "second")

        found = world.reader.issue(ref)
        assert (found.title, found.body, found.author.login) == (
            "Foreman's board", "second", world.bot,
        )  # fmt: skip
        with pytest.raises(ForgeNotFound):
            world.writer.open_issue(world.beside("nothing"), "t", "b")
