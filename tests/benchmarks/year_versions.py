"""The programs of the year: the checkout's, one of the next release, and a database as an earlier release left it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import foreman.store
from foreman.store import controls, revisions

ROOT = Path(__file__).parents[2]
BEFORE = "0004_seat"
"""What the year begins with."""

NEXT = "9999_next"
_MIGRATION = f'''"""What the next release may bring: a table, and a column."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{revisions.HEAD}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("next_year", sa.Column("key", sa.Text(), nullable=False), sa.PrimaryKeyConstraint("key"))
    op.add_column("polls", sa.Column("next_year", sa.Text(), nullable=False, server_default=""))
'''


def program(root: Path, *arguments: str) -> list[str]:
    """Return the command of a module of a program; to be run in its root, which goes before everything installed."""
    return [sys.executable, "-m", *arguments]


def foreman_at(root: Path, config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a program to its end."""
    line = program(root, "foreman.cli.main", "--config", str(config), *arguments)
    return subprocess.run(line, cwd=root, capture_output=True, text=True, check=False, timeout=300, env=os.environ)


def next_release(folder: Path) -> Path:
    """Copy the package, give it one more migration, and return the copy's root."""
    copytree(ROOT / "foreman", folder / "foreman", ignore=ignore_patterns("__pycache__"))
    for beside in ("tests", "agents"):
        (folder / beside).symlink_to(ROOT / beside)
    store = folder / "foreman" / "store"
    (store / "migrations" / "versions" / f"{NEXT}.py").write_text(_MIGRATION, encoding="utf-8")
    known = (store / "revisions.py").read_text(encoding="utf-8")
    longer = known.replace(f'"{revisions.HEAD}")', f'"{revisions.HEAD}", "{NEXT}")')
    if longer == known:
        raise ValueError("the list of schemas is not where it was")
    (store / "revisions.py").write_text(longer, encoding="utf-8")
    return folder


def as_left_by_an_earlier_release(path: Path) -> None:
    """Make a database of an earlier schema."""
    path.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(Path(foreman.store.__file__).parent / "migrations"))
            command.upgrade(config, BEFORE)
            controls.ensure_marker_secret(connection)
    finally:
        engine.dispose()
