"""The maintainer's settings for this agent, read out of the task's free-form `config`.

Whatever is missing or has another shape counts as not set: the configuration was checked where it was loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from foreman.protocol import Task

MAX_INSTRUCTIONS_CHARS = 8_000
"""Most of the maintainers' own words that is handed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this agent is told for one repository.

    Attributes:
        keywords: Label name to the words that speak for it, in the order of the file.
        stale_days: Days without a word from the reporter; 0 where not set.
        stale_label: Marks stale issues; empty for none.
        stale_comment: Whether a stale issue is also told so in words.
        needs_info_label: Marks issues that lack what is needed; empty for none.
        allow_close: Whether stale issues may be closed.
        always_model: Ask the model even where the keywords are sure.
        respond: Whether a model's comment may be more than a question for missing information.
        answers: Whether a question may be answered with a line of the project's documentation.
        language: Two-letter code of the language to write in; empty for the reporter's own.
        instructions: The maintainers' own words about their project.
    """

    keywords: dict[str, tuple[str, ...]]
    stale_days: int = 0
    stale_label: str = ""
    stale_comment: bool = True
    needs_info_label: str = ""
    allow_close: bool = False
    always_model: bool = False
    respond: bool = False
    answers: bool = True
    language: str = ""
    instructions: str = ""

    @property
    def chores(self) -> frozenset[str]:
        """Labels that are set for what this agent does itself, never for what an issue is about."""
        return frozenset(name for name in (self.needs_info_label, self.stale_label) if name)

    @classmethod
    def of(cls, task: Task) -> Settings:
        """Read the settings of a task."""
        config = task.payload.config
        labels = config.get("labels")
        lists = labels.items() if isinstance(labels, dict) else ()
        return cls(
            keywords={str(name): _words(words) for name, words in lists},
            stale_days=_whole(config.get("stale_days")),
            stale_label=_text(config.get("stale_label")),
            stale_comment=config.get("stale_comment") is not False,
            needs_info_label=_text(config.get("needs_info_label")),
            allow_close=config.get("allow_close") is True,
            always_model=config.get("llm_when") == "always",
            respond=config.get("respond") is True,
            answers=config.get("answer_questions") is not False,
            language=_language(_text(config.get("language"))),
            instructions=(task.context.instructions or _text(config.get("instructions")))[:MAX_INSTRUCTIONS_CHARS],
        )


def _words(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else ()
    return tuple(item for item in items if isinstance(item, str) and item.strip())[:200]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _language(text: str) -> str:
    """Return the code in `de`, `de-AT` or `DE`; empty for anything that is none, such as `reporter`."""
    code = text.strip().casefold().replace("_", "-").partition("-")[0]
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
