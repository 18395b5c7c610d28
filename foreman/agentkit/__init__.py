"""What an agent author imports: a server for tasks, a model client, and JSON out of model text.

Needs pydantic and the standard library, nothing else of Foreman but `foreman.protocol`. See `docs/agents.md`.
"""

from foreman.agentkit.jsontext import extract_json, json_objects
from foreman.agentkit.model import BudgetSpent, Model, ModelError, ModelUnavailable, unix_url
from foreman.agentkit.server import AgentServer, make_server, serve
from foreman.agentkit.versions import versions

__all__ = [
    "AgentServer",
    "BudgetSpent",
    "Model",
    "ModelError",
    "ModelUnavailable",
    "extract_json",
    "json_objects",
    "make_server",
    "serve",
    "unix_url",
    "versions",
]
