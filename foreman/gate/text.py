"""The one function through which every text goes that leaves for a forge.

Neutralised where that is provably safe, refused otherwise; what counts is the rendered result. Linear in the text, and
`outgoing` of its own output changes nothing.
"""

from __future__ import annotations

from foreman.gate.characters import ZWSP
from foreman.gate.posted import FOOTER as FOOTER
from foreman.gate.posted import CleanText as CleanText
from foreman.gate.posted import compose as compose
from foreman.gate.reasons import Reason
from foreman.gate.text_checks import CHECKS, Check, Result
from foreman.gate.text_context import TextContext
from foreman.gate.text_rendered import Rendered, render
from foreman.gate.text_steps import STEPS, Step
from foreman.values import dataclass

_MAX_BRACKETS = 1_000
"""Opening brackets in one comment; a renderer tries each as the start of a link, at 25 microseconds apiece."""

_LONGEST_RUN = 80
"""Backticks in a row; both forges' renderers pair no longer ones, ours would (MAXBACKTICKS in cmark and comrak)."""

_ROUNDS = 5
"""How often the steps run until nothing changes; one step may uncover work for an earlier one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedText:
    """Text that may not be posted.

    Attributes:
        reason: One of the `text_` reasons.
        detail: What was found, without quoting it.
    """

    reason: Reason
    detail: str


def outgoing(
    body: str,
    context: TextContext,
    *,
    steps: tuple[Step, ...] = STEPS,
    checks: tuple[Check, ...] = CHECKS,
) -> CleanText | RefusedText:
    """Make a comment fit to be posted, or refuse it.

    Args:
        body: What an agent wrote.
        context: Where it goes.
        steps: The table of neutralising steps; only the mutation test passes another one.
        checks: The table of checks; likewise.

    Returns:
        The text to post, or why there is none.
    """
    if refusal := _wrong_size(body, context) or _secret(body, context):
        return refusal
    text, changed = body, []
    for _ in range(_ROUNDS):
        before = text
        for step in steps:
            after = step.run(text, context)
            if after != text and step.name not in changed:
                changed.append(step.name)
            text = after
        if text == before:
            break
    else:
        return RefusedText(reason=Reason.TEXT_UNSAFE, detail="too tangled to be made safe")
    rendered = render(text)
    if refusal := _wrong_size(text, context) or _wrong_shape(rendered) or _secret(f"{text}\n{rendered.flat}", context):
        return refusal
    result = Result(text=text, rendered=rendered, context=context)
    for check in checks:
        if fault := check.fault(result):
            return RefusedText(reason=Reason.TEXT_UNSAFE, detail=fault)
    return CleanText(text=text, changed=tuple(changed))


def _wrong_size(text: str, context: TextContext) -> RefusedText | None:
    if len(text) > context.char_limit:
        return RefusedText(reason=Reason.TEXT_TOO_LONG, detail=f"{len(text)} characters of {context.char_limit}")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > context.max_bytes:
        return RefusedText(reason=Reason.TEXT_TOO_LONG, detail=f"{size} bytes of {context.max_bytes}")
    if text.count("[") > _MAX_BRACKETS:
        return RefusedText(reason=Reason.TEXT_UNSAFE, detail="too many brackets to look at")
    if "`" * (_LONGEST_RUN + 1) in text:
        return RefusedText(reason=Reason.TEXT_UNSAFE, detail="a longer run of backticks than forges know")
    return None


def _wrong_shape(rendered: Rendered) -> RefusedText | None:
    shown = rendered.flat.replace(ZWSP, "").strip() or any(part.strip() for part in rendered.code)
    if not shown:
        return RefusedText(reason=Reason.TEXT_EMPTY, detail="")
    if not rendered.footer_stands:
        return RefusedText(reason=Reason.TEXT_UNSAFE, detail="a block that would swallow the footer")
    return None


def _secret(text: str, context: TextContext) -> RefusedText | None:
    names = context.secrets.find(text)
    return RefusedText(reason=Reason.TEXT_SECRET, detail=", ".join(names)[:200]) if names else None
