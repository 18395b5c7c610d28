"""Read YAML as plain data with line numbers: no tags, no bombs, no duplicate keys, no YAML 1.1 surprises.

Words such as `no`, `on` and `yes` stay words (the country code of Norway is not false); where a switch is meant the
models take them as such. Times, sexagesimal and octal numbers stay text or plain decimals. Keys are always text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from foreman.config.document import Document, Path_, Place, Word, at, render
from foreman.errors import ConfigError, Problem

MAX_BYTES = 1024 * 1024
"""Largest configuration file, bytes: some 5,000 repositories."""

MAX_DEPTH = 30
"""Deepest nesting; the deepest key of ours is at 8."""

MAX_NODES = 200_000
"""Most values after aliases are expanded: what stops a "billion laughs"."""

_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,30}\.[0-9]{0,30}|\.[0-9]{1,30}|[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = {"", "~", "null", "Null", "NULL"}
_AMBIGUOUS = {"yes", "no", "on", "off", "y", "n"}
_STANDARD = "tag:yaml.org,2002:"
_KINDS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value", "merge"}


def read(path: Path, *, file: str = "") -> Document:
    """Read a file.

    Args:
        path: The file.
        file: Its name in messages about what is in it, where it is not the one that the person named.

    Returns:
        The document; `problems` is not empty when something is wrong with it that did not stop the reading.

    Raises:
        ConfigError: It cannot be read, or is not YAML at all.
    """
    try:
        with path.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(path="", message=error.strerror or "cannot be read")], source=str(path)) from error
    return parse(raw, source=str(path), file=file)


def parse(raw: bytes, *, source: str = "", file: str = "") -> Document:
    """Read YAML.

    Args:
        raw: UTF-8.
        source: Name of the file, where it cannot be read at all.
        file: As in `read`.

    Returns:
        The document.

    Raises:
        ConfigError: It is too large, not UTF-8 or not YAML.
    """
    if len(raw) > MAX_BYTES:
        raise ConfigError([Problem(path="", message=f"larger than {MAX_BYTES} bytes")], source=source)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(path="", message=f"not UTF-8 (line {line})")], source=source) from error
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ConfigError([Problem(path="", message=_explain(error))], source=source) from error
    reader = _Reader(file)
    reader.document.data = None if node is None else reader.value(node, ())
    return reader.document


class _Loader(yaml.SafeLoader):
    """Stops at what is nested too deep while it is read, before it is known whole."""

    depth = 0

    def compose_sequence_node(self, anchor: Any) -> yaml.SequenceNode:
        """Read a list."""
        with self._deeper():
            return super().compose_sequence_node(anchor)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Read a mapping."""
        with self._deeper():
            return super().compose_mapping_node(anchor)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested more than {MAX_DEPTH} deep")
        yield
        self.depth -= 1


def _unless_syntax(quoted: re.Match[str]) -> str:
    inner = quoted[0][1:-1]
    return quoted[0] if len(inner) <= 1 or inner.startswith(("<", "\\")) else "…"


def _explain(error: yaml.YAMLError) -> str:
    """Say what PyYAML found without the excerpt it would print, which may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError):
        found = f"{error.context}, {error.problem}" if (error.problem or "").startswith("but ") else error.problem
        problem = re.sub(r"'[^']*'|\"[^\"]*\"", _unless_syntax, found or "cannot be read")
        mark = error.problem_mark or error.context_mark
        hint = "; YAML is indented with spaces, not tabs" if r"\t" in (error.problem or "") else ""
        if "alias" in f"{error.context} {error.problem}":
            hint = "; text that begins with `*` stands in quotes"
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        return f"not YAML: {problem}{hint}{where}"
    if isinstance(error, yaml.reader.ReaderError):
        return "not YAML: a character that may not stand in it"
    return f"not taken: {error}"


class _Reader:
    def __init__(self, file: str) -> None:
        self.document = Document(file=file)
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: yaml.Node, path: Path_) -> Any:
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        self._count += 1
        if self._count > MAX_NODES:
            return self._refuse(path, "too many values: aliases that multiply?", once=True)
        if id(node) in self._open or len(path) > MAX_DEPTH:
            return self._refuse(path, "an alias that contains itself", once=True)
        self._open.add(id(node))
        try:
            return self._of_kind(node, path)
        finally:
            self._open.discard(id(node))

    def _of_kind(self, node: yaml.Node, path: Path_) -> Any:
        kind = str(node.tag).removeprefix(_STANDARD)
        if kind not in _KINDS:
            return self._refuse(path, "tags (`!…`) are not taken")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value) if self._more()]
        return self._scalar(node, str(node.value), kind)

    def _more(self) -> bool:
        return self._count <= MAX_NODES

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not self._more():
                break
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(path, "a key must be text", line=key_node.start_mark.line + 1)
                continue
            key = str(key_node.value)
            if key_node.tag == _STANDARD + "merge":
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in sources:
                    value = self.value(source, path)
                    if isinstance(value, dict):
                        merged = {**value, **merged}
                    else:
                        self._refuse(path, "`<<` takes a mapping", line=key_node.start_mark.line + 1)
                continue
            if key in result:
                self._refuse((*path, key), "is there twice", line=key_node.start_mark.line + 1)
                continue
            self.document.lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, (*path, key))
        return {**merged, **result}

    def _scalar(self, node: yaml.Node, text: str, kind: str) -> Any:
        if getattr(node, "style", None) is not None or kind == "str":
            return Word(text) if getattr(node, "style", None) is None and text.lower() in _AMBIGUOUS else text
        return self._plain(text)

    def _plain(self, text: str) -> Any:
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if text.lower() in _AMBIGUOUS:
            return Word(text)
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        return text

    def _refuse(self, path: Path_, message: str, *, line: int | None = None, once: bool = False) -> None:
        if once and any(message in problem.message for problem in self.document.problems):
            return
        if line is None:
            self.document.problems.append(self.document.problem(path, message))
        else:
            text = f"{message}{at(Place(self.document.file, line, path))}"
            self.document.problems.append(Problem(path=render(path), message=text))
