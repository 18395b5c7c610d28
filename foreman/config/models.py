"""The shape of `config.yaml`: every key, its kind, bounds and default.

What one key demands of another is in `checks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from foreman.config.entries import Defaults, Repo, RepoAgent, laid_over
from foreman.config.fields import (
    AgentType,
    AppId,
    BaseUrl,
    Command,
    FilePath,
    Files,
    FirstRun,
    ForgeUrl,
    KeepDays,
    Memory,
    Money,
    Name,
    Number,
    PrivateKey,
    Secret,
    Section,
    Switch,
    Text,
    Whole,
)
from foreman.config.paths import data_dir
from foreman.config.policy import PolicySettings
from foreman.model import Mode, RepoRef

if TYPE_CHECKING:
    from foreman.config.effective import RepoPattern, RepoPlan

BUNDLED_AGENTS = ("issue-triage",)
"""Agent types that come with the package and need no entry under `agents`."""


class GitHubApp(Section):
    """An app on GitHub, in place of a token: what it may do is chosen on GitHub, and its tokens last an hour."""

    app_id: AppId = Field(description="The app's id, or its client id.")
    private_key: PrivateKey = Field(description="Its private key in PEM, as `${NAME}`.")
    installation_id: Whole = Field(
        ge=1, lt=2**63, description="Where it is installed: the number at the end of the installation's address."
    )


class Identity(Section):
    """Who acts: one bot account per forge."""

    github_token: Secret = Field(None, description="Token of the bot account on GitHub, as `${NAME}`.")
    github_user: Name | None = Field(
        None, description="Login of the bot account on GitHub; the token must be its own. An app needs none."
    )
    github_app: GitHubApp | None = Field(None, description="A GitHub App, instead of `github_token`.")
    github_api_url: ForgeUrl = Field(
        "https://api.github.com", description="API of GitHub, GitHub Enterprise or a test server."
    )
    gitlab_token: Secret = Field(None, description="Token of the bot account on GitLab, as `${NAME}`.")
    gitlab_user: Name | None = Field(
        None, description="Login of the bot account on GitLab; the token must be its own."
    )
    gitlab_url: ForgeUrl = Field("https://gitlab.com", description="GitLab itself or one of your own.")


class Budget(Section):
    """What models may cost; a budget that is spent holds the work until it is filled again."""

    usd_per_task: Money = Field(Decimal("0.25"), ge=0, description="US dollars for one task.")
    usd_per_day: Money = Field(Decimal("2.00"), ge=0, description="US dollars from midnight to midnight UTC.")
    calls_per_repo_per_day: Whole = Field(50, ge=0, description="Model calls for one repository and UTC day.")


class Fallback(Section):
    """Another model, for when the ones before it do not answer."""

    provider: Name = Field(description="Any LiteLLM provider name.")
    model: Name = Field(description="Model name of that provider.")
    api_key: Secret = Field(None, description="Key, as `${NAME}`; omit for ollama.")
    api_base: BaseUrl | None = Field(None, description="Address, where it is not the provider's own.")


class LLM(Section):
    """Which model agents may ask, through Foreman's gateway alone."""

    provider: Name = Field(
        "none",
        description="Any LiteLLM provider name, or `none`: keywords and learned labels only. "
        "Left out it is `anthropic` where a model is named, else `none`.",
    )
    model: Name | None = Field(None, description="Model name of the provider; none needed for `none`.")
    api_key: Secret = Field(None, description="Key of the provider, as `${NAME}`; omit for ollama.")
    api_base: BaseUrl | None = Field(None, description="Address of the provider, where it is not its own.")
    temperature: Number = Field(0.0, ge=0, le=2, description="0 is the steadiest.")
    max_output_tokens: Whole = Field(1024, ge=1, le=200_000, description="Tokens of one answer.")
    timeout_seconds: Number = Field(60.0, ge=1, le=600, description="Seconds for one call, fallbacks included.")
    when: Literal["always", "unsure"] = Field(
        "unsure", description="`unsure`: call the model only where keywords and learned labels are not sure."
    )
    fallbacks: tuple[Fallback, ...] = Field((), max_length=5, description="Tried in order.")
    budget: Budget = Field(Budget(), description="What models may cost.")
    redact_personal: Switch = Field(False, description="Blacken e-mail addresses, IP addresses and telephone numbers.")

    @model_validator(mode="before")
    @classmethod
    def _name_the_provider(cls, data: Any) -> Any:
        if isinstance(data, dict) and "provider" not in data and "model" in data:
            return {**data, "provider": "anthropic"}
        return data


class Polling(Section):
    """How forges are read and written."""

    interval_seconds: Number = Field(60.0, ge=1, le=86_400, description="Seconds between two polls of a repository.")
    max_interval_seconds: Number = Field(
        300.0,
        ge=1,
        le=86_400,
        description="The same where nothing has happened for a week; between a day and a week it grows from one to "
        "the other. No shorter than `interval_seconds` in any case.",
    )
    write_interval_seconds: Number = Field(
        1.0, ge=0, le=3600, description="Seconds between two writes; below 1 only against a test server."
    )
    settle_seconds: Number = Field(
        60.0,
        ge=0,
        le=3600,
        description="Seconds after a lost reply in which a forge may still carry the request out; below 40 only "
        "against a test server.",
    )
    first_run: FirstRun = Field(
        "new",
        description="`new`: only what is opened after the first poll; or how many of the newest issues come first.",
    )
    mirror_issues: Whole = Field(
        5_000,
        ge=0,
        le=100_000,
        description="Newest issues of a repository whose text is kept, to find similar ones and to learn its labels; "
        "0 keeps none.",
    )


class Storage(Section):
    """Where everything is kept."""

    path: FilePath = Field(
        default_factory=lambda: data_dir() / "memory.db",
        description="SQLite file; `~` is your home. Default: in `$FOREMAN_DATA_DIR` or `~/.agent-harness`.",
    )
    keep_days: KeepDays = Field(
        400,
        ge=0,
        le=36_500,
        description="Days after which what nothing goes by any more is deleted: work that ended, and the record of "
        "issues that are closed and quiet; at least 90, 0 keeps everything.",
    )


class Server(Section):
    """The health and metrics page."""

    enabled: Switch = Field(True, description="Serve it at all.")
    host: Name = Field(
        "127.0.0.1", description="Address to listen on; beyond this machine only with `operator_token`."
    )
    port: Whole = Field(8642, ge=0, le=65_535, description="TCP port; 0 takes a free one.")
    operator_token: Secret = Field(None, description="What a request from elsewhere must carry, as `${NAME}`.")


class Resources(Section):
    """What one agent may use."""

    memory: Memory = Field("512m", description="Bytes, with k, m or g.")
    cpus: Number = Field(1.0, gt=0, le=1024, description="Processor cores.")
    pids: Whole = Field(128, ge=8, le=100_000, description="Processes and threads.")


class AgentSettings(Section):
    """How an agent type is run."""

    runtime: Literal["docker", "process", "url"] = Field(
        "docker", description="Sealed container, child process, or yours."
    )
    image: Text | None = Field(None, description="Image for `docker`; the bundled agents have their own.")
    url: BaseUrl | None = Field(None, description="Address for `url`.")
    command: Command | None = Field(
        None, description="Program and arguments for `process`; the bundled agents have their own."
    )
    timeout_seconds: Number = Field(120.0, ge=1, le=3600, description="Seconds for one task.")
    max_concurrency: Whole = Field(2, ge=1, le=64, description="Tasks at the same time.")
    max_retries: Whole = Field(3, ge=0, le=20, description="Further attempts before a task is given up.")
    resources: Resources = Field(Resources(), description="What it may use.")


class Sandbox(Section):
    """The forge of `foreman demo`, which sets this itself."""

    state: FilePath | None = Field(None, description="File in which the demo's forge keeps its state.")


class Config(Section):
    """The whole file."""

    identity: Identity = Field(Identity(), description="Who acts.")
    llm: LLM = Field(LLM(), description="Which model agents may ask.")
    polling: Polling = Field(Polling(), description="How forges are read and written.")
    storage: Storage = Field(default_factory=Storage, description="Where everything is kept.")
    server: Server = Field(Server(), description="The health and metrics page.")
    workers: Whole = Field(4, ge=1, le=64, description="Tasks at the same time, all agents together.")
    mode: Mode = Field(
        Mode.AUTO,
        description="`shadow`: decide and log, write nothing; `approve`: hold every action; `auto`: act in policy.",
    )
    agents: dict[AgentType, AgentSettings] = Field(
        {}, description="How an agent type is run; bundled ones need no entry."
    )
    policy: PolicySettings = Field(PolicySettings(), description="What may be done, for every repository.")
    defaults: Defaults = Field(Defaults(), description="What every entry of `repos` begins with.")
    extends: Files = Field(
        (),
        description="A file, or a list of files, that this one lies over: from this file's folder or `~`, no URLs.",
    )
    sandbox: Sandbox = Field(Sandbox(), description="Set by `foreman demo` only.")
    repos: tuple[Repo, ...] = Field(description="What is looked after; `[]` for nothing yet.")

    def agent(self, agent_type: str) -> AgentSettings:
        """Return how an agent type is run."""
        return self.agents.get(agent_type) or AgentSettings()

    def agents_at(self, repo: Repo) -> tuple[RepoAgent, ...]:
        """Return who works where an entry says: its own agents, else those of `defaults`."""
        usual = {agent.type: agent for agent in self.defaults.agents}
        if not repo.agents:
            return self.defaults.agents
        return tuple(laid_over(usual[own.type], own) if own.type in usual else own for own in repo.agents)

    def patterns(self) -> tuple[RepoPattern, ...]:
        """Return the patterns whose repositories are to be looked up, in the order of the file."""
        found = (repo.pattern for repo in self.repos if repo.enabled)
        return tuple(pattern for pattern in found if pattern is not None)

    def plans(self, found: Mapping[RepoPattern, Sequence[RepoRef]] = MappingProxyType({})) -> tuple[RepoPlan, ...]:
        """Return what holds for each repository, in the order of the file.

        Args:
            found: Which repositories there are of each pattern, as last looked up.

        Returns:
            One plan each, disabled ones included.
        """
        from foreman.config.plan import plan

        return plan(self, found)

    def plan_of(self, repo: RepoRef) -> RepoPlan | None:
        """Return what holds for a repository by its name alone; None where no entry is for it."""
        from foreman.config.plan import plan_of

        return plan_of(self, repo)

    def names(self, most: int = 20) -> str:
        """Name the entries of `repos` for a message, as many as can be read."""
        named = ", ".join(repo.key for repo in self.repos[:most]) or "no repository"
        return named if len(self.repos) <= most else f"{named} and {len(self.repos) - most} more"

    @property
    def state_path(self) -> Path | None:
        """Where the demo's forge keeps its state; None outside the demo."""
        return self.sandbox.state
