"""A digest as Markdown that is read on a terminal and on a forge alike.

Whatever strangers wrote stands in code, where a forge acts on nothing: no mention, no link, no picture, no reference
to another issue. A piece of code is never broken over two lines, so that nothing in it can begin one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from foreman.app.digest import Digest, RepoDigest
from foreman.app.digest_needs import Need
from foreman.model import EventKind
from foreman.printable import cut, printable, width_of
from foreman.store.logged import Correction

WIDTH = 79
"""Columns of a line, where a single word or piece of code is not longer."""

MOST_REPOS = 25
"""So many repositories are told of one by one."""

MOST_PUT_RIGHT = 5
_TITLE = 52
_OTHERS = 70

_GLUE = "\0"
"""Stands for a space within code while lines are broken; `printable` lets none through."""

_CAME: Mapping[str, tuple[str, str]] = {
    EventKind.OPENED: ("issue", "issues"),
    EventKind.PULL_REQUEST_OPENED: ("pull request", "pull requests"),
    EventKind.TRANSFERRED: ("issue from elsewhere", "issues from elsewhere"),
    EventKind.COMMENTED: ("comment", "comments"),
    EventKind.EDITED: ("edit", "edits"),
    EventKind.REOPENED: ("reopened", "reopened"),
    EventKind.CLOSED: ("closed", "closed"),
}
_DONE = {
    "add_label": ("label", "labels"),
    "remove_label": ("label taken off", "labels taken off"),
    "comment": ("comment", "comments"),
    "close": ("close", "closes"),
    "reopen": ("issue reopened", "issues reopened"),
    "assign": ("assignment", "assignments"),
}
_RIGHTED = {
    "rejected": "refused",
    "undone": "taken back",
    "removed": "label taken off",
    "added": "label put on",
    "reopened": "opened again",
    "comment_deleted": "comment deleted",
    "thumbs_down": "thumbs down",
}
_WAITS = {"maintainer": "a maintainer", "reporter": "the reporter", "nobody": "nobody", "unknown": "not known whom"}


def page(found: Digest) -> str:
    """Write the whole page for a person.

    Args:
        found: The facts.

    Returns:
        Markdown; ends without a line end.
    """
    told = [repo for repo in found.repos if not repo.is_empty]
    lines = [f"# Foreman, {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}", "", *_wrapped(_summary(found.repos))]
    if found.needs:
        lines += ["", "## Needs a person", "", *_needs(found.needs, details=True)]
    for repo in told[:MOST_REPOS]:
        lines += ["", f"## {_code(repo.repo)}", "", *_repo(repo, named=True, money=True)]
    lines += _left(len(told) - MOST_REPOS, len(found.repos) - len(told))
    return "\n".join(lines)


def section(found: Digest, *, public: bool) -> str:
    """Write the part of a dashboard that tells of the last days; nothing in it moves while nothing happens.

    Args:
        found: The facts, made for a forge.
        public: Everybody may read it: without money, and without what only concerns who runs Foreman.

    Returns:
        Markdown; empty where there is nothing to tell.
    """
    told = [repo for repo in found.repos if not repo.is_empty]
    needs = [need for need in found.needs if need.kind != "held" and not (public and need.kind in _OWN)]
    if not told and not needs:
        return ""
    # Whole days: rounded, the title would change at noon.
    days = (found.until - found.since) // timedelta(days=1)
    lines = [f"## The last {days} days"]
    if needs:
        lines += ["", *_needs(needs, details=not public)]
    for repo in told[:MOST_REPOS]:
        lines += ["", f"### {_code(repo.repo)}", "", *_repo(repo, named=False, money=not public)]
    lines += _left(len(told) - MOST_REPOS, 0)
    return "\n".join(lines)


_OWN = frozenset({"security", "escalated", "account", "agent", "writes", "dashboard", "unknown"})
"""Needs that no public page tells of."""


def _summary(repos: Sequence[RepoDigest]) -> str:
    came, done = Counter[str](), Counter[str]()
    for repo in repos:
        came.update(repo.came_in)
        done.update(repo.done)
    held, usd = sum(repo.held for repo in repos), sum((repo.usd for repo in repos), Decimal(0))
    saved = sum((repo.saved_usd for repo in repos), Decimal(0))
    several = "1 repository" if len(repos) == 1 else f"{len(repos)} repositories"
    parts = [
        f"{several}.",
        f"Came in: {_listed(_counted(came, _CAME))}.",
        f"Done: {_listed(_counted(done, _DONE))}.",
        f"Waits for your word: {held}." if held else "",
        f"Models cost USD {usd:.4f}" + (f"; about USD {saved:.4f} was saved." if saved else "."),
    ]
    return " ".join(part for part in parts if part)


def _needs(needs: Sequence[Need], *, details: bool) -> Iterator[str]:
    for need in needs:
        where = f"{_code(need.where)} " if need.where else ""
        detail = f" ({_code(cut(need.detail, _OTHERS))})" if need.detail and details else ""
        yield from _item(f"{where}{need.text}{detail}: {_code(need.command)}")


def _repo(repo: RepoDigest, *, named: bool, money: bool) -> Iterator[str]:
    if came := _counted(repo.came_in, _CAME):
        yield from _item(f"came in: {_listed(came)}")
    if done := _counted(repo.done, _DONE):
        yield from _item(f"done: {_listed(done)}")
    if repo.labels:
        yield from _item("labels: " + ", ".join(f"{_code(label)} {number}" for label, number in repo.labels.items()))
    for one in repo.closed[:MOST_PUT_RIGHT]:
        yield from _item(f"closed: {_code(f'#{one.number}')} {_title(one.title)}".rstrip())
    yield from _not_done(repo)
    yield from _righted(repo.put_right, named=named)
    whom = [f"{_WAITS[whom]} {repo.waits[whom]}" for whom in _WAITS if repo.waits.get(whom)]
    if whom:
        yield from _item(f"open issues wait for: {', '.join(whom)}")
    if repo.longest:
        yield from _item("waiting for a maintainer the longest:")
    for waiting in repo.longest:
        since = f" since {waiting.since:%Y-%m-%d}" if waiting.since else ""
        yield from _item(f"{_code(f'#{waiting.number}')}{since}: {_title(waiting.title)}", indent="  ")
    if money and (repo.calls or repo.saved_tasks):
        yield from _item(_money(repo))


def _not_done(repo: RepoDigest) -> Iterator[str]:
    numbers = {
        "issues left alone": repo.decided.get("skip", 0),
        "left to people": repo.decided.get("escalate", 0),
        "only written down, in shadow": repo.shadow,
        "waiting for your word": repo.held,
        "refused": repo.refused,
        "failed": repo.failed,
    }
    told = [f"{what} {number}" for what, number in numbers.items() if number]
    if told:
        yield from _item(f"not done: {', '.join(told)}")


def _righted(found: Sequence[Correction], *, named: bool) -> Iterator[str]:
    if not found:
        return
    kinds = Counter(_RIGHTED.get(one.kind, one.kind) for one in found)
    yield from _item("put right by people: " + ", ".join(f"{what} {number}" for what, number in kinds.items()))
    for one in found[:MOST_PUT_RIGHT] if named else ():
        by = f" by {_code(one.by)}" if one.by else ""
        because = f": {_code(cut(one.because, _OTHERS))}" if one.because else ""
        value = f" {_code(one.value)}" if one.value else ""
        text = f"{_code(f'#{one.issue.number}')} {_RIGHTED.get(one.kind, one.kind)}: {one.action_type}{value}{by}"
        yield from _item(f"{text}{because}", indent="  ")


def _money(repo: RepoDigest) -> str:
    calls = "1 model call" if repo.calls == 1 else f"{repo.calls} model calls"
    parts = [f"cost: USD {repo.usd:.4f} for {calls}"]
    if repo.unpriced:
        parts.append(f"{repo.unpriced} of unknown price")
    if repo.saved_tasks:
        tasks = "1 task" if repo.saved_tasks == 1 else f"{repo.saved_tasks} tasks"
        parts.append(f"{tasks} needed none, which saved about USD {repo.saved_usd:.4f}")
    return "; ".join(parts)


def _left(more: int, quiet: int) -> list[str]:
    lines = []
    if more > 0:
        lines += ["", f"{more} more had something: `foreman digest REPO`, or `--json`."]
    if quiet:
        lines += ["", f"Nothing happened in {quiet} {'repository' if quiet == 1 else 'repositories'}."]
    return lines


def _counted(numbers: Mapping[str, int], names: Mapping[str, tuple[str, str]]) -> list[str]:
    return [
        f"{numbers[key]} {one if numbers[key] == 1 else many}"
        for key, (one, many) in names.items()
        if numbers.get(key)
    ]


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts) or "nothing"


def _title(title: str) -> str:
    return _code(cut(title, _TITLE)) if title else ""


def _code(text: str) -> str:
    """Put a text into a code span that nothing in it can end, and that is not broken over lines."""
    inside = printable(text).replace("`", "'").strip()
    return f"`{inside.replace(' ', _GLUE)}`" if inside else ""


def _item(text: str, *, indent: str = "") -> Iterator[str]:
    yield from _wrapped(text, first=f"{indent}* ", then=f"{indent}  ")


def _wrapped(text: str, *, first: str = "", then: str = "") -> Iterable[str]:
    lines, line = [], first
    begun = False
    for word in text.split():
        if begun and width_of(line) + 1 + width_of(word) > WIDTH:
            lines.append(line)
            line, begun = then, False
        line += f" {word}" if begun else word
        begun = True
    return [part.replace(_GLUE, " ") for part in (*lines, line)]
