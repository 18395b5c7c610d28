"""From one issue to judged actions: look, admit, ask, read, judge. Writes nothing, neither to a forge nor to the log.

`pipeline` records and retries; `foreman triage --dry-run` prints the same `Deliberation`.
"""

from __future__ import annotations

from foreman.deliberation.deliberator import Deliberator
from foreman.deliberation.ports import AgentDesk, ModelDesk, Spent
from foreman.deliberation.thinker import Thinker
from foreman.deliberation.thought import Deliberation

__all__ = ["AgentDesk", "Deliberation", "Deliberator", "ModelDesk", "Spent", "Thinker"]
