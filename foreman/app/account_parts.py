"""One account on one forge, put together: what polls for it, what writes, and what keeps its dashboards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from foreman import router
from foreman.account import Account
from foreman.app.connection import Connection
from foreman.app.current import BY_PEOPLE, CurrentConfig
from foreman.app.digest_news import news_of
from foreman.approvals import Dashboard
from foreman.executor import Executor
from foreman.obeying import Steward
from foreman.poller import Backfill, Discovery, LookingBack, Poller, ProjectFiles
from foreman.store.database import Database


def account_for(
    connection: Connection,
    *,
    current: CurrentConfig,
    db: Database,
    redact: Callable[[str], str],
    marker_secret: str,
    settle_seconds: float,
    now: Callable[[], datetime],
    stop: threading.Event,
    monotonic: Callable[[], float] = time.monotonic,
) -> Account:
    """Put an account together; nothing is asked of the forge yet.

    Args:
        connection: To the forge.
        current: The configuration now.
        db: The store.
        redact: Takes secrets out of a text.
        marker_secret: Key of the tags on our comments.
        settle_seconds: From a send without reply to the look that decides.
        now: Current time, aware UTC.
        stop: Set to end everything.
        monotonic: Seconds that never jump.

    Returns:
        The account.
    """
    reader, writer, bot = connection.reader, connection.writer, connection.bot
    return Account(
        db=db,
        kind=connection.kind,
        bot=bot,
        reader=reader,
        poller=Poller(
            db=db,
            reader=reader,
            bot=bot,
            plan=current.plan_of,
            route=router.route,
            redact=redact,
            now=now,
            monotonic=monotonic,
        ),
        executor=Executor(
            db=db,
            writer=writer,
            reader=reader,
            bot=bot,
            marker_secret=marker_secret,
            now=now,
            settle_seconds=settle_seconds,
            stop=stop,
            recheck=current.recheck,
            by_people=BY_PEOPLE,
            monotonic=monotonic,
        ),
        repos=lambda: tuple(
            plan.repo for plan in current.plans if plan.enabled and plan.repo.forge is connection.kind
        ),
        discovery=Discovery(
            db=db, reader=reader, patterns=lambda: current.patterns, changed=current.rediscovered, now=now
        ),
        project_files=ProjectFiles(
            db=db, reader=reader, plan=current.plan_of, redact=redact, now=now, monotonic=monotonic
        ),
        backfill=Backfill(
            db=db,
            reader=reader,
            plan=current.plan_of,
            redact=redact,
            looking_back=LookingBack(db=db, reader=reader, bot_id=bot.id, now=now),
            now=now,
            monotonic=monotonic,
        ),
        now=now,
        stop=stop,
        monotonic=monotonic,
        disconnect=connection.disconnect,
        steward=Steward(db=db, reader=reader, bot=bot, plan=current.plan_of, now=now, stop=stop),
        dashboard=Dashboard(
            db=db,
            reader=reader,
            writer=writer,
            bot=bot,
            marker_secret=marker_secret,
            plans=lambda: current.plans,
            now=now,
            settle_seconds=settle_seconds,
            stop=stop,
            news=lambda repos, public: news_of(
                db, [plan for plan in current.plans if plan.repo in repos], public=public, now=now()
            ),
        ),
    )
