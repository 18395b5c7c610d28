"""A comment as people will see it: what was judged, between the marker and the line that says who wrote it.

Apart from the judging, which renders the text: whoever only shows what waits needs no renderer.
"""

from __future__ import annotations

from foreman.values import dataclass

FOOTER = (
    "_I am a bot and may be wrong. Say so here and a maintainer will see it; "
    "the label `foreman:hold` makes me leave this issue alone._"
)
"""The last line of every comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanText:
    """Text that may be posted.

    Attributes:
        text: Without marker and footer.
        changed: Names of the steps that changed it, in order; empty for a text posted as written.
    """

    text: str
    changed: tuple[str, ...] = ()


def compose(clean: CleanText, *, marker_line: str, footer: str = FOOTER) -> str:
    """Put together what is posted.

    Args:
        clean: The judged text.
        marker_line: From `marker.make`.
        footer: One line that says a bot wrote it and how to object.

    Returns:
        Marker, text, footer; within the forge's limits, which `outgoing` keeps room for.
    """
    return f"{marker_line}\n{clean.text.strip(chr(10))}\n\n{footer}"
