"""Sets up the log: one line an event on stdout, as JSON for machines or as text for a terminal.

Whatever a value holds, it cannot start a line of its own or send a terminal commands.
"""

import contextlib
import logging
import sys
import traceback
from typing import Protocol

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_INDENT = "    "


class Stream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object:
        """Take text."""
        ...

    def flush(self) -> object:
        """Pass on what was taken."""
        ...

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        ...


def configure(level: str, *, as_json: bool, stream: Stream | None = None) -> None:
    """Send what this program and its libraries log to `stream` (stdout) from `level` on."""
    out = sys.stdout if stream is None else stream
    shared = _shared_processors()
    ending = _json_ending() if as_json else _text_ending(colors=out.isatty())
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=_Lines(out),
        cache_logger_on_first_use=True,
    )
    handler = _LibraryHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(LEVELS[level], logging.WARNING))  # Libraries' own chatter is not ours to print.
    logging.captureWarnings(capture=True)


def lines_dropped(count: int) -> None:
    """Log that so many lines are missing here."""
    structlog.get_logger("reputable").warning("log_lines_dropped", count=count)


def _shared_processors() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_placed),
    ]


def _placed(exc_info: ExcInfo) -> str:
    """The places and the types of an exception and its causes; never its message, which may hold a claim's words."""
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        kind = type(error)
        told = [*traceback.format_tb(error.__traceback__), f"{kind.__module__}.{kind.__qualname__}\n"]
        lines[:0] = told
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(lines).rstrip()


def _json_ending() -> list[Processor]:
    return [structlog.processors.JSONRenderer(ensure_ascii=True, default=repr)]


def _text_ending(*, colors: bool) -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=colors, repr_native_str=True, exception_formatter=structlog.dev.plain_traceback
    )
    return [_tamed, renderer]


def _tamed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape what a terminal obeys; indent a traceback's lines, so that none of them looks like an event."""
    event["event"] = escaped(str(event.get("event", "")))
    if isinstance(event.get("exception"), str):
        event["exception"] = "\n".join(_INDENT + escaped(line) for line in event["exception"].split("\n"))
    return event


def escaped(text: str) -> str:
    """The text with everything that is not printable written as a Python escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class _Lines:
    """Makes loggers that write whole lines and never fail: a log nobody reads must not fail a call."""

    def __init__(self, out: Stream) -> None:
        self._out = out

    def __call__(self, *_: object) -> "_Lines":
        return self

    def msg(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._out.write(line + "\n")
            self._out.flush()

    debug = info = warning = warn = error = critical = fatal = exception = log = msg


class _LibraryHandler(logging.StreamHandler[Stream]):
    """Writes what libraries log through the standard library; a failure to write is not reported."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name.
        """Say nothing: there is nowhere to say it."""
