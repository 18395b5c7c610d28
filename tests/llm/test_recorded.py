"""Records answer the same question again, and only that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from foreman.errors import ConfigError, ModelError
from foreman.llm.base import LLMSettings, LLMTarget, from_config
from foreman.llm.litellm_backend import LiteLLMBackend
from foreman.llm.recorded import RecordedBackend, RecordingBackend, key_of
from tests.llm.fakes import NOON, ScriptedBackend, completion

FIXTURES = Path(__file__).parent.parent / "fixtures" / "llm"


def request(text: str = "What is it?", **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], "temperature": 0, **more}


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_recorded_is_repeated(stream: bool, tmp_path: Path) -> None:
    inner = ScriptedBackend(lambda asked: completion("a bug", usd=None))
    recording = RecordingBackend(inner, tmp_path / "new", now=lambda: NOON)
    if stream:
        list(recording.stream(request(), timeout_seconds=1))
    else:
        recording.complete(request(), timeout_seconds=1)
    recorded = RecordedBackend(tmp_path / "new")

    answer = recorded.complete(request(), timeout_seconds=1)
    *chunks, last = recorded.stream(request(), timeout_seconds=1)

    assert answer == last == completion("a bug", usd=None)
    assert chunks[0]["choices"][0]["delta"]["content"] == "a bug"
    (file,) = (tmp_path / "new").iterdir()
    assert json.loads(file.read_text())["made"] == "recorded 2026-03-01"
    assert recording.price_bound(request()) == inner.bound
    assert recorded.price_bound(request()) is None
    recording.close()
    assert inner.closed


def test_an_answer_that_cannot_be_recorded_is_handed_on_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")
    recording = RecordingBackend(
        ScriptedBackend(lambda asked: completion("a bug")), tmp_path / "taken", now=lambda: NOON
    )

    with capture_logs() as said:
        answer = recording.complete(request(), timeout_seconds=1)

    assert answer == completion("a bug")
    assert [line["event"] for line in said] == ["answer_not_recorded"]


def test_a_miss_names_the_hash(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=key_of(request())):
        RecordedBackend(tmp_path).complete(request(), timeout_seconds=1)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (request(), True),
        (request(stream=True, stream_options={"include_usage": True}), True),
        (dict(reversed(request().items())), True),
        (request("What is it? "), False),
        (request(max_tokens=5), False),
        (request() | {"model": "other"}, False),
        (request() | {"temperature": 1}, False),
    ],
)
def test_the_hash_covers_the_question_and_nothing_else(other: dict[str, Any], same: bool) -> None:
    assert (key_of(other) == key_of(request())) is same


def test_random_values_are_left_out_by_their_order() -> None:
    def fenced(first: str, second: str) -> str:
        return key_of(request(f"<{first}>text</{first}> see http://127.0.0.1:4711/x <{second}>"))

    one, other = "0123456789abcdef", "fedcba9876543210"

    assert fenced(one, other) == fenced(other, one)
    assert fenced(one, one) != fenced(one, other)


def test_every_fixture_says_how_it_was_made_and_is_named_by_its_hash() -> None:
    records = [path for path in FIXTURES.glob("*.json") if "response" in json.loads(path.read_text())]
    assert records
    for path in records:
        record = json.loads(path.read_text())

        assert record["made"] == "by hand" or record["made"].startswith("recorded 20")
        assert path.stem == key_of(record["request"])


def test_the_configuration_chooses_the_backend(tmp_path: Path) -> None:
    def made(provider: str, record_dir: Path | None = None) -> object:
        target = LLMTarget(provider=provider, model="m")
        return from_config(LLMSettings(target=target, record_dir=record_dir), now=lambda: NOON)

    assert made("none") is None
    assert isinstance(made("recorded", tmp_path), RecordedBackend)
    assert isinstance(made("anthropic"), LiteLLMBackend)
    assert isinstance(made("anthropic", tmp_path), RecordingBackend)
    with pytest.raises(ConfigError, match="FOREMAN_LLM_RECORD"):
        made("recorded")


def test_a_record_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    (tmp_path / f"{key_of(request())}.json").write_text("{half")

    with pytest.raises(ModelError, match="not JSON"):
        RecordedBackend(tmp_path).complete(request(), timeout_seconds=1)
