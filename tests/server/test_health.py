from __future__ import annotations

import re
import socket
import threading

import pytest

from foreman.errors import ConfigError, StoreBusy
from foreman.log import get_logger
from foreman.server import Check, HealthServer, Metric, Sample
from tests.server.conftest import Journal, Patient, fetch

TOKEN = "an-operator-token"


def test_alive_says_so_and_asks_nobody(server: HealthServer, patient: Patient) -> None:
    patient.during = lambda: pytest.fail("asked")

    answer = fetch(server.url, "/healthcheck")

    assert (answer.status, answer.data) == (200, {"status": "ok"})


def test_readiness_names_what_is_not_well(server: HealthServer, patient: Patient) -> None:
    well = fetch(server.url, "/healthcheck/ready")
    patient.found.append(Check(name="account:github", ok=False, detail="the token was refused"))
    ill = fetch(server.url, "/healthcheck/ready")

    assert (well.status, well.data["status"]) == (200, "ready")
    assert ill.status == 503
    assert ill.data == {
        "status": "not ready",
        "not_ready": {"account:github": "the token was refused"},
        "checks": {"database": True, "account:github": False},
    }


def test_what_cannot_be_found_out_is_not_ready(server: HealthServer, patient: Patient) -> None:
    def busy() -> None:
        raise StoreBusy("the database is busy")

    patient.during = busy

    assert fetch(server.url, "/healthcheck/ready").data["not_ready"] == {"checks": "the database is busy"}
    assert fetch(server.url, "/metrics").status == 503
    assert fetch(server.url, "/healthcheck").status == 200


def test_metrics_are_prometheus_text_with_our_prefix_alone(server: HealthServer, patient: Patient) -> None:
    patient.measured.append(Metric(name="foreman_seen_total", help="Seen.", kind="counter", samples=[Sample(value=2)]))

    answer = fetch(server.url, "/metrics")
    names = {re.split(r"[ {]", line)[0] for line in answer.body.splitlines() if line and not line.startswith("#")}

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'foreman_things{kind="a \\"b\\"\\n"} 3.0' in answer.body
    assert "foreman_seen_total 2.0" in answer.body
    assert "foreman_process_resident_memory_bytes" in names
    assert {name for name in names if not name.startswith("foreman_")} == set()


def test_a_histogram_is_written_with_all_that_is_below_each_end(server: HealthServer, patient: Patient) -> None:
    waits = Sample(value=7.5, labels={"who": "x"}, buckets=((0.5, 2), (5.0, 0), (float("inf"), 1)))
    patient.measured.append(Metric(name="foreman_wait_seconds", help="Waits.", kind="histogram", samples=[waits]))

    lines = [line for line in fetch(server.url, "/metrics").body.splitlines() if line.startswith("foreman_wait")]

    assert lines == [
        'foreman_wait_seconds_bucket{le="0.5",who="x"} 2.0',
        'foreman_wait_seconds_bucket{le="5.0",who="x"} 2.0',
        'foreman_wait_seconds_bucket{le="+Inf",who="x"} 3.0',
        'foreman_wait_seconds_count{who="x"} 3.0',
        'foreman_wait_seconds_sum{who="x"} 7.5',
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc-123.X:y_z", True),
        ("a" * 100, True),
        ("a" * 101, False),
        ("two words", False),
        ("forged\tline", False),
        ("\xff", False),
        ("", False),
    ],
)
def test_a_sane_request_id_comes_back_and_another_is_replaced(server: HealthServer, given: str, kept: bool) -> None:
    answer = fetch(server.url, "/healthcheck", X_Request_ID=given)

    own = answer.headers["x-request-id"]
    assert (own == given) is kept
    assert kept or re.fullmatch("[0-9a-f]{32}", own)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/metrics/", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/healthcheck", 405),
    ],
)
def test_there_is_nothing_else_and_refusals_carry_an_id(
    server: HealthServer, method: str, path: str, status: int
) -> None:
    answer = fetch(server.url, path, method=method, X_Request_ID="mine")

    assert (answer.status, answer.headers["x-request-id"]) == (status, "mine")


def test_a_bug_is_500_with_the_id_and_a_traceback_in_the_log(
    server: HealthServer, patient: Patient, journal: Journal
) -> None:
    def bug() -> None:
        raise RuntimeError("a bug")

    patient.during = bug
    answer = fetch(server.url, "/healthcheck/ready", X_Request_ID="find-me")

    assert (answer.status, answer.headers["x-request-id"]) == (500, "find-me")
    assert "a bug" not in answer.body
    assert journal.has(lambda line: "RuntimeError: a bug" in line.get("exception", ""))


def test_log_lines_of_a_request_carry_its_id(server: HealthServer, patient: Patient, journal: Journal) -> None:
    patient.during = lambda: get_logger("test").info("asked")

    fetch(server.url, "/healthcheck/ready", X_Request_ID="one")
    fetch(server.url, "/metrics", X_Request_ID="two")

    assert [line["request_id"] for line in journal.lines() if line["event"] == "asked"] == ["one", "two"]
    assert journal.has(
        lambda line: (line["event"], line.get("request_id"), line.get("status")) == ("request_answered", "two", 200)
    )


def test_with_a_token_only_being_alive_is_told_to_everybody(patient: Patient) -> None:
    server = HealthServer("127.0.0.1", 0, patient, TOKEN)
    server.start()
    try:
        told = [
            fetch(server.url, path, **headers).status
            for path in ("/healthcheck", "/healthcheck/ready", "/metrics")
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}"})
        ]
        refused = fetch(server.url, "/metrics")
    finally:
        server.stop()

    assert told == [200, 200, 200, 401, 401, 200, 401, 401, 200]
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["x-request-id"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_address_others_can_reach_needs_a_token(patient: Patient, host: str) -> None:
    with pytest.raises(ConfigError, match=r"server\.operator_token"):
        HealthServer(host, 0, patient)


def test_a_taken_port_is_one_clear_line(server: HealthServer, patient: Patient) -> None:
    port = int(server.url.rpartition(":")[2])

    with pytest.raises(ConfigError, match=rf"^server\.port: 127\.0\.0\.1:{port} cannot be listened on") as raised:
        HealthServer("127.0.0.1", port, patient).start()

    assert "\n" not in str(raised.value)


def test_stop_frees_the_port_whatever_is_under_way(patient: Patient) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        leave.wait(60)

    patient.during = hang
    server = HealthServer("127.0.0.1", 0, patient)
    server.start()
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as idle:
        idle.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert entered.wait(60)
        server.stop()
        server.stop()
        leave.set()

    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_a_stop_before_the_first_answer_is_clean(patient: Patient) -> None:
    server = HealthServer("127.0.0.1", 0, patient)
    server.start()
    server.stop()
