"""What a library would load besides is kept out while it is imported, and only then."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata
from pathlib import Path

import pytest

from foreman import lean


@pytest.fixture
def optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that nobody has imported."""
    (tmp_path / "foreman_test_optional.py").write_text("here = True\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "foreman_test_optional", raising=False)
    return "foreman_test_optional"


def test_a_package_is_as_if_not_installed_and_there_again_afterwards(optional: str) -> None:
    with lean.without(optional), pytest.raises(ImportError):
        importlib.import_module(optional)
    assert optional not in sys.modules
    assert importlib.import_module(optional).here
    del sys.modules[optional]


def test_what_was_imported_before_stays(optional: str) -> None:
    before = importlib.import_module(optional)
    with lean.without(optional):
        assert importlib.import_module(optional) is before
    assert sys.modules.pop(optional) is before


def test_a_failure_leaves_nothing_out_for_good(optional: str) -> None:
    with pytest.raises(RuntimeError), lean.without(optional):
        raise RuntimeError
    assert importlib.import_module(optional).here
    del sys.modules[optional]


def test_what_went_without_is_whole_for_the_next_who_imports_it(optional: str, tmp_path: Path) -> None:
    half = tmp_path / "foreman_test_half"
    half.mkdir()
    (half / "__init__.py").write_text("from foreman_test_half import inner\n", encoding="utf-8")
    lines = ["try:", f"    import {optional}", "    whole = True", "except ImportError:", "    whole = False"]
    (half / "inner.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        with lean.without(optional, forget="foreman_test_half"):
            first = importlib.import_module("foreman_test_half")
        assert not first.inner.whole
        second = importlib.import_module("foreman_test_half")
        assert second.inner.whole
        with lean.without("foreman_test_other", forget="foreman_test_half"):
            pass
        assert importlib.import_module("foreman_test_half") is second
    finally:
        for name in [name for name in sys.modules if name.startswith("foreman_test_")]:
            del sys.modules[name]


def test_plugins_are_not_looked_for_and_there_again_afterwards() -> None:
    before = metadata.entry_points(group="pytest11")
    assert before
    with pytest.raises(RuntimeError), lean.without_plugins():
        assert not metadata.entry_points(group="pytest11")
        raise RuntimeError
    assert set(metadata.entry_points(group="pytest11")) == set(before)
