"""Several files as one: `extends` names files that a file lies over.

Mappings are laid over each other key by key; lists and single values replace what they lie over, but the entries of
`repos` come after those of the files below. An empty key says nothing. Each file is read once, however many name it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from foreman.config import reader
from foreman.config.document import Document, Path_
from foreman.config.interpolate import Everything, interpolate
from foreman.errors import ConfigError

MAX_DEPTH = 10
"""Most files on top of each other."""

MAX_FILES = 50
"""Most files of one configuration."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def read(path: Path, environ: Mapping[str, str]) -> Document:
    """Read a file and all that it extends.

    Args:
        path: The file.
        environ: The environment, for `${NAME}` in the names of files.

    Returns:
        One document, without `extends`.

    Raises:
        ConfigError: A file cannot be read or is not YAML, or they extend each other in a circle.
    """
    chain = _Chain(str(path), environ)
    chain.add(path, reader.read(path))
    return chain.documents[0] if len(chain.documents) == 1 else merge(chain.documents)


def files(read: Document) -> tuple[str, ...]:
    """Return the names of the files that a document extends, the lowest first."""
    return tuple(dict.fromkeys(part.file for part, _ in read.parts.values() if part.file))


def merge(documents: Iterable[Document]) -> Document:
    """Lay documents over each other.

    Args:
        documents: The lowest first.

    Returns:
        One document that knows where everything is from.
    """
    result = Document(data={})
    for one in documents:
        result.problems += one.problems
        if isinstance(one.data, dict):
            _lay(result, result.data, one.data, (), one)
        elif one.data is not None:
            result.problems.append(one.problem((), "needs keys with values"))
    return result


def _lay(result: Document, into: dict[str, Any], over: dict[str, Any], path: Path_, source: Document) -> None:
    for key, value in over.items():
        here = (*path, key)
        below = into.get(key)
        if here == ("extends",) or (value is None and key in into):
            continue
        if isinstance(value, dict):
            if below is not None and not isinstance(below, dict):
                _clash(result, here)
                below = None
            result.parts[here] = (source, here)
            into[key] = {} if below is None else below
            _lay(result, into[key], value, here, source)
            continue
        if isinstance(below, dict):
            _clash(result, here, source)
            continue
        result.parts[here] = (source, here)
        if here == ("repos",) and isinstance(value, list):
            first = below if isinstance(below, list) else []
            for index in range(len(value)):
                result.parts[(*here, len(first) + index)] = (source, (*here, index))
            value = [*first, *value]
        into[key] = value


def _clash(result: Document, path: Path_, source: Document | None = None) -> None:
    message = "needs keys with values, as in the other file"
    result.problems.append((source or result).problem(path, message))


class _Chain:
    """The files in the order in which they are laid: each after those that it extends."""

    def __init__(self, source: str, environ: Mapping[str, str]) -> None:
        self.documents: list[Document] = []
        self._source = source
        self._environ = environ
        self._known: set[str] = set()
        self._open: list[str] = []

    def add(self, path: Path, read: Document) -> None:
        real = os.path.realpath(path)
        self._known.add(real)
        self._open.append(real)
        for where, text in self._named(read):
            self._extend(read, where, text, path.parent)
        self._open.pop()
        self.documents.append(read)

    def _extend(self, read: Document, where: Path_, text: str, folder: Path) -> None:
        if _URL.match(text):
            self._refuse(read, where, "takes files of this machine, no URLs")
        if not text or not text.isprintable():
            self._refuse(read, where, "needs the name of a file")
        try:
            path = folder / Path(text).expanduser()
            mode = path.stat().st_mode
        except (OSError, RuntimeError) as error:
            self._refuse(read, where, f"{text}: {getattr(error, 'strerror', None) or error}")
        if not stat.S_ISREG(mode):
            self._refuse(read, where, f"{text}: is no file")
        real = os.path.realpath(path)
        if real in self._open:
            names = [Path(name).name for name in (*self._open[self._open.index(real) :], real)]
            self._refuse(read, where, f"goes round in a circle: {' -> '.join(names)}")
        if real in self._known:
            return
        if len(self._open) >= MAX_DEPTH:
            self._refuse(read, where, f"more than {MAX_DEPTH} files on top of each other")
        if len(self._known) >= MAX_FILES:
            self._refuse(read, where, f"more than {MAX_FILES} files")
        base = reader.read(path, file=str(path))
        # What a file above replaces is never filled in; it may hold no secret all the same.
        base.problems += interpolate(base, Everything())[1]
        self.add(path, base)

    def _named(self, read: Document) -> Iterator[tuple[Path_, str]]:
        given = read.data.get("extends") if isinstance(read.data, dict) else None
        if given is None:
            return
        part = Document(data={"extends": given}, lines=read.lines, file=read.file)
        filled, problems = interpolate(part, self._environ)
        if problems:
            raise ConfigError(problems, source=self._source)
        value = filled["extends"]
        many = isinstance(value, list)
        for index, text in enumerate(value if many else [value]):
            where: Path_ = ("extends", index) if many else ("extends",)
            if not isinstance(text, str):
                self._refuse(read, where, "needs the name of a file, or a list of such")
            yield where, text

    def _refuse(self, read: Document, where: Path_, message: str) -> NoReturn:
        raise ConfigError([read.problem(where, message)], source=self._source)
