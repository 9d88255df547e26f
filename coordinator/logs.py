"""Configure logging once: every line, whoever writes it, passes the same scrubbing and has the same form.

Writes to standard error.  Libraries that use the standard `logging`, uvicorn among them, are routed through here.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from coordinator.scrub import REDACTED, is_secret_key, scrub_text, scrub_value
from coordinator.settings import LogFormat, LogLevel

QUIET: Final = {
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "asyncio": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "uvicorn.access": logging.WARNING,
}
"""Libraries whose lesser messages would drown ours."""

_CONTROL: Final = {code: f"\\x{code:02x}" for code in (*range(32), 127) if code not in (9, 10)} | {10: "\\n"}
"""What could forge a line or move the cursor of a terminal."""
_OWN_KEYS: Final = frozenset({"event", "level", "logger", "timestamp", "exception"})


def configure_logging(level: LogLevel = "info", form: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Route all logging to the stream (standard error), scrubbed, in the form; call again to change it."""
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_ScrubbingFormatter(foreign_pre_chain=_SHARED, processors=_rendering(form, stream)))
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each.formatter, _ScrubbingFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(quiet)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    logging.captureWarnings(True)


def get_logger(name: str) -> Any:
    """Return a logger that takes an event and named values: `log.info("token revoked", token_id=...)`."""
    return structlog.stdlib.get_logger(name)


def scrub_event(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> EventDict:
    """Replace secrets in an event: values under secret names, and whatever looks like a token in any text."""
    return {
        key: REDACTED if key not in _OWN_KEYS and is_secret_key(key) and value is not None else _scrubbed(key, value)
        for key, value in event.items()
    }


def _scrubbed(key: str, value: Any) -> Any:
    if key.startswith("_"):
        return value
    clean = scrub_value(value)
    return clean.translate(_CONTROL) if key == "event" and isinstance(clean, str) else clean


def _rendering(form: LogFormat, stream: TextIO) -> list[Processor]:
    if form == "text" or (form == "auto" and stream.isatty()):
        renderer: Processor = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    else:
        renderer = structlog.processors.JSONRenderer(default=str)
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]


class _ScrubbingFormatter(structlog.stdlib.ProcessorFormatter):
    """Scrubs the finished line once more: `repr` of some object may have brought a secret in after the first time."""

    def __init__(self, *, foreign_pre_chain: list[Processor], processors: list[Processor]) -> None:
        super().__init__(processors=processors, foreign_pre_chain=foreign_pre_chain)

    def format(self, record: logging.LogRecord) -> str:
        """Render the line without secrets."""
        return scrub_text(super().format(record))


_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # A plain traceback: prettier ones show the values of local variables, secrets included.
    structlog.processors.format_exc_info,
    scrub_event,
]

# From the first import on, so that nothing is ever printed to standard output, where results go.
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=False,
)
