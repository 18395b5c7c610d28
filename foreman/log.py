"""Logging: one configuration of structlog for the whole process, with redaction and escaping built in.

Everything a record holds is made plain data, known secrets and token shapes are replaced, control characters are
escaped. Records of libraries that use `logging` come in at warning and above and go the same way, and so does what
nobody caught. A log that cannot be written stops no work.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeVar

from foreman import lean, tracing
from foreman.printable import printable
from foreman.secrets import KnownSecrets, mask_tokens

# With these, tracebacks for people are painted; ours are plain, see `configure`.
with lean.without("rich", "better_exceptions", "colorama"):
    import structlog

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["console", "json"]

MAX_VALUE_CHARS = 4_000
"""Longest single value, characters; a traceback may have five times as many."""

MAX_ITEMS = 50
"""Most entries of a list or mapping in one value."""

_DEPTH = 5

_T = TypeVar("_T")


def configure(level: Level, fmt: Format | None, secrets: KnownSecrets, stream: TextIO | None = None) -> None:
    """Set logging up; a later call replaces an earlier one.

    Args:
        level: Least level that is written.
        fmt: None: console on a terminal, else one JSON object per line.
        secrets: Values never to be written; those added later count too.
        stream: Where to; standard error by default.
    """
    stream = stream or sys.stderr
    console = fmt == "console" or (fmt is None and stream.isatty())
    colours = console and stream.isatty() and not os.environ.get("NO_COLOR")
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer(sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            Cleaner(secrets, keep_lines=console),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=functools.partial(_Writer, stream),
        cache_logger_on_first_use=False,
    )
    _route_libraries()
    _route_strays()


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger for a module; it takes up whatever `configure` sets, also later.

    Args:
        name: The module's name.

    Returns:
        A logger of fixed event names and facts as keys.
    """
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


def add_trace(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say in a record which trace it belongs to, where there is one: a processor."""
    del logger, method
    place = tracing.here()
    if place is not None:
        event["trace_id"], event["span_id"] = place.trace_id, place.span_id
    return event


class Cleaner:
    """The processor no record gets around: plain data only, no secret, nothing that forges another record."""

    def __init__(self, secrets: KnownSecrets, *, keep_lines: bool = False) -> None:
        """Keep what is needed.

        Args:
            secrets: Values never to be written.
            keep_lines: For people: tracebacks keep their lines, indented so that none can pass for a record.
        """
        self._secrets = secrets
        self._keep_lines = keep_lines

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Clean one record."""
        del logger, method
        result: dict[str, Any] = {}
        for key, value in event.items():
            if key in {"exception", "stack"}:
                result[key] = self._traceback(_shown(value))
            else:
                result[self.text(_shown(key), 100)] = self._value(value, _DEPTH)
        return result

    def _value(self, value: Any, depth: int) -> Any:
        if type(value) in (type(None), bool, int) or (type(value) is float and math.isfinite(value)):
            return value
        if depth and isinstance(value, Mapping):
            pairs = _tried(lambda: list(value.items()), [(type(value).__name__, "cannot be shown")])[:MAX_ITEMS]
            return {self.text(_shown(key), 100): self._value(item, depth - 1) for key, item in pairs}
        if depth and isinstance(value, (list, tuple, set, frozenset)):
            return [self._value(item, depth - 1) for item in list(value)[:MAX_ITEMS]]
        return self.text(_shown(value), MAX_VALUE_CHARS)

    def text(self, text: str, limit: int = MAX_VALUE_CHARS) -> str:
        """Return a text without secrets and control characters, cut to so many characters."""
        return _cut(printable(self._hide(text)), limit)

    def _traceback(self, text: str) -> str:
        hidden = _cut(self._hide(text), 5 * MAX_VALUE_CHARS)
        if not self._keep_lines:
            # JSON writes a line feed as two characters, so the record stays one line.
            return printable(hidden, keep_lines=True)
        return "\n".join("    " + printable(line) for line in hidden.split("\n"))

    def _hide(self, text: str) -> str:
        return mask_tokens(self._secrets.redact(text))


def _shown(value: Any) -> str:
    """Return a value as text."""
    return _tried(lambda: str(value), f"<{type(value).__name__} that cannot be shown>")


def _tried(ask: Callable[[], _T], instead: _T) -> _T:
    """Ask a stranger's object for something; whatever it does then is no reason to fail."""
    try:
        return ask()
    except Exception:  # a border, see above
        return instead


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


class _Libraries(logging.Handler):
    """Hands records of `logging` to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        text = _tried(record.getMessage, "") or _shown(record.msg)
        logger = structlog.get_logger()
        logger.log(
            min(max(record.levelno, logging.WARNING), logging.CRITICAL),
            "library_message",
            logger=record.name,
            text=text,
            exc_info=record.exc_info if record.exc_info and record.exc_info[0] else None,
        )


class _Writer:
    """Writes lines; one that cannot be written is lost, for there is nobody left to tell."""

    def __init__(self, stream: TextIO, *_: Any) -> None:
        self._stream = stream
        self._lock = _WRITING

    def msg(self, message: str) -> None:
        """Write a line."""
        # A full disk or a reader that has gone raises OSError, a stream that was closed ValueError.
        with self._lock, contextlib.suppress(OSError, ValueError):
            try:
                self._stream.write(message + "\n")
            except UnicodeEncodeError:
                encoding = self._stream.encoding
                self._stream.write(message.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self._stream.flush()

    log = debug = info = warning = error = critical = exception = msg


_WRITING = threading.RLock()  # a cleanup that fails while a line is written is logged by the same thread


def _route_strays() -> None:
    """Log what nobody caught, and warnings, instead of leaving them to Python, which redacts nothing.

    Whoever has put a function of their own there, as a test runner does, keeps it.
    """
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _stray_of_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _stray_of_cleanup
    if warnings.showwarning.__module__ == "warnings":
        logging.captureWarnings(True)


def _stray_of_thread(stray: threading.ExceptHookArgs) -> None:
    if stray.exc_type is not SystemExit:
        name = stray.thread.name if stray.thread else ""
        caught = stray.exc_value or stray.exc_type()
        structlog.get_logger().error("thread_failed", thread=name, exc_info=caught)


def _stray_of_cleanup(stray: sys.UnraisableHookArgs) -> None:
    structlog.get_logger().error("cleanup_failed", of=stray.object, exc_info=stray.exc_value)


def _route_libraries() -> None:
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    for handler in root.handlers[:]:
        if isinstance(handler, (_Libraries, logging.StreamHandler)) and type(handler) in (
            _Libraries,
            logging.StreamHandler,
        ):
            root.removeHandler(handler)
    # On the handler: a library that sets its own level, as PyGithub does, is not asked what ours is.
    root.addHandler(_Libraries(logging.WARNING))
    # It warns at every tick for which a job is still at work; that a poll takes longer than its tick is no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
