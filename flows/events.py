"""What a run says while it works.  Events cross the wire between worker and coordinator, so they are plain data.

A question to the user (`ask`) will be one more member of `Event`; its answer comes back through the dispatcher.
"""

from typing import Any, Literal

from msgspec import Struct

LogLevel = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
"""The levels of RFC 5424, in rising order."""


class Log(Struct, frozen=True, kw_only=True, tag="log"):
    """A message for whoever follows the run; `data` is any JSON value."""

    level: LogLevel
    data: Any
    logger: str = ""


class Progress(Struct, frozen=True, kw_only=True, tag="progress"):
    """How far the run is, in units of the author's choice; never falls."""

    progress: float
    total: float | None = None
    message: str = ""


class ToolsChanged(Struct, frozen=True, kw_only=True, tag="tools_changed"):
    """Tell clients that follow the tool list to read it again."""


Event = Log | Progress | ToolsChanged
