"""How well labels are learned: `python -m tests.benchmarks.labels [--folds 10] [--seeds 3] [--jobs 2] [--only cross]`.

Measures on 1,500 real issues of five projects (`nlbse24_train.jsonl`; read where it lies and never copied, for its
licence is empty), in the folder that `FOREMAN_SHARED_DATA` names or in `shared/data` beside the checkout; where they
are not, on issues put together by the test suite, which are far easier. Times are the processor's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from foreman.learn import Example, Model, train
from foreman.learn.calibration import Scale
from tests.learn.corpus import LABELS, written

TARGET = 0.81
COVERAGE = {0.5: 0.93, 0.7: 0.88, 0.9: 0.84}
CURVE = (5, 10, 25, 50, 100)
KEYWORDS = {
    "bug": ("crash", "exception", "error", "fail", "bug", "broken", "wrong", "traceback", "regression"),
    "question": ("how do i", "how to", "is it possible", "why", "question", "?"),
    "feature": ("feature", "add ", "support", "would be nice", "allow", "request", "improve"),
}

Told = dict[str, float]
Split = tuple[list[int], list[int]]


def data() -> Path:
    """Return where the issues should be."""
    folder = os.environ.get("FOREMAN_SHARED_DATA")
    return (Path(folder) if folder else Path(__file__).parents[3] / "shared" / "data") / "nlbse24_train.jsonl"


def issues() -> list[Example]:
    """Read the real issues, or write some."""
    if not data().exists():
        return written(600)
    rows = [json.loads(line) for line in data().read_text(encoding="utf-8").splitlines()]
    return [
        Example(
            repo=row["repo"],
            title=row["title"] or "",
            body=row["body"] or "",
            labels=frozenset({row["label"]}),
            at=datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC),
        )
        for row in rows
    ]


def label(example: Example) -> str:
    """Return the one label of an issue."""
    return min(example.labels)


def groups(examples: Sequence[Example]) -> dict[tuple[str, str], list[int]]:
    """Sort issues by repository and label."""
    found: dict[tuple[str, str], list[int]] = {}
    for row, example in enumerate(examples):
        found.setdefault((example.repo, label(example)), []).append(row)
    return dict(sorted(found.items()))


def folds(examples: Sequence[Example], count: int, seed: int) -> list[Split]:
    """Deal the issues of every repository and label out by chance."""
    chance, dealt, fold = random.Random(seed), 0, [0] * len(examples)
    for rows in groups(examples).values():
        chance.shuffle(rows)
        for row in rows:
            fold[row] = dealt % count
            dealt += 1
    everything = range(len(examples))
    return [
        ([row for row in everything if fold[row] != number], [row for row in everything if fold[row] == number])
        for number in range(count)
    ]


def by_age(examples: Sequence[Example]) -> Split:
    """Learn from the older 70 of 100 of every repository and label, be asked about the newer 30."""
    older, newer = [], []
    for rows in groups(examples).values():
        ordered = sorted(rows, key=lambda row: examples[row].at)
        cut = round(len(ordered) * 0.7)
        older += ordered[:cut]
        newer += ordered[cut:]
    return older, newer


def run(examples: Sequence[Example], split: Split) -> dict[int, Told]:
    """Learn from one part and tell of the other."""
    model = train([examples[row] for row in split[0]], labels=LABELS, folds=0)
    return {row: tell(model, examples[row]) for row in split[1]}


def tell(model: Model, example: Example) -> Told:
    """Return how likely each label is."""
    return {prior.label: prior.probability for prior in model.predict(example.repo, example.title, example.body)}


def by_keywords(example: Example) -> Told:
    """Return what rules by keywords make of an issue: the label whose words it holds most, the title thrice."""
    title, body = example.title.lower(), example.body.lower()
    hits = {
        name: sum(3.0 * (word in title) + (word in body) for word in words) + 0.01 for name, words in KEYWORDS.items()
    }
    return {name: count / sum(hits.values()) for name, count in hits.items()}


def likeliest(told: Told) -> str:
    """Return the label with the highest probability."""
    return max(told, key=lambda name: told[name])


def macro_f1(examples: Sequence[Example], told: Mapping[int, Told]) -> tuple[float, dict[str, float]]:
    """Return the mean over repositories, and each, of the mean F1 over labels."""
    per: dict[str, float] = {}
    for repo in sorted({example.repo for example in examples}):
        rows = [row for row in told if examples[row].repo == repo]
        scores = []
        for name in LABELS:
            hits = sum(likeliest(told[row]) == name == label(examples[row]) for row in rows)
            named = sum(likeliest(told[row]) == name for row in rows)
            real = sum(label(examples[row]) == name for row in rows)
            scores.append(2 * hits / (named + real) if named + real else 0.0)
        per[repo] = sum(scores) / len(scores)
    return sum(per.values()) / len(per), per


def covered(examples: Sequence[Example], told: Mapping[int, Told], share: float) -> float:
    """Return how many are right among the share of issues it is surest of."""
    rows = sorted(told, key=lambda row: -max(told[row].values()))[: round(len(told) * share)]
    return sum(likeliest(told[row]) == label(examples[row]) for row in rows) / len(rows)


def calibration_error(examples: Sequence[Example], told: Mapping[int, Told], scale: Scale) -> float:
    """Return how far what is said is from what is, in ten bins, weighed by their size."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for row, one in told.items():
        sure = max(scale.of([one[name] for name in LABELS], examples[row].repo))
        bins.setdefault(min(9, int(sure * 10)), []).append((sure, likeliest(one) == label(examples[row])))
    return sum(abs(sum(sure - right for sure, right in found)) for found in bins.values()) / len(told)


def measure_curve(examples: Sequence[Example], splits: Sequence[Split], jobs: int) -> Iterable[tuple[int, float]]:
    """Yield the score by how many issues a label and repository are learned from, on the first fold."""
    train_rows, test_rows = splits[0]
    wanted = []
    for size in CURVE:
        taken: list[int] = []
        for rows in groups(examples).values():
            taken += [row for row in rows if row in set(train_rows)][:size]
        wanted.append((taken, test_rows))
    with ProcessPoolExecutor(jobs) as pool:
        for (taken, _), told in zip(wanted, pool.map(run, [examples] * len(wanted), wanted), strict=True):
            yield round(len(taken) / len(groups(examples))), macro_f1(examples, told)[0]


def whole(examples: Sequence[Example]) -> Model:
    """Train as the daemon does, and print what that takes."""
    began = time.process_time()
    model = train(examples, labels=LABELS)
    trained = time.process_time() - began
    data_bytes = model.to_bytes()
    again = Model.from_bytes(data_bytes)
    tell(again, examples[0])
    began = time.process_time()
    for example in examples[:300]:
        tell(again, example)
    each = (time.process_time() - began) / min(300, len(examples)) * 1000
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"\n| training on {len(examples):,} issues, thresholds included | {trained:.0f} s of processor, {memory} MB |"
    )
    print(f"| model | {len(data_bytes):,} bytes |\n| one issue | {each:.1f} ms |")
    return model


def table(examples: Sequence[Example], told: Mapping[int, Told], name: str) -> None:
    """Print one line of the table."""
    mean, per = macro_f1(examples, told)
    print(f"| {name} | **{mean:.4f}** | " + " | ".join(f"{score:.3f}" for score in per.values()) + " |", flush=True)


def spread(numbers: Iterable[float]) -> str:
    """Return the mean, and how far numbers lie from it."""
    known = list(numbers)
    return f"{statistics.mean(known):.3f} ± {statistics.stdev(known) if len(known) > 1 else 0.0:.3f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3, help="how many times the issues are dealt out anew")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--only", choices=("cross", "whole"), help="measure this alone")
    asked = parser.parse_args()
    examples = issues()
    print(f"{len(examples):,} issues, {'real' if data().exists() else 'written by the test suite: far too easy'}\n")
    if asked.only != "whole":
        repos = sorted({example.repo for example in examples})
        print("| macro-F1 | mean | " + " | ".join(repos) + " |\n|---|---|" + "---|" * len(repos))
        table(examples, {row: by_keywords(example) for row, example in enumerate(examples)}, "rules by keywords")
    scale = Scale()
    found: list[dict[int, Told]] = []
    splits: list[Split] = []
    with ProcessPoolExecutor(asked.jobs) as pool:
        for seed in range(asked.seeds if asked.only != "whole" else 0):
            dealt = folds(examples, asked.folds, seed)
            told: dict[int, Told] = {}
            for part in pool.map(run, [examples] * len(dealt), dealt):
                told |= part
            table(examples, told, f"learned, {asked.folds} folds, seed {seed}")
            found.append(told)
            splits = splits or dealt
        if asked.only is None:
            table(examples, pool.submit(run, examples, by_age(examples)).result(), "learned, older to newer")
    if asked.only != "cross":
        scale = whole(examples).scale
    if found:
        reached = spread(macro_f1(examples, one)[0] for one in found)
        print(f"\n| macro-F1 in cross-validation, wanted: {TARGET} | {reached} |")
        for share, wanted in COVERAGE.items():
            right = spread(covered(examples, one, share) for one in found)
            print(f"| right among the {share:.0%} it is surest of, wanted: {wanted} | {right} |")
    if found and asked.only != "cross":
        errors = spread(calibration_error(examples, one, scale) for one in found)
        print(f"| expected calibration error | {errors} |", flush=True)
    if asked.only is None:
        print("\n| issues a label and repository | macro-F1, first fold |\n|---|---|")
        for size, score in measure_curve(examples, splits, asked.jobs):
            print(f"| {size} | {score:.3f} |", flush=True)


if __name__ == "__main__":
    main()
