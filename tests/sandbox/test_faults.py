from __future__ import annotations

import socket
import threading
import time

import httpx
import pytest

from foreman.sandbox import (
    Fault,
    commit_late,
    commit_then_drop,
    commit_then_status,
    delay,
    drip,
    drop_before,
    not_json,
    redirect,
    reorder_pages,
    reply,
    stale_list,
    truncate,
)
from tests.sandbox.conftest import REPO

ISSUES = f"/repos/{REPO}/issues"
COMMENTS = f"{ISSUES}/1/comments"


@pytest.fixture(autouse=True)
def opened(forge, clock):
    forge.open_issue(REPO, title="T", body="b", author="ann")
    clock.move(minutes=5)


def said(forge):
    return [comment.body for comment in forge.issue(REPO, 1).comments]


def test_reply_is_given_so_many_times_after_so_many_and_not_to_others(http, forge):
    fault = forge.inject(
        Fault(method="POST", path="/comments$", times=2, after=1, action=reply(502, {"X-A": "b"}, {"message": "no"}))
    )
    statuses = [http.post(COMMENTS, json={"body": str(n)}).status_code for n in range(4)]

    assert statuses == [201, 502, 502, 201]
    assert http.get(COMMENTS).status_code == 200
    assert said(forge) == ["0", "3"]
    assert (fault.seen, fault.hits) == (4, 2)
    assert [entry.fault for entry in forge.ledger[:4]] == ["", "reply", "reply", ""]


def test_fault_for_all_ends_when_removed(http, forge):
    fault = forge.inject(Fault(times=None, action=reply(500)))

    assert [http.get("/user").status_code for _ in range(3)] == [500, 500, 500]
    fault.remove()
    assert http.get("/user").status_code == 200
    forge.inject(Fault(path=r"per_page=7", action=reply(500)))
    assert http.get(ISSUES).status_code == 200
    assert http.get(f"{ISSUES}?per_page=7").status_code == 500
    forge.inject(Fault(action=reply(500)))
    forge.clear_faults()
    assert http.get("/user").status_code == 200


@pytest.mark.parametrize(("action", "done"), [(drop_before, False), (drop_before(), False), (commit_then_drop, True)])
def test_dropped_connection_is_an_error_to_the_sender(http, forge, action, done):
    forge.inject(Fault(action=action))
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(COMMENTS, json={"body": "x"})

    assert said(forge) == (["x"] if done else [])
    assert (forge.ledger[-1].status, bool(forge.ledger[-1].effect)) == (0, done)
    assert http.get("/user").status_code == 200


def test_error_after_the_commit(http, forge):
    forge.inject(Fault(method="POST", action=commit_then_status(500)))

    assert http.post(COMMENTS, json={"body": "x"}).status_code == 500
    assert said(forge) == ["x"]


def test_late_commit_happens_after_the_502(http, forge):
    forge.inject(Fault(method="POST", action=commit_late(0.3, 502)))
    answer = http.post(COMMENTS, json={"body": "x"})

    assert (answer.status_code, forge.writes()) == (502, ())
    forge.settle()
    assert said(forge) == ["x"]
    (entry,) = forge.writes()
    assert (entry.status, entry.fault) == (502, "commit_late")


def test_late_commit_is_given_up_at_the_end(http, forge):
    forge.inject(Fault(method="POST", action=commit_late(60)))
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(COMMENTS, json={"body": "x"})
    forge.close()

    assert said(forge) == []


def test_delayed_request_does_not_hold_up_the_others(client_of, forge):
    forge.inject(Fault(path="/user", action=delay(60)))

    def wait():
        with pytest.raises(httpx.HTTPError):
            client_of("botty").get("/user")

    slow = threading.Thread(target=wait)
    slow.start()

    assert client_of("botty").get(ISSUES).status_code == 200
    forge.close()
    slow.join(60)
    assert not slow.is_alive()


def test_time_out_of_the_sender(client_of, forge):
    forge.inject(Fault(action=delay(60)))

    with pytest.raises(httpx.ReadTimeout):
        client_of("botty", timeout=0.2).get("/user")


def test_half_a_body(http, forge):
    forge.inject(Fault(action=truncate(10)))

    with pytest.raises(httpx.RemoteProtocolError):
        http.get(ISSUES)


def test_drip_arrives_whole(http, forge):
    forge.inject(Fault(action=drip(20_000)))

    assert http.get(ISSUES).json()[0]["number"] == 1


def test_captive_portal_answers_html_and_does_nothing(http, forge):
    forge.inject(Fault(action=not_json))
    answer = http.post(COMMENTS, json={"body": "x"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert said(forge) == []


def test_stale_reads_show_the_past(http, forge, clock):
    clock.move(seconds=60)
    forge.comment(REPO, 1, author="ann", body="fresh")
    forge.add_label(REPO, 1, "bug")
    forge.open_issue(REPO, title="new", author="ann")
    clock.move(seconds=10)
    forge.inject(Fault(method="GET", times=None, action=stale_list(30)))

    assert [issue["number"] for issue in http.get(ISSUES).json()] == [1]
    assert http.get(COMMENTS).json() == []
    assert http.get(f"{ISSUES}/1").json()["labels"] == []
    assert http.get(f"{ISSUES}/2").status_code == 404
    clock.move(seconds=30)
    assert [issue["number"] for issue in http.get(ISSUES).json()] == [2, 1]
    assert [row["body"] for row in http.get(COMMENTS).json()] == ["fresh"]


def test_rows_move_between_pages(http, forge):
    for number in range(2, 7):
        forge.open_issue(REPO, title=str(number), author="ann")
    forge.inject(Fault(method="GET", times=None, action=reorder_pages))
    pages = [http.get(f"{ISSUES}?per_page=4&page={page}&direction=asc").json() for page in (1, 2)]
    seen = [row["number"] for page in pages for row in page]

    assert len(seen) == 6
    assert len(set(seen)) < 6


def test_redirect_to_elsewhere(http, forge):
    forge.inject(Fault(action=redirect("/repos/acme/other/issues/1/comments", 307)))
    answer = http.post(COMMENTS, json={"body": "x"})

    assert (answer.status_code, answer.headers["location"]) == (
        307,
        f"{forge.url}/repos/acme/other/issues/1/comments",
    )


@pytest.mark.parametrize("action", [500, "drop_before", reply, delay, None, lambda: None])
def test_what_is_no_action_is_refused_at_once(action):
    with pytest.raises(TypeError, match=r"is no action; call one of foreman\.sandbox\.faults: .*reply"):
        Fault(action=action)


@pytest.mark.parametrize("reset", [False, True])
def test_body_cut_short_by_its_sender_changes_nothing(forge, reset):
    """A client killed while it sends must leave no trace but in the ledger."""
    head = f"POST {COMMENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: token {forge.token('botty')}\r\n"
    with socket.create_connection(("127.0.0.1", int(forge.url.rpartition(":")[2]))) as connection:
        connection.sendall((head + 'Content-Length: 16\r\n\r\n{"body": "xy"}').encode())
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    deadline = time.monotonic() + 60
    while not forge.ledger and time.monotonic() < deadline:
        threading.Event().wait(0.01)

    assert [(entry.fault, entry.status, entry.effect) for entry in forge.ledger] == [("truncated", 0, "")]
    assert said(forge) == []


@pytest.mark.parametrize(
    ("header", "status"),
    [("Transfer-Encoding: chunked", 411), ("Content-Length: x", 411), ("Content-Length: 99999999", 413)],
)
def test_body_of_unknown_or_great_length_is_refused(forge, header, status):
    with socket.create_connection(("127.0.0.1", int(forge.url.rpartition(":")[2]))) as connection:
        connection.sendall(f"POST {COMMENTS} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())

        assert f"HTTP/1.1 {status}" in connection.makefile("rb").readline().decode()
