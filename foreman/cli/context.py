"""What every command is given: where the configuration is, how to log, what must not be printed."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from foreman.secrets import KnownSecrets
from foreman.values import dataclass

if TYPE_CHECKING:
    from foreman.config.models import Config
    from foreman.model import IssueRef, RepoRef
    from foreman.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The options before the command.

    Attributes:
        config_path: What `--config` named; None when it was not given.
        log_level: What `--log-level` named; None when it was not given.
        secrets: Values that are redacted from logs and crash reports; whoever resolves a secret adds it.
    """

    config_path: Path | None = None
    log_level: str | None = None
    secrets: KnownSecrets = field(default_factory=KnownSecrets)

    @staticmethod
    def of(context: typer.Context) -> Context:
        """Return the one of this call."""
        found = context.find_object(Context)
        if found is None:
            raise LookupError("a command was called without the options before it")
        return found

    def config_file(self) -> Path:
        """Find the configuration file.

        Returns:
            Its path.

        Raises:
            ConfigError: There is none.
        """
        from foreman.config.paths import find

        return find(self.config_path)

    def load(self) -> Config:
        """Load the configuration.

        Returns:
            It, secrets unresolved.

        Raises:
            ConfigError: With every problem.
        """
        from foreman.config.load import load

        return load(self.config_file())

    def database(self) -> Path:
        """Find the database, without loading more of the configuration than it takes.

        Returns:
            Its file, which need not exist.

        Raises:
            ConfigError: With every problem, where the configuration had to be loaded for it.
        """
        from foreman.config.whereabouts import storage_path

        return storage_path(self.config_file()) or self.load().storage.path

    def place(self, text: str) -> RepoRef | IssueRef:
        """Read a repository or an issue that was typed.

        Args:
            text: What was typed; for an address the configuration tells where the forges are.

        Returns:
            Which it is.

        Raises:
            UsageError: It is neither.
            ConfigError: The configuration is needed for it and has problems.
        """
        from foreman.cli import parsing

        return parsing.repo_or_issue(text, self.load() if "://" in text else None)

    def settings(self) -> Settings:
        """Read the settings of the environment.

        Returns:
            Them.

        Raises:
            ConfigError: A value is not one of those taken.
        """
        from foreman.settings import Settings

        return Settings.read()

    def start_logging(self, default_level: str = "warning") -> None:
        """Send log records to standard error; a command that runs more than the configuration calls this first.

        Args:
            default_level: Where neither `--log-level` nor `FOREMAN_LOG_LEVEL` names one: `info` for the daemon.

        Raises:
            ConfigError: A setting is not one of those taken.
        """
        from typing import cast

        from foreman.log import Level, configure

        settings = self.settings()
        level = cast("Level", self.log_level or settings.log_level or default_level)
        configure(level, settings.log_format, self.secrets)
