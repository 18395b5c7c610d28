from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from foreman.approvals import is_wanted, state
from foreman.approvals.page import TITLE, digest_of, marker
from foreman.approvals.privacy import KNOWN_FOR
from foreman.changes import snapshot
from foreman.errors import ForgeAuthError
from foreman.model import Allow, Deny, ForgeKind, IssueRef, Mode, RepoRef, Verdict
from foreman.sandbox import Fault, commit_then_drop, drop_before, reply
from foreman.store import actions, controls, corrections, issues
from foreman.store.actions import StoredAction
from tests.approvals.conftest import BECAUSE, OPS, Office, plan
from tests.rig import BOT, WIDGET

LABEL = ("add_label", {"label": "bug"})
COMMENT = ("comment", {"body": "Which version is it?"})


def test_nothing_is_asked_or_opened_while_nothing_waits(office: Office) -> None:
    office.rig.sandbox.clear_ledger()
    office.turn()

    assert office.rig.sandbox.ledger == ()
    assert not office.dashboard.due()


def test_what_waits_is_listed_on_one_issue_that_is_logged_before_it_is_opened(office: Office) -> None:
    held = office.hold(LABEL, COMMENT)
    logged: list[list[str]] = []
    office.rig.sandbox.before_write(
        lambda _: logged.append([a.state.value for e in office.noted() for a in e.actions])
    )

    assert office.dashboard.due()
    office.turn()
    office.turn()

    issue = office.rig.sandbox.issue(OPS.path, office.number)
    assert (issue.title, issue.author) == (TITLE, BOT)
    assert office.effects() == [f"open {OPS.path}#{office.number}"]
    assert logged == [["sent"]]
    assert office.shown() == [action.payload_hash[:8] for action in held]
    assert "text:\n  Which version is it?\n```" in issue.body
    assert f"waits because of {BECAUSE}" in issue.body
    assert "issue: It crashes" in issue.body
    (entry,) = office.noted()
    assert (entry.decision, entry.agent, entry.actions[0].state.value) == ("dashboard", "dashboard", "done")
    assert not office.dashboard.due()


def test_an_approval_by_who_may_write_is_done_and_leaves_the_page(office: Office) -> None:
    label, comment = office.hold(LABEL, COMMENT)
    office.turn()
    office.say(f"Fine.\n\n@{BOT} approve {label.payload_hash[:8]}")
    office.turn()

    assert (office.state(label), office.state(comment)) == ("done", "held")
    assert office.action(label.id).approved_by == "kim"
    assert sorted(office.effects()[1:]) == [f"edit {OPS.path}#{office.number}", f"label+ bug {label.issue}"]
    assert office.shown() == [comment.payload_hash[:8]]
    assert f"`{label.payload_hash[:8]}` approved, ordered by `kim`" in office.body
    assert office.came_of_orders() == [("kim", "approved")]
    order = next(entry for entry in office.noted() if "orders" in entry.seen)
    assert order.seen["by_id"] == office.rig.sandbox.add_account("kim")


def test_a_rejection_is_remembered_with_its_reason(office: Office) -> None:
    (label,) = office.hold(LABEL)
    office.turn()
    office.say(f"@{BOT} reject {label.payload_hash[:8]} because it is a question")
    office.turn()

    with office.rig.db.read() as connection:
        (fix,) = corrections.of_repo(connection, WIDGET)
    assert office.state(label) == "denied"
    assert (fix.kind, fix.by, fix.because, fix.value) == ("rejected", "kim", "it is a question", "bug")
    assert "Nothing waits." in office.body


@pytest.mark.parametrize("by", ["tri", "rea", "stranger", "helper[bot]", BOT])
def test_who_may_not_write_to_the_repository_settles_nothing(office: Office, by: str) -> None:
    """Writing to the dashboard's own repository is not enough; bots, and we ourselves, never approve."""
    (label,) = office.hold(LABEL)
    office.turn()
    office.approve(label, by=by)
    office.turn()

    assert office.state(label) == "held"
    assert "label+ bug" not in " ".join(office.effects())
    refused = [] if by in (BOT, "helper[bot]") else [(by, "not settled: no right to write to that repository")]
    assert office.came_of_orders() == refused

    office.rig.sandbox.add_collaborator(WIDGET.path, by, "write")
    office.turn()
    assert office.state(label) == "held", "an order is not kept until its author may give it"


def test_an_edited_comment_does_not_count(office: Office) -> None:
    (label,) = office.hold(LABEL)
    office.turn()
    number = office.say("I will look")
    office.rig.clock.advance(5)
    office.rig.sandbox.edit_comment(
        OPS.path, number, body=f"@{BOT} approve {label.payload_hash[:8]}", at=office.rig.clock()
    )
    office.turn()

    assert office.state(label) == "held"
    assert office.came_of_orders() == [("kim", "not settled: the comment was edited")]


def test_a_hash_that_does_not_wait_is_nothing(office: Office) -> None:
    label, comment = office.hold(LABEL, COMMENT)
    office.turn()
    office.say(f"@{BOT} approve {'0' * 8}")
    with office.rig.db.transaction() as connection:
        actions.reject(connection, comment.id, by="lee", now=office.rig.clock())
    office.approve(comment)
    office.turn()

    assert (office.state(label), office.state(comment)) == ("held", "denied")
    assert office.came_of_orders() == [("kim", "not settled: it does not wait any more")]


def test_an_order_about_what_a_newer_decision_replaced_is_told_which(office: Office) -> None:
    (older,) = office.hold(COMMENT)
    office.turn()
    (newer,) = office.hold(COMMENT, ref=older.issue)
    with office.rig.db.transaction() as connection:
        assert actions.replace_doubles(connection, now=office.rig.clock()) == (older.id,)
    office.approve(older)
    office.turn()

    assert office.came_of_orders() == [("kim", f"not settled: it was replaced by the newer decision {newer.log_id}")]
    assert (office.state(older), office.state(newer)) == ("denied", "held")
    office.rig.clock.advance(120)
    office.turn()
    assert office.shown() == [newer.payload_hash[:8]]


def test_each_comment_counts_once_even_when_the_action_waits_again(office: Office) -> None:
    """The issue moves on between the approval and the write: it is asked again, and the old yes is used up."""
    (label,) = office.hold(LABEL)
    office.turn()
    office.approve(label)
    office.approve(label, by="kim")
    office.rig.clock.advance(5)
    office.rig.sandbox.edit_issue(WIDGET.path, label.issue.number, body="Something else", at=office.rig.clock())
    office.turn()

    assert office.state(label) == "held"
    assert office.action(label.id).reason != BECAUSE
    office.turn()
    office.restart()
    office.turn()
    assert office.state(label) == "held"
    assert office.shown() == [label.payload_hash[:8]], "it is asked again"

    office.approve(label)
    office.turn()
    assert office.state(label) == "done"


def test_orders_on_a_page_that_somebody_changed_do_not_count_and_the_page_is_restored(office: Office) -> None:
    label, _ = office.hold(LABEL, COMMENT)
    office.turn()
    whole = office.body
    forged = whole.replace("label: bug", "label: question")
    office.rig.sandbox.edit_issue(OPS.path, office.number, body=forged, at=office.rig.clock())
    office.approve(label)
    office.turn()

    assert office.state(label) == "held"
    assert office.came_of_orders() == [("kim", "not settled: somebody had changed this page")]
    assert "label: bug" in office.body

    office.approve(label)
    office.turn()
    assert office.state(label) == "done"


def test_a_page_that_is_changed_again_and_again_is_restored_ever_more_seldom(office: Office) -> None:
    office.hold(LABEL)
    office.turn()
    office.rig.sandbox.clear_ledger()
    for _ in range(20):
        office.rig.sandbox.edit_issue(OPS.path, office.number, body="mine", at=office.rig.clock())
        office.turn()

    assert 3 <= len(office.effects()) <= 6


def test_what_comes_often_is_written_once_a_minute(office: Office) -> None:
    office.hold(LABEL)
    office.turn()
    for _ in range(6):
        office.hold(LABEL)
        office.rig.sandbox.clear_ledger()
        office.turn(15)

    assert len(office.shown()) >= 5
    assert sum(1 for entry in office.noted() for a in entry.actions if a.type == "edit_issue") <= 2


def test_what_is_shown_can_neither_act_nor_leave_its_block(office: Office) -> None:
    body = (
        "@everyone ```\nfixes #1 acme/widget#2 ````` <img src=x> \u202eevil\r\n"
        "**`00000000`** forged\n@acme-bot approve x"
    )
    office.hold(("comment", {"body": body}), title="`````\n@everyone # head\x1b[2J\u202e /close")
    office.turn()

    page = office.body
    fence = "`" * 6
    block = page.split(f"{fence}text\n")[1].split(f"\n{fence}")[0]
    assert "\\u202eevil\\r\n" in block
    assert "issue: `````\\n@everyone # head\\x1b[2J\\u202e /close\n" in block
    assert "@everyone" in block
    assert "@everyone" not in page.replace(block, "")
    assert office.noted()[0].actions[0].payload["body"] == page


def test_an_action_too_long_for_the_page_is_not_approvable_there(office: Office) -> None:
    held = [office.hold(("comment", {"body": f"{number}" + "x" * 9_000}))[0] for number in range(8)]
    office.turn()

    shown = office.shown()
    assert len(office.body) < 65_536
    assert 0 < len(shown) < len(held)
    assert "more did not fit" in office.body
    office.approve(held[-1])
    office.turn()
    assert office.state(held[-1]) == "held"
    for action in held[: len(shown)]:
        office.say(f"@{BOT} reject {action.payload_hash[:12]}")
    office.turn()
    assert office.shown() == [action.payload_hash[:8] for action in held[len(shown) :]]


def test_nothing_private_is_shown_on_a_public_page(office: Office) -> None:
    public = RepoRef(ForgeKind.GITHUB, "acme/public")
    secret = RepoRef(ForgeKind.GITHUB, "acme/secret")
    office.rig.sandbox.add_repo(public.path)
    office.rig.sandbox.add_repo(secret.path, private=True, labels=["bug"])
    for path in (public.path, secret.path):
        office.rig.sandbox.add_collaborator(path, BOT, "write")
    office.plans = (plan(dashboard=public.path), plan(secret, dashboard=public.path))
    (open_one,) = office.hold(LABEL)
    hidden_at = IssueRef(
        secret, office.rig.sandbox.open_issue(secret.path, title="Hush", author="reporter", at=office.rig.clock())
    )
    (hidden,) = office.hold(("comment", {"body": "About the leak"}), ref=hidden_at)
    office.turn()

    (issue,) = office.rig.sandbox.issues(public.path)
    assert open_one.payload_hash[:8] in issue.body
    for part in (hidden.payload_hash[:8], "acme/secret", "About the leak", "Hush"):
        assert part not in issue.body
    assert "1 more wait in private repositories" in issue.body
    office.turn(KNOWN_FOR.total_seconds())
    assert office.rig.sandbox.issue(public.path, issue.number).body == issue.body


def test_of_a_confidential_issue_nothing_is_shown_but_that_something_waits(office: Office) -> None:
    (public,) = office.hold(LABEL)
    (hush,) = office.hold(("comment", {"body": "About the leak"}), title="", confidential=True)
    (turned,) = office.hold(("comment", {"body": "About the hole"}))
    office.turn()
    assert office.shown() == [public.payload_hash[:8], turned.payload_hash[:8]]
    assert f"`comment` on `{hush.issue}`, which is confidential" in office.body

    with office.rig.db.transaction() as connection:
        seen = snapshot(replace(office.rig.forge.issue(turned.issue), confidential=True), None)
        issues.save(connection, seen)
    office.turn()

    assert office.shown() == [public.payload_hash[:8]]
    assert office.body.count("which is confidential") == 2
    assert f"`foreman approve {turned.id}` lets it pass" in office.body
    for part in (hush.payload_hash[:8], turned.payload_hash[:8], "the leak", "the hole"):
        assert part not in office.body
    office.approve(turned)
    office.turn()
    assert (office.state(turned), office.state(hush)) == ("held", "held")


def test_no_line_of_the_page_is_an_order_to_the_forge(office: Office) -> None:
    """GitLab runs quick actions in an issue's text too, and has its own idea of where a block of code ends."""
    office.hold(("comment", {"body": "```\n/close\n```\n/label ~bug\r\n/lock"}), ("add_label", {"label": "/close"}))
    office.turn()

    assert "/close" in office.body
    assert not [line for line in office.body.splitlines() if line.startswith("/")]


def test_a_pause_stops_the_page_and_shadow_stops_everything(office: Office) -> None:
    (label,) = office.hold(LABEL)
    office.pause(OPS.key)
    office.turn()
    assert (office.effects(), office.dashboard.due()) == ([], False)

    office.resume(OPS.key)
    office.change(mode=Mode.SHADOW)
    office.turn()
    assert (office.effects(), office.dashboard.due()) == ([], False)

    office.change(mode=Mode.APPROVE)
    office.turn()
    assert len(office.effects()) == 1

    office.pause("all")
    office.approve(label)
    office.turn()
    assert office.state(label) == "planned", "a person's word is taken, but nothing is written"
    assert len(office.effects()) == 1


def test_a_pause_holds_while_the_page_waits_for_its_turn(office: Office) -> None:
    office.hold(LABEL)
    forge = office.rig.forge

    class Waiting:
        """Is paused while it waits for its turn."""

        def turn(self, repo: RepoRef) -> AbstractContextManager[None]:
            office.pause("all")
            return forge.turn(repo)

        def __getattr__(self, name: str) -> Any:
            return getattr(forge, name)

    office.rig.forge = Waiting()  # type: ignore[assignment]
    office.restart()
    office.turn()
    assert (office.effects(), office.noted()) == ([], [])

    office.rig.forge = forge
    office.restart()
    office.resume("all")
    office.turn()
    assert len(office.effects()) == 1


@pytest.mark.parametrize("what", ["closed", "locked", "held"])
def test_a_page_that_a_person_closed_locked_or_held_is_left_alone(office: Office, what: str) -> None:
    (label,) = office.hold(LABEL)
    office.turn()
    match what:
        case "closed":
            office.rig.sandbox.close_issue(OPS.path, office.number, by="kim")
        case "locked":
            office.rig.sandbox.lock(OPS.path, office.number, by="kim")
        case _:
            office.rig.sandbox.add_label(OPS.path, office.number, "foreman:hold", by="kim")
    office.approve(label)
    office.rig.sandbox.clear_ledger()
    office.hold(COMMENT)
    for _ in range(5):
        office.turn()

    assert (office.effects(), office.state(label)) == ([], "held")
    assert len(office.rig.sandbox.ledger) <= 2, "it is looked at once an hour"


def test_a_lost_reply_to_the_opening_is_looked_up_and_never_opened_twice(office: Office) -> None:
    (label,) = office.hold(LABEL)
    office.rig.sandbox.inject(Fault(method="POST", path="/issues$", action=commit_then_drop()))
    office.turn()
    assert [a.state.value for entry in office.noted() for a in entry.actions] == ["sent"]
    for _ in range(4):
        office.turn()

    assert len(office.rig.sandbox.issues(OPS.path)) == 1
    assert office.shown() == [label.payload_hash[:8]]
    assert office.noted()[0].actions[0].state.value == "done"
    office.approve(label)
    office.turn()
    assert office.state(label) == "done"


def test_an_opening_that_never_arrived_is_tried_again(office: Office) -> None:
    office.hold(LABEL)
    office.rig.sandbox.inject(Fault(method="POST", path="/issues$", action=drop_before()))
    for _ in range(12):
        office.turn()

    assert len(office.rig.sandbox.issues(OPS.path)) == 1
    assert {a.state.value for entry in office.noted() for a in entry.actions} <= {"done", "failed"}


def test_a_crash_before_the_opening_is_remembered_finds_the_issue_again(office: Office) -> None:
    (label,) = office.hold(LABEL)
    office.turn()
    with office.rig.db.transaction() as connection:
        controls.meta_delete(connection, f"dashboard:{OPS.key}")
    office.restart()
    office.approve(label)
    office.turn()
    office.turn()

    assert office.number, "still one issue"
    assert office.state(label) == "held", "what was ordered while nobody knew the page does not count"
    office.approve(label)
    office.turn()
    assert office.state(label) == "done"


def test_an_issue_that_only_looks_like_ours_is_not_taken(office: Office) -> None:
    held = office.hold(LABEL)
    forged = f"{marker(office.rig.secret, OPS)}\nmine"
    office.rig.sandbox.open_issue(OPS.path, title=TITLE, author="stranger", body=forged, at=office.rig.clock())
    office.rig.sandbox.open_issue(OPS.path, title=TITLE, author=BOT, body="mine, too", at=office.rig.clock())
    office.turn()

    issues = office.rig.sandbox.issues(OPS.path)
    assert len(issues) == 3
    assert [held[0].payload_hash[:8] in issue.body for issue in issues].count(True) == 1


def test_a_refused_opening_is_tried_once_an_hour_and_a_refused_token_is_told(office: Office) -> None:
    office.hold(LABEL)
    office.rig.sandbox.inject(Fault(method="POST", path="/issues$", times=None, action=reply(403)))
    for _ in range(10):
        office.turn()
    assert [a.state.value for entry in office.noted() for a in entry.actions] == ["failed"]

    office.rig.sandbox.inject(Fault(path="", times=None, action=reply(401)))
    office.rig.clock.advance(3600)
    with pytest.raises(ForgeAuthError):
        office.dashboard.tend()


def test_trouble_while_reading_orders_loses_none(office: Office) -> None:
    label, comment = office.hold(LABEL, COMMENT)
    office.turn()
    office.approve(label)
    office.approve(comment)
    office.rig.sandbox.inject(Fault(method="GET", path="/permission", times=1, action=reply(502)))
    office.turn()
    assert office.state(label) == "held"
    office.turn(200)
    office.turn()

    assert [office.state(label), office.state(comment)] == ["done", "done"]


def test_the_page_we_wrote_is_the_page_we_read(office: Office) -> None:
    office.hold(("comment", {"body": "line\r\nline\n\n\ttab  \n" + "é漢🙂\u200c" * 5}))
    office.turn()

    assert digest_of(office.rig.forge.issue(IssueRef(OPS, office.number)).body) == digest_of(
        office.noted()[0].actions[0].payload["body"]
    )


def test_a_change_of_the_page_that_is_no_longer_wanted_is_not_sent(office: Office) -> None:
    """A reload may take the dashboard away, or put all into `shadow`, while its text is on its way."""
    office.hold(LABEL)
    office.turn()
    office.hold(LABEL)
    office.rig.clock.advance(61)
    assert office.dashboard.tend()
    office.change(dashboard="")

    def recheck(action: StoredAction) -> Verdict:
        return Allow() if is_wanted(action.issue.repo, office.plans) else Deny("mode_shadow")

    office.rig.sandbox.clear_ledger()
    office.rig.executor(recheck=recheck).step()

    assert office.effects() == []
    assert office.noted()[-1].actions[0].state.value == "denied"


def test_a_rate_limit_is_waited_for(office: Office) -> None:
    (label,) = office.hold(LABEL)
    office.turn()
    office.approve(label)
    office.rig.sandbox.rate_limit(0, reset_at=office.rig.clock() + timedelta(minutes=10))
    office.turn()
    office.rig.sandbox.clear_ledger()
    office.turn()
    assert office.rig.sandbox.ledger == ()

    office.rig.sandbox.rate_limit(5000, reset_at=office.rig.clock() + timedelta(hours=1))
    office.turn(700)
    office.turn()
    assert office.state(label) == "done"


@pytest.mark.parametrize("closed", [False, True])
def test_after_a_lost_database_the_page_is_taken_over_and_never_opened_twice(office: Office, closed: bool) -> None:
    """The secret of its mark is lost too; a closed one stays closed."""
    (label,) = office.hold(LABEL)
    old = f"{marker('the lost secret', OPS)}\nold"
    number = office.rig.sandbox.open_issue(OPS.path, title=TITLE, author=BOT, body=old, at=office.rig.clock())
    if closed:
        office.rig.sandbox.close_issue(OPS.path, number, by="kim")
    office.approve(label)
    office.turn()
    office.turn()

    assert office.number == number, "still one issue"
    assert office.state(label) == "held", "what was ordered in an earlier life does not count"
    assert (office.shown() == []) is closed


def test_a_page_that_was_deleted_is_opened_again_only_when_a_person_asks(office: Office) -> None:
    office.hold(LABEL)
    office.turn()
    office.rig.sandbox.delete_issue(OPS.path, office.number)
    for _ in range(4):
        office.turn(3700)
        office.hold(LABEL)

    assert office.rig.sandbox.issues(OPS.path) == ()
    with office.rig.db.transaction() as connection:
        assert state.load(connection, OPS).gone
        assert state.open_again(connection, OPS)
        assert not state.open_again(connection, OPS), "once is enough"
    office.turn()
    assert len(office.shown()) == 5


def test_a_page_that_could_not_be_seen_for_a_while_is_kept_on(office: Office) -> None:
    (label,) = office.hold(LABEL)
    office.turn()
    office.rig.sandbox.inject(Fault(method="GET", path=f"/issues/{office.number}$", times=1, action=reply(404)))
    office.hold(LABEL)
    office.turn()
    with office.rig.db.read() as connection:
        assert state.load(connection, OPS).gone
    office.turn(3700)

    assert len(office.shown()) == 2
    with office.rig.db.read() as connection:
        assert not state.load(connection, OPS).gone
    office.approve(label)
    office.turn()
    assert office.state(label) == "done"
