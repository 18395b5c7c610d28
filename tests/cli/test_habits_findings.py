"""Every finding of `foreman check` says what there is, why it matters, and what mends it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from foreman.app import checkup, doctor
from foreman.config.models import Identity
from foreman.model import ForgeKind

MENDS = re.compile(r"`[^`]+`|https?://|\{(page|site|where)\}|_page\(|_access\(|problem\.message")
"""A command, a key or a variable in backticks, an address, or the message of the one place that finds the problem."""


def _sites() -> list[tuple[str, str, ast.Call]]:
    """Return each call of `warn` and `fail`, with the function it stands in and its file."""
    found = []
    for path in [*Path(checkup.__file__).parent.glob("checkup*.py"), Path(doctor.__file__)]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in {"warn", "fail"}]
            found += [(path.name, ast.unparse(_with_globals(tree, function)), call) for call in named]
    return found


def _with_globals(tree: ast.Module, function: ast.FunctionDef) -> ast.Module:
    """Put the constants of a file before a function, so that what a name stands for is found in one text."""
    return ast.Module([node for node in tree.body if isinstance(node, ast.Assign)] + [function], [])


SITES = _sites()


def test_there_are_as_many_as_there_were() -> None:
    """A walk that finds nothing proves nothing."""
    assert len(SITES) >= 35


@pytest.mark.parametrize(
    ("text", "call"),
    [(text, call) for _, text, call in SITES],
    ids=[f"{name}:{call.lineno}" for name, _, call in SITES],
)
def test_each_has_what_why_and_a_way_to_mend_it(text: str, call: ast.Call) -> None:
    assert not call.keywords
    what, told, why, remedy = call.args
    for part in (what, told, why, remedy):
        assert not (isinstance(part, ast.Constant) and not part.value)
    assert any(MENDS.search(said) for said in _says(text, remedy)), ast.unparse(remedy)
    assert any(len(said) > 12 for said in _says(text, why)), ast.unparse(why)


def _says(text: str, part: ast.expr) -> list[str]:
    """Return what an argument may be: itself, or what is assigned to its name."""
    if not isinstance(part, ast.Name):
        return [ast.unparse(part)]
    name = re.escape(part.id)
    values = re.findall(rf"^\s*(?:\w+, )?{name}(?:, \w+)? = (.+)$", text, re.MULTILINE)
    given = [part.id] if re.search(rf"[(,] {name}: str", text) else []  # handed in: the caller's own is looked at
    return values or (["`as handed in`, whatever it is"] if given else [])


@pytest.mark.parametrize(
    ("kind", "identity", "site"),
    [
        (ForgeKind.GITHUB, {}, "https://github.com"),
        (ForgeKind.GITHUB, {"github_api_url": "https://git.example.org/api/v3"}, "https://git.example.org"),
        (ForgeKind.GITLAB, {}, "https://gitlab.com"),
        (ForgeKind.GITLAB, {"gitlab_url": "https://example.org/gitlab/"}, "https://example.org/gitlab"),
    ],
)
def test_addresses_are_those_of_the_pages(kind, identity, site) -> None:
    assert checkup.site_of(Identity.model_validate(identity), kind) == site
