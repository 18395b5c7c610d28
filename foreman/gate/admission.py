"""Facts -> may an agent be asked at all? Decided before any agent runs, so that nothing is spent on a no.

A pause is no reason here: it stops writing, not thinking. The rules that say where Foreman keeps away altogether
(`STANDING`) are asked a second time by `policy` once the agent has answered, because an issue moves on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from foreman.config.effective import Policy
from foreman.gate import staleness
from foreman.gate.facts import Facts
from foreman.gate.reasons import Reason
from foreman.model import INSIDERS, Allow, Deny, EventKind, Hold, Role, Verdict
from foreman.values import dataclass

HOLD_LABEL = "foreman:hold"
"""On an issue it means: hands off."""

RESERVED_PREFIX = "foreman:"
"""Labels that begin so are orders from people to Foreman; no agent touches them."""

Objection = Deny | Hold | None
"""What one rule says; None: no objection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An issue an agent might be asked about.

    Attributes:
        facts: What is known.
        policy: What holds for the repository and the agent.
        events: Which events the agent is to get.
    """

    facts: Facts
    policy: Policy
    events: Collection[EventKind] = ()


@dataclass(frozen=True, slots=True)
class AdmissionRule:
    """One rule of the table.

    Attributes:
        name: What the documentation and the mutation test call it.
        objection: The rule itself.
    """

    name: str
    objection: Callable[[Candidate], Objection]


def carried(labels: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return which labels of an issue keep Foreman back; without case, as the forges compare them."""
    wanted = {name.casefold() for name in names}
    return tuple(label for label in labels if label.casefold() in wanted)


def hold_label(at: Candidate) -> Objection:
    """A person said hands off."""
    held = at.facts.kept_off or carried(at.facts.issue.labels, (HOLD_LABEL,))
    return Deny(Reason.HOLD_LABEL) if held else None


def pull_request(at: Candidate) -> Objection:
    """Pull requests are listed among the issues but are none; only who asked for new ones is asked about them."""
    unasked = at.facts.issue.is_pull_request and EventKind.PULL_REQUEST_OPENED not in at.events
    return Deny(Reason.PULL_REQUEST) if unasked else None


def confidential(at: Candidate) -> Objection:
    """A private report stays between people, unless they opted in; asking by hand is not enough."""
    return Deny(Reason.CONFIDENTIAL) if at.facts.issue.confidential and not at.policy.act_on_confidential else None


def locked(at: Candidate) -> Objection:
    """Somebody ended the conversation."""
    return Deny(Reason.LOCKED) if at.facts.issue.locked else None


def own_event(at: Candidate) -> Objection:
    """Nothing our own account does is answered; known by id, never by name."""
    return Deny(Reason.OWN_EVENT) if at.facts.event_actor and at.facts.event_actor.id == at.facts.bot.id else None


def own_issue(at: Candidate) -> Objection:
    """The dashboard and whatever else we opened is not triaged."""
    return Deny(Reason.OWN_ISSUE) if at.facts.issue.author.id == at.facts.bot.id else None


def actor_known(at: Candidate) -> Objection:
    """A comment whose author is not known might be our own, a bot's or a maintainer's."""
    nobody = at.facts.event_actor is None or at.facts.event_actor_role is Role.UNKNOWN
    unknown = at.facts.event is EventKind.COMMENTED and nobody
    return Deny(Reason.ACTOR_UNKNOWN) if unknown and not at.facts.requested else None


def actor_is_no_bot(at: Candidate) -> Objection:
    """Two machines that answer each other never stop."""
    bot = (at.facts.event_actor is not None and at.facts.event_actor.is_bot) or at.facts.event_actor_role is Role.BOT
    return Deny(Reason.ACTOR_IS_BOT) if bot and at.policy.skip_bots and not at.facts.requested else None


def actor_is_no_insider(at: Candidate) -> Objection:
    """When a maintainer has just spoken, the issue is in good hands."""
    insider = at.facts.event is EventKind.COMMENTED and at.facts.event_actor_role in INSIDERS
    return (
        Deny(Reason.ACTOR_IS_INSIDER) if insider and not (at.policy.act_on_maintainers or at.facts.requested) else None
    )


def author_known(at: Candidate) -> Objection:
    """An unknown role may be anybody's, a maintainer's too; a deleted account (id 0) is nobody's."""
    unknown = at.facts.issue.role is Role.UNKNOWN or at.facts.issue.author.id == 0
    return Deny(Reason.AUTHOR_UNKNOWN) if unknown and not at.facts.requested else None


def author_is_no_bot(at: Candidate) -> Objection:
    """Issues that bots open are for people or for other bots."""
    bot = at.facts.issue.author.is_bot or at.facts.issue.role is Role.BOT
    return Deny(Reason.AUTHOR_IS_BOT) if bot and at.policy.skip_bots and not at.facts.requested else None


def author_is_no_insider(at: Candidate) -> Objection:
    """Maintainers know what they write their issues for."""
    insider = at.facts.issue.role in INSIDERS
    return (
        Deny(Reason.AUTHOR_IS_INSIDER)
        if insider and not (at.policy.act_on_maintainers or at.facts.requested)
        else None
    )


def may_go_stale(at: Candidate) -> Objection:
    """An issue somebody pinned never goes stale."""
    exempt = carried(at.facts.issue.labels, at.policy.exempt_labels)
    return Deny(Reason.NEVER_STALE, exempt[0]) if exempt and at.facts.event is EventKind.STALE else None


def not_kept(at: Candidate) -> Objection:
    """What is planned, in somebody's hands, or wanted by many never goes stale."""
    return staleness.kept(at.facts) if at.facts.event is EventKind.STALE else None


def answer_owed(at: Candidate) -> Objection:
    """An issue that waits for the maintainers, for somebody upstream or for nobody is never stale."""
    return staleness.not_owed(at.facts) if at.facts.event is EventKind.STALE else None


def owed_long_enough(at: Candidate) -> Objection:
    """Counted from when a person asked, not from the issue's last change."""
    return staleness.too_early(at.facts, at.policy) if at.facts.event is EventKind.STALE else None


def event_wanted(at: Candidate) -> Objection:
    """The agent is asked only about what its `events` list."""
    wanted = at.facts.requested or at.facts.event is EventKind.REQUESTED or at.facts.event in at.events
    return None if wanted else Deny(Reason.EVENT_NOT_WANTED, at.facts.event)


def issue_open(at: Candidate) -> Objection:
    """A closed issue is done; a comment on one counts only where reopening is allowed."""
    if at.facts.issue.state != "closed" or at.facts.requested:
        return None
    comment_may_reopen = at.facts.event is EventKind.COMMENTED and at.policy.allow_reopen
    return None if comment_may_reopen else Deny(Reason.ISSUE_CLOSED)


def runs_per_issue(at: Candidate) -> Objection:
    """One issue may not keep an agent busy all day."""
    if at.facts.requested or at.facts.runs_today < at.policy.max_runs_per_issue_per_day:
        return None
    return Hold(Reason.RUNS_PER_ISSUE, f"{at.facts.runs_today} runs in 24 hours")


def runs_per_person(at: Candidate) -> Objection:
    """One person may not spend everybody's budget."""
    if at.facts.requested or at.facts.runs_of_author_today < at.policy.max_runs_per_person_per_day:
        return None
    return Hold(Reason.RUNS_PER_PERSON, f"{at.facts.runs_of_author_today} runs in 24 hours")


STANDING: tuple[AdmissionRule, ...] = (
    AdmissionRule("hold label", hold_label),
    AdmissionRule("pull request", pull_request),
    AdmissionRule("confidential", confidential),
    AdmissionRule("locked", locked),
    AdmissionRule("own event", own_event),
    AdmissionRule("own issue", own_issue),
    AdmissionRule("actor known", actor_known),
    AdmissionRule("actor is no bot", actor_is_no_bot),
    AdmissionRule("actor is no insider", actor_is_no_insider),
    AdmissionRule("author known", author_known),
    AdmissionRule("author is no bot", author_is_no_bot),
    AdmissionRule("author is no insider", author_is_no_insider),
    AdmissionRule("may go stale", may_go_stale),
    AdmissionRule("not kept from going stale", not_kept),
    AdmissionRule("the reporter owes an answer", answer_owed),
    AdmissionRule("owed for long enough", owed_long_enough),
)
"""Where Foreman keeps away, before and after the agent has answered."""

ADMISSION: tuple[AdmissionRule, ...] = (
    *STANDING,
    AdmissionRule("event wanted", event_wanted),
    AdmissionRule("issue open", issue_open),
    AdmissionRule("runs per issue", runs_per_issue),
    AdmissionRule("runs per person", runs_per_person),
)
"""All rules of admission; the first objection is the verdict."""


def admit(
    facts: Facts,
    policy: Policy,
    agent_events: Collection[EventKind],
    *,
    rules: tuple[AdmissionRule, ...] = ADMISSION,
) -> Verdict:
    """Say whether an agent may be asked about this issue now.

    Args:
        facts: What is known.
        policy: What holds for the repository and the agent.
        agent_events: What the agent is to get.
        rules: The table; only the mutation test passes another one.

    Returns:
        The first objection, or Allow. A Hold asks to try again once the day's count has room.
    """
    at = Candidate(facts=facts, policy=policy, events=agent_events)
    for rule in rules:
        if objection := rule.objection(at):
            return objection
    return Allow()
