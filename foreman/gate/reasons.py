"""Why the gate refuses or holds: a closed list, each with what it means and what would change it.

`docs/gate.md` shows the same table; a test holds the two together. No rule gives a reason that is not here.
"""

from __future__ import annotations

from enum import StrEnum

from foreman.values import dataclass


class Reason(StrEnum):
    """Every reason a verdict can carry; the values are what the log and `explain` show."""

    # where Foreman keeps away altogether
    HOLD_LABEL = "hold_label"
    PULL_REQUEST = "pull_request"
    CONFIDENTIAL = "confidential"
    LOCKED = "locked"
    ISSUE_CLOSED = "issue_closed"
    OWN_EVENT = "own_event"
    OWN_ISSUE = "own_issue"
    EVENT_NOT_WANTED = "event_not_wanted"
    ACTOR_UNKNOWN = "actor_unknown"
    ACTOR_IS_BOT = "actor_is_bot"
    ACTOR_IS_INSIDER = "actor_is_insider"
    AUTHOR_UNKNOWN = "author_unknown"
    AUTHOR_IS_BOT = "author_is_bot"
    AUTHOR_IS_INSIDER = "author_is_insider"
    NEVER_STALE = "never_stale"
    NOT_REPORTERS_TURN = "not_reporters_turn"
    NOT_STALE_YET = "not_stale_yet"
    RUNS_PER_ISSUE = "runs_per_issue"
    RUNS_PER_PERSON = "runs_per_person"
    # a decision as a whole
    SECURITY_REPORT = "security_report"
    TOO_MANY_ACTIONS = "too_many_actions"
    TOO_MANY_LABELS = "too_many_labels"
    TOO_MANY_COMMENTS = "too_many_comments"
    REPEATED = "repeated"
    CONTRADICTORY = "contradictory"
    LOW_CONFIDENCE = "low_confidence"
    STEPPED_DOWN = "stepped_down"
    BREAKER_OPEN = "breaker_open"
    HOURLY_CAP = "hourly_cap"
    # one action
    NOTHING_TO_DO = "nothing_to_do"
    LABEL_RESERVED = "label_reserved"
    LABELS_UNKNOWN = "labels_unknown"
    LABEL_MISSING = "label_missing"
    LABEL_NOT_LISTED = "label_not_listed"
    LABEL_NOT_REMOVABLE = "label_not_removable"
    HISTORY_UNKNOWN = "history_unknown"
    PERSON_REMOVED_LABEL = "person_removed_label"
    PERSON_ADDED_LABEL = "person_added_label"
    COMMENTS_OFF = "comments_off"
    COMMENTS_UNKNOWN = "comments_unknown"
    COMMENT_CAP = "comment_cap"
    CLOSE_OFF = "close_off"
    EXEMPT_LABEL = "exempt_label"
    DUPLICATE_UNNAMED = "duplicate_unnamed"
    NOT_REMINDED = "not_reminded"
    UNANNOUNCED = "unannounced"
    CLOSE_OBJECTED = "close_objected"
    CLOSE_ANNOUNCED = "close_announced"
    CLOSE_REFUSED = "close_refused"
    REOPEN_OFF = "reopen_off"
    ASSIGNEE_NOT_LISTED = "assignee_not_listed"
    # the text of a comment
    TEXT_EMPTY = "text_empty"
    TEXT_TOO_LONG = "text_too_long"
    TEXT_SECRET = "text_secret"  # noqa: S105  # a name, not a secret
    TEXT_UNSAFE = "text_unsafe"
    # between the verdict and the sending
    STALE = "stale"
    ANOTHER_ISSUE = "another_issue"
    NOT_FOR_US = "not_for_us"
    MODE_APPROVE = "mode_approve"
    MODE_SHADOW = "mode_shadow"
    REJECTED = "rejected"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a reason means to a person.

    Attributes:
        meaning: What was found, in one line.
        remedy: What would change the verdict.
    """

    meaning: str
    remedy: str


_E = Explanation

EXPLANATIONS: dict[Reason, Explanation] = {
    Reason.HOLD_LABEL: _E(
        "The issue carries `foreman:hold`, or a person ordered `hold`.", "Take the label off, or order `resume` there."
    ),
    Reason.PULL_REQUEST: _E(
        "This is a pull request, not an issue.", "Nothing; or `pull_request.opened` among the agent's `events`."
    ),
    Reason.CONFIDENTIAL: _E("The issue is confidential.", "Set `policy.act_on_confidential: true`."),
    Reason.LOCKED: _E("The conversation is locked.", "Unlock it."),
    Reason.ISSUE_CLOSED: _E("The issue is closed.", "Reopen it, or set `policy.allow_reopen` for comments on it."),
    Reason.OWN_EVENT: _E("Foreman's own account caused the event.", "Nothing; it never answers itself."),
    Reason.OWN_ISSUE: _E("Foreman's own account opened the issue.", "Nothing; it never answers itself."),
    Reason.EVENT_NOT_WANTED: _E("The agent does not get this kind of event.", "List it under the agent's `events`."),
    Reason.ACTOR_UNKNOWN: _E(
        "The forge does not say who commented, or what they are to the repository.",
        "Ask for it with the label `foreman:triage`.",
    ),
    Reason.ACTOR_IS_BOT: _E("A bot caused the event.", "Set `policy.skip_bots: false`."),
    Reason.ACTOR_IS_INSIDER: _E("A maintainer wrote the comment.", "Set `policy.act_on_maintainers: true`."),
    Reason.AUTHOR_UNKNOWN: _E(
        "The forge does not say what the author is to the repository.", "Ask for it with the label `foreman:triage`."
    ),
    Reason.AUTHOR_IS_BOT: _E("A bot opened the issue.", "Set `policy.skip_bots: false`."),
    Reason.AUTHOR_IS_INSIDER: _E("A maintainer opened the issue.", "Set `policy.act_on_maintainers: true`."),
    Reason.NEVER_STALE: _E(
        "An exempt label, a milestone, an assignee or ten thumbs up keep the issue from going stale.",
        "Change `policy.exempt_labels`, or take off what keeps it.",
    ),
    Reason.NOT_REPORTERS_TURN: _E(
        "It is not the reporter who owes an answer: nobody of the project asked, or the turn cannot be told.",
        "Ask in a comment, or put a label such as `needs-info` on by hand.",
    ),
    Reason.NOT_STALE_YET: _E("The reporter was asked too lately.", "Wait, or lower the agent's `stale_days`."),
    Reason.RUNS_PER_ISSUE: _E(
        "Agents ran on this issue as often as a day allows.", "Wait, or raise `policy.max_runs_per_issue_per_day`."
    ),
    Reason.RUNS_PER_PERSON: _E(
        "Agents ran for this person as often as a day allows.", "Wait, or raise `policy.max_runs_per_person_per_day`."
    ),
    Reason.SECURITY_REPORT: _E(
        "It looks like a report of a security hole in public.",
        "Take it up with the reporter in private; if it is none, ask for triage with the label `foreman:triage`.",
    ),
    Reason.TOO_MANY_ACTIONS: _E("The decision asks for too many actions.", "Raise `policy.max_actions`."),
    Reason.TOO_MANY_LABELS: _E("The decision adds too many labels.", "Raise `policy.max_labels`."),
    Reason.TOO_MANY_COMMENTS: _E("The decision holds more than one comment.", "Nothing; one comment is enough."),
    Reason.REPEATED: _E("The decision asks for the same thing twice.", "Nothing; the first one counts."),
    Reason.CONTRADICTORY: _E("The decision asks for a thing and its opposite.", "Nothing; neither is done."),
    Reason.LOW_CONFIDENCE: _E(
        "The agent is less sure than asked for.", "Approve it, or lower `policy.min_confidence`."
    ),
    Reason.STEPPED_DOWN: _E(
        "People reversed too many such actions in this repository.",
        "Approve it; `foreman resume REPO --action TYPE` lets them pass again.",
    ),
    Reason.BREAKER_OPEN: _E(
        "Foreman is acting far more often than it did in the last 14 days.", "Look at `foreman status`, then approve."
    ),
    Reason.HOURLY_CAP: _E(
        "The repository had as many writes as an hour allows.", "Approve it, or raise `policy.max_actions_per_hour`."
    ),
    Reason.NOTHING_TO_DO: _E("The issue already is that way.", "Nothing."),
    Reason.LABEL_RESERVED: _E("Labels named `foreman:` are for people.", "Nothing; agents may not touch them."),
    Reason.LABELS_UNKNOWN: _E("The repository's labels could not be listed.", "Check the token; approve it by hand."),
    Reason.LABEL_MISSING: _E("The repository has no label of exactly this name.", "Create the label."),
    Reason.LABEL_NOT_LISTED: _E("The label is not on your list.", "Add it to `policy.labels.add`."),
    Reason.LABEL_NOT_REMOVABLE: _E(
        "The label is not on your list and Foreman did not set it.", "Add it to `policy.labels.remove`."
    ),
    Reason.HISTORY_UNKNOWN: _E("The issue's history could not be read.", "Check the token; approve it by hand."),
    Reason.PERSON_REMOVED_LABEL: _E("A person took this label off.", "Put it on by hand."),
    Reason.PERSON_ADDED_LABEL: _E("A person put this label on.", "Add it to `policy.labels.remove`."),
    Reason.COMMENTS_OFF: _E("Comments are switched off.", "Raise `policy.max_comments_per_issue_per_day` above 0."),
    Reason.COMMENTS_UNKNOWN: _E(
        "How often Foreman commented today could not be found out.", "Check the token; approve it by hand."
    ),
    Reason.COMMENT_CAP: _E(
        "Foreman commented here as often as a day allows.",
        "Approve it, or raise `policy.max_comments_per_issue_per_day`.",
    ),
    Reason.CLOSE_OFF: _E("Closing is switched off.", "Set `policy.allow_close: true`."),
    Reason.EXEMPT_LABEL: _E("An exempt label keeps the issue from being closed.", "Change `policy.exempt_labels`."),
    Reason.DUPLICATE_UNNAMED: _E("A duplicate of which other issue is not said.", "Nothing; the agent must name it."),
    Reason.NOT_REMINDED: _E(
        "The reporter was not reminded since being asked, or too lately.", "Wait; see `policy.close_after_days`."
    ),
    Reason.UNANNOUNCED: _E(
        "Closing as a duplicate was not announced by a comment that stands.", "Nothing; a comment must come first."
    ),
    Reason.CLOSE_OBJECTED: _E("A person objected to closing the issue.", "Close it by hand."),
    Reason.CLOSE_ANNOUNCED: _E(
        "Closing the issue is announced already and waits for objections.", "Wait, or `foreman reject` the first one."
    ),
    Reason.CLOSE_REFUSED: _E("The comment belongs to closing the issue, which is refused.", "See the other action."),
    Reason.REOPEN_OFF: _E("Reopening is switched off.", "Set `policy.allow_reopen: true`."),
    Reason.ASSIGNEE_NOT_LISTED: _E("The person is not on your list.", "Add the login to `policy.assignees`."),
    Reason.TEXT_EMPTY: _E("The comment shows nothing.", "Nothing; an empty comment helps nobody."),
    Reason.TEXT_TOO_LONG: _E(
        "The comment is longer than allowed.", "Raise `policy.max_comment_chars`, up to the forge's own limit."
    ),
    Reason.TEXT_SECRET: _E("The comment holds a secret, in some form.", "Nothing; look for how the agent saw it."),
    Reason.TEXT_UNSAFE: _E(
        "The comment does something to its readers that could not be taken out safely.", "See the detail."
    ),
    Reason.STALE: _E(
        "The issue moved on after the decision.", "Nothing; it is decided once more with what is there now."
    ),
    Reason.ANOTHER_ISSUE: _E("The number belongs to another issue now.", "Nothing; look on the forge."),
    Reason.NOT_FOR_US: _E("It became confidential or a pull request.", "Nothing; what was decided is not done there."),
    Reason.MODE_APPROVE: _E("The mode holds every such action until a person lets it pass.", "Approve or reject it."),
    Reason.MODE_SHADOW: _E("The mode became `shadow` before it was sent.", "Nothing; it is not done later either."),
    Reason.REJECTED: _E("A person refused it.", "Nothing; it is remembered as a correction."),
    Reason.REPLACED: _E(
        "It waited for a person until its agent decided the same thing anew.",
        "Look at the newer decision (`foreman pending`).",
    ),
}
"""One entry for every reason."""


def explain(reason: str) -> Explanation:
    """Return what a reason from the log means.

    Args:
        reason: A value of `Reason`; a name of an older version is answered as well.

    Returns:
        Its meaning and remedy.
    """
    if reason in Reason.__members__.values():
        return EXPLANATIONS[Reason(reason)]
    return Explanation(f"`{reason}`", "")


def as_table() -> str:
    """Render all reasons as the Markdown table of `docs/gate.md`."""
    rows = [f"| `{reason}` | {text.meaning} | {text.remedy} |" for reason, text in EXPLANATIONS.items()]
    return "\n".join(["| reason | what was found | what would change it |", "|---|---|---|", *rows]) + "\n"
