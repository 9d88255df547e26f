"""What coordinator and worker say to each other, and the promise between them.

The messages are plain Structs, so that they cross a process border unchanged.  They live here because coordinator and
worker must not import each other: both know the language, neither knows the other.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from msgspec import UNSET, Struct, UnsetType

from flows.content import Reply
from flows.events import Event
from flows.plan import Plan

MOCKED_FAILURE = "$fail"
"""The one key of a mock that stands for a failure: code, message, retryable."""

StepOutcome = Literal["ok", "skipped", "handled", "failed", "cancelled"]
"""`handled`: the step failed and its `on_error` went on."""


class Caller(Struct, frozen=True, kw_only=True):
    """Who is behind a call.  Flows see `name` and `scopes` as `caller`."""

    name: str
    token_id: str = ""
    scopes: tuple[str, ...] = ()
    address: str = ""
    client: str = ""


ANONYMOUS = Caller(name="anonymous")


class RunRequest(Struct, frozen=True, kw_only=True):
    """Run this version of this flow with these arguments.

    `deadline` is in seconds since the epoch, because it travels between machines.  `trace` asks for the input and
    output of every step (the "try" of the editor).  `mocks` gives results for steps by id (`flow.id` inside a called
    flow) instead of running them; steps that reach outside then need a mock, unless the request is `live`.
    """

    run_id: str
    flow: str
    digest: str
    args: Mapping[str, Any]
    deadline: float
    key: str = ""
    """The same for every try of one run, for services that take an idempotency key; unset, it is the run's id."""
    caller: Caller = ANONYMOUS
    traceparent: str = ""
    trace: bool = False
    mocks: Mapping[str, Any] | None = None
    live: bool = False


class RunError(Struct, frozen=True, kw_only=True):
    """Why a run failed: a stable code, a sentence for the user, the step where it happened."""

    code: str
    message: str
    step: str = ""
    retryable: bool = False
    retry_after: float | None = None


class StepRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one step.  Times are in microseconds; `started` counts from the start of the run."""

    id: str
    component: str
    outcome: StepOutcome
    started: int
    duration: int
    attempts: int = 1
    error: str = ""
    input: Any | UnsetType = UNSET
    output: Any | UnsetType = UNSET


class RunResult(Struct, frozen=True, kw_only=True):
    """How a run ended: exactly one of `reply` and `error`."""

    reply: Reply | None = None
    error: RunError | None = None
    steps: tuple[StepRecord, ...] = ()
    duration: int = 0


EventSink = Callable[[Event], None]
"""Takes what a run says, in order, while it runs.  Must not block and must not raise."""


def ignore_event(_event: Event) -> None:
    """The sink of callers who do not follow the run."""


class PlanSource(Protocol):
    """Where a worker finds plans."""

    def by_digest(self, digest: str) -> Plan | None:
        """Return the plan of that version, or None when it is unknown here."""
        ...

    def by_name(self, name: str) -> Plan | None:
        """Return the current plan of the flow of that name: what the `call` step runs."""
        ...


class Dispatcher(Protocol):
    """Runs flows somewhere: in process (`workers.local`), or over NATS (`coordinator.fleet`).

    The suite `tests/workers/dispatcher_behaviour.py` holds every implementation to this promise.

    `run` always returns: a failing flow, an unknown digest, a passed deadline are results with an error.  It raises
    only Busy, when there is no room and nothing was begun, and `asyncio.CancelledError`, when the task that awaits it
    is cancelled; by then the work has been stopped.
    """

    async def run(self, request: RunRequest, emit: EventSink = ignore_event) -> RunResult:
        """Run a flow to its end."""
        ...

    async def close(self, grace: float = 0.0) -> None:
        """Take no more runs, give running ones `grace` seconds, then cancel them and close what is open."""
        ...
