"""A repository full of issues to try Foreman on: `samples.yaml` put onto a sandbox forge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from foreman.sandbox.forge import SandboxForge

MAINTAINER = "mira-holt"
"""Who put the labels on, and took some off again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRepo:
    """What a configuration for the demo repository needs.

    Attributes:
        repo: `owner/name`; on GitLab there are two groups before the name.
        bot: Login of the account Foreman acts as; it may write.
        token: The bot's token.
        labels: Label to keywords, for the agent's `labels`.
    """

    repo: str
    bot: str
    token: str
    labels: dict[str, list[str]]


def fill(forge: SandboxForge) -> DemoRepo:
    """Make the demo repository, its people and its issues, unless the forge's kept state has them.

    Args:
        forge: Need not be running.

    Returns:
        Where and as whom to work on it.
    """
    import yaml

    data: dict[str, Any] = yaml.safe_load(files("foreman.sandbox").joinpath("samples.yaml").read_text("utf-8"))
    repo, bot = data["repo"][forge.kind], data["bot"]
    if not forge.has_repo(repo):
        forge.add_repo(repo, labels=[tuple(label) for label in data["labels"]])
        for path, text in {**data["files"]["everywhere"], **data["files"][forge.kind]}.items():
            forge.write_file(repo, path, text)
        for login, what in data["people"].items():
            forge.add_account(login, is_bot=what.get("bot", False))
            if "permission" in what:
                forge.add_collaborator(repo, login, permission=what["permission"])
            if "association" in what:
                forge.set_association(repo, login, what["association"])
        forge.give_token(bot, scopes="public_repo")
        forge.add_collaborator(repo, bot, permission="write")
        for issue in sorted(data["issues"], key=lambda issue: -issue["days"]):
            _open(forge, repo, issue, forge.now())
        for issue in data["past"]:
            _closed(forge, repo, issue, forge.now())
    return DemoRepo(repo=repo, bot=bot, token=forge.token(bot), labels=data["keywords"])


def _open(forge: SandboxForge, repo: str, issue: dict[str, Any], now: datetime) -> None:
    at = now - timedelta(days=issue["days"])
    number = forge.open_issue(
        repo,
        title=issue["title"],
        body=issue["body"],
        author=issue["author"],
        at=at,
        pull_request=issue.get("pull_request", False),
    )
    for comment in issue.get("comments", ()):
        at = now - timedelta(days=comment["days"])
        forge.comment(repo, number, author=comment["author"], body=comment["body"], at=at)
    for label in (*issue.get("labels", ()), *issue.get("unlabelled", ())):
        forge.add_label(repo, number, label, by=MAINTAINER, at=at)
    for label in issue.get("unlabelled", ()):
        forge.remove_label(repo, number, label, by=MAINTAINER, at=at)


def _closed(forge: SandboxForge, repo: str, issue: dict[str, Any], now: datetime) -> None:
    """Open an issue long ago, label it, and close it a week later."""
    at = now - timedelta(days=issue["days"])
    number = forge.open_issue(repo, title=issue["title"], body=issue["body"], author=issue["author"], at=at)
    for label in issue["labels"]:
        forge.add_label(repo, number, label, by=MAINTAINER, at=at + timedelta(days=1))
    reason = issue.get("reason", "completed")
    forge.close_issue(repo, number, by=MAINTAINER, reason=reason, at=at + timedelta(days=7))
