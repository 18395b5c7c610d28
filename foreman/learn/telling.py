"""Which of an issue's own words speak for a label: for people who ask why."""

from __future__ import annotations

from foreman.learn.features import features, stemmed
from foreman.learn.model import Model
from foreman.learn.vectors import VOTERS

MOST_WORDS = 4
"""That are told; more is a word cloud."""

_PART = "stems"


def words(model: Model, repo: str, title: str, body: str, label: str) -> tuple[str, ...]:
    """Return the words that speak most for a label rather than for the others.

    Args:
        model: What was learned.
        repo: Key of the repository.
        title: Raw text.
        body: Raw text.
        label: Which.

    Returns:
        As the issue has them, in lower case, the strongest first. What its shape says is in no word.
    """
    if model.fitted is None or label not in model.labels:
        return ()
    known = model.fitted.known[_PART]
    number = next(at for at, voter in enumerate(VOTERS) if [part for part, _ in voter.parts] == [_PART])
    rows = [weights for weights, _ in model.weights_in(repo, model.fitted)[1][number]]
    mine = rows[model.labels.index(label)]
    values = dict(zip(*known.vector(features(title, body, model.form)[_PART]), strict=True))
    found: list[tuple[float, str]] = []
    for feature, word in stemmed(title, body, model.form).items():
        at = known.position.get(feature)
        if at is not None and at in values:
            rest = (sum(weights[at] for weights in rows) - mine[at]) / (len(rows) - 1)
            found.append((values[at] * (mine[at] - rest), word))
    return tuple(word for speaks, word in sorted(found, key=lambda one: (-one[0], one[1]))[:MOST_WORDS] if speaks > 0)
