"""Which issues were put into the mirror as they are: each look reaches back over many that have not changed since."""

from __future__ import annotations

from foreman.model import Issue, IssueRef

MOST = 5_000
"""Issues remembered: more than change within the time that a look reaches back."""


class Kept:
    """What this process has kept, by a hash of all that the forge showed. Used by one thread."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._hashes: dict[IssueRef, int] = {}

    def note(self, issue: Issue) -> None:
        """Remember that an issue is kept as it is, to be said once that is stored for good."""
        self._hashes.pop(issue.ref, None)
        self._hashes[issue.ref] = hash(issue)
        if len(self._hashes) > MOST:
            del self._hashes[next(iter(self._hashes))]

    def __contains__(self, issue: Issue) -> bool:
        """Tell whether an issue was kept and shows nothing else now."""
        return self._hashes.get(issue.ref) == hash(issue)
