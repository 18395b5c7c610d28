"""What holds for one repository, value by value, and where each is written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from foreman.config.document import Document, Path_, render
from foreman.config.entries import RepoAgent
from foreman.config.interpolate import variables_in
from foreman.config.models import Config
from foreman.config.peek import at
from foreman.config.plan import entry_of, polling_of
from foreman.config.policy import AgentConfig, merged
from foreman.config.show import conceal
from foreman.model import RepoRef
from foreman.values import dataclass

Level = Literal["default", "global", "defaults", "pattern", "repo", "agent"]
"""Built in, top of the file, `defaults`, an entry of `repos` that is a pattern or a repository, an agent in one."""

_Level = tuple[Level, Path_, BaseModel]
_LABELS = ("labels", "stale_label", "needs_info_label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value.

    Attributes:
        key: `polling.interval_seconds`, as in an entry of `repos` or of its agents.
        value: What holds, as JSON has it; text with a private variable is as it was written.
        level: Who said it.
        path: Where in the file: `defaults.agents[0].mode`; empty for what is built in.
        file: Which file; empty for what is built in.
        line: From 1.
        variables: Names of the environment's variables in it.
    """

    key: str
    value: Any
    level: Level
    path: str
    file: str
    line: int | None
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTrace:
    """An agent at work there.

    Attributes:
        agent: Its type.
        settings: What holds for it alone; all else is as for the repository.
    """

    agent: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoTrace:
    """A repository.

    Attributes:
        repo: Which one.
        entry: Name of the entry that is for it: its own, or a pattern's.
        level: Which of the two.
        path: Where that entry is.
        file: In which file.
        line: From 1.
        settings: What holds for every agent there.
        agents: In order.
    """

    repo: RepoRef
    entry: str
    level: Level
    path: str
    file: str
    line: int | None
    settings: tuple[Setting, ...]
    agents: tuple[AgentTrace, ...]


def trace(config: Config, written: Document, source: str, repo: RepoRef) -> RepoTrace | None:
    """Say what holds for a repository, and why.

    Args:
        config: As loaded.
        written: What it was loaded from.
        source: Name of the file that the person named.
        repo: Which one; it need not have been looked up.

    Returns:
        Every value; None where no entry is for the repository.
    """
    index = entry_of(config, repo)
    return None if index is None else _Tracer(config, written, source, index).repo(repo)


class _Tracer:
    def __init__(self, config: Config, written: Document, source: str, index: int) -> None:
        self._config = config
        self._written = written
        self._source = source
        self._index = index
        self._entry = config.repos[index]
        self._level: Level = "repo" if self._entry.pattern is None else "pattern"
        self._levels: Sequence[_Level] = [
            ("global", (), config),
            ("defaults", ("defaults",), config.defaults),
            (self._level, ("repos", index), self._entry),
        ]

    def repo(self, repo: RepoRef) -> RepoTrace:
        place = self._written.place(("repos", self._index))
        return RepoTrace(
            repo=repo if self._entry.pattern else self._entry.ref,
            entry=self._entry.key,
            level=self._level,
            path=render(place.path),
            file=place.file or self._source,
            line=place.line,
            settings=tuple(self._shared()),
            agents=tuple(
                self._agent(number, agent) for number, agent in enumerate(self._config.agents_at(self._entry))
            ),
        )

    def _shared(self) -> Iterator[Setting]:
        yield self._of(("enabled",), self._entry.enabled)
        polling = polling_of(self._config, self._entry)
        for name in type(self._entry.polling).model_fields:
            # What the top of the file says of it is not for patterns.
            levels = self._levels[1:] if name == "first_run" and self._entry.pattern else self._levels
            yield self._of(("polling", name), polling[name], levels)
        for name, value in self._policy().items():
            match value:
                case Mapping() if value:
                    for kind, mode in value.items():
                        yield self._of(("policy", name, kind), mode)
                case BaseModel():
                    for part in type(value).model_fields:
                        yield self._of(("policy", name, part), getattr(value, part))
                case _:
                    yield self._of(("policy", name), value)

    def _policy(self) -> dict[str, Any]:
        return merged(self._config.policy, self._config.defaults.policy, self._entry.policy)

    def _agent(self, number: int, agent: RepoAgent) -> AgentTrace:
        return AgentTrace(agent=agent.type, settings=tuple(self._own(self._levels_of(number, agent), agent)))

    def _levels_of(self, number: int, agent: RepoAgent) -> list[_Level]:
        usual = self._config.defaults.agents
        levels: list[_Level] = [
            ("defaults", ("defaults", "agents", place), base)
            for place, base in enumerate(usual)
            if base.type == agent.type
        ]
        if self._entry.agents:
            where = ("repos", self._index, "agents", number)
            levels.append(("agent", where, self._entry.agents[number]))
        return levels

    def _own(self, levels: list[_Level], agent: RepoAgent) -> Iterator[Setting]:
        mode = agent.mode or self._entry.mode or self._config.defaults.mode or self._config.mode
        yield self._of(("mode",), mode, [*self._levels, *levels])
        yield self._of(("events",), agent.events, levels)
        read = AgentConfig.read(agent.config)
        handed = {**agent.config, **read.model_dump(mode="json", exclude_unset=True)}
        config = {name: self._of(("config", name), value, levels) for name, value in handed.items()}
        if read.allow_close is not None:
            yield replace(config["allow_close"], key="policy.allow_close")
        if not self._policy()["labels"].add and read.labels_named():
            yield _labels([config[name] for name in _LABELS if getattr(read, name)])
        yield from config.values()

    def _of(self, path: Path_, value: Any, levels: Sequence[_Level] | None = None) -> Setting:
        key, plain = render(path), to_jsonable_python(value)
        for level, where, section in reversed(self._levels if levels is None else levels):
            if _says(section, path):
                there = (*where, *path)
                place = self._written.place(there)
                raw = at(self._written.data, *there)
                return Setting(
                    key=key,
                    value=conceal(plain, raw),
                    level=level,
                    path=render(place.path),
                    file=place.file or self._source,
                    line=place.line,
                    variables=variables_in(raw),
                )
        return Setting(key=key, value=plain, level="default", path="", file="", line=None, variables=())


def _labels(named: Sequence[Setting]) -> Setting:
    """Return the labels that may be added because the agent's `config` names them."""
    values = [label for one in named for label in (one.value if isinstance(one.value, dict) else [one.value])]
    variables = tuple(dict.fromkeys(name for one in named for name in one.variables))
    return replace(named[0], key="policy.labels.add", value=list(dict.fromkeys(values)), variables=variables)


def _says(section: Any, path: Path_) -> bool:
    """Tell whether a level gives a value itself; in an agent's own `config` an empty one is one too."""
    for part in path:
        if isinstance(section, dict):
            if part not in section:
                return False
            section = section[part]
        elif isinstance(section, BaseModel) and part in section.model_fields_set:
            section = getattr(section, str(part))
        else:
            return False
    return section is not None or path[0] == "config"
