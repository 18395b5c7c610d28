from __future__ import annotations

from datetime import timedelta

import pytest

from foreman.app.onboarding.keeping import Form, Keeping, StaleBot
from foreman.app.onboarding.proposal import propose
from foreman.app.onboarding.roles import LabelRole
from foreman.app.onboarding.survey import Survey
from foreman.model import Account, Role
from tests.app.onboarding.making import INFO, NOW, REPO, issue, seen

LABELS = ("bug", "question", "enhancement", "stale", "needs-info", "security", "good first issue", "P1", "parser")


def kinds(proposal) -> dict[str, str]:
    return {str(one.role): one.label for one in proposal.lists}


def test_labels_are_sorted_by_what_they_are_for() -> None:
    proposal = propose(seen(labels=LABELS), REPO, now=NOW)

    assert kinds(proposal) == {"bug": "bug", "question": "question", "feature": "enhancement"}
    assert proposal.needs_info == "needs-info"
    assert [name for name, _ in proposal.exempt] == ["pinned", "security", "help wanted", "good first issue"]
    assert "traceback" in proposal.lists[0].words


def test_of_several_labels_for_a_kind_the_one_in_use_is_taken_and_a_forms_own_before_it() -> None:
    issues = [issue(n, "It breaks", "kind/bug") for n in range(3)]
    labels = ("bug", "kind/bug", "T-Fault")
    form = Keeping(forms=(Form(name="Bug report", labels=("needs-triage", "T-Fault")),))

    assert kinds(propose(seen(*issues, labels=labels), REPO, now=NOW)) == {"bug": "kind/bug"}
    assert kinds(propose(seen(*issues, labels=labels, keeping=form), REPO, now=NOW)) == {"bug": "T-Fault"}


def test_a_label_that_is_no_kind_gets_a_list_where_the_history_has_one() -> None:
    issues = [issue(n, f"Windows installer path {n}", "windows") for n in range(12)]
    issues += [issue(50 + n, f"Crash {n}", "bug") for n in range(20)]

    proposal = propose(seen(*issues, labels=("bug", "windows", "macos")), REPO, now=NOW)

    (topic,) = [one for one in proposal.lists if one.role is LabelRole.TOPIC]
    assert topic.label == "windows"
    assert {"windows installer path", "windows", "installer", "path"} & set(topic.words)


def test_a_label_that_stands_beside_a_kind_is_left_out() -> None:
    """An issue gets one of the labels with a list: a topic among them would take the place of its kind."""
    issues = [issue(n, f"Windows installer path {n}", "bug", "windows") for n in range(12)]
    issues += [issue(50 + n, f"How to {n}", "question") for n in range(20)]

    proposal = propose(seen(*issues, labels=("bug", "question", "windows")), REPO, now=NOW)

    assert [one.label for one in proposal.lists] == ["bug", "question"]
    assert proposal.beside == ("windows",)


def test_what_could_not_be_read_is_guessed_and_said() -> None:
    proposal = propose(Survey(notes=("nothing could be read: offline",)), REPO, now=NOW)

    assert proposal.guessed
    assert kinds(proposal) == {"bug": "bug", "question": "question", "feature": "enhancement"}
    assert proposal.notes == ("nothing could be read: offline",)


@pytest.mark.parametrize(
    ("marked", "keeping", "active", "days", "why"),
    [
        (2, Keeping(), True, 30, "'stale' is on 2 issues"),
        (0, Keeping(), False, 30, "on none of 12 issues"),
        (2, Keeping(stale_bot=StaleBot(path=".github/stale.yml", days=45)), False, 45, ".github/stale.yml does it"),
    ],
)
def test_stale_is_switched_on_only_where_people_use_it_and_nobody_else_does_it(
    marked, keeping, active, days, why
) -> None:
    issues = [issue(n, "It breaks", *(["stale"] if n < marked else [])) for n in range(12)]

    stale = propose(seen(*issues, labels=LABELS, keeping=keeping), REPO, now=NOW).stale

    assert (stale.active, stale.days, stale.label) == (active, days, "stale")
    assert why in stale.why


def test_without_a_stale_label_it_is_off() -> None:
    stale = propose(seen(issue(1, "It breaks"), labels=("bug",)), REPO, now=NOW).stale

    assert (stale.active, stale.label) == (False, "")


def test_reporters_get_longer_where_people_take_longer_here() -> None:
    slow = seen(issue(1, "a", "stale"), labels=LABELS, answers=(timedelta(days=34),) * 3)
    replies = seen(issue(1, "a", "stale"), labels=LABELS, replies=(timedelta(days=1), *(timedelta(days=42),) * 5))

    assert propose(slow, REPO, now=NOW).stale.days == 70
    assert "34 days (median)" in propose(slow, REPO, now=NOW).stale.why
    assert propose(replies, REPO, now=NOW).stale.days == 65


def test_labels_that_keep_issues_open_and_a_stale_bots_own_are_exempt() -> None:
    old = [issue(n, "Later", "upstream", days=400, state="open") for n in range(3)]
    bot = Keeping(stale_bot=StaleBot(path=".github/stale.yml", exempt=("keep",)))

    exempt = dict(propose(seen(*old, labels=("upstream", "wontfix"), keeping=bot), REPO, now=NOW).exempt)

    assert "older than 180 days" in exempt["upstream"]
    assert exempt["keep"] == "from .github/stale.yml"
    assert "wontfix" not in exempt


def test_a_person_is_told_what_would_surprise_them() -> None:
    own = [issue(n, "a", role=Role.OWNER if n else Role.NONE) for n in range(12)]
    me = seen(*own, labels=("P1",), owner=Account(login="mira", id=1), runs_it=True)

    notes = " ".join(propose(me, REPO, now=NOW).notes)

    assert "11 of 12 issues are by people of the project" in notes
    assert "mira's, who runs the repository" in notes
    assert "no label says bug, question or feature" in notes


@pytest.mark.parametrize(("change", "says"), [("archived", "archived"), ("has_issues", "switched off")])
def test_a_repository_that_nothing_can_be_done_on_is_told(change, says) -> None:
    from dataclasses import replace

    info = replace(INFO, **{change: change == "archived"})

    assert says in " ".join(propose(Survey(info=info, labels=()), REPO, now=NOW).notes)
