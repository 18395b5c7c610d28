"""Configurations for tests."""

from __future__ import annotations

from typing import Any

from foreman.config.load import parse
from foreman.config.models import Config
from foreman.errors import ConfigError

SPECIFICATION = """\
identity:
  github_token: "${GITHUB_TOKEN}"    # bot account PAT
  github_user: "my-bot"

llm:
  provider: anthropic                # anthropic | ollama
  model: claude-sonnet-4-6
  api_key: "${ANTHROPIC_API_KEY}"    # omit for ollama

polling:
  interval_seconds: 60

repos:
  - owner: my-org
    name: my-repo
    agents:
      - type: issue-triage
        config:
          stale_days: 30
          labels:
            bug: ["crash", "exception", "error"]
            question: ["how do I", "how to"]
"""
"""The specification's own example, letter by letter."""

IDENTITY = """\
identity: {github_token: "${GITHUB_TOKEN}", github_user: my-bot, gitlab_token: "${GITLAB_TOKEN}", gitlab_user: bot}
"""
REPOS = """\
repos:
  - {owner: my-org, name: my-repo, agents: [{type: issue-triage}]}
"""
MINIMAL = IDENTITY + REPOS


def load(text: str, **environ: str) -> Config:
    """Load a text in an environment of its own."""
    return parse(text.encode(), source="config.yaml", environ=environ)


def problems(text: str, **environ: str) -> dict[str, str]:
    """Return what is wrong, message by path; empty when nothing is."""
    try:
        load(text, **environ)
    except ConfigError as error:
        return {problem.path: problem.message for problem in error.problems}
    return {}


def with_agent(**agent: Any) -> str:
    """Return a configuration whose one agent has these keys."""
    import json

    return (
        IDENTITY
        + "repos:\n  - owner: my-org\n    name: my-repo\n    agents:\n      - "
        + json.dumps({"type": "issue-triage", **agent})
    )
