"""The table of rules that judge one action of a Decision, in order. The first objection is the verdict.

The rules about where Foreman keeps away are `admission.STANDING` and come before these; those about a comment's text
are in `text`. What could not be found out is an objection.
"""

from __future__ import annotations

from foreman.gate import rules_action, rules_close, rules_label, rules_whole
from foreman.gate.situation import ActionRule

ACTION_RULES: tuple[ActionRule, ...] = (
    ActionRule("nothing public about a hole", rules_whole.no_public_report),
    ActionRule("at most so many actions", rules_whole.max_actions),
    ActionRule("at most so many labels", rules_whole.max_labels),
    ActionRule("one comment", rules_whole.one_comment),
    ActionRule("not repeated", rules_whole.repeated),
    ActionRule("not contradictory", rules_whole.contradictory),
    ActionRule("issue open", rules_whole.issue_open),
    ActionRule("label not reserved", rules_label.label_not_reserved),
    ActionRule("label listed", rules_label.label_listed),
    ActionRule("not stale when exempt", rules_label.label_not_stale),
    ActionRule("stale where an answer is owed", rules_close.stale_label_owed),
    ActionRule("label absent", rules_label.label_absent),
    ActionRule("label present", rules_label.label_present),
    ActionRule("label removable", rules_label.label_removable),
    ActionRule("comments on", rules_action.comments_on),
    ActionRule("close allowed", rules_action.close_allowed),
    ActionRule("close not exempt", rules_action.close_not_exempt),
    ActionRule("close names duplicate", rules_action.close_names_duplicate),
    ActionRule("close open issue", rules_action.close_open_issue),
    ActionRule("close not objected to", rules_close.not_objected),
    ActionRule("close not announced before", rules_close.not_announced_yet),
    ActionRule("close as stale after a reminder", rules_close.reminded),
    ActionRule("close as duplicate announced", rules_close.announced),
    ActionRule("no comment on a refused close", rules_close.comment_stands),
    ActionRule("reopen allowed", rules_action.reopen_allowed),
    ActionRule("reopen closed issue", rules_action.reopen_closed_issue),
    ActionRule("assignee listed", rules_action.assignee_listed),
    ActionRule("not assigned yet", rules_action.not_assigned),
    # From here on a rule may hold instead of refuse: what is refused for good never waits for a person.
    ActionRule("label exists", rules_label.label_exists),
    ActionRule("label not taken off by a person", rules_label.label_not_taken_off),
    ActionRule("label not put on by a person", rules_label.label_not_put_on),
    ActionRule("comments a day", rules_action.comment_cap),
    ActionRule("confident enough", rules_whole.confident),
    ActionRule("not stepped down", rules_whole.stepped_down),
    ActionRule("breaker closed", rules_whole.breaker),
    ActionRule("writes an hour", rules_whole.hourly_cap),
)
"""All rules for actions, in order; the first objection is the verdict."""
