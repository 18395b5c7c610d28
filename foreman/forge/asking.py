"""A request on its way to a forge's API, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

import requests

from foreman.values import dataclass

QueryValue = str | int | tuple[int, ...]
"""A parameter, or several of one name."""

_OF_CONTENT = "content:"
"""Begins a tag of our own making, which no forge would know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request on its way.

    Attributes:
        verb: HTTP method in capitals.
        path: From the API's root, quoted.
        query: Parameters.
        headers: Beyond what every request has.
        body: To send as JSON; None for nothing.
    """

    verb: str
    path: str
    query: Mapping[str, QueryValue] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply of 2xx or 304.

    Attributes:
        status: HTTP status.
        etag: To ask with the next time; empty when there was none.
        has_next: The forge says that another page follows. Its address is never used.
        data: Parsed JSON, None for an empty body.
    """

    status: int
    etag: str
    has_next: bool
    data: Any

    @property
    def tag(self) -> str:
        """To ask with the next time; made of the content where the forge gives none."""
        if self.etag:
            return self.etag
        return _OF_CONTENT + hashlib.sha256(json.dumps(self.data, sort_keys=True).encode()).hexdigest()

    def is_known(self, tag: str) -> bool:
        """Tell whether this says nothing that is not known by an earlier reply's tag, at 304 and at 200 alike."""
        if self.status == requests.codes.not_modified:
            return True
        return bool(tag) and self.tag == tag


def is_given(tag: str) -> bool:
    """Tell whether a tag is one that a forge gave, and not made of the content; what cannot be sent is neither."""
    return bool(tag) and tag.isascii() and tag.isprintable() and not tag.startswith(_OF_CONTENT)
