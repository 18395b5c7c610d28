"""Every metric's name and words: what the database tells of the present, and what was counted since the start.

A label never holds an issue, a person or a text. Names of repositories are shown for `MOST_REPOS` at the most.
"""

from foreman.app.gauges.kept import MOST_REPOS, kept
from foreman.app.gauges.present import counted, disk, own

__all__ = ["MOST_REPOS", "counted", "disk", "kept", "own"]
