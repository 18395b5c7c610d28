"""Our description of GitLab's API agrees with what python-gitlab knows of it: addresses, methods, fields."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from gitlab import mixins
from gitlab.base import RESTManager
from gitlab.v4 import objects

_DOCUMENT: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("gitlab.yaml").read_text(encoding="utf-8"),
)
_MANAGERS: dict[str, type[RESTManager[Any]]] = {
    re.sub(r"\{[^}]+\}", "{}", manager._path): manager
    for _, manager in inspect.getmembers(objects, inspect.isclass)
    if issubclass(manager, RESTManager) and manager._path
}
_MANAGERS["/users/{}/projects"] = objects.UserProjectManager
"""It makes projects elsewhere than it lists them, and has the other address in its class."""

_PAGING = {"page", "per_page", "order_by", "sort"}
_BEYOND = {
    "add_labels": "Issues API; python-gitlab passes on what it does not know",
    "remove_labels": "Issues API",
    "activity_filter": "Notes API",
    "query": "Members API",
    "user_ids[]": "Members API",
}
"""Documented, and not among python-gitlab's own words."""

_METHODS: dict[str, Any] = {
    "/projects/{}/repository/files/{}": objects.ProjectFileManager.get,
    "/projects/{}/repository/tree": objects.Project.repository_tree,
}
"""Addresses that one method knows, and no list with its rows."""

_ONE_OF_MANY = {"get": mixins.GetMixin, "put": mixins.UpdateMixin, "delete": mixins.DeleteMixin}
_MANY = {"get": mixins.ListMixin, "post": mixins.CreateMixin}


def _operations() -> Iterator[tuple[str, str]]:
    for path, operations in _DOCUMENT["paths"].items():
        yield from ((path, method) for method in operations if method != "parameters")


@pytest.mark.parametrize(("path", "method"), list(_operations()))
def test_python_gitlab_knows_every_address_method_and_field(path: str, method: str) -> None:
    bare = re.sub(r"\{[^}]+\}", "{}", path)
    operation = _DOCUMENT["paths"][path][method]
    parameters = {one["name"] for one in operation.get("parameters", ()) if "name" in one} - _PAGING
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = set(body.get("properties", ()))
    if bare in _METHODS:
        assert method == "get"
        assert parameters | fields <= set(inspect.signature(_METHODS[bare]).parameters)
        return

    if manager := _MANAGERS.get(bare):
        kinds = {_MANY[method], mixins.GetWithoutIdMixin}
    else:
        # One of many lies below them; python-gitlab puts `self` in the place of a token's number.
        manager, kinds = _MANAGERS[bare.rpartition("/")[0]], {_ONE_OF_MANY[method]}

    assert issubclass(manager, tuple(kinds))
    attributes = getattr(manager, "_create_attrs" if method == "post" else "_update_attrs")
    known = {*getattr(manager, "_list_filters", ()), *attributes.required, *attributes.optional, *_BEYOND}
    assert parameters | fields <= known


def test_nothing_counts_as_known_that_is_not_used() -> None:
    text = Path(__file__).with_name("gitlab.yaml").read_text(encoding="utf-8")

    assert all(word in text for word in _BEYOND)
