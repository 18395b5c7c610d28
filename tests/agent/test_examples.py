"""The agents in the documentation work as they stand there."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from foreman.agent.conformance import examine, sample
from foreman.agent.processes import Resources, process_runtime
from foreman.protocol import Task


def _commands(project: Path) -> dict[str, list[str]]:
    return {
        "python": [sys.executable, str(project / "docs/examples/hello_agent.py")],
        "node": [shutil.which("node") or "", str(project / "docs/examples/hello_agent.mjs")],
    }


@pytest.mark.parametrize("language", ["python", "node"])
def test_an_example_passes_the_conformance_suite(project: Path, tmp_path: Path, language: str) -> None:
    command = _commands(project)[language]
    if not command[0]:
        pytest.skip(f"{language} is not installed")
    runtime = process_runtime(
        "hello", gateway_url="", work_dir=tmp_path, command=command, resources=Resources(memory="2g")
    )
    try:
        failed = [check for check in examine(runtime) if not check.passed]
        task = sample(body="My invoice is wrong")
        task["payload"]["labels"].append({"name": "billing", "may_add": True})
        reply = json.loads(runtime.ask(json.dumps(task).encode(), timeout_seconds=60))
    finally:
        runtime.stop(timeout_seconds=10)

    assert failed == []
    assert reply["actions"] == [{"type": "add_label", "label": "billing"}]


def test_the_example_task_is_one_that_the_example_agents_act_on(project: Path) -> None:
    task = Task.model_validate_json((project / "docs/examples/task.json").read_bytes())

    assert "invoice" in task.payload.issue.body
    assert any(label.name == "billing" and label.may_add for label in task.payload.labels)


def test_twenty_lines_are_twenty_lines(project: Path) -> None:
    lines = (project / "docs/examples/hello_agent.py").read_text().splitlines()

    code = [line for line in lines if line.strip() and not line.startswith(('"""', "from "))]
    assert len(code) <= 20
