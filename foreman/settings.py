"""Settings from the environment: how Foreman runs on this machine, never what it may do."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from foreman.config.paths import data_dir, from_home
from foreman.errors import ConfigError, Problem

_PREFIX = "FOREMAN_"


class Settings(BaseSettings):
    """Operational settings; each is read from `FOREMAN_` and its name in capitals.

    Attributes:
        log_level: Least level that is written: debug, info, warning, error; None: what the command thinks fit.
        log_format: `console` or `json`; None: console on a terminal, else JSON.
        config: Configuration file, when `--config` names none.
        otlp_endpoint: Where traces go; empty for nowhere.
        run_dir: Where the private folder of a run is made, with the sockets of gateway and agents.
        llm_record: Directory in which answers of models are recorded; None for not at all.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    log_level: Literal["debug", "info", "warning", "error"] | None = None
    log_format: Literal["console", "json"] | None = None
    config: Path | None = None
    otlp_endpoint: str = Field(default="", pattern=r"^(https?://[^\s@]+)?$")
    run_dir: Path = Path("/tmp")  # noqa: S108 - only a private folder in it is used; paths of sockets must be short
    llm_record: Path | None = None

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _in_small_letters(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("config", "run_dir", "llm_record")
    @classmethod
    def _from_home(cls, value: Path | None) -> Path | None:
        return None if value is None else from_home(value).absolute()

    @property
    def data_dir(self) -> Path:
        """Where everything is kept; looked for when it is used, since a user of a service may have no home."""
        return data_dir()

    @classmethod
    def read(cls) -> Settings:
        """Read the environment.

        Returns:
            The settings.

        Raises:
            ConfigError: A value is not one of those taken; it names the variable, not the value.
        """
        try:
            return cls()
        except ValidationError as error:
            problems = [
                Problem(path=_PREFIX + str(detail["loc"][0]).upper(), message=_message(detail["type"], detail["msg"]))
                for detail in error.errors(include_input=False, include_url=False, include_context=False)
            ]
            raise ConfigError(problems, source="environment") from error


def _message(kind: str, message: str) -> str:
    if kind == "string_pattern_mismatch":
        return "needs a URL such as http://localhost:4318, without user name"
    return message.lower().replace("input should be", "must be")
