from __future__ import annotations

import http.client
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog

from foreman import log
from foreman.secrets import KnownSecrets
from foreman.server import Check, HealthServer, Metric, Sample


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass
class Patient:
    """Vitals that say what they are told to."""

    found: list[Check] = field(default_factory=lambda: [Check(name="database", ok=True)])
    measured: list[Metric] = field(
        default_factory=lambda: [
            Metric(name="foreman_things", help="Things.", samples=[Sample(value=3, labels={"kind": 'a "b"\n'})])
        ]
    )
    during: Callable[[], None] = lambda: None

    def checks(self) -> Sequence[Check]:
        self.during()
        return self.found

    def metrics(self) -> Sequence[Metric]:
        self.during()
        return self.measured


def fetch(url: str, path: str, *, method: str = "GET", **headers: str) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return Answer(
            status=reply.status,
            headers={name.lower(): value for name, value in reply.getheaders()},
            body=reply.read().decode(),
        )
    finally:
        connection.close()


@dataclass
class Journal:
    """What was logged; a line may come a moment after the answer it is about."""

    stream: io.StringIO

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def has(self, wanted: Callable[[dict[str, Any]], bool]) -> bool:
        deadline = time.monotonic() + 60
        while not any(wanted(line) for line in self.lines()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


@pytest.fixture
def journal() -> Iterator[Journal]:
    stream = io.StringIO()
    log.configure("debug", "json", KnownSecrets(), stream)
    try:
        yield Journal(stream)
    finally:
        structlog.reset_defaults()


@pytest.fixture
def patient() -> Patient:
    return Patient()


@pytest.fixture
def server(patient: Patient) -> Iterator[HealthServer]:
    made = HealthServer("127.0.0.1", 0, patient)
    made.start()
    try:
        yield made
    finally:
        made.stop()
