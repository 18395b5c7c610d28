"""Decide about one issue. Keywords first, the model where they are not sure, silence where nothing is to be said."""

from __future__ import annotations

from agents.issue_triage.answers import Answer, add_labels, comment, may_add, may_remove, skip
from agents.issue_triage.asking import ask
from agents.issue_triage.keywords import Match, choose, confidence, is_sure, match
from agents.issue_triage.reading import Parts, read
from agents.issue_triage.settings import Settings
from agents.issue_triage.stale import decide_stale
from agents.issue_triage.wording import NEEDS_INFO
from foreman.agentkit import Model
from foreman.protocol import Decision, RemoveLabel, Task

_VAGUE_WORDS = 12
"""An issue with fewer words of its own and neither program output nor inline code says too little to start on."""

_LEARNED = 0.8
"""Probability from which a label learned from the maintainers' own closed issues counts as sure."""

_SPEAKS_FOR_ITSELF = frozenset({"closed", "labeled", "unlabeled"})


def decide(task: Task) -> Decision:
    """Decide about one task of type `issue.triage`.

    Args:
        task: What happened to which issue.

    Returns:
        The decision.

    Raises:
        ModelUnavailable: The model cannot be reached now or its budget is spent.
    """
    model = Model(task.context.llm_backend)
    return _answer(task, Settings.of(task.payload), model).to(task, usage=model.usage)


def _answer(task: Task, settings: Settings, model: Model) -> Answer:
    event = task.payload.event
    issue = task.payload.issue
    if event == "stale":
        return decide_stale(task, settings)
    if event in _SPEAKS_FOR_ITSELF or issue.state != "open":
        return skip(f"Nothing to do when an issue is {event if issue.state == 'open' else issue.state}.")
    if event == "commented":
        return _commented(task, settings, model)
    return _triage(task, settings, model)


def _commented(task: Task, settings: Settings, model: Model) -> Answer:
    issue = task.payload.issue
    last = issue.comments[-1] if issue.comments else None
    if last is None or last.author != issue.author:
        return skip("A comment by somebody other than the reporter changes nothing about the triage.")
    answered = tuple(
        name
        for name in dict.fromkeys((settings.needs_info_label, settings.stale_label))
        if name and name in issue.labels and may_remove(task, name)
    )
    fresh = _triage(task, settings, model) if not _decided(task, settings) else skip("")
    removals = tuple(RemoveLabel(type="remove_label", label=name) for name in answered)
    if not removals:
        return fresh if fresh.rationale else skip("The reporter added something; the issue is triaged already.")
    labels = tuple(each for each in fresh.actions if each.type == "add_label" and each.label not in answered)
    why = f"The reporter answered: took off {', '.join(answered)}. {fresh.rationale}".strip()
    return Answer("label_and_respond", why, (*removals, *labels), fresh.confidence)


def _decided(task: Task, settings: Settings) -> bool:
    return any(name in settings.keywords for name in task.payload.issue.labels)


def _triage(task: Task, settings: Settings, model: Model) -> Answer:
    issue = task.payload.issue
    if _decided(task, settings) and task.payload.event != "requested":
        return skip("The issue carries one of the labels already; somebody has sorted it.")
    parts = read(issue.title, _said(task))
    usable = {name: words for name, words in settings.keywords.items() if may_add(task, name)}
    matches = match(parts, usable)
    learned = _learned(task)
    if model.available and (settings.always_model or not (is_sure(matches) or (learned and not matches))):
        return ask(task, settings, model)
    return _by_keywords(task, settings, matches, learned, parts)


def _said(task: Task) -> str:
    """Return everything the reporter wrote so far."""
    issue = task.payload.issue
    answers = [said.body for said in issue.comments if said.author == issue.author]
    return "\n\n".join([issue.body, *answers])


def _learned(task: Task) -> dict[str, float]:
    """Return labels that the maintainers' own history speaks for strongly, with their probability."""
    sure = {}
    for prior in task.context.label_priors:
        name, probability = prior.get("label"), prior.get("probability")
        if not isinstance(name, str) or not isinstance(probability, int | float):
            continue
        if probability >= _LEARNED and may_add(task, name):
            sure[name] = float(probability)
    return sure


def _by_keywords(
    task: Task, settings: Settings, matches: tuple[Match, ...], learned: dict[str, float], parts: Parts
) -> Answer:
    issue = task.payload.issue
    chosen = choose(matches)
    names = [each.label for each in chosen if each.label not in issue.labels]
    names += [name for name in learned if name not in names and name not in issue.labels]
    told = [f"{each.label} ({', '.join(each.words)})" for each in chosen if each.label in names]
    told += [f"{name} (learned, {learned[name]:.0%})" for name in names if name in learned]
    asks = _lacks_everything(task, settings, parts)
    if asks:
        names.append(settings.needs_info_label)
    names = names[:3] if not asks else [*names[:-1][:2], names[-1]]
    how = "No model was asked; keywords"
    if not names:
        there = ", ".join(each.label for each in chosen)
        return skip(f"{how} speak for {there}, which is there already." if there else f"{how} found nothing to go by.")
    why = f"{how} speak for {'; '.join(told)}." if told else f"{how} found nothing to go by."
    if asks:
        why += f" Too little to start on (words: {parts.prose_words}): asked for what is missing."
    actions = (*add_labels(tuple(names)), *((comment(NEEDS_INFO),) if asks else ()))
    return Answer("label_and_respond", why, actions, max([confidence(matches), *learned.values()]))


def _lacks_everything(task: Task, settings: Settings, parts: Parts) -> bool:
    label = settings.needs_info_label
    if not label or label in task.payload.issue.labels or not may_add(task, label):
        return False
    names_something = parts.has_output or "`" in parts.prose
    return parts.prose_words < _VAGUE_WORDS and not names_something
