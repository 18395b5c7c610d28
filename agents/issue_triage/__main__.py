"""Run the agent: `python -m agents.issue_triage`."""

from agents.issue_triage.agent import decide
from foreman.agentkit import serve

if __name__ == "__main__":
    serve(decide)
