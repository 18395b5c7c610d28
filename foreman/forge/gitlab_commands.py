"""Lines that GitLab would carry out instead of showing them: the last look before a text goes out.

The gate has taken care of them; whatever reaches this did not come through the gate.
"""

from __future__ import annotations

import re

_COMMAND = re.compile(r"^/(?=[A-Za-z])(?![\w.-]{1,100}/[\w.])", re.MULTILINE)
"""A quick action stands alone at the start of a line; an absolute path is none (docs.gitlab.com, "Quick actions")."""

_BLOCK = re.compile(r"^```(?!`)[^\n]*\n(?:(?!```).*\n)*```$", re.MULTILINE)
"""A fenced block that ends at the first line that begins like its end, so that every reading of it agrees."""


def has_command(text: str) -> bool:
    """Tell whether GitLab may find a quick action in a text.

    Args:
        text: About to be posted.

    Returns:
        Whether any line outside plain fenced blocks looks like one.
    """
    # GitLab drops carriage returns before it looks; other ends of lines are none to it.
    return _COMMAND.search(_BLOCK.sub("", text.replace("\r", ""))) is not None
