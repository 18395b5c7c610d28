"""What a repository says of itself, read for a command where no daemon did so lately."""

from __future__ import annotations

import time

from foreman.app.gate_secrets import LiveSecrets
from foreman.app.workshop import Workshop
from foreman.errors import ForgeError
from foreman.log import get_logger
from foreman.model import RepoRef
from foreman.poller import ProjectFiles

log = get_logger(__name__)

FILES_READ = 12
"""Files of a repository that a command reads: so many requests, and four or five for the lists."""


def read_project(shop: Workshop, repo: RepoRef) -> None:
    """Read a repository's own files into the store; a decision goes without them, too."""
    plan = shop.config.plan_of(repo)
    if plan is None or repo.forge not in shop.connections:
        return
    files = ProjectFiles(
        db=shop.db,
        reader=shop.connections[repo.forge].reader,
        plan=shop.config.plan_of,
        redact=LiveSecrets(shop.secrets).redact,
        now=shop.now,
        monotonic=time.monotonic,
    )
    try:
        files.read(plan, most=FILES_READ)
    except ForgeError as error:
        log.info("project_files_not_read", repo=repo.key, reason=str(error))
