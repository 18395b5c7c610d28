"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it; without this only the plan is shown.")]
NoPager = Annotated[bool, typer.Option("--no-pager", help="Print all at once, without $PAGER.")]
ForgeName = Literal["github", "gitlab"]

MAX_ID = 2**63 - 1
"""Largest id a row can have."""
