"""What files of a repository say about how its issues are kept: forms, and a stale bot that is at work already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from foreman.app.onboarding.roles import can_be_configured
from foreman.forge.base import ForgeReader
from foreman.model import ForgeKind, RepoRef
from foreman.values import dataclass

MOST_FORMS = 10
"""Forms that are read, a request each."""

_FOLDERS = {ForgeKind.GITHUB: ".github/ISSUE_TEMPLATE", ForgeKind.GITLAB: ".gitlab/issue_templates"}
_WORKFLOWS = ".github/workflows"
_PROBOT = ".github/stale.yml"
_FORM = re.compile(r"\.(?:md|ya?ml)$", re.IGNORECASE)
_STALE_FILE = re.compile(r"stale|inactiv|no-response", re.IGNORECASE)
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.{0,5000}?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_ORDER = re.compile(r"^/label[ \t]+(.{1,500})$", re.MULTILINE)
_TILDE = re.compile(r"~(?:\"([^\"\n]{1,255})\"|([^\s~\"]{1,255}))")
_LARGEST = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form for new issues.

    Attributes:
        name: As people choose it: `Bug report`.
        labels: That it puts on.
    """

    name: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleBot:
    """Something that marks or closes quiet issues here already.

    Attributes:
        path: The file that says so.
        days: Until an issue is stale; None where it does not say.
        label: That it puts on; empty where it does not say.
        exempt: Labels it leaves alone.
    """

    path: str
    days: int | None = None
    label: str = ""
    exempt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What the files say.

    Attributes:
        forms: For new issues.
        stale_bot: None where none was found.
    """

    forms: tuple[Form, ...] = ()
    stale_bot: StaleBot | None = None


def read_keeping(reader: ForgeReader, repo: RepoRef) -> Keeping:
    """Read the files that say how issues are kept.

    Args:
        reader: Of its forge.
        repo: Which.

    Returns:
        What they say.

    Raises:
        ForgeError: The forge did not answer, or refuses.
    """
    forms: list[Form] = []
    for listed in reader.files(repo, _FOLDERS[repo.forge])[: MOST_FORMS * 2]:
        stem = listed.path.rpartition("/")[2]
        if not _FORM.search(stem) or stem.lower().startswith("config.") or len(forms) >= MOST_FORMS:
            continue
        file = reader.file(repo, listed.path, most=_LARGEST)
        if file is not None:
            forms.append(form_of(listed.path, file.text))
    bot = _stale_bot(reader, repo) if repo.forge is ForgeKind.GITHUB else None
    return Keeping(forms=tuple(forms), stale_bot=bot)


def form_of(path: str, text: str) -> Form:
    """Read a form: one of GitHub's, in YAML or in Markdown with a head, or one of GitLab's.

    Args:
        path: Of the file.
        text: What is in it.

    Returns:
        Its name and labels; its file's name where it has none of its own.
    """
    stem = re.sub(r"[-_]+", " ", path.rpartition("/")[2].rpartition(".")[0])
    head: str | None = text
    if path.lower().endswith(".md"):
        match = _FRONT.match(text)
        head = match[1] if match else None
    data = _mapping(head)
    named = data.get("name")
    labels = list(_names(data.get("labels")))
    for order in _ORDER.findall(text):
        labels += [quoted or bare for quoted, bare in _TILDE.findall(order)]
    return Form(name=named if isinstance(named, str) and named.strip() else stem, labels=tuple(dict.fromkeys(labels)))


def stale_bot_of(path: str, text: str) -> StaleBot | None:
    """Read what a stale bot was told: Probot's file, or a workflow with `actions/stale`.

    Args:
        path: Of the file.
        text: What is in it.

    Returns:
        It; None where the file is about something else.
    """
    data = _mapping(text)
    if path == _PROBOT:
        return StaleBot(
            path=path,
            days=_whole(data.get("daysUntilStale")),
            label=_text(data.get("staleLabel")),
            exempt=_names(data.get("exemptLabels")),
        )
    for step in _steps(data):
        told = step.get("with")
        told = told if isinstance(told, dict) else {}
        days = _whole(told.get("days-before-issue-stale", told.get("days-before-stale")))
        if days is not None and days < 0:  # its way of saying: not issues
            continue
        return StaleBot(
            path=path,
            days=days or 60,
            label=_text(told.get("stale-issue-label")) or "Stale",
            exempt=_names(told.get("exempt-issue-labels")),
        )
    return None


def _stale_bot(reader: ForgeReader, repo: RepoRef) -> StaleBot | None:
    listed = [one.path for one in reader.files(repo, _WORKFLOWS) if _STALE_FILE.search(one.path.rpartition("/")[2])]
    for path in (*listed[:3], _PROBOT):
        file = reader.file(repo, path, most=_LARGEST)
        found = None if file is None else stale_bot_of(path, file.text)
        if found is not None:
            return found
    return None


def _steps(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    jobs = data.get("jobs")
    for job in jobs.values() if isinstance(jobs, dict) else ():
        steps = job.get("steps") if isinstance(job, dict) else None
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step, dict) and str(step.get("uses", "")).startswith("actions/stale@"):
                yield step


def _mapping(text: str | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        # Everything is text to it: no tag of a stranger's is looked at, and no merge of mappings multiplies them.
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    named = (one.strip() for one in value if isinstance(one, str)) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(name for name in named if can_be_configured(name)))[:50]


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,6}", value.strip()):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) and can_be_configured(value.strip()) else ""
