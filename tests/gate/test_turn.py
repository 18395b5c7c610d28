"""Whose turn it is: what people did counts, in the order they did it; what anybody claims to be does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from foreman.forge.base import Change, ChangeKind
from foreman.gate.turn import Turn, asks, turn
from foreman.model import Account, Comment, Role
from tests.gate.cases import BOT, NOW, facts

WHO = {
    "kim": (Account(login="kim", id=11), Role.NONE),  # who reported it
    "ana": (Account(login="ana", id=12), Role.MAINTAINER),
    "bob": (Account(login="bob", id=13), Role.NONE),
    "con": (Account(login="con", id=14), Role.CONTRIBUTOR),
    "ci": (Account(login="ci[bot]", id=15, is_bot=True), Role.BOT),
    "odd": (Account(login="odd", id=16), Role.UNKNOWN),
    "we": (BOT, Role.MEMBER),
}
ASK = "ana: Which version is that?"
TABLE = [
    ("nobody has looked yet", [], {}, "maintainer"),
    ("a maintainer asked", [ASK], {}, "reporter"),
    ("asked without a question mark", ["ana: Please attach the log."], {}, "reporter"),
    ("asked in another language", ["ana: 哪个版本？"], {}, "reporter"),
    ("the reporter answered", [ASK, "kim: 2.4.1"], {}, "maintainer"),
    ("asked again after the answer", [ASK, "kim: 2.4.1", "ana: And the log?"], {}, "reporter"),
    ("a maintainer only confirmed", ["ana: Confirmed, will look."], {}, "maintainer"),
    ("a question that is a quote", ["ana: > is it fixed?\n\nNot yet."], {}, "maintainer"),
    ("a question mark in code", ["ana: `a ? b : c` is where it happens."], {}, "maintainer"),
    ("a question mark in an address", ["ana: See https://example.org/?a=1 for more."], {}, "maintainer"),
    ("a stranger asks", ["bob: Any news?"], {}, "maintainer"),
    ("a contributor asks, who has no say", ["con: Can you test the branch?"], {}, "maintainer"),
    ("a stranger answers in the reporter's place", [ASK, "bob: I have it with 2.4.1."], {}, "maintainer"),
    ("a bot asks", ["ci: Which version?"], {}, "maintainer"),
    ("we ask", ["we: Which version?"], {}, "maintainer"),
    ("a bot speaks after the maintainer", [ASK, "ci: Nightly build failed."], {}, "reporter"),
    ("we speak after the maintainer", [ASK, "we: Still waiting?"], {}, "reporter"),
    ("an account nobody knows the role of asks", ["odd: Which version?"], {}, "maintainer"),
    ("the reporter signs as the maintainer", ["kim: As the maintainer: which version?"], {}, "maintainer"),
    ("a maintainer puts the label on", ["ana+needs-info"], {}, "reporter"),
    ("written otherwise, as configured", ["ana+Rückfrage"], {"needs_info": ["rückfrage"]}, "reporter"),
    ("label, then answer", ["ana+needs-info", "kim: Here."], {}, "maintainer"),
    ("label, taken off again", ["ana+needs-info", "ana-needs-info"], {}, "maintainer"),
    ("the reporter puts the label on", ["kim+needs-info"], {}, "maintainer"),
    ("we put the label on", ["we+needs-info"], {}, "maintainer"),
    ("a bot puts the label on", ["ci+needs-info"], {}, "maintainer"),
    ("nobody knows who put the label on", ["?+needs-info"], {}, "maintainer"),
    ("a label and a comment at one time", ["ana: Thanks.", "ana+needs info"], {"step": 0}, "reporter"),
    ("upstream, by a maintainer", [ASK, "ana+upstream"], {}, "upstream"),
    ("blocked, and not any more", ["ana+blocked", "ana-blocked", ASK], {}, "reporter"),
    ("upstream, says a bot", [ASK, "ci+upstream"], {}, "reporter"),
    ("opened again", [ASK, "kim!reopened"], {}, "maintainer"),
    ("renamed by the reporter", [ASK, "kim!renamed"], {}, "maintainer"),
    ("somebody is assigned", [ASK], {"assignees": ["ana"]}, "maintainer"),
    ("a maintainer's own issue", [ASK], {"role": "owner"}, "maintainer"),
    ("closed", [ASK], {"state": "closed"}, "nobody"),
    ("locked", [ASK], {"locked": True}, "nobody"),
    ("reported by a deleted account", [ASK], {"author": {"login": "ghost", "id": 0}}, "nobody"),
    ("asked, and then taken on", [ASK, "ana: Thanks, will look."], {}, "maintainer"),
    ("asked a colleague", ["ana: @bob, any idea?"], {}, "maintainer"),
    ("asked both", ["ana: @bob, any idea? @Kim, which version?"], {}, "reporter"),
    ("asked by name", ["ana: @kim which version?"], {}, "reporter"),
    ("would you send a patch", ["ana: Would you like to send a patch?"], {}, "reporter"),
    ("a mail address is nobody's name", ["ana: Please send it to log@example.org"], {}, "reporter"),
    ("the reporter changed the text", [ASK], {"edited": 30}, "maintainer"),
    ("the text was changed before the question", [ASK], {"edited": 1}, "reporter"),
    ("the role is not known", [ASK], {"role": "unknown"}, None),
    ("comments could not be read", None, {}, None),
]


@pytest.mark.parametrize(("deeds", "changes", "whose"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_turn(deeds: list[str] | None, changes: dict[str, Any], whose: str | None) -> None:
    changes = dict(changes)
    step, needs_info, edited = changes.pop("step", 1), changes.pop("needs_info", []), changes.pop("edited", None)
    issue = facts(**changes).issue
    comments, history, labels = [], [], list(issue.labels)
    for place, deed in enumerate(deeds or [], start=1):
        at = issue.created_at + timedelta(minutes=1 + place * step)
        name, sign, rest = next((deed.partition(sign) for sign in ("!", "+", "-") if sign in deed[:5]), (deed, "", ""))
        if not sign:
            name, _, rest = deed.partition(": ")
            comments.append(
                Comment(id=place, author=WHO[name][0], role=WHO[name][1], body=rest, created_at=at, updated_at=at)
            )
            continue
        kind = {"+": "labeled", "-": "unlabeled"}.get(sign, rest)
        actor = WHO[name][0] if name in WHO else None
        label = rest if sign in "+-" else ""
        history.append(Change(id=place, kind=ChangeKind(kind), actor=actor, at=at, label=label))
        labels = [*labels, rest] if sign == "+" else [each for each in labels if sign == "!" or each != rest]
    issue = replace(issue, labels=tuple(labels))

    edited_at = None if edited is None else issue.created_at + timedelta(minutes=edited)

    found = turn(issue, None if deeds is None else comments, history, BOT, needs_info=needs_info, edited_at=edited_at)

    assert (found.turn if found else None) == (Turn(whose) if whose else None)
    assert turn(issue, comments, None, BOT) is None or whose == "nobody"


def test_it_is_owed_from_when_it_was_asked() -> None:
    asked = Comment(id=1, author=WHO["ana"][0], role=Role.OWNER, body="Which?", created_at=NOW, updated_at=NOW)

    found = turn(facts().issue, [asked], [], BOT)

    assert found is not None
    assert found.since == NOW


def test_asking_is_told_in_time_linear_in_the_text() -> None:
    assert not asks("`" * 50_000 + "please " * 20_000)
