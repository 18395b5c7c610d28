"""An agent in twenty lines: thanks people who bring a patch, and labels what mentions money."""

from foreman.agentkit import Model, serve
from foreman.protocol import AddLabel, Decision, Task


def decide(task: Task) -> Decision:
    """Decide about one issue."""
    issue = task.payload.issue
    allowed = {label.name for label in task.payload.labels if label.may_add}
    wanted = "billing" if "invoice" in f"{issue.title} {issue.body}".lower() else ""
    why = "It mentions an invoice." if wanted else "Nothing about money."
    model = Model(task.context.llm_backend)
    if not wanted and model.available:
        answer = model.chat([{"role": "user", "content": f"Is this about money? yes or no: {issue.title!r}"}])
        wanted, why = ("billing", f"{model.name} says so.") if answer.strip().lower() == "yes" else ("", why)
    actions = (AddLabel(type="add_label", label=wanted),) if wanted in allowed else ()
    kind = "label_and_respond" if actions else "skip"
    return Decision(task_id=str(task.task_id), decision=kind, rationale=why, actions=actions, usage=model.usage)


serve(decide)
