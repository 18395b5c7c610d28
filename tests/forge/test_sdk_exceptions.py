"""No exception class of either forge's library is without a meaning: every module is walked, every class is raised."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import github
import gitlab
import pytest

from foreman.errors import ForgeError
from foreman.forge import github_errors, gitlab_errors
from foreman.forge.trouble import Circumstances

_OPTIONAL = {"gitlab._backends.graphql"}
"""Needs a package that is not installed; the adapter does not speak GraphQL."""

ABOUT = Circumstances(operation="add label", repo="acme/widget", now=datetime(2026, 3, 1, tzinfo=UTC))


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__") and found.name not in _OPTIONAL:
            yield importlib.import_module(found.name)


def _exceptions(package: ModuleType) -> list[type[BaseException]]:
    found = {
        item
        for module in _modules(package)
        for item in vars(module).values()
        if inspect.isclass(item)
        and issubclass(item, BaseException)
        and item.__module__.partition(".")[0] == package.__name__
    }
    return sorted(found, key=lambda item: (item.__module__, item.__name__))


def _made(kind: type[BaseException], status: int) -> BaseException:
    if issubclass(kind, github.GithubException):
        return kind(status, {}, {})
    if issubclass(kind, gitlab.GitlabError):
        return kind("no", status, b"{}")
    return kind.__new__(kind)


@pytest.mark.parametrize(
    ("package", "foreign", "translated"),
    [
        (github, github_errors.FOREIGN, github_errors.translated),
        (gitlab, gitlab_errors.FOREIGN, gitlab_errors.translated),
    ],
    ids=["PyGithub", "python-gitlab"],
)
def test_every_exception_class_of_a_forges_library_is_mapped(
    package: ModuleType, foreign: tuple[type[BaseException], ...], translated: Callable[..., Any]
) -> None:
    kinds = _exceptions(package)

    assert len(kinds) > 8, "the walk found what there is"
    assert [kind for kind in kinds if not issubclass(kind, foreign)] == []
    for kind in kinds:
        for status in (400, 401, 403, 404, 422, 429, 500):
            error = _made(kind, status)
            with pytest.raises(ForgeError) as raised, translated(ABOUT):
                raise error
            assert raised.value.__cause__ is error
            assert (raised.value.repo, raised.value.operation) == ("acme/widget", "add label")


def test_an_exception_class_that_is_not_mapped_is_found() -> None:
    """Control: the walk would see it."""
    kinds = _exceptions(gitlab)

    assert [kind for kind in kinds if not issubclass(kind, github_errors.FOREIGN)] != []
