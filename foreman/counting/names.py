"""What is counted: names, labels and what they may say. `docs/operations.md` lists the same, and a test compares.

A label has either a closed list of values, or values that come from the configuration (agents, models). No label holds
an issue, a person, a repository or a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from foreman.values import dataclass

FORGES = ("github", "gitlab")
ACTION_TYPES = (
    "add_label", "remove_label", "comment", "close", "reopen", "assign",
    "unassign", "edit_issue", "edit_comment", "delete_comment", "react",
)  # fmt: skip
"""The protocol's, and those by which Foreman takes back and answers; tests compare both with the code."""

LOOP_REASONS = (
    "own_event", "own_issue", "actor_is_bot", "author_is_bot", "actor_unknown", "runs_per_issue", "runs_per_person",
)  # fmt: skip
"""The gate's reasons that keep Foreman from answering itself or another machine, or from never ending."""

LOOPS = ("poll", "work", "write", "watch", "chores", "agents", "learn", "tidy", "warm", "stop")
"""The daemon's own; a test compares them with the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Something that is counted.

    Attributes:
        name: As it is shown; ends with `_total`.
        help: One line for a person.
        labels: Each with the values it may have, None for those that come from the configuration.
        from_zero: Show every series from the start on; only where each label has a list.
    """

    name: str
    help: str
    labels: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    from_zero: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Something that is measured again and again.

    Attributes:
        name: As it is shown, with its unit.
        help: One line for a person.
        labels: As for `Counter`.
        bounds: Upper ends of the buckets, growing.
    """

    name: str
    help: str
    bounds: tuple[float, ...]
    labels: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""From a keyword agent that answers at once to the longest time-out there is."""

POLLS = Counter(
    name="foreman_polls_total",
    help="Looks at a repository: ok, unchanged (one request, nothing new), failed.",
    labels={"forge": FORGES, "outcome": ("ok", "unchanged", "failed")},
)
EVENTS = Counter(name="foreman_events_total", help="Events that polls found.", labels={"forge": FORGES})
REQUESTS = Counter(
    name="foreman_forge_requests_total",
    help="Requests to forges by what came of them; none: no usable answer.",
    labels={
        "forge": FORGES,
        "method": ("GET", "POST", "PUT", "PATCH", "DELETE"),
        "outcome": ("2xx", "304", "3xx", "401", "403", "404", "4xx", "429", "5xx", "none"),
    },
    from_zero=False,
)
TASKS = Counter(
    name="foreman_tasks_total",
    help="Runs of tasks by how they ended.",
    labels={"agent": None, "ending": ("decided", "skipped", "retry", "held", "dead", "dropped")},
    from_zero=False,
)
RETRIES = Counter(
    name="foreman_retries_total",
    help="Tasks and writes that are tried again.",
    labels={"of": ("task", "write")},
)
SKIPS = Counter(
    name="foreman_skips_total",
    help="Tasks of which no agent was asked, by the gate's reason.",
    labels={"reason": None},
    from_zero=False,
)
LOOP_GUARD_SKIPS = Counter(
    name="foreman_loop_guard_skips_total",
    help="What was left alone so that nobody answers himself or another machine, and nothing runs without end.",
    labels={"reason": LOOP_REASONS},
)
ACTIONS = Counter(
    name="foreman_actions_judged_total",
    help="Actions that decisions asked for, by type and the gate's verdict.",
    labels={"action": ACTION_TYPES, "verdict": ("planned", "held", "denied", "shadow")},
)
REFUSALS = Counter(
    name="foreman_refusals_total",
    help="Actions that were held or denied, by the gate's reason.",
    labels={"reason": None},
    from_zero=False,
)
OUTCOMES = Counter(
    name="foreman_actions_finished_total",
    help="What became of actions: done, failed, unknown, or again (sent later once more).",
    labels={"action": ACTION_TYPES, "outcome": ("done", "failed", "unknown", "again")},
)
REPLIES_LOST = Counter(name="foreman_replies_lost_total", help="Writes that were sent and got no answer.")
STALE_CONFLICTS = Counter(
    name="foreman_stale_conflicts_total",
    help="Decisions that were not carried out since the issue had moved on: decided again, held, or dropped.",
    labels={"then": ("again", "held", "dropped")},
)
AGENT_SECONDS = Histogram(
    name="foreman_agent_seconds",
    help="From the question to an agent to its whole reply.",
    labels={"agent": None},
    bounds=_SECONDS,
)
AGENT_FAILURES = Counter(
    name="foreman_agent_failures_total",
    help="Questions to agents without a usable reply.",
    labels={"agent": None, "kind": ("unavailable", "invalid", "other")},
    from_zero=False,
)
MODEL_CALLS = Counter(
    name="foreman_model_calls_total",
    help="Model calls.",
    labels={"provider": None, "model": None, "outcome": ("ok", "failed")},
    from_zero=False,
)
MODEL_TOKENS = Counter(
    name="foreman_model_tokens_total",
    help="Tokens sent to models (input), of these read from a cache (cached), and written by them (output).",
    labels={"provider": None, "model": None, "kind": ("input", "cached", "output")},
    from_zero=False,
)
MODEL_USD = Counter(
    name="foreman_model_usd_total",
    help="Known prices of model calls, dollars.",
    labels={"provider": None, "model": None},
    from_zero=False,
)
MODEL_SECONDS = Histogram(
    name="foreman_model_seconds",
    help="From the call of a model to the last byte of its answer.",
    labels={"provider": None, "model": None},
    bounds=_SECONDS,
)
SECRETS_CAUGHT = Counter(
    name="foreman_secrets_caught_total",
    help="Texts that held what is or looks like a secret: refused on the way out (outgoing), taken out of what an "
    "agent reads (incoming), of what it says why (rationale), or of what is kept (stored).",
    labels={"where": ("outgoing", "incoming", "rationale", "stored")},
)
LOOP_ERRORS = Counter(
    name="foreman_loop_errors_total",
    help="Steps of the daemon's own loops that failed: store (the database), lease (another daemon), bug.",
    labels={"loop": LOOPS, "kind": ("store", "lease", "bug")},
)

ALL: tuple[Counter | Histogram, ...] = (
    POLLS, EVENTS, REQUESTS, TASKS, RETRIES, SKIPS, LOOP_GUARD_SKIPS, ACTIONS, REFUSALS, OUTCOMES, REPLIES_LOST,
    STALE_CONFLICTS, AGENT_SECONDS, AGENT_FAILURES, MODEL_CALLS, MODEL_TOKENS, MODEL_USD, MODEL_SECONDS,
    SECRETS_CAUGHT, LOOP_ERRORS,
)  # fmt: skip
