"""English."""

from agents.issue_triage.texts.base import Texts

TEXTS = Texts(
    name="English",
    missing="This cannot be looked into yet. Please add:",
    facts={
        "version": "the version you use, and your operating system",
        "steps": "what you did, step by step",
        "expected": "what you expected",
        "actual": "what happened instead",
        "log": "the exact error message or log",
    },
    reminder="Is this still a problem?",
    owed="An answer has been missing for {days} days.",
    short="A short reply is enough to keep this open.",
    will_close="Without one the issue will be closed.",
    closed="Closed for lack of an answer. If it still happens, say so here and it can be opened again.",
    duplicates="This may already be known:",
    object_="If it is something else, say so here.",
    duplicate_close=(
        "It will be closed for that in three days at the earliest. If it is something else, say so here before then, "
        "and it stays open."
    ),
    same_title="nearly the same title",
    same_error="the same error message",
    cites="On this the documentation says, in {where}:",
    security=(
        "Thank you for looking at the security of this project. Please do not add details here; send them to the "
        "maintainers in private, as the security policy says, so that it can be fixed before others use it."
    ),
)
