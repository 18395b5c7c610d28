"""What a repository's own files say about one issue, from what is kept of them; needs no request."""

from __future__ import annotations

import threading

from sqlalchemy import Connection

from foreman.guidance import forms, passages
from foreman.guidance.forms import FilledForm, Form
from foreman.guidance.passages import MOST_PASSAGES, Passage
from foreman.guidance.sources import Role, roles
from foreman.model import RepoRef
from foreman.store import project_files
from foreman.store.passages import Prepared, nearest, prepare
from foreman.values import dataclass

MOST_SHOWN = 5
"""Passages told of an issue."""

MOST_REPOS = 8
"""Whose files are kept read, the last asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """What bears on one issue.

    Attributes:
        mission: What the project says it is, raw text without known secrets; empty for nothing.
        form: The form the issue was written with; None for none.
        passages: Of the documentation, the nearest first.
    """

    mission: str = ""
    form: FilledForm | None = None
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    version: tuple[tuple[str, str], ...]
    mission: str
    forms: tuple[Form, ...]
    passages: tuple[Passage, ...]
    prepared: Prepared


class Library:
    """Keeps what was read of the last repositories; may be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[RepoRef, _Read] = {}

    def about(self, connection: Connection, repo: RepoRef, *, title: str, body: str) -> Guidance:
        """Tell what a repository's files say about an issue.

        Args:
            connection: To read from.
            repo: Which.
            title: Of the issue, raw text.
            body: Of the issue, raw text.

        Returns:
            As much as there is.
        """
        found = self._files(connection, repo)
        near = nearest(found.prepared, title=title, body=body, limit=MOST_SHOWN)
        return Guidance(
            mission=found.mission,
            form=forms.filled(found.forms, body),
            passages=tuple(found.passages[place] for place in near),
        )

    def _files(self, connection: Connection, repo: RepoRef) -> _Read:
        kept = project_files.kept(connection, repo)
        version = tuple((path, one.sha) for path, one in kept.items())
        with self._lock:
            known = self._read.pop(repo, None)
            if known is not None and known.version == version:
                self._read[repo] = known
                return known
        read = _read(connection, repo, version)
        with self._lock:
            self._read[repo] = read
            while len(self._read) > MOST_REPOS:
                del self._read[next(iter(self._read))]
        return read


def _read(connection: Connection, repo: RepoRef, version: tuple[tuple[str, str], ...]) -> _Read:
    mission = ""
    found_forms: list[Form] = []
    cut: list[Passage] = []
    for file in project_files.all(connection, repo):
        role = roles(repo.forge, (), file.path)
        if Role.MISSION in role:
            mission = file.text
        elif Role.FORM in role:
            form = forms.read(file.path, file.text)
            found_forms += [form] if form is not None else []
        else:
            cut += passages.cut(file.path, file.text, file.url)
    cut = cut[:MOST_PASSAGES]
    return _Read(
        version=version,
        mission=mission,
        forms=tuple(found_forms),
        passages=tuple(cut),
        prepared=prepare([(one.heading, one.text) for one in cut]),
    )
