"""Recorded exchanges with the real forges, out of the test suites of other people's packages.

Each package keeps them in a form of its own; here they become one. What a recorder changed on its way is taken out.
"""

from __future__ import annotations

import ast
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import yaml

from tests.contract.packages import NpmPackage, SourcePackage

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CHANGED_ON_THE_WAY = {"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"}
_GITHUB = re.compile(r"(?:https://(?:api\.)?github\.com(?::\d+)?|/api/v3)(?=/)")
_GITLAB = re.compile(r"https://[^/]+/api/v4(?=/)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One exchange.

    Attributes:
        source: Package and version.
        forge: `github` or `gitlab`.
        method: HTTP's.
        path: From the API's root, as sent.
        query: Parameters.
        sent: The body of the request.
        status: HTTP's.
        headers: Of the reply, names in lower case.
        reply: The body of the reply.
        year: Of the recording, where its headers do not tell; 0 where nothing does.
    """

    source: str
    forge: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    sent: str = ""
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    reply: str
    year: int = 0

    @classmethod
    def of_sandbox(cls, line: Mapping[str, Any]) -> Recorded:
        """Return what `tests.recording` kept of the sandbox."""
        return cls(
            source="sandbox",
            forge=line["forge"],
            method=line["method"],
            path=line["path"] if line["forge"] == "github" else quoted(line["path"]),
            query=tuple(line["query"].items()),
            sent="" if line["body"] is None else json.dumps(line["body"]),
            status=line["status"],
            reply=line["reply"] or "",
        )

    @property
    def exchange(self) -> dict[str, Any]:
        """It, as `openapi` takes it."""
        return {
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "body": _parsed(self.sent),
            "status": self.status,
            "reply": self.reply,
        }

    @property
    def data(self) -> Any:
        """The reply, parsed; None when it is no JSON."""
        return _parsed(self.reply)


def quoted(path: str) -> str:
    """Return a path of GitLab's as it was sent: the sandbox tells it decoded, a nested project's slashes too."""
    below = r"(?:/(?:issues|labels|members|projects|repository)(?:/.*)?)?"
    found = re.fullmatch(rf"/(projects|groups|users)/(.+?)({below})", path)
    if not found:
        return path
    head, files, name = found[3].partition("/repository/files/")
    return f"/{found[1]}/{quote(found[2], safe='')}{head}{files}{quote(name, safe='')}"


def recordings(folder: Path) -> Iterator[Recorded]:
    """Yield every exchange of every package, each once.

    Args:
        folder: Where the archives are kept.

    Yields:
        The exchanges.

    Raises:
        NotFetched: A package is not to be had.
    """
    seen: set[tuple[str, str, str, str]] = set()
    for package, read in SOURCES:
        with tarfile.open(package.archive(folder)) as archive:
            for one in read(archive, f"{package.name} {package.version}"):
                key = (one.forge, one.method, one.path, one.reply)
                if key not in seen:
                    seen.add(key)
                    yield one


def _ogr(archive: tarfile.TarFile, source: str) -> Iterator[Recorded]:
    for _, text in _files(archive, r"tests/integration/(github|gitlab)/test_data/.+\.yaml"):
        sent = yaml.load(text, _LOADER).get("requests.sessions", {}).get("send", {})
        for verb, addresses in sent.items():
            for address, exchanges in addresses.items():
                for output in (one["output"] for one in exchanges):
                    # Its recorder sets every date to the same unreadable one.
                    headers = {name: value for name, value in output["headers"].items() if name.lower() != "date"}
                    content = output["_content"]
                    reply = content if isinstance(content, str) else "" if content is None else json.dumps(content)
                    yield _recorded(source, verb, address, None, output["status_code"], headers, reply)


def _pygithub(archive: tarfile.TarFile, source: str) -> Iterator[Recorded]:
    for name, text in _files(archive, r"tests/ReplayData/.+\.txt"):
        # Ten lines an exchange and an empty one.
        lines = text.split("\n")
        for start in range(0, len(lines) - 9, 11):
            scheme, verb, host, _, path, _, body, status, headers, reply = lines[start : start + 10]
            if host == "api.github.com" or path.startswith("/api/v3/") or "nterprise" in name:
                address = path if path.startswith("/api/v3/") else f"{scheme}://api.github.com{path}"
                yield _recorded(source, verb, address, body, int(status), dict(ast.literal_eval(headers)), reply)


def _octokit(archive: tarfile.TarFile, source: str) -> Iterator[Recorded]:
    for _, text in _files(archive, r"scenarios/.+/raw-fixture\.json"):
        for one in json.loads(text):
            raw = one["rawHeaders"]
            headers = raw if isinstance(raw, dict) else dict(zip(raw[::2], raw[1::2], strict=True))
            reply = one["response"] if isinstance(one["response"], str) else json.dumps(one["response"])
            body = one["body"] if isinstance(one["body"], str) else json.dumps(one["body"])
            yield _recorded(source, one["method"], one["scope"] + one["path"], body, one["status"], headers, reply)


def _perceval(archive: tarfile.TarFile, source: str) -> Iterator[Recorded]:
    # Bodies alone, of gitlab.com; which request each answers is in its name.
    root = "https://gitlab.com/api/v4/projects/1"
    for name, text in _files(archive, r"tests/data/gitlab/(issue_page|issue|notes|emoji|project)(_\d+)?"):
        kind, _, number = name.rpartition("/")[2].rpartition("_")
        tail = {
            "issue_page": "/issues",
            "issue": f"/issues/{number}",
            "notes": f"/issues/{number}/notes",
            "": {"emoji": "/issues/1/award_emoji", "project": ""}.get(number, ""),
        }[kind]
        yield replace(_recorded(source, "GET", root + tail, None, 200, {}, text), year=2017)


SOURCES: tuple[tuple[NpmPackage | SourcePackage, Callable[[tarfile.TarFile, str], Iterator[Recorded]]], ...] = (
    (
        SourcePackage(
            name="ogr",
            version="0.61.1",
            sha256="80a9354e3f056144b5cf1f11e70618da44bd034a48eaefd27636d320a1cee284",  # pragma: allowlist secret
        ),
        _ogr,
    ),
    (
        SourcePackage(
            name="pygithub",
            version="2.10.0",
            sha256="90ff24ef1cd1bd57124c2a3869cafee9d7b066909129ecdaba2c2d1903bc118d",  # pragma: allowlist secret
        ),
        _pygithub,
    ),
    (
        SourcePackage(
            name="perceval",
            version="1.6.1",
            sha256="592b07d34ae0b382188d3b72c2fc7191091b94b56973dab2aef3221e0bd9721e",  # pragma: allowlist secret
        ),
        _perceval,
    ),
    (
        NpmPackage(
            name="@octokit/fixtures",
            version="23.1.2",
            sha512="niG+SVffZ/xzojT3CE6M7DlqX7H9aQ75A6Xxjt4N47Ck"  # pragma: allowlist secret
            "qssKXpSy2k6+Tj5ntcI5uWW2D9POzKxwJDmBfR+sJw==",  # pragma: allowlist secret
        ),
        _octokit,
    ),
)
"""Licences: ogr and @octokit/fixtures MIT, PyGithub LGPL 3, Perceval GPL 3. Fetched to be read, not passed on."""


def _files(archive: tarfile.TarFile, wanted: str) -> Iterator[tuple[str, str]]:
    for member in archive:
        if re.fullmatch(rf"[^/]+/{wanted}", member.name):
            file = archive.extractfile(member)
            assert file is not None
            yield member.name, file.read().decode()


def _recorded(
    source: str, verb: str, address: str, body: str | None, status: int, headers: Mapping[str, Any], reply: str
) -> Recorded:
    gitlab = _GITLAB.match(address)
    start = (gitlab or _GITHUB.match(address)) and (gitlab or _GITHUB.match(address)).end()  # type: ignore[union-attr]
    parts = urlsplit(address[start or 0 :])
    return Recorded(
        source=source,
        forge="gitlab" if gitlab else "github",
        method=verb.upper(),
        path=parts.path if gitlab else unquote(parts.path),
        query=tuple(parse_qsl(parts.query)),
        sent=body or "",
        status=status,
        headers=tuple(
            (name.lower(), str(value)) for name, value in headers.items() if name.lower() not in _CHANGED_ON_THE_WAY
        ),
        reply=reply,
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
