"""Read durations as authors and operators write them: `500ms`, `5s`, `2m`, `1h`, `1d`.  Raises ValueError."""

import re
from typing import Any, Final

UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
MAX_SECONDS: Final = 30 * 86400.0
_WRITTEN: Final = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$")


def parse_duration(value: Any) -> float:
    """Return seconds for `500ms`, `5s`, `2m`, `1h`, `1d` or a number of seconds.  Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and (found := _WRITTEN.match(value)):
        seconds = float(found[1]) * UNITS[found[2] or "s"]
    else:
        raise ValueError("A duration is written like 500ms, 5s, 2m or 1h, or as a number of seconds.")
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError("A duration lies between 0 and 30 days.")
    return seconds
