"""Which answers of a backtest would have annoyed somebody. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from foreman.app.backtest import Backtest, Tried
from foreman.priors.pools import categories
from foreman.values import dataclass

MOST_ANNOYING = 10

_WRONG_CLOSE, _WRONG_DUPLICATE, _WRONG_LABEL, _NEEDLESS_WORDS = 4, 3, 2, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Annoyance:
    """Something that a person would have had to put right.

    Attributes:
        number: Of the issue.
        title: Without known secrets.
        url: Its page.
        what: In words.
        weight: How bad it is, the most first.
    """

    number: int
    title: str
    url: str
    what: str
    weight: float


def annoying(found: Backtest) -> tuple[Annoyance, ...]:
    """Return the answers that would have annoyed somebody most: wrong closes, then duplicates, labels, comments.

    Args:
        found: The run.

    Returns:
        At most `MOST_ANNOYING`, the worst first; of one issue the worst alone.
    """
    offered = categories(found.plan)
    all_of_them = [bad for one in found.tried if (bad := annoyance(one, offered)) is not None]
    return tuple(sorted(all_of_them, key=lambda bad: (-bad.weight, bad.number))[:MOST_ANNOYING])


def annoyance(one: Tried, offered: Sequence[str]) -> Annoyance | None:
    """Return what of an answer would have annoyed somebody most; None where nothing would.

    Args:
        one: A closed issue and the answer.
        offered: Labels that are asked about.

    Returns:
        Wrong closes weigh most, then duplicates, labels, comments.
    """
    answer, truth = one.answer, one.truth
    if answer is None or answer.left_alone:
        return None
    right = {label.casefold() for label in on(truth.labels, offered)}
    wrong = [label for label in on(answer.labels, offered) if label.casefold() not in right]
    ended = truth.state_reason or "no reason"
    what, weight = "", 0
    if answer.close and answer.close != truth.state_reason:
        what, weight = f"would have closed it as {answer.close}; people closed it as {ended}", _WRONG_CLOSE
    elif answer.duplicates and truth.duplicate_of not in answer.duplicates and truth.state_reason != "duplicate":
        named = ", ".join(f"#{number}" for number in answer.duplicates)
        what, weight = f"would have named {named} as the same; people did not", _WRONG_DUPLICATE
    elif wrong and right:
        theirs = ", ".join(sorted(on(truth.labels, offered)))
        what, weight = f"would have put on {', '.join(wrong)}; people chose {theirs}", _WRONG_LABEL
    elif answer.comment and not answer.duplicates and truth.state_reason == "completed":
        what, weight = "would have asked for more; people closed it as completed", _NEEDLESS_WORDS
    if not weight:
        return None
    return Annoyance(
        number=answer.number, title=one.title, url=one.url, what=what, weight=weight + (answer.confidence or 0) / 2
    )


def on(labels: Sequence[str] | frozenset[str], offered: Sequence[str]) -> tuple[str, ...]:
    """Return those labels that are asked about; names are compared without regard to case, as forges do."""
    wanted = {label.casefold() for label in offered}
    return tuple(label for label in labels if label.casefold() in wanted)
