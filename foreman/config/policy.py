"""What may be done, as it is written down at one level, and what an agent's free-form `config` says about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from foreman.config.fields import Link, Name, Number, Repository, Section, Switch, Whole
from foreman.model import Mode
from foreman.protocol import MAX_ACTIONS, MAX_COMMENT_CHARS

ActionType = Literal["add_label", "remove_label", "comment", "close", "reopen", "assign"]
Keyword = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class LabelPolicy(Section):
    """Which labels may be touched, by exact name."""

    add: tuple[Name, ...] = Field(
        (), description="May be added; empty: the labels named in the agent's `config`. Only labels that exist."
    )
    remove: tuple[Name, ...] = Field((), description="May be removed; one that Foreman itself set always may.")


class PolicySettings(Section):
    """What may be done; the most specific level that names a key wins."""

    modes: dict[ActionType, Mode] = Field({}, description="Mode per action type, such as `{close: approve}`.")
    allow_close: Switch = Field(False, description="Closing issues.")
    allow_reopen: Switch = Field(False, description="Reopening issues.")
    act_on_maintainers: Switch = Field(False, description="Issues of owners, members and collaborators too.")
    act_on_confidential: Switch = Field(False, description="Confidential issues of GitLab too.")
    max_comments_per_issue_per_day: Whole = Field(1, ge=0, le=100, description="Comments on one issue in 24 hours.")
    max_runs_per_issue_per_day: Whole = Field(10, ge=1, le=1000, description="Agent runs on one issue in 24 hours.")
    max_runs_per_person_per_day: Whole = Field(
        50, ge=1, le=100_000, description="Agent runs for one author and repository in 24 hours."
    )
    max_actions: Whole = Field(5, ge=1, le=MAX_ACTIONS, description="Actions in one decision.")
    max_labels: Whole = Field(3, ge=0, le=MAX_ACTIONS, description="Labels added in one decision.")
    max_actions_per_hour: Whole = Field(60, ge=1, le=10_000, description="Writes on one repository in an hour.")
    max_comment_chars: Whole = Field(10_000, ge=1, le=MAX_COMMENT_CHARS, description="Characters of one comment.")
    labels: LabelPolicy = Field(LabelPolicy(), description="Which labels may be touched.")
    assignees: tuple[Name, ...] = Field((), description="Logins that may be assigned.")
    links: tuple[Link, ...] = Field(
        (), description="Beginnings of URLs that may be linked to, besides the repository's."
    )
    exempt_labels: tuple[Name, ...] = Field(
        ("pinned", "security", "help wanted"), description="Issues with one of these are never stale, never closed."
    )
    close_after_days: Whole = Field(
        14, ge=14, le=3650, description="Days from the reminder on a stale issue until it may be closed."
    )
    duplicate_grace_hours: Whole = Field(
        72, ge=72, le=8760, description="Hours from the announcement until an issue is closed as a duplicate."
    )
    skip_bots: Switch = Field(True, description="Leave issues and events of bots alone.")
    commands: Switch = Field(
        True, description="Comments that begin with the bot's name and an order, by who may write."
    )
    min_confidence: Number = Field(0.0, ge=0, le=1, description="Decisions below it are held; 0 holds none.")
    dashboard: Repository = Field(
        "",
        description="Repository, on the same forge, of the issue that tells what waits and what happened lately.",
    )


class AgentConfig(BaseModel):
    """What Foreman itself reads of an agent's free-form `config`; all else is the agent's."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    labels: dict[Name, tuple[Keyword, ...]] = Field(
        {}, description="Label names, each with the keywords that suggest it."
    )
    stale_days: Whole | None = Field(
        None, ge=1, le=3650, description="Days without an answer until an issue is stale."
    )
    stale_label: Name | None = Field(None, description="Label of stale issues.")
    needs_info_label: Name | None = Field(None, description="Label of issues whose reporter owes an answer.")
    allow_close: Switch | None = Field(None, description="As in `policy`, for this agent alone.")

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> AgentConfig:
        """Read a free-form `config`, where an empty key (`labels:`) is one left out."""
        return cls.model_validate({key: value for key, value in config.items() if value is not None})

    def labels_named(self) -> tuple[str, ...]:
        """Return every label named, each once, in order."""
        named = [*self.labels, self.stale_label, self.needs_info_label]
        return tuple(dict.fromkeys(label for label in named if label))


def merged(*levels: PolicySettings) -> dict[str, Any]:
    """Lay levels over each other.

    Args:
        *levels: From the most general to the most specific.

    Returns:
        Values of every key; `modes` and `labels` are merged entry by entry, all else is replaced.
    """
    result: dict[str, Any] = {name: getattr(PolicySettings(), name) for name in PolicySettings.model_fields}
    for level in levels:
        for name in level.model_fields_set:
            value = getattr(level, name)
            if name == "modes":
                value = {**result["modes"], **value}
            elif name == "labels":
                value = result["labels"].model_copy(
                    update={key: getattr(value, key) for key in value.model_fields_set}
                )
            result[name] = value
    return result
