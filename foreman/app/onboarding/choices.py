"""What nobody can read off a repository: who acts, with which token, asking which model."""

from __future__ import annotations

from foreman.config.checks import KEYLESS
from foreman.model import ForgeKind
from foreman.values import dataclass

SOMEBODY = "your-bot"
"""Stands for the bot's login until somebody writes it down; no forge would let us act under a wrong one."""

MODELS = {"anthropic": "claude-sonnet-4-6", "ollama": "llama3.1"}
"""What is proposed of a provider where no model was named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A GitHub App.

    Attributes:
        app_id: Its id, or its client id.
        installation_id: Where it is installed.
        variable: That holds its private key.
    """

    app_id: str
    installation_id: int
    variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What nobody can read off a repository.

    Attributes:
        variable: That holds the token.
        user: Login of the bot account; unused with an app.
        app: In place of token and user.
        provider: Of the model; `none` for no model.
        model: Its name; empty for `none`.
        sealed: A container engine answers here.
    """

    variable: str
    user: str
    app: App | None = None
    provider: str = "none"
    model: str = ""
    sealed: bool = True

    @property
    def account_variable(self) -> str:
        """The variable that holds what the forge knows us by."""
        return self.app.variable if self.app else self.variable

    @property
    def needed(self) -> tuple[str, ...]:
        """The variables that have to be set."""
        key = key_variable(self.provider)
        return (self.account_variable, key) if key else (self.account_variable,)


def key_variable(provider: str) -> str:
    """Return the variable that a provider's key is usually in; empty where it needs none."""
    plain = "".join(letter if letter.isalnum() else "_" for letter in provider.upper())
    return "" if provider in KEYLESS else f"{plain}_API_KEY"


def usual_variable(forge: ForgeKind) -> str:
    """Return the variable that a forge's token is usually in."""
    return f"{forge.value.upper()}_TOKEN"
