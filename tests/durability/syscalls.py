"""Reads what `strace` wrote: which bytes of which file were on the disk for certain when a request left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

TRACED = "pwrite64,fdatasync,fsync,ftruncate,sendto"

_CALL = re.compile(r'^(?:\d+ +)?(?P<name>\w+)\((?P<fd>\d+)(?:<(?P<file>[^>]*)>)?(?:, "(?P<data>[^"]*)")?(?P<rest>.*)$')
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
_REQUEST = re.compile(rb"(POST|PATCH|PUT|DELETE) (\S*/repos/\S+) HTTP/1\.1\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A write request as it left.

    Attributes:
        method: In capitals.
        path: With the API prefix.
        disk: Files by name, as a power cut at this moment would leave them at the worst.
    """

    method: str
    path: str
    disk: dict[str, bytes]


@dataclass(slots=True)
class _Disk:
    """Files as written, and as they were at their last sync."""

    written: dict[str, bytearray] = field(default_factory=dict)
    synced: dict[str, bytes] = field(default_factory=dict)

    def write(self, file: str, data: bytes, offset: int) -> None:
        content = self.written.setdefault(file, bytearray())
        content.extend(bytes(max(0, offset + len(data) - len(content))))
        content[offset : offset + len(data)] = data

    def cut(self, file: str, size: int) -> None:
        content = self.written.setdefault(file, bytearray())
        del content[size:]
        content.extend(bytes(size - len(content)))

    def sync(self, file: str) -> None:
        self.synced[file] = bytes(self.written.get(file, b""))


def sent(trace: Path, before: Iterable[Path]) -> Iterator[Sent]:
    """Replay a trace and stop at every write request.

    Args:
        trace: Made by `strace -f -y -xx` with `TRACED`, strings whole.
        before: Files that were there already, as they were.

    Yields:
        The requests in their order. A sync counts when it returned, a request when it was begun.
    """
    disk = _Disk()
    for path in before:
        disk.written[path.name] = bytearray(path.read_bytes())
        disk.sync(path.name)
    begun: dict[str, str] = {}
    with trace.open(encoding="ascii") as lines:
        for line in lines:
            pid = line.split(" ", 1)[0]
            if resumed := _RESUMED.match(line):
                line = begun.pop(pid, "") + resumed["rest"]
            elif line.rstrip().endswith("<unfinished ...>"):
                begun[pid] = line.rstrip().removesuffix("<unfinished ...>").rstrip()
                if " sendto(" not in line:
                    continue
            elif " sendto(" in line and pid in begun:
                raise AssertionError(f"two calls of one thread at once: {line[:200]}")
            call = _CALL.match(line)
            if call is None or (resumed and call["name"] == "sendto"):
                continue
            file = Path(_text(call["file"] or "")).name
            data = _text(call["data"] or "").encode("latin-1")
            match call["name"]:
                case "sendto":
                    if request := _REQUEST.match(data):
                        yield Sent(method=request[1].decode(), path=request[2].decode(), disk=dict(disk.synced))
                case "pwrite64":
                    numbers = re.match(r", (\d+), (\d+)\) += (\d+)", call["rest"])
                    assert numbers and numbers[1] == numbers[3] == str(len(data)), line[-200:]
                    disk.write(file, data, int(numbers[2]))
                case "ftruncate":
                    disk.cut(file, int(re.findall(r", (\d+)\)", call["rest"])[0]))
                case "fdatasync" | "fsync":
                    disk.sync(file)


def _text(name: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), name)
