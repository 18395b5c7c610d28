"""What to write into the configuration of a repository that was looked at, and the evidence for each part. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from foreman.app.onboarding import quiet, words
from foreman.app.onboarding.quiet import StalePolicy
from foreman.app.onboarding.roles import KINDS, LabelRole, kind_named, plain_name, role_of
from foreman.app.onboarding.survey import Survey
from foreman.app.onboarding.words import Keyword
from foreman.model import INSIDERS, RepoRef
from foreman.values import dataclass

MOST_KEYWORDS = 6
"""Words from the history for one label."""

MOST_TOPICS = 5
"""Labels that are no kind and get a list, because the history has one for them."""

BESIDE = 0.2
"""Share of a label's issues that bear another one's list too, from which it stands beside them, not among them."""

USUAL = {
    LabelRole.BUG: ("traceback", "exception", "crash", "segfault", "regression", "error"),
    LabelRole.QUESTION: ("how do i", "how to", "how can i", "is it possible", "what is the right way"),
    LabelRole.FEATURE: ("feature request", "would be nice", "please add", "add support for", "it would help if"),
    LabelRole.DOCUMENTATION: ("typo", "the docs", "documentation"),
}
"""Words that speak for a kind in most projects."""

GUESSED = {LabelRole.BUG: "bug", LabelRole.QUESTION: "question", LabelRole.FEATURE: "enhancement"}
"""Labels that GitHub gives every new repository, for one that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordList:
    """A label and the words that speak for it.

    Attributes:
        label: Its name.
        role: Which kind of issue it is for; `topic` for none.
        issues: That carry it, of those that were read.
        description: Of the label.
        usual: Words that speak for it in most projects and not for another one here.
        dropped: Words that would have been usual, and stand for something else here.
        found: Words from the repository's own issues.
    """

    label: str
    role: LabelRole
    issues: int = 0
    description: str = ""
    usual: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    found: tuple[Keyword, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.usual, *(one.text for one in self.found))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What to write down.

    Attributes:
        repo: By the name that the forge has for it.
        lists: Labels and their words; kinds first. An issue gets one of these at the most.
        beside: Labels of the history that stand beside these on the same issues, and so among them cannot be.
        guessed: The labels could not be read.
        needs_info: The label for issues that lack something; empty for none.
        exempt: Labels that keep an issue from ever going stale or being closed, with what found each.
        stale: When an issue is stale.
        insiders: Of the issues that were read, those of people of the project.
        issues: How many were read.
        labels: How many labels exist; None where they could not be read.
        notes: What a person should know.
    """

    repo: RepoRef
    lists: tuple[KeywordList, ...]
    beside: tuple[str, ...]
    guessed: bool
    needs_info: str
    exempt: tuple[tuple[str, str], ...]
    stale: StalePolicy
    insiders: int
    issues: int
    labels: int | None
    notes: tuple[str, ...]


def propose(survey: Survey, repo: RepoRef, *, now: datetime) -> Proposal:
    """Make a proposal of what was seen.

    Args:
        survey: What was seen.
        repo: As it was named.
        now: Current time, aware UTC.

    Returns:
        It.
    """
    repo = RepoRef(repo.forge, survey.info.path) if survey.info else repo
    notes = list(survey.notes)
    labels = survey.labels or ()
    roles = {label.name: role_of(label.name) for label in labels}
    uses = Counter(name for issue in survey.issues for name in issue.labels)
    kinds = _kinds(survey, roles, uses)
    topics, beside = _topics(survey, kinds, roles, uses)
    lists = _guesses() if survey.labels is None else _lists(survey, kinds, topics, uses, repo)
    if survey.labels is not None and not any(one.role is not LabelRole.TOPIC for one in lists):
        notes.append("no label says bug, question or feature: name yours under `labels`, each with its words")
    insiders = sum(issue.role in INSIDERS for issue in survey.issues)
    if insiders * 2 > len(survey.issues) >= 10:
        notes.append(
            f"{insiders} of {len(survey.issues)} issues are by people of the project, which Foreman leaves alone: "
            "`act_on_maintainers: true` would take them too"
        )
    if survey.info is not None:
        notes += _of_info(survey)
    return Proposal(
        repo=repo,
        lists=lists,
        beside=beside,
        guessed=survey.labels is None,
        needs_info=quiet.most_used(roles, uses, LabelRole.NEEDS_INFO),
        exempt=quiet.exempt(survey, roles, now),
        stale=quiet.stale(survey, roles, uses),
        insiders=insiders,
        issues=len(survey.issues),
        labels=None if survey.labels is None else len(labels),
        notes=tuple(notes),
    )


def _topics(
    survey: Survey, kinds: dict[LabelRole, str], roles: dict[str, LabelRole], uses: Counter[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sort the labels in use that are no kind: those that may stand among the kinds, and those beside them."""
    named = [name for name, role in roles.items() if role is LabelRole.TOPIC or role in KINDS]
    named = [name for name in named if name not in kinds.values() and uses[name] >= words.LEAST_ISSUES]
    among, beside = list(kinds.values()), list[str]()
    for name in sorted(named, key=lambda name: -uses[name]):
        shared = sum(name in issue.labels and bool(set(among) & set(issue.labels)) for issue in survey.issues)
        (beside if shared > BESIDE * uses[name] else among).append(name)
    return tuple(among[len(kinds) :]), tuple(beside)


def _lists(
    survey: Survey, kinds: dict[LabelRole, str], topics: tuple[str, ...], uses: Counter[str], repo: RepoRef
) -> tuple[KeywordList, ...]:
    asked = [*kinds.values(), *topics]
    own_name = {part for part in plain_name(repo.path).split() if len(part) > 1}
    found = words.keywords(survey.issues, asked, most=MOST_KEYWORDS, leave_out=own_name)
    usual = {name: USUAL[role] for role, name in kinds.items()}
    wrong = words.misleading(survey.issues, asked, usual)
    described = {label.name: label.description for label in survey.labels or ()}
    # A topic needs words of its own, and more than one: there is nothing usual to fall back on.
    telling = [name for name in topics if len(found[name]) > 1][:MOST_TOPICS]
    of_role = {name: role for role, name in kinds.items()}
    return tuple(
        KeywordList(
            label=name,
            role=of_role.get(name, LabelRole.TOPIC),
            issues=uses[name],
            description=described.get(name, ""),
            usual=tuple(word for word in usual.get(name, ()) if word not in wrong),
            dropped=tuple(word for word in usual.get(name, ()) if word in wrong),
            found=found[name],
        )
        for name in (*kinds.values(), *telling)
    )


def _kinds(survey: Survey, roles: dict[str, LabelRole], uses: Counter[str]) -> dict[LabelRole, str]:
    """Return the label of each kind: the one its form puts on, else the most used of those that are named like it."""
    by_form: dict[LabelRole, str] = {}
    for form in survey.keeping.forms:
        kind = kind_named(form.name)
        own = [name for name in form.labels if roles.get(name) in (*KINDS, LabelRole.TOPIC)]
        own.sort(key=lambda name: roles[name] is not kind)
        if kind is not None and own:
            by_form.setdefault(kind, own[0])
    found: dict[LabelRole, str] = {}
    for kind in KINDS:
        name = by_form.get(kind) or quiet.most_used(roles, uses, kind)
        if name and name not in found.values():
            found[kind] = name
    return found


def _guesses() -> tuple[KeywordList, ...]:
    return tuple(KeywordList(label=name, role=kind, usual=USUAL[kind]) for kind, name in GUESSED.items())


def _of_info(survey: Survey) -> list[str]:
    info, notes = survey.info, []
    if info is not None and info.archived:
        notes.append("the repository is archived: nothing can be written there")
    if info is not None and not info.has_issues:
        notes.append("issues are switched off there; of a fork, name the real one with --repo")
    if survey.runs_it and survey.owner is not None:
        notes.append(
            f"the token is {survey.owner.login}'s, who runs the repository: fine for a look, but give Foreman an "
            "account or app of its own before it writes"
        )
    return notes
