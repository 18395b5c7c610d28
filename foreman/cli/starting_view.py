"""What `foreman init` tells: what was found, what to do next, which token to make."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foreman.app.onboarding.beginning import Draft

_HEAD = 10
_MOST_SHOWN = 8


def document(made: Draft, place: Path) -> dict[str, Any]:
    """Return what was found and would be written, as a JSON document."""
    proposal, survey = made.proposal, made.survey
    return {
        "repo": proposal.repo,
        "forge": proposal.repo.forge,
        "url": made.spot.url,
        "remote": made.spot.remote,
        "place": place,
        "read": {
            "labels": proposal.labels,
            "issues": proposal.issues,
            "insiders": proposal.insiders,
            "answer_days": survey.answer_days,
            "forms": [{"name": form.name, "labels": form.labels} for form in survey.keeping.forms],
            "stale_bot": survey.keeping.stale_bot.path if survey.keeping.stale_bot else "",
        },
        "labels": [
            {
                "label": one.label,
                "kind": one.role,
                "issues": one.issues,
                "words": one.words,
                "from_history": [{"word": own.text, "with_label": own.inside, "in_all": own.all} for own in one.found],
                "left_out": one.dropped,
            }
            for one in proposal.lists
        ],
        "labels_beside": proposal.beside,
        "labels_guessed": proposal.guessed,
        "exempt_labels": [name for name, _ in proposal.exempt],
        "needs_info_label": proposal.needs_info,
        "stale": proposal.stale,
        "user": "" if made.choices.app else made.choices.user,
        "provider": made.choices.provider,
        "missing": made.missing,
        "try_on": made.trial,
        "notes": proposal.notes,
        "token": [{"what": what, "whom": whom, "url": url} for what, whom, url in _ways(made)],
        "config": made.text,
    }


def show(made: Draft, place: Path, *, named: bool) -> None:
    """Tell a person what was written and what to do next.

    Args:
        made: The configuration.
        place: Where it was put.
        named: It is looked for under its usual name, if it has that.
    """
    from foreman.cli.output import line, story, typed

    for note in made.proposal.notes:
        _wrapped("note:", note, story)
    for head, text in _found(made):
        _wrapped(head, text, line)
    line()
    _wrapped("wrote", f"{place}: mode shadow, which decides and logs and writes nothing", line)
    line()
    if made.choices.account_variable in made.missing:
        _tell_tokens(made)
        line()
    line("Next:")
    for command in _next(made, place, named=named):
        typed(command)


def _found(made: Draft) -> list[tuple[str, str]]:
    proposal, survey = made.proposal, made.survey
    by = f" (git remote {made.spot.remote})" if made.spot.remote else ""
    rows = [("found", f"{proposal.repo} on {made.spot.host}{by}")]
    if proposal.labels is not None:
        forms = len(survey.keeping.forms)
        also = f", {forms} issue {'form' if forms == 1 else 'forms'}" if forms else ""
        issues = f"the last {proposal.issues} issues" if proposal.issues else "no issues"
        rows.append(("read", f"{proposal.labels} {'label' if proposal.labels == 1 else 'labels'}, {issues}{also}"))
    named = [f"{one.label} ({len(one.words)} words)" for one in proposal.lists]
    named = [f"guessed: {', '.join(named)}"] if proposal.guessed else named
    rows.append(("labels", ", ".join(named) or "none: no label says bug, question or feature"))
    own = [f"{word.text} -> {one.label}" for one in proposal.lists for word in one.found]
    if own:
        more = f" and {len(own) - _MOST_SHOWN} more" if len(own) > _MOST_SHOWN else ""
        rows.append(("words", f"from your own issues: {', '.join(own[:_MOST_SHOWN])}{more}"))
    rows.append(("exempt", ", ".join(name for name, _ in proposal.exempt)))
    after = f"after {proposal.stale.days} days; " if proposal.stale.active else "left off; "
    rows.append(("stale", after + proposal.stale.why))
    if proposal.needs_info:
        rows.append(("info", f"{proposal.needs_info} marks an issue that lacks what is needed"))
    return rows


def _ways(made: Draft) -> tuple[tuple[str, str, str], ...]:
    from foreman.app.onboarding.tokens import ways

    info = made.survey.info
    if info is None:
        return ways(made.spot)
    return ways(made.spot, organization=info.of_organization, private=info.private)


def _tell_tokens(made: Draft) -> None:
    from foreman.cli.output import line, typed

    line("A token goes into a variable, never into the file. Make one of these:")
    for number, (what, whom, url) in enumerate(_ways(made), start=1):
        _wrapped(f"  {number}.", f"{what}: {whom}", line, width=5)
        typed(url, indent="     ")  # in one piece, so that it can be followed


def _next(made: Draft, place: Path, *, named: bool) -> list[str]:
    import shlex

    from foreman.app.onboarding.choices import SOMEBODY
    from foreman.cli.calling import program, short
    from foreman.secrets import how_to_set

    called = program() if named and place == Path("config.yaml") else f"{program()} --config {short(place)}"
    key = made.choices.app.variable if made.choices.app else ""
    steps = [how_to_set(name, is_key=name == key) for name in made.missing]  # no comment: zsh would take it for words
    if not made.choices.app and made.choices.user == SOMEBODY:
        steps.append(f"# write the bot's login into {short(place)} instead of {SOMEBODY}")
    issue = f"{made.proposal.repo.key}#{made.trial or 'NUMBER'}"
    return [*steps, f"{called} check", f"{called} triage {shlex.quote(issue)} --dry-run"]


def _wrapped(head: str, text: str, say: Any, *, width: int = _HEAD) -> None:
    from foreman.cli.output import terminal_columns
    from foreman.printable import printable

    columns = min(terminal_columns(), 110)
    lines = textwrap.wrap(printable(text, keep_lines=False), columns - width, break_on_hyphens=False) or [""]
    for number, part in enumerate(lines):
        say(f"{head if not number else '':<{width}}{part}")
