"""The examples below the help of each command, in one place, so that one test runs them all."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "demo": (("See the whole of it on this machine alone", "foreman demo"),),
    "init": (
        ("In a clone of the repository", "foreman init"),
        ("Anywhere, without a question; show it, write nothing", "foreman init --repo owner/name --yes --print"),
    ),
    "check": (
        ("Is everything in place?", "foreman check"),
        ("For a script: what is not, and what to do", "foreman check --json"),
    ),
    "run": (
        ("As a service", "foreman run"),
        ("From cron: look once, do what there is, end", "foreman run --once"),
    ),
    "triage": (
        ("What would it do about an issue?", "foreman triage 'acme/widget#2' --dry-run"),
        ("Have it done", "foreman triage 'acme/widget#2'"),
    ),
    "status": (
        ("How does everything stand?", "foreman status"),
        ("In a shell prompt or a monitor", "foreman --quiet status > /dev/null || echo 'look at foreman status'"),
    ),
    "log": (
        ("What was done in the last week", "foreman log --since 7d"),
        ("What failed in one repository", "foreman log acme/widget --status failed"),
        ("What an issue cost", "foreman log 'acme/widget#2' --cost"),
    ),
    "explain": (("Why did it do that?", "foreman explain 12"),),
    "digest": (
        ("What happened in the last seven days?", "foreman digest"),
        ("A month of one repository, as a page", "foreman digest acme/widget --since 30d > digest.md"),
    ),
    "pending": (("What waits for me", "foreman pending acme/widget"),),
    "approve": (
        ("Let one action pass", "foreman approve 12"),
        ("Only if it still is what I saw", "foreman approve 12:1a2b3c4d"),
    ),
    "reject": (("Refuse an action, and say why", 'foreman reject 12 --because "this label is for regressions only"'),),
    "undo": (
        ("What would be taken back?", "foreman undo 12"),
        ("Take back all that was done lately in a repository", "foreman undo --since 2h --repo acme/widget --yes"),
    ),
    "dead": (("What gave up, and why", "foreman dead"),),
    "retry": (("Try it again", "foreman retry 12"),),
    "drop": (("Forget about it", "foreman drop 12 --yes"),),
    "seen": (("I have looked at what was left to me", "foreman seen 12"),),
    "pause": (
        ("Write nothing anywhere until I say so", "foreman pause"),
        ("Leave one repository alone", 'foreman pause acme/widget --reason "release week"'),
        ("Leave one issue alone", "foreman pause 'acme/widget#2'"),
    ),
    "resume": (("Go on", "foreman resume acme/widget"),),
    "backtest": (
        ("How would it have done on my own issues?", "foreman backtest acme/widget --limit 5"),
        (
            "As a page with plots, and as rows",
            "foreman backtest acme/widget --limit 5 --html page.html --csv rows.csv",
        ),
    ),
    "replay": (("Would it decide otherwise today?", "foreman replay 12"),),
    "version": (("What to put into a report of a bug", "foreman version --json"),),
    "memory show": (("What is remembered of an issue", "foreman memory show 'acme/widget#2'"),),
    "memory forget": (("Forget an issue", "foreman memory forget 'acme/widget#2' --yes"),),
    "memory export": (("Everything, for a person who asks", "foreman memory export > memory.json"),),
    "agent list": (("How each agent is run", "foreman agent list"),),
    "agent build": (("Build the image before the first task", "foreman agent build issue-triage"),),
    "agent test": (
        ("Does my agent keep to the protocol?", "foreman agent test http://127.0.0.1:9000"),
        ("Does the bundled one?", "foreman agent test issue-triage"),
    ),
    "config show": (
        ("What holds", "foreman config show"),
        ("Where each value of a repository is written down", "foreman config show acme/widget"),
    ),
    "config validate": (("Before a commit", "foreman config validate"),),
    "config schema": (
        ("For an editor", "foreman config schema > config.schema.json"),
        ("What agents are sent", "foreman config schema task"),
    ),
    "db backup": (("Every night", 'foreman db backup "backup of $(date +%F).db"'),),
    "db restore": (("What would be put back?", "foreman db restore backup.db"),),
    "db check": (("Is the file sound?", "foreman db check"),),
    "db prune": (
        ("What is older than the configuration keeps?", "foreman db prune"),
        ("Delete it, from cron, where no daemon runs", "foreman db prune --yes"),
    ),
    "db compact": (("Give the room of what was deleted back to the disk", "foreman db compact"),),
}
"""By command, as it is typed: what is wanted, and the line that gives it."""


def below(command: str) -> str:
    """Return what stands below a command's help.

    Args:
        command: As it is typed, with its group.

    Returns:
        The examples, each below what it is for; empty when there are none.
    """
    shown = [f"  # {wish}\n  {line}" for wish, line in EXAMPLES.get(command, ())]
    # The mark keeps Typer from wrapping the lines.
    return "\b\n" + "\n".join(["Examples:" if len(shown) > 1 else "Example:", *shown]) if shown else ""
