"""Runs `foreman` with `synchronous=NORMAL`: what a power cut would do to a daemon that does not wait for the disk."""

from __future__ import annotations

import sys

from sqlalchemy import Connection, Engine, event

from foreman.cli.main import main


def _do_not_wait(connection: Connection) -> None:
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


if __name__ == "__main__":
    event.listen(Engine, "engine_connect", _do_not_wait)
    sys.exit(main())
