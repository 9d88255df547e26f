"""Stop what does not end: `asyncio.timeout` for work that never awaits."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 10.0
"""Of this process's own time, so that a busy machine does not count.  What is tried here takes milliseconds."""


@contextmanager
def bounded(seconds: float = SECONDS) -> Iterator[None]:
    """Raise TimeoutError in the block if it is still at work after so many seconds.  For the main thread."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"still at work after {seconds:g} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
