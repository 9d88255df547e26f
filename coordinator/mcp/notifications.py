"""Turn the events of a run into the notifications that the client of one request asked for."""

import time
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from coordinator.mcp.envelope import Notification, encode
from coordinator.mcp.ladder import Route
from coordinator.mcp.protocol import LOG_LEVELS, META_LOG_LEVEL
from flows.events import Event, Log, Progress

PROGRESS_INTERVAL_SECONDS = 0.05
PROGRESS_BURST = 10
"""So many go out at once before the interval counts."""
MAX_QUEUED = 1000
"""Log messages that wait for a slow reader; more are dropped."""
LEGACY_LOG_LEVEL = LOG_LEVELS.index("info")
"""`logging/setLevel` cannot be remembered without sessions, so every legacy client gets what most ask for."""


class LogParams(Struct, kw_only=True):
    """Params of `notifications/message`."""

    level: str
    logger: str | UnsetType = UNSET
    data: Any


class ProgressParams(Struct, kw_only=True):
    """Params of `notifications/progress`."""

    progressToken: str | int
    progress: float
    total: float | UnsetType = UNSET
    message: str | UnsetType = UNSET


class Notifier:
    """Words the events of one run, and holds back what is too much.

    `take` accepts events, `ready` gives encoded messages in order.  Progress only rises; when it comes too fast, the
    newest value waits, and `due` says until when.
    """

    def __init__(self, route: Route, tool: str) -> None:
        meta = route.params.get("_meta")
        meta = meta if isinstance(meta, dict) else {}
        token = meta.get("progressToken")
        is_token = isinstance(token, int | str) and not isinstance(token, bool)
        self._token: str | int | None = token if is_token and route.accept.sse else None
        self._level = _log_level(route, meta)
        self._tool = tool
        self._queue: list[bytes] = []
        self._progress = float("-inf")
        self._waiting: Progress | None = None
        self._sent = 0
        self._last_sent = 0.0
        self.dropped = 0

    def take(self, event: Event) -> None:
        """Queue what the client should hear of this event."""
        if isinstance(event, Log):
            self._take_log(event)
        elif isinstance(event, Progress) and self._token is not None:
            self._take_progress(event)

    def due(self) -> float | None:
        """Return when held back progress should go out, on the monotonic clock; None when nothing is held back."""
        return None if self._waiting is None else self._last_sent + PROGRESS_INTERVAL_SECONDS

    def ready(self, *, everything: bool = False) -> list[bytes]:
        """Return the messages to send now; with `everything` also what would wait."""
        due = self.due()
        if due is not None and (everything or time.monotonic() >= due):
            self._send_waiting()
        ready, self._queue = self._queue, []
        return ready

    def _take_log(self, event: Log) -> None:
        if self._level is None or LOG_LEVELS.index(event.level) < self._level:
            return
        if len(self._queue) >= MAX_QUEUED:
            self.dropped += 1
            return
        self._send_waiting()
        params = LogParams(level=event.level, logger=event.logger or self._tool, data=event.data)
        self._append("notifications/message", params)

    def _take_progress(self, event: Progress) -> None:
        if not event.progress > self._progress:
            return
        self._progress = event.progress
        self._waiting = event
        is_early = time.monotonic() - self._last_sent < PROGRESS_INTERVAL_SECONDS
        if self._sent < PROGRESS_BURST or not is_early:
            self._send_waiting()

    def _send_waiting(self) -> None:
        event, token = self._waiting, self._token
        if event is None or token is None:
            return
        self._waiting = None
        self._sent += 1
        self._last_sent = time.monotonic()
        params = ProgressParams(
            progressToken=token,
            progress=event.progress,
            total=UNSET if event.total is None else event.total,
            message=event.message or UNSET,
        )
        self._append("notifications/progress", params)

    def _append(self, method: str, params: Any) -> None:
        try:
            self._queue.append(encode(Notification(method=method, params=params)))
        except (TypeError, ValueError, RecursionError, OverflowError):
            self.dropped += 1


def _log_level(route: Route, meta: dict[str, Any]) -> int | None:
    """Return the lowest level that the client hears, or None when it hears nothing."""
    if not route.accept.sse:
        return None
    if not route.is_modern:
        return LEGACY_LOG_LEVEL
    asked = meta.get(META_LOG_LEVEL)
    return LOG_LEVELS.index(asked) if asked in LOG_LEVELS else None
