"""The errors of the `sql` step, in the user's words.

They name the connection and repeat what the database says, never a URL.
"""

from collections.abc import Iterable

from flows.errors import ConnectionLost, RunTimeout, StepError
from flows.problems import nearest

HALF_CHARACTER = "a text holds half a character (a lone surrogate)"


def refused(connection: str, says: str, *, fix: str = "", retryable: bool = False) -> StepError:
    """The database did not run the statement."""
    message = f"The database of connection {connection!r} refused the statement: {_sentence(says)}"
    return StepError(message, code="sql_error", fix=fix, retryable=retryable)


def read_only(connection: str) -> StepError:
    """The statement changes something, and may not."""
    return StepError(
        f"The statement would change the database of connection {connection!r}, and this step only reads.",
        code="read_only",
        fix="If it is meant to, remove `read_only` from the step and `readOnly` from the tool's annotations.",
    )


def took_too_long(connection: str, seconds: float) -> RunTimeout:
    """The statement was stopped at its deadline."""
    return RunTimeout(
        f"The statement on connection {connection!r} was stopped: it took longer than {seconds:.3g} s.",
        fix="Make the statement cheaper, or raise `timeout`.",
    )


def unreachable(connection: str, says: str, *, fix: str = "", retryable: bool = True) -> ConnectionLost:
    """There is no connection, so nothing was run."""
    message = f"The database of connection {connection!r} cannot be reached: {_sentence(says)}"
    return ConnectionLost(message, fix=fix or "Check the connection's URL and the server.", retryable=retryable)


def lost(connection: str, *, is_read_only: bool) -> ConnectionLost:
    """The connection went away while the statement ran; a statement that changes data may have been done."""
    return ConnectionLost(
        f"The database of connection {connection!r} went away while the statement ran.",
        fix="Try again." if is_read_only else "Look whether it was done before trying again.",
        retryable=is_read_only,
    )


def did_you_mean_table(name: str, tables: Iterable[str]) -> str:
    """Return "Did you mean 'users'?", or nothing."""
    near = nearest(name, tables)
    return f"Did you mean {near!r}?" if near else ""


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
