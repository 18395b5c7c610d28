"""`foreman init` as one way through: where, who, what was seen, what is proposed, what is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from foreman.agent.engine import engine_version
from foreman.app.onboarding.choices import MODELS, SOMEBODY, App, Choices, usual_variable
from foreman.app.onboarding.proposal import Proposal, propose
from foreman.app.onboarding.spots import Spot
from foreman.app.onboarding.survey import Survey
from foreman.app.onboarding.writing import written
from foreman.errors import ContainerError, UsageError
from foreman.model import ForgeKind
from foreman.secrets import looks_like_token, lookup
from foreman.values import dataclass

_ENGINE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A configuration that was not put anywhere yet.

    Attributes:
        spot: Where the repository is.
        survey: What was seen of it.
        proposal: What came of that.
        choices: What a person said.
        text: The file.
        missing: Variables that it needs and that are not set.
        trial: An issue to try it on; None where none was seen.
    """

    spot: Spot
    survey: Survey
    proposal: Proposal
    choices: Choices
    text: str
    missing: tuple[str, ...]
    trial: int | None


def variable_named(name: str | None, forge: ForgeKind) -> str:
    """Return the variable that holds the token.

    Args:
        name: As a person gave it; None for the usual one.
        forge: Whose token.

    Returns:
        It.

    Raises:
        UsageError: That is no variable's name, or the token itself.
    """
    if name is None:
        return usual_variable(forge)
    if looks_like_token(name):
        raise UsageError("that looks like a token itself: name the variable that holds it, such as GITHUB_TOKEN")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,100}", name):
        raise UsageError(f"{name[:60]!r} is no name of a variable")
    return name


def app_of(app_id: str | None, installation_id: int | None, variable: str | None, forge: ForgeKind) -> App | None:
    """Return the app that was named.

    Args:
        app_id: As it was given.
        installation_id: As it was given.
        variable: That holds the key; None for the usual one.
        forge: Of the repository.

    Returns:
        It; None where none was named.

    Raises:
        UsageError: Half of it was, or the repository is on GitLab.
    """
    if app_id is None and installation_id is None:
        return None
    if app_id is None or installation_id is None:
        raise UsageError("an app needs both --app-id and --installation-id")
    if forge is not ForgeKind.GITHUB:
        raise UsageError("apps are GitHub's: on GitLab it is a project access token")
    if not re.fullmatch(r"[1-9][0-9]{0,18}|Iv[0-9A-Za-z.]{6,60}", app_id) or installation_id < 1:
        raise UsageError("--app-id takes the app's id or client id, --installation-id the number of its installation")
    return App(
        app_id=app_id,
        installation_id=installation_id,
        variable="GITHUB_APP_KEY" if variable is None else variable_named(variable, forge),
    )


def brain_of(answer: str, model: str | None) -> tuple[str, str]:
    """Return whom to ask.

    Args:
        answer: A provider, or `provider/model`.
        model: As it was given; None for the answer's own, or the one that is proposed.

    Returns:
        The provider and its model, which is empty for none.

    Raises:
        UsageError: The model has to be named.
    """
    provider, _, named = answer.strip().partition("/")
    if provider == "none":
        return provider, ""
    chosen = model or named or MODELS.get(provider)
    if not chosen:
        raise UsageError(f"which model of {provider}? write {provider}/NAME, or add --model NAME")
    return provider, chosen


def usual_user(survey: Survey) -> str:
    """Return the login to propose: the token's own."""
    return survey.owner.login if survey.owner else SOMEBODY


def draft(spot: Spot, survey: Survey, choices: Choices, *, environ: Mapping[str, str], now: datetime) -> Draft:
    """Write a configuration, without putting it anywhere.

    Args:
        spot: Where the repository is.
        survey: What was seen of it.
        choices: What a person said.
        environ: The environment.
        now: Current time, aware UTC.

    Returns:
        It.
    """
    proposal = propose(survey, spot.repo, now=now)
    return Draft(
        spot=spot,
        survey=survey,
        proposal=proposal,
        choices=choices,
        text=written(spot, proposal, choices),
        missing=tuple(name for name in choices.needed if not lookup(name, environ)),
        trial=survey.newest_open,
    )


def is_sealed() -> bool:
    """Return whether a container engine answers here."""
    try:
        engine_version(timeout_seconds=_ENGINE_SECONDS)
    except ContainerError:
        return False
    return True
