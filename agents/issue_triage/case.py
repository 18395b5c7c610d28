"""One issue as this agent looks at it: everything read once, nothing decided. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents.issue_triage.answers import may_add, may_remove, people_took_over
from agents.issue_triage.choosing import LEANS, Choice, Prior, categories, priors, weigh
from agents.issue_triage.duplicates import Candidate, candidates
from agents.issue_triage.kinds import Kind, kind_of
from agents.issue_triage.language import detect
from agents.issue_triage.missing import Report, examine, fact_of, lacking, unfilled
from agents.issue_triage.past import Past
from agents.issue_triage.reading import Parts, read
from agents.issue_triage.settings import Settings
from agents.issue_triage.texts import Texts, in_language
from foreman.protocol import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One issue.

    Attributes:
        task: As it came.
        settings: The maintainer's settings.
        past: What happened here before.
        parts: What the reporter said so far, sorted.
        report: Which facts that holds.
        texts: In the language to write in.
        among: The categories, of which an issue has one.
        carried: Those it carries, and that are to stay.
        replaced: Those of ours that a request may replace.
        learned: What the maintainers' own labels speak for.
        choice: What to label it without a model.
        found: Open issues that may be the same; none where nothing may be said.
    """

    task: Task
    settings: Settings
    past: Past
    parts: Parts
    report: Report
    texts: Texts
    among: tuple[str, ...]
    carried: tuple[str, ...]
    replaced: tuple[str, ...]
    learned: tuple[Prior, ...]
    choice: Choice
    found: tuple[Candidate, ...]

    @classmethod
    def of(cls, task: Task) -> Case:
        """Read a task."""
        settings, past, issue = Settings.of(task), Past.of(task), task.payload.issue
        said = _said(task)
        parts = read(issue.title, said)
        among = categories(task, settings)
        there = tuple(name for name in issue.labels if name in among)
        asked = task.payload.event == "requested"
        ours = asked and all(past.is_ours(name) and may_remove(task, name) for name in there)
        choice = weigh(task, settings, parts, past)
        if there and not ours:
            choice = Choice(why=f"it carries {', '.join(there)} already", sure=True)
        elif choice.labels:
            choice = replace(choice, labels=tuple(name for name in choice.labels if name not in issue.labels))
        quiet = past.commented or people_took_over(task)
        return cls(
            task=task,
            settings=settings,
            past=past,
            parts=parts,
            report=examine(parts, said),
            texts=in_language(settings.language or detect(f"{parts.title}\n{parts.prose}")),
            among=among,
            carried=() if ours else there,
            replaced=there if ours else (),
            learned=priors(task, settings, past),
            choice=choice,
            found=() if quiet else candidates(task),
        )

    @property
    def may_speak(self) -> bool:
        """Whether a comment is welcome: we said nothing yet, and nobody of the project did or wrote the issue."""
        return not self.past.commented and not people_took_over(self.task)

    @property
    def may_ask(self) -> bool:
        """Whether the reporter may be asked for more: once ever, and only with a label that says so."""
        label = self.settings.needs_info_label
        if not label or label in self.task.payload.issue.labels or self.past.is_refused(label):
            return False
        return self.may_speak and may_add(self.task, label)

    @property
    def may_answer(self) -> bool:
        """Whether words of the documentation are welcome: the issue is new, and there is something to cite."""
        new = self.task.payload.event in ("opened", "requested")
        return self.settings.answers and new and self.may_speak and bool(self.task.context.docs)

    @property
    def fields(self) -> tuple[str, ...]:
        """Headings of the project's form that are required and not filled in."""
        form = self.task.payload.issue.form
        return unfilled(form.missing, self.report) if form is not None else ()

    @property
    def lacking(self) -> tuple[str, ...]:
        """The usual facts that are missing, without those that a heading asks for."""
        return self.beside_fields(lacking(self.report))

    def beside_fields(self, facts: tuple[str, ...]) -> tuple[str, ...]:
        """Leave out facts that are asked for by a heading of the form."""
        asked = {fact_of(heading) for heading in self.fields}
        return tuple(name for name in facts if name not in asked)

    def kind(self, labels: tuple[str, ...]) -> Kind:
        """Return what the issue is with these labels on it besides those it carries."""
        kinds = [kind for name in (*self.carried, *labels) if (kind := kind_of(name))]
        return kinds[0] if kinds else ""

    def is_bug(self, labels: tuple[str, ...]) -> bool:
        """Return whether it may be taken for a bug without a model."""
        kind = self.kind(labels)
        if kind == "bug" and self.carried:
            return True
        if self.report.wished:
            return False
        if kind == "bug" and self.choice.sure:
            return True
        if kind not in ("bug", "") or not self.report.troubled:
            return False
        top = self.learned[0] if self.learned else None
        return top is None or top.probability < LEANS or kind_of(top.label) in ("bug", "")


def _said(task: Task) -> str:
    """Return everything the reporter wrote so far."""
    issue = task.payload.issue
    return "\n\n".join([issue.body, *(said.body for said in issue.comments if said.author == issue.author)])
