"""GitLab's quick actions: lines of a text that are done and not kept.

https://docs.gitlab.com/user/project/quick_actions/: a command begins a line with `/`. GitLab's versions differ in what
hides one: this sandbox runs whatever any of them would. Only a fence of three backticks at the beginning of a line,
closed by another one alone on its line, hides what is between, and so does a quote between two lines of `>>>`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from foreman.sandbox.gitlab_call import Call
from foreman.sandbox.gitlab_change import closed, labelled, may_triage, reopened, unlabelled
from foreman.sandbox.state import Issue

_OTHERS = (
    "add_child|add_contacts|add_email|award|blocked_by|blocks|board_move|child_of|clear_health_status|clear_weight|clone"
    "|convert_to_ticket|copy_metadata|create_merge_request|done|due|epic|estimate|health_status|iteration|link"
    "|milestone|move|page|promote|promote_to|promote_to_incident|publish|react|relate|remove_child|remove_contacts"
    "|remove_due_date|remove_email|remove_epic|remove_estimate|remove_iteration|remove_milestone|remove_parent"
    "|remove_time_spent|remove_zoom|set_parent|severity|shrug|spend|spend_time|spent|status|subscribe|tableflip|tag"
    "|time_estimate|timeline|todo|type|unlink|unsubscribe|weight|zoom"
)
"""Commands that change what the sandbox does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A text that was read.

    Attributes:
        text: What is kept of it.
        wanted: The issue as the commands want it.
        before: The issue as it was.
        summary: What was done, for people.
        unknown: Commands that change what the sandbox does not have.
    """

    text: str
    wanted: Issue
    before: Issue
    summary: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def changes(self) -> dict[str, Any]:
        """The `commands_changes` of the answer."""
        was, now = self.before, self.wanted
        told: dict[str, Any] = {}
        if now.state != was.state:
            told["state_event"] = "close" if now.state == "closed" else "reopen"
        if set(now.labels) != set(was.labels):
            told["label_names"] = list(now.labels)
        if now.assignees != was.assignees:
            told["assignee_usernames"] = list(now.assignees)
        for name, key in (("title", "title"), ("locked", "discussion_locked"), ("confidential", "confidential")):
            if getattr(now, name) != getattr(was, name):
                told[key] = getattr(now, name)
        return told | dict.fromkeys(self.unknown, True)

    def others(self, issue: str) -> tuple[str, ...]:
        """Return what the ledger says of commands that change what the sandbox does not have."""
        return tuple(f"command {name} {issue}" for name in self.unknown)

    def onto(self, issue: Issue) -> Issue:
        """Return a later version of the issue as the commands want it."""
        fields = ("title", "state", "state_reason", "duplicate_of", "labels", "assignees", "locked", "confidential")
        return replace(issue, **{name: getattr(self.wanted, name) for name in fields})


Command = Callable[[Call, Issue, str], Issue]


def _words(text: str) -> list[str]:
    """Read references as people write them: `~bug ~"good first issue" @ann, @bob`."""
    return [quoted or plain for quoted, plain in re.findall(r'[~@]?(?:"([^"]*)"|([^\s,~@"]+))', text)]


def _people(call: Call, text: str) -> list[str]:
    names = [call.login or "" if word == "me" else word for word in _words(text)]
    return [name for name in names if name in call.world.accounts]


def _known(call: Call, text: str) -> list[str]:
    return [name for name in _words(text) if call.world.label(call.repo, name)]


def _assign(call: Call, issue: Issue, text: str) -> Issue:
    return replace(issue, assignees=tuple(dict.fromkeys((*issue.assignees, *_people(call, text)))))


def _unassign(call: Call, issue: Issue, text: str) -> Issue:
    out = _people(call, text) if text.strip() else list(issue.assignees)
    return replace(issue, assignees=tuple(login for login in issue.assignees if login not in out))


def _unlabel(call: Call, issue: Issue, text: str) -> Issue:
    return unlabelled(issue, _known(call, text) if text.strip() else issue.labels)


def _relabel(call: Call, issue: Issue, text: str) -> Issue:
    return labelled(call, replace(issue, labels=()), _known(call, text))


def _duplicate(call: Call, issue: Issue, text: str) -> Issue:
    named = re.fullmatch(r"\s*#(\d{1,9})\s*", text)
    return closed(
        issue, "duplicate", duplicate_of=int(named[1]) if named and int(named[1]) in call.repo.issues else None
    )


_COMMANDS: dict[str, Command] = {
    "close": lambda _call, issue, _text: closed(issue),
    "reopen": lambda _call, issue, _text: reopened(issue),
    "duplicate": _duplicate,
    "title": lambda _call, issue, text: replace(issue, title=text.strip() or issue.title),
    "label": lambda call, issue, text: labelled(call, issue, _known(call, text)),
    "unlabel": _unlabel,
    "relabel": _relabel,
    "assign": _assign,
    "unassign": _unassign,
    "reassign": lambda call, issue, text: _assign(call, replace(issue, assignees=()), text),
    "lock": lambda _call, issue, _text: replace(issue, locked=True),
    "unlock": lambda _call, issue, _text: replace(issue, locked=False),
    "confidential": lambda _call, issue, _text: replace(issue, confidential=True),
}
_SAME = {"labels": "label", "remove_label": "unlabel", "remove_labels": "unlabel"}
_LINES = re.compile(
    r"^```.*?\n```$"
    r"|^>>>.*?\n>>>$"
    rf"|^/(?P<name>{'|'.join((*_COMMANDS, *_SAME))}|{_OTHERS})"
    r"(?: (?P<rest>[^\n]*))?(?:\s*\n|\s*\Z|$)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


def runs(text: str) -> bool:
    """Tell whether any line of a text would be done."""
    return any(found["name"] for found in _LINES.finditer(text.replace("\r", "")))


def obey(call: Call, issue: Issue, text: str) -> Told:
    """Read a text that was sent.

    Args:
        call: Who sent it; what they may not do, is not done, and is dropped from the text all the same.
        issue: What it is about.
        text: As sent.

    Returns:
        What is left of it, and what it asks for.
    """
    wanted, summary, unknown = issue, [], []
    may_close = may_triage(call) or call.login in (issue.author, *issue.assignees)

    def command(found: re.Match[str]) -> str:
        nonlocal wanted
        if found["name"] is None:
            return found[0]
        name = found["name"].lower()
        name = _SAME.get(name, name)
        allowed = may_close if name in ("close", "reopen", "title") else may_triage(call)
        if allowed and name in _COMMANDS:
            wanted = _COMMANDS[name](call, wanted, found["rest"] or "")
        elif allowed:
            unknown.append(name)
        summary.append(f"Applied {name}." if allowed else f"Could not apply {name} command.")
        return ""

    # GitLab drops these ends of lines and what is blank at the end of every text, with commands in it or without
    # (`lib/gitlab/quick_actions/extractor.rb`).
    left = _LINES.sub(command, text.replace("\r", "")).rstrip()
    return Told(text=left, wanted=wanted, before=issue, summary=tuple(summary), unknown=tuple(unknown))
