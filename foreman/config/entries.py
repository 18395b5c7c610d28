"""The shape of an entry of `repos`, and of `defaults`, which every entry begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from foreman.config.fields import AgentType, DocsPattern, FirstRun, Name, Number, Section, Switch, Whole
from foreman.config.policy import PolicySettings
from foreman.model import EventKind, ForgeKind, Mode, RepoRef

if TYPE_CHECKING:
    from foreman.config.effective import RepoPattern

DEFAULT_EVENTS = (EventKind.OPENED, EventKind.EDITED, EventKind.COMMENTED, EventKind.LABELED, EventKind.STALE)


class RepoPolling(Section):
    """What of `polling` may differ for a repository."""

    interval_seconds: Number | None = Field(None, ge=1, le=86_400, description="Seconds between two polls.")
    max_interval_seconds: Number | None = Field(
        None, ge=1, le=86_400, description="The same where nothing has happened for a week."
    )
    first_run: FirstRun | None = Field(None, description="As in `polling`.")
    mirror_issues: Whole | None = Field(None, ge=0, le=100_000, description="As in `polling`; 0 keeps no text.")


class RepoAgent(Section):
    """An agent at work on a repository."""

    type: AgentType = Field(description="Agent type: a bundled one, or one named under `agents`.")
    events: tuple[EventKind, ...] = Field(DEFAULT_EVENTS, min_length=1, description="Which events it gets.")
    mode: Mode | None = Field(None, description="`shadow`, `approve` or `auto`, for this agent here.")
    config: dict[str, Any] = Field({}, description="Free form, handed to the agent; see below for what Foreman reads.")


class Repo(Section):
    """A repository to look after, or with a pattern as its name, many."""

    forge: ForgeKind = Field(ForgeKind.GITHUB, description="`github` or `gitlab`.")
    owner: Name | None = Field(None, description="With `name`: where it is.")
    name: Name | None = Field(None, description='With `owner`: where it is; `"*"`: every repository of the owner.')
    path: Name | None = Field(
        None,
        description="Instead of both: `group/sub/project`, `owner/*`; on GitLab `group/**` with all subgroups.",
    )
    include: tuple[Name, ...] = Field(
        (),
        max_length=100,
        description="With a pattern: only these names, such as `web-*`; "
        "a glob with a `/` is for all that is below the owner.",
    )
    exclude: tuple[Name, ...] = Field((), max_length=100, description="With a pattern: none of these names.")
    enabled: Switch = Field(True, description="Poll it and act on it.")
    mode: Mode | None = Field(None, description="`shadow`, `approve` or `auto`, for this repository.")
    policy: PolicySettings = Field(PolicySettings(), description="What differs from the `policy` for all.")
    polling: RepoPolling = Field(RepoPolling(), description="What differs from `polling`.")
    docs: tuple[DocsPattern, ...] | None = Field(
        None,
        max_length=20,
        description="Files of the repository that are read as its documentation, such as `docs/*.md`; `[]` reads "
        "none. Left out: those of `defaults`, or else README, FAQ, SUPPORT, CONTRIBUTING and `docs/*.md`.",
    )
    agents: tuple[RepoAgent, ...] = Field(
        default_factory=tuple,
        min_length=1,
        description="Who works here, in order; left out, those of `defaults`. "
        "One that is there too begins with what is said there.",
    )

    @property
    def ref(self) -> RepoRef:
        """Which repository it is; never asked of a pattern."""
        return RepoRef(self.forge, self._where)

    @property
    def pattern(self) -> RepoPattern | None:
        """Which repositories it stands for; None where it is one repository."""
        from foreman.config import patterns

        if not patterns.is_pattern(self._where):
            return None
        return patterns.read(self.forge, self._where, include=self.include, exclude=self.exclude)

    @property
    def key(self) -> str:
        """How it is named: `owner/repo`, `gitlab:group/** (not old-*)`."""
        return str(self.pattern or self.ref)

    @property
    def _where(self) -> str:
        return self.path or f"{self.owner}/{self.name}"


class Defaults(Section):
    """What every entry of `repos` begins with, patterns too."""

    mode: Mode | None = Field(None, description="As in an entry of `repos`.")
    policy: PolicySettings = Field(PolicySettings(), description="What differs from the `policy` for all.")
    polling: RepoPolling = Field(RepoPolling(), description="As in an entry of `repos`.")
    docs: tuple[DocsPattern, ...] | None = Field(None, max_length=20, description="As in an entry of `repos`.")
    agents: tuple[RepoAgent, ...] = Field((), description="Who works where an entry names no agents of its own.")


def laid_over(base: RepoAgent, own: RepoAgent) -> RepoAgent:
    """Lay an agent's entry over the one of the same type in `defaults`.

    Args:
        base: What it begins with.
        own: What it says itself.

    Returns:
        Every key that `own` gives, in `config` one by one, and of `base` the rest.
    """
    given = {name: getattr(own, name) for name in own.model_fields_set}
    return base.model_copy(update={**given, "config": {**base.config, **own.config}})
