"""What the maintainers wrote into their own repository, and what follows from it for an issue.

Whoever wrote it may write to the repository. Even so it is data: it can widen nothing that policy allows.
"""

from foreman.guidance.library import Guidance, Library
from foreman.guidance.security import security_policy

__all__ = ["Guidance", "Library", "security_policy"]
