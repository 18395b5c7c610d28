"""How this program was called, in words that call it again from the same folder."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path


def program() -> str:
    """Return what to type for this program: `foreman` where that is it, else the way it was found."""
    typed = Path(sys.argv[0])
    if typed == Path(__file__).parents[1] / "__main__.py":
        return f"{_shown(Path(sys.executable))} -m foreman"
    if typed.name != "foreman" or not typed.exists():
        return "foreman"
    found = shutil.which("foreman")
    if found is not None and Path(found).resolve() == typed.resolve():
        return "foreman"
    return _shown(typed)


def _shown(typed: Path) -> str:
    return shlex.quote(str(typed.relative_to(Path.cwd()) if typed.is_relative_to(Path.cwd()) else typed))


def short(path: Path) -> str:
    """Return a path as it may be typed: from the home directory where it is below that, quoted where need be."""
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor an entry of this user
        return shlex.quote(str(path))
    return f"~/{shlex.quote(str(path.relative_to(home)))}" if path.is_relative_to(home) else shlex.quote(str(path))
