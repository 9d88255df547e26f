"""The errors of Headrace.

Raised anywhere, translated only at the edges: REST (problem+json), MCP (JSON-RPC error or `isError` result), CLI.

    HeadraceError
      FlowInvalid        a flow text has problems
      InputRejected      arguments do not fit the input of the flow
      StepError          a step failed; says whether trying again may help
        ConnectionLost     the other side went away, or was never there
        RunTimeout         a step or the run took longer than it may
      RunCancelled       the caller gave up
      NotAllowed         the caller may not do this
      NotFound           there is no such thing
      Conflict           the thing changed meanwhile, or is in the way
      Busy               no capacity now; says when to come back
"""

from collections.abc import Sequence

from flows.problems import Problem


class HeadraceError(Exception):
    """Base of all errors whose message may be shown to a user.

    `code` is stable and dotted or snake_case, `message` says what and where, `fix` says what to do.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".rstrip()


class FlowInvalid(HeadraceError):
    """A flow text has problems; all of them are here, not only the first."""

    code = "flow_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)) or "The flow is not valid.")
        self.problems = tuple(problems)


class InputRejected(HeadraceError):
    """The arguments do not fit the input of the flow."""

    code = "invalid_arguments"


class StepError(HeadraceError):
    """A step failed.

    `retryable` says that the same call may succeed later, `retry_after` in how many seconds the other side asks
    to wait.  The runner obeys both.
    """

    code = "step_failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fix: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, fix=fix)
        self.retryable = retryable
        self.retry_after = retry_after


class ConnectionLost(StepError):
    """The other side cannot be reached, or went away in the middle."""

    code = "connection_lost"

    def __init__(self, message: str, *, code: str | None = None, fix: str = "", retryable: bool = True) -> None:
        super().__init__(message, code=code, fix=fix, retryable=retryable)


class RunTimeout(StepError):
    """A step or the whole run took longer than it may."""

    code = "timeout"


class RunCancelled(HeadraceError):
    """The caller gave up, or the server is stopping."""

    code = "cancelled"


class NotAllowed(HeadraceError):
    """The caller may not do this."""

    code = "not_allowed"


class NotFound(HeadraceError):
    """There is no such thing."""

    code = "not_found"


class Conflict(HeadraceError):
    """The thing changed meanwhile, or something is in the way."""

    code = "conflict"


class Busy(HeadraceError):
    """There is no capacity now."""

    code = "busy"

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
