"""Looking at one issue and thinking about it, for one forge account."""

from __future__ import annotations

from foreman import checkpoint, tracing
from foreman.config.effective import AgentPlan
from foreman.deliberation.thinker import Thinker
from foreman.deliberation.thought import Deliberation
from foreman.model import EventKind, IssueRef
from foreman.precedents import Precedents
from foreman.recall import Recall


class Deliberator:
    """Thinks about issues of one forge account."""

    def __init__(self, *, recall: Recall, precedents: Precedents, thinker: Thinker) -> None:
        """Keep the ports.

        Args:
            recall: Looks at the forge and the log.
            precedents: Knows what bears on an issue beside itself.
            thinker: Asks and judges.
        """
        self.recall = recall
        self._precedents = precedents
        self._thinker = thinker

    def deliberate(
        self,
        ref: IssueRef,
        plan: AgentPlan,
        *,
        task_id: str,
        event: EventKind,
        actor_id: int | None,
        requested: bool,
        attempt: int,
        memory_summary: str,
    ) -> Deliberation:
        """Think about one issue.

        Args:
            ref: Which.
            plan: The agent and what it may do here.
            task_id: UUID of this attempt.
            event: Why.
            actor_id: Who caused it, by numeric id.
            requested: A maintainer asked by hand.
            attempt: Counted from 1.
            memory_summary: Facts of earlier decisions on this issue.

        Returns:
            The judged decision, or the reason why no agent was asked.

        Raises:
            ForgeError: The issue cannot be read.
            AgentError: The agent did not do its job.
            BudgetExceeded: The model's budget is spent.
        """
        with tracing.step("look"):
            look = self.recall.look(ref, event=event, actor_id=actor_id, requested=requested)
        look = self.recall.begin(task_id, look)
        checkpoint.reach("pipeline.looked")
        return self._thinker.think(
            look, plan, task_id=task_id, attempt=attempt, memory_summary=memory_summary, known=self._precedents.of
        )
