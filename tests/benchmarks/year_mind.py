"""The agent's side of the year: an honest agent that asks a model where one is configured, and is away at times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from foreman.agentkit.model import Model, ModelError
from foreman.protocol import LLMBackendInfo
from tests.benchmarks.crowd import Crowd
from tests.llm.providers import MODELS, ProviderServer

KEY = "YEAR_MODEL_KEY"
DOWN = (500, {}, b'{"error": {"message": "overloaded"}}')


class Mind:
    """What answers tasks.

    Attributes:
        is_away: It answers 503.
        provider: Whose model it asks.
        meanwhile: Called while it thinks.
    """

    def __init__(self, crowd: Crowd, told: Counter[str], meanwhile: Callable[[], None]) -> None:
        self.is_away = False
        self.provider = ProviderServer()
        self.meanwhile = meanwhile
        self._crowd = crowd
        self._told = told

    def model_is_down(self, down: bool) -> None:
        """Let the provider of the model fail, or not."""
        self.provider.scenarios["year"].answers = [DOWN if down else (200, {}, None)]

    def settings(self) -> dict[str, Any]:
        """Return what the configuration says of the model."""
        base = self.provider.base("year", "openai")
        return {"provider": "openai", "model": MODELS["openai"], "api_key": f"${{{KEY}}}", "api_base": base}

    def answer(self, task: dict[str, Any]) -> Any:
        """Answer a task."""
        if self.is_away:
            self._told["tasks without an agent"] += 1
            return 503
        self.meanwhile()
        model = Model(LLMBackendInfo.model_validate(task["context"]["llm_backend"]), timeout_seconds=60)
        if model.available:
            try:
                model.chat([{"role": "user", "content": task["payload"]["issue"]["title"]}])
                self._told["model answered"] += 1
            except ModelError:
                self._told["model did not answer"] += 1
        return self._crowd.answer(task)
