from __future__ import annotations

from pathlib import Path

import pytest

from foreman.errors import ConfigError
from foreman.settings import Settings


def test_without_variables_everything_is_kept_in_the_home(monkeypatch) -> None:
    monkeypatch.delenv("FOREMAN_DATA_DIR")

    settings = Settings.read()

    assert settings.data_dir == Path.home() / ".agent-harness"
    assert (settings.log_level, settings.log_format, settings.config) == (None, None, None)
    assert (settings.otlp_endpoint, settings.llm_record, settings.run_dir) == ("", None, Path("/tmp"))


def test_variables_are_read_in_any_case_and_paths_from_home(monkeypatch) -> None:
    for name, value in {
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": "json",
        "DATA_DIR": "~/data",
        "LLM_RECORD": "~/answers",
        "OTLP_ENDPOINT": "http://localhost:4318",
        "CONFIG": "",
    }.items():
        monkeypatch.setenv(f"FOREMAN_{name}", value)

    settings = Settings.read()

    assert (settings.log_level, settings.log_format) == ("debug", "json")
    assert settings.data_dir == Path.home() / "data"
    assert settings.llm_record == Path.home() / "answers"
    assert settings.otlp_endpoint == "http://localhost:4318"
    assert settings.config is None


def test_wrong_values_are_all_named_and_none_is_shown(monkeypatch) -> None:
    monkeypatch.setenv("FOREMAN_LOG_LEVEL", "chatty")
    monkeypatch.setenv("FOREMAN_OTLP_ENDPOINT", "http://me:hunter2@localhost")

    with pytest.raises(ConfigError) as caught:
        Settings.read()

    text = str(caught.value)
    assert "FOREMAN_LOG_LEVEL: must be 'debug'" in text
    assert "FOREMAN_OTLP_ENDPOINT: needs a URL" in text
    assert "chatty" not in text
    assert "hunter2" not in text
