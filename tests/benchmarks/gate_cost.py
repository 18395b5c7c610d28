"""What the gate costs, and how often it changes or refuses honest text. Run by hand; prints tables, asserts nothing.

    python -m tests.benchmarks.gate_cost [--data FILE.jsonl ...]

Each line of a data file is a JSON object with a `body`. Issue bodies are much wilder than what a bot writes, so the
rate is an upper bound.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections import Counter
from pathlib import Path

from foreman.gate.inbound import clean
from foreman.gate.policy import judge
from foreman.gate.reply import read_reply
from foreman.gate.text import CleanText, outgoing
from foreman.gate.text_rendered import render
from tests.gate.cases import SECRETS, TASK_ID, context, facts, make_policy

_NOT_PROSE = re.compile(r"https?://|www\.|<[a-zA-Z!/]|!\[|@\w|```|\[[^\]]*\]\(|^\[")
COMMENT = (
    "Thanks for the clear report. Version {n} has a fix for empty files; could you try it?\n\n"
    "- run `widget --check` first\n- then send the output\n\n```sh\nwidget --check empty.toml\n```\n\nSee also #12."
)


def _cost(rounds: int = 300) -> None:
    known, holds = facts(), make_policy()
    times: list[float] = []
    for number in range(rounds):
        actions = [{"type": "add_label", "label": "bug"}, {"type": "comment", "body": COMMENT.format(n=number)}]
        reply = {"task_id": TASK_ID, "decision": "label_and_respond", "rationale": "r", "actions": actions}
        raw = json.dumps(reply).encode()
        start = time.process_time()
        judge(read_reply(raw, task_id=TASK_ID), known, holds, secrets=SECRETS)
        times.append((time.process_time() - start) * 1000)
    times.sort()
    print("| one decision, label and normal comment | ms of processor time |\n|---|---|")
    print(f"| median | {statistics.median(times):.2f} |\n| 99th percentile | {times[int(rounds * 0.99)]:.2f} |\n")


def _growth() -> None:
    print("| text | 4 KB, ms | 8 KB, ms | ratio |\n|---|---|---|---|")
    hard = {"normal": COMMENT, "mentions": "@a ", "keywords": "fixes #1 ", "emphasis": "*a_ ", "comments": "<!--"}
    for name, piece in hard.items():
        first, second = (_milliseconds((piece * size)[:size]) for size in (4096, 8192))
        print(f"| {name} | {first:.1f} | {second:.1f} | {second / first:.1f} |")
    print(f"\n64 KB of `<!--` inbound: {_inbound('<!--' * 16_384):.2f} ms\n")


def _milliseconds(body: str) -> float:
    start = time.perf_counter()
    outgoing(body, context(max_chars=60_000))
    return (time.perf_counter() - start) * 1000


def _inbound(body: str) -> float:
    start = time.perf_counter()
    clean(body, limit=32_768)
    return (time.perf_counter() - start) * 1000


def _false_alarms(path: Path, limit: int) -> None:
    counts: Counter[str] = Counter()
    why: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines()[:limit]:
        body = json.loads(line).get("body") or ""
        if not body.strip() or len(body) > 10_000:
            continue
        counts["texts"] += 1
        result = outgoing(body, context())
        if not isinstance(result, CleanText):
            counts["refused"] += 1
            why[f"refused: {result.reason} {result.detail[:60]}"] += 1
        elif result.text == body:
            counts["as written"] += 1
        else:
            same = render(result.text).flat.replace("\u200b", "") == render(body).flat
            only_links = set(result.changed) <= {"URLs", "links", "images"}
            kind = "reads the same" if same else "links not allowed, nothing else" if only_links else "other"
            counts[f"changed: {kind}"] += 1
            why.update(f"changed: {step}" for step in result.changed)
    print(f"| {path.name} | texts | share |\n|---|---|---|")
    for name, count in counts.items():
        print(f"| {name} | {count} | {count / max(1, counts['texts']):.1%} |")
    for name, count in why.most_common(20):
        print(f"| {name} | {count} | {count / max(1, counts['texts']):.1%} |")
    print()


def _prose(path: Path, limit: int) -> None:
    """Paragraphs without links, HTML, pictures, mentions and code: the nearest there is to what a bot writes."""
    counts: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        for part in re.split(r"\n\s*\n", json.loads(line).get("body") or ""):
            paragraph = part.strip()
            if not 40 < len(paragraph) < 1500 or _NOT_PROSE.search(paragraph) or counts["paragraphs"] >= limit:
                continue
            counts["paragraphs"] += 1
            result = outgoing(paragraph, context())
            if not isinstance(result, CleanText):
                counts["refused"] += 1
            elif render(result.text).flat.replace("\u200b", "") == render(paragraph).flat:
                counts["reads as written"] += 1
            else:
                counts["changed"] += 1
    print(f"| {path.name}, plain prose | paragraphs | share |\n|---|---|---|")
    for name, count in counts.items():
        print(f"| {name} | {count} | {count / max(1, counts['paragraphs']):.1%} |")
    print()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", default=[], help="JSON lines with a `body`")
    parser.add_argument("--limit", type=int, default=1500, help="texts per file")
    arguments = parser.parse_args()
    _cost()
    _growth()
    for path in arguments.data:
        _false_alarms(path, arguments.limit)
        _prose(path, arguments.limit)


if __name__ == "__main__":
    main()
