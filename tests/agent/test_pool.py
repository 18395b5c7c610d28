"""The pool: bounded, never a queue, ended together."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from foreman.agent.pool import AgentPool
from foreman.errors import AgentUnavailable


class Agent:
    """A runtime that answers when it is let."""

    sealed, gateway_url = True, ""

    def __init__(self, agent: str) -> None:
        self.agent = agent
        self.inside = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.stopped = threading.Event()

    def start(self) -> None:
        return

    def healthy(self) -> bool:
        return True

    def ask(self, task: bytes, *, timeout_seconds: float) -> bytes:
        self.inside.release()
        assert self.let_go.wait(60)
        if task == b"break":
            raise AgentUnavailable("broken")
        return task

    def stop(self, *, timeout_seconds: float) -> None:
        self.stopped.set()


def _in_thread(pool: AgentPool, agent: str, task: bytes, into: list[Any]) -> threading.Thread:
    thread = threading.Thread(target=lambda: into.append(pool.ask(agent, task, timeout_seconds=60)))
    thread.start()
    return thread


def test_a_full_agent_is_busy_and_another_one_is_not() -> None:
    slow, quick = Agent("slow"), Agent("quick")
    quick.let_go.set()
    pool = AgentPool({"slow": slow, "quick": quick}, {"slow": 1})
    answers: list[Any] = []
    thread = _in_thread(pool, "slow", b"1", answers)
    assert slow.inside.acquire(timeout=60)

    assert pool.busy() == {"slow"}
    assert (pool.free("slow"), pool.free("quick"), pool.free("unknown")) == (False, True, False)
    assert pool.ask("quick", b"2", timeout_seconds=60) == b"2"
    with pytest.raises(AgentUnavailable, match="works on 1 tasks"):
        pool.ask("slow", b"3", timeout_seconds=60)

    slow.let_go.set()
    thread.join(60)
    assert answers == [b"1"]
    assert pool.busy() == frozenset()


def test_a_task_that_fails_gives_its_place_back() -> None:
    agent = Agent("a")
    agent.let_go.set()
    pool = AgentPool({"a": agent}, {"a": 1})

    for _ in range(3):
        with pytest.raises(AgentUnavailable, match="broken"):
            pool.ask("a", b"break", timeout_seconds=60)

    assert pool.free("a")
    with pytest.raises(AgentUnavailable, match="no agent of type"):
        pool.ask("b", b"", timeout_seconds=60)


def test_all_are_ended_side_by_side_and_a_stuck_one_holds_nobody_up() -> None:
    class Stuck(Agent):
        def stop(self, *, timeout_seconds: float) -> None:
            self.let_go.wait(60)

    agents = {"stuck": Stuck("stuck"), "a": Agent("a"), "b": Agent("b")}

    AgentPool(agents).stop(timeout_seconds=0.5)

    assert agents["a"].stopped.is_set()
    assert agents["b"].stopped.is_set()
    agents["stuck"].let_go.set()
