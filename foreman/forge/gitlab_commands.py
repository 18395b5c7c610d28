"""Lines that GitLab would carry out instead of showing them: the last look before a text goes out.

The gate has taken care of them; whatever reaches this did not come through the gate.
"""

from __future__ import annotations

import re

_COMMAND = re.compile(r"^/(?=[A-Za-z])(?![\w.-]{1,100}/[\w.])", re.MULTILINE)
"""A quick action stands alone at the start of a line; an absolute path is none (docs.gitlab.com, "Quick actions")."""


def has_command(text: str) -> bool:
    """Tell whether GitLab may find a quick action in a text.

    Args:
        text: About to be posted.

    Returns:
        Whether any line looks like one, in code or not: what GitLab takes for code is a matter of its version, and a
        fence counts for nothing that a quote or a tag before it swallows.
    """
    # GitLab drops carriage returns before it looks; other ends of lines are none to it.
    return _COMMAND.search(text.replace("\r", "")) is not None
