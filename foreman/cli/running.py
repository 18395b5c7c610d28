"""`foreman run`, `triage`: what does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreman.cli.context import Context
from foreman.cli.options import Json

if TYPE_CHECKING:
    from foreman.app.one_issue import Handled
    from foreman.config.effective import AgentPlan
    from foreman.deliberation import Deliberation


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Poll once, work everything off, and end.")] = False,
) -> int:
    """Run the daemon: poll, decide, act, remember, until told to stop."""
    from foreman.app import serving
    from foreman.app.demo_forge import sandboxed
    from foreman.cli import exits
    from foreman.cli.output import story

    own = Context.of(context)
    own.start_logging("info")
    source = own.config_file()
    with sandboxed(own.load()) as config:
        if not once:
            return serving.serve(config, settings=own.settings(), secrets=own.secrets, source=source)
        drained = serving.once(config, settings=own.settings(), secrets=own.secrets, source=source)
    for repo, reason in drained.failed_polls.items():
        story(f"{repo}: {reason}")
    tasks = ", ".join(f"{count} {ending}" for ending, count in sorted(drained.tasks.items())) or "no work"
    waits = f"; {drained.waiting} wait for a later time" if drained.waiting else ""
    story(f"polled {drained.polled}: {tasks}{waits}")
    if drained.first and not drained.tasks:
        story("first look: only what is opened from now on is handled (`polling.first_run` takes older issues too)")
    return (
        exits.FAILED if drained.failed_polls or drained.tasks.get("dead") or drained.tasks.get("retry") else exits.DONE
    )


def triage(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="owner/repo#12, gitlab:group/project#12, or a URL.")],
    dry: Annotated[bool, typer.Option("--dry-run", help="Decide and show; write nothing.")] = False,
    agent: Annotated[str | None, typer.Option("--agent", metavar="TYPE", help="This agent only.")] = None,
    as_json: Json = False,
) -> int:
    """Triage one issue now."""
    from foreman.app import one_issue
    from foreman.app.demo_forge import sandboxed
    from foreman.cli import exits, parsing
    from foreman.cli.output import emit
    from foreman.cli.reading import document

    own = Context.of(context)
    own.start_logging()
    source = own.config_file()
    with sandboxed(own.load()) as config:
        issue = parsing.issue(ref, config)
        if dry:
            thoughts = one_issue.dry_run(config, issue, agent=agent, settings=own.settings(), secrets=own.secrets)
            model = config.llm.model or ""
            facts = [thought_document(plan, thought, model=model) for plan, thought in thoughts]
            emit(
                {"issue": str(issue), "dry_run": True, "decisions": facts},
                as_json=as_json,
                show=lambda: show_thoughts(facts),
            )
            return exits.DONE
        done = one_issue.handle(
            config, issue, agent=agent, settings=own.settings(), secrets=own.secrets, source=source
        )
    answer = {
        "issue": str(issue),
        "dry_run": False,
        "decisions": [document(entry) for entry in done.entries],
        "waiting": done.waiting,
        "dropped": done.dropped,
    }
    emit(answer, as_json=as_json, show=lambda: show_handled(done))
    return exits.FAILED if done.failed else exits.DONE


def thought_document(plan: AgentPlan, thought: Deliberation, *, model: str) -> dict[str, Any]:
    """Return a dry run's result as its JSON document; `model` is the configured one, named when it was asked."""
    from foreman.gate.policy import final_state
    from foreman.model import Allow
    from foreman.scribe import describe

    decision = thought.decision
    issue = thought.look.facts.issue
    return {
        "issue": str(issue.ref),
        "title": thought.title,
        "agent": plan.agent,
        "mode": plan.policy.mode.value,
        "decision": decision.decision if decision else "skip",
        "rationale": decision.rationale if decision else describe(thought.admission),
        "confidence": decision.confidence if decision else None,
        "actions": [
            {
                "type": judged.action.type,
                "payload": judged.payload,
                "verdict": "allow" if isinstance(judged.verdict, Allow) else type(judged.verdict).__name__.lower(),
                "reason": "" if isinstance(judged.verdict, Allow) else str(judged.verdict.reason),
                "detail": "" if isinstance(judged.verdict, Allow) else judged.verdict.detail,
                "would_be": final_state(judged.verdict, judged.mode, paused=False).value,
            }
            for judged in thought.judged
        ],
        "model": model if thought.spent.calls else "",
        "model_calls": thought.spent.calls,
        "input_tokens": thought.spent.input_tokens,
        "output_tokens": thought.spent.output_tokens,
        "usd": thought.spent.usd,
        "hidden": thought.hidden,
        "duration_ms": thought.duration_ms,
    }


def show_thoughts(facts: list[dict[str, Any]]) -> None:
    """Print what dry runs came to."""
    from foreman.cli.output import block, line
    from foreman.cli.reading import in_words, titled

    for fact in facts:
        line(f"{fact['issue']} {titled(fact['title'])}")
        line(f"  {fact['agent']} decides: {fact['decision']}   (mode {fact['mode']}; dry run, nothing was written)")
        block(in_words(fact["rationale"]) or "-", indent="    ")
        for action in fact["actions"]:
            what = action["payload"].get("label") or action["payload"].get("user") or ""
            reason = f" ({action['reason']})" if action["reason"] else ""
            line(f"  {action['type']} {what}: {action['verdict']}{reason}, would be {action['would_be']}")
            if action["detail"]:
                line(f"    {action['detail']}")
            if action["type"] == "comment":
                block(str(action["payload"].get("body", "")), indent="    | ")
        usd = "unknown" if fact["usd"] is None else f"{fact['usd']:.4f}"
        tokens = f"{fact['input_tokens']} + {fact['output_tokens']} tokens, USD {usd}"
        calls = f"{fact['model_calls']} {'call' if fact['model_calls'] == 1 else 'calls'}"
        model = f"{fact['model']}, {calls}, {tokens}" if fact["model_calls"] else "not asked, USD 0"
        line(f"  model: {model}; {fact['duration_ms']} ms")


def show_handled(done: Handled) -> None:
    """Print what became of work that was asked for."""
    from foreman.cli.output import block, line
    from foreman.cli.reading import in_words, name_of

    for entry in done.entries:
        line(f"{entry.issue}: {entry.decision}   (foreman explain {entry.id})")
        block(in_words(entry.rationale) or "-", indent="    ")
        for action in entry.actions:
            reason = f", {action.reason}" if action.reason else ""
            line(f"  {name_of(action)}: {action.state.value}{reason}")
    if done.waiting:
        line(f"not finished: {done.waiting}")
    if done.dropped:
        line(f"not done: {done.dropped}")
