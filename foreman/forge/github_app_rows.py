"""The shapes of GitHub's JSON about apps, as far as they are used."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from foreman.forge.github_rows import Id, RepoRow, Text, Time, UserRow


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class AppRow(_Row):
    """An app, as it sees itself."""

    id: Id
    slug: Text = Field(min_length=1, pattern=r"^[A-Za-z0-9._-]+$")


class InstallationRow(_Row):
    """An app at work on an account."""

    id: Id
    account: UserRow
    permissions: dict[str, str] = {}
    html_url: str = ""
    suspended_at: Time | None = None


class NamedRow(_Row):
    """A repository that a token is good for."""

    full_name: str


class TokenRow(_Row):
    """A token of an installation."""

    token: SecretStr = Field(min_length=1)
    expires_at: Time
    permissions: dict[str, str] = {}
    repositories: tuple[NamedRow, ...] | None = None


class ReachableRow(_Row):
    """A page of the repositories in an installation."""

    repositories: tuple[RepoRow, ...]
