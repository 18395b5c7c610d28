"""Polling hundreds of repositories: `python -m tests.benchmarks.polling live|order|first|paper [options]`.

`live` runs the daemon on real time against a sandbox that takes 100 ms for each answer. `order` lets days pass in
minutes, with lists out of order and clocks apart, and counts the events that got lost. `first` is the first look
at ten thousand open issues. `paper` reckons with the same pace what no single machine or token can be measured for.
Each prints a table; exit status 1 when an event was lost.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields

from tests.benchmarks import polling_first, polling_live, polling_order, polling_paper


def live(arguments: argparse.Namespace) -> int:
    """Measure the daemon."""
    names = [field.name for field in fields(polling_live.Setting)]
    setting = polling_live.Setting(**{name: getattr(arguments, name) for name in names})
    found = polling_live.measure(setting)
    hour = 3600 / found.seconds
    rows = [
        ("repositories", f"{setting.quiet} quiet, {setting.busy} busy, {setting.forge}"),
        ("measured for", f"{found.seconds / 60:.1f} min, {setting.latency * 1000:.0f} ms for each answer"),
        ("first looks", f"{found.first_requests} requests, {found.first_seconds:.0f} s without latency"),
        ("looks an hour", f"{found.polls * hour:,.0f}"),
        ("requests an hour", f"{found.requests * hour:,.0f}"),
        ("of these counted", f"{(found.requests - found.free) * hour:,.0f} of 5,000"),
        ("the line is in use", f"{found.requests * setting.latency / found.seconds:.0%}"),
        ("most in one second", str(found.busiest)),
        ("poll lag p50, p99, most", f"{found.lag(0.5):.1f}, {found.lag(0.99):.1f}, {found.lag(1.0):.1f} s"),
        ("events seen / made", f"{len(found.lags)} / {found.made} = {len(found.lags) / max(1, found.made):.3f}"),
        ("CPU of the daemon", f"{found.cpu / found.seconds:.1%} of one core"),
        ("memory of the daemon", f"{found.rss / 1e6:.0f} MB"),
    ]
    for name, value in rows:
        print(f"{name:24} {value}")
    return int(len(found.lags) != found.made)


def main() -> int:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(required=True)
    one = parts.add_parser("live")
    for field in fields(polling_live.Setting):
        kind = {"str": str, "int": int, "float": float}[str(field.type)]
        one.add_argument(f"--{field.name}", type=kind, default=field.default)
    one.set_defaults(run=live)
    two = parts.add_parser("order")
    two.add_argument("--hours", type=float, default=6.0)
    two.add_argument("--seed", type=int, default=1)
    two.set_defaults(run=lambda arguments: polling_order.main(hours=arguments.hours, seed=arguments.seed))
    four = parts.add_parser("first")
    four.add_argument("--issues", type=int, default=10_000)
    four.set_defaults(run=lambda arguments: polling_first.main(issues=arguments.issues))
    three = parts.add_parser("paper")
    three.set_defaults(run=lambda _: polling_paper.main())
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
