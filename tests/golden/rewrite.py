"""Write the records of the model's answers anew: `python -m tests.golden.rewrite [--provider P --model M]`.

Without a provider the answers are those that the cases hold (`answer`), written by hand. With one a real model is
asked, with the key in the variable that `--key` names; what it answers is then reviewed like any other change.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from foreman.errors import ModelError
from foreman.llm.base import Completion, LLMBackend, LLMSettings, LLMTarget, from_config
from foreman.llm.recorded import RecordingBackend, canonical, key_of
from tests.golden.bench import MODEL, running
from tests.golden.case import FOLDER, Case, load

RECORDED = FOLDER / "recorded"


class WrittenBackend:
    """The `LLMBackend` that answers what a case says a careful model would."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def complete(self, request: dict[str, Any], *, timeout_seconds: float) -> Completion:
        if self._case.answer is None:
            raise ModelError(f"{self._case.id} has no answer: the model was not expected to be asked")
        said = json.dumps(self._case.answer, ensure_ascii=False)
        message = {"role": "assistant", "content": said}
        body = {
            "id": "written",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        }
        return Completion(
            body=body, provider="none", model=MODEL, input_tokens=0, output_tokens=0, cached_tokens=0, usd=None
        )

    def stream(self, request: dict[str, Any], *, timeout_seconds: float) -> Iterator[dict[str, Any] | Completion]:
        yield self.complete(request, timeout_seconds=timeout_seconds)

    def price_bound(self, request: dict[str, Any]) -> None:
        return None

    def close(self) -> None:
        return None


def rewrite(folder: Path, work: Path, model: LLMBackend | None = None) -> list[str]:
    """Run every case and keep what the model was asked and answered.

    Args:
        folder: For the records; what is there and not asked for any more is taken away.
        work: For the agent, with a short path.
        model: Who is asked; None for the answers in the cases.

    Returns:
        What came out otherwise than it should, one line for a case.
    """
    problems = []
    with tempfile.TemporaryDirectory() as fresh, running(work) as bench:
        for case in load():
            backend = RecordingBackend(model or WrittenBackend(case), Path(fresh), now=lambda: datetime.now(UTC))
            outcome = bench.run(case, backend)
            if not case.waits_for:
                problems += [f"{case.id}: {problem}" for problem in outcome.problems()]
        asked = {file.name: json.loads(file.read_text()) for file in Path(fresh).iterdir()}
    for old in folder.glob("*.json"):
        if old.name not in asked:
            old.unlink()
    for name, record in asked.items():
        # Without what differs from run to run, so that a record changes only when its prompt does.
        record["request"] = json.loads(canonical(record["request"]))
        assert f"{key_of(record['request'])}.json" == name
        if model is None:
            record["made"] = "by hand"
        (folder / name).write_text(json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return problems


def made_by(folder: Path) -> str:
    """Say who gave the recorded answers: `by hand`, or `recorded` and the days."""
    return ", ".join(sorted({json.loads(file.read_text())["made"] for file in folder.glob("*.json")}))


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", default="", help="a real one, by LiteLLM's name; none for the written answers")
    parser.add_argument("--model", default="")
    parser.add_argument("--key", default="", help="variable with the key")
    parser.add_argument("--base", default="", help="base URL, for a model of one's own")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    backend = None
    if given.provider:
        key = (lambda: os.environ[given.key]) if given.key else None
        target = LLMTarget(provider=given.provider, model=given.model, api_key=key, api_base=given.base)
        backend = from_config(LLMSettings(target=target), now=lambda: datetime.now(UTC))
    with tempfile.TemporaryDirectory() as work:
        problems = rewrite(RECORDED, Path(work), backend)
    if backend is not None:
        backend.close()
    print("\n".join(problems) or "every decision is as the cases want it")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(_main())
