"""Documents of everything that is no decision and no report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, TypedDict

from foreman.agent.conformance import Check
from foreman.app.checkup import Finding
from foreman.app.onboarding.quiet import StalePolicy
from foreman.cli.documents.schema import Printed
from foreman.config.effective import RepoPlan
from foreman.config.origins import RepoTrace
from foreman.model import ForgeKind, IssueRef
from foreman.store.retention import Pruned


class Checked(TypedDict):
    """Of `check`; `ok` is false where something failed."""

    source: Path
    ok: bool
    findings: list[Finding]


class Memory(TypedDict):
    """What is remembered of one issue."""

    issue: IssueRef
    summary: str


class Memories(TypedDict):
    """Of `memory show`."""

    where: str
    memories: list[Memory]


class Exported(TypedDict):
    """What every part of an export has."""

    repo: str
    issue_id: int
    confidential: bool


class Summary(Exported):
    """What is remembered of an issue."""

    kind: Literal["summary"]
    summary: str
    updated_at: str


class Correction(Exported):
    """What a person corrected."""

    kind: Literal["correction"]
    correction: str
    action_type: str
    value: str
    by: str
    because: str
    at: str


class Conformance(TypedDict):
    """Of `agent test`."""

    agent: str
    passed: bool
    checks: list[Check]


class Whole(TypedDict):
    """Of `config show`."""

    source: Path
    extends: list[str]
    config: Mapping[str, Any]
    effective: list[RepoPlan]
    patterns: list[str]


class Traced(Printed):
    """Of `config show REPO`.

    Attributes:
        source: The configuration file.
        extends: Files that it extends.
    """

    of: ClassVar[type] = RepoTrace
    source: Path
    extends: list[str]


class Wrong(TypedDict):
    """One problem of a configuration."""

    path: str
    message: str


class Validation(TypedDict):
    """Of `config validate`."""

    source: str
    valid: bool
    problems: list[Wrong]


class Pruning(TypedDict):
    """Of `db prune`.

    Attributes:
        before: What is older, UTC.
        done: Whether it was deleted; else that is what would be.
        rows: How many rows of each sort.
    """

    before: datetime
    done: bool
    rows: Pruned


class Soundness(TypedDict):
    """Of `db check`."""

    path: Path
    sound: bool
    problems: list[str]


class Version(TypedDict):
    """Of `version`; `revision` is the commit, where it can be told."""

    version: str
    revision: str | None
    python: str
    sqlite: str
    platform: str
    schema: str
    protocol: str
    libraries: Mapping[str, str | None]


class Form(TypedDict):
    """A form for new issues."""

    name: str
    labels: list[str]


class Read(TypedDict):
    """What `init` could read of a repository; null where it could not."""

    labels: int | None
    issues: int
    insiders: int
    answer_days: float | None
    forms: list[Form]
    stale_bot: str


class Word(TypedDict):
    """A word that sets the issues of a label apart."""

    word: str
    with_label: int
    in_all: int


class Proposed(TypedDict):
    """A label, and the words that speak for it."""

    label: str
    kind: str
    issues: int
    words: list[str]
    from_history: list[Word]
    left_out: list[str]


class Token(TypedDict):
    """One way to a token."""

    what: str
    whom: str
    url: str


class Init(TypedDict):
    """Of `init`; `config` is the file."""

    repo: str
    forge: ForgeKind
    url: str
    remote: str
    place: Path
    read: Read
    labels: list[Proposed]
    labels_beside: list[str]
    labels_guessed: bool
    exempt_labels: list[str]
    needs_info_label: str
    stale: StalePolicy
    user: str
    provider: str
    missing: list[str]
    try_on: int | None
    notes: list[str]
    token: list[Token]
    config: str
