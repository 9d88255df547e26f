"""What coordinators and workers say to each other over NATS: subjects, messages, and pieces of large messages.

A coordinator and a worker each listen on one subject of their own.  That of a worker, and that of its reports, hold its
name, so that NATS can keep workers of other names away from them.  A coordinator sends a call to the worker that it
chose, so it knows who has it; the worker answers to the coordinator.  Workers report to everybody how they are.

A message is msgpack.  One that holds a whole number beyond 64 bits is JSON, which begins with `[`; msgpack never
does.  What is larger than NATS takes at once travels in pieces, which begin with a byte that msgpack never uses.
Touches no I/O.
"""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from flows.bus.access import NatsAccess
from flows.connections import Connection
from flows.definition import FlowDefinition
from flows.errors import HeadraceError, StepError
from flows.events import Event
from flows.runs import RunRequest, RunResult

VERSION: Final = 1
"""Of all messages together.  A worker refuses calls of another version; new fields at the end need no new one."""

PREFIX: Final = f"headrace.v{VERSION}"
REPORTS: Final = f"{PREFIX}.reports.*"
"""Where coordinators hear how workers are."""
NEWS: Final = f"{PREFIX}.news"
"""Where coordinators tell all workers something."""

MAX_MESSAGE_BYTES: Final = 256 * 1024 * 1024
PIECE_MARK: Final = b"\xc1"
PIECE_HEAD_BYTES: Final = 1 + 8 + 4 + 4
MAX_UNFINISHED: Final = 256
"""Large messages that may be on their way at a time; what is older is given up."""
MAX_UNFINISHED_BYTES: Final = 2 * MAX_MESSAGE_BYTES
"""What may be kept of them."""


REPORT_SECONDS: Final = 1.0
"""How often a worker says how it is."""


SubjectPart = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,100}\Z")]
"""What can stand between two dots of a subject, and means nothing to NATS."""


def worker_subject(name: str, worker: str) -> str:
    """Return where a worker listens: each of its lives, and each process of its name, has an id of its own."""
    return f"{PREFIX}.worker.{name}.{worker}"


def report_subject(name: str) -> str:
    """Return where a worker says how it is."""
    return f"{PREFIX}.reports.{name}"


def coordinator_subject(coordinator: str) -> str:
    """Return where a coordinator listens; below it, NATS says that nobody was there."""
    return f"{PREFIX}.coordinator.{coordinator}"


class TooLarge(HeadraceError):
    """A message is larger than any may be."""

    code = "too_large"


class Failure(Struct, frozen=True, array_like=True):
    """An error of a step, on its way between processes."""

    code: str
    message: str
    fix: str = ""
    retryable: bool = False
    retry_after: float | None = None

    @classmethod
    def of(cls, error: StepError) -> "Failure":
        """Take down an error."""
        return cls(error.code, error.message, error.fix, error.retryable, error.retry_after)

    def error(self) -> StepError:
        """Return the error."""
        return StepError(
            self.message, code=self.code, fix=self.fix, retryable=self.retryable, retry_after=self.retry_after
        )


# -- from a coordinator to a worker ------------------------------------------------------------------------------------


class Call(Struct, frozen=True, array_like=True, tag="call"):
    """Run this.  `seconds` are left from now on: clocks of machines differ, so the request's own deadline is not used.

    `number` cannot be guessed: who knows it was given the call, and nobody else can answer it or ask for what it needs.
    `called` says for the names of flows which versions they stand for, so that a run ends on what it began with.
    `connections` are the names of connections that the run may use, with the version of the present state of each.
    `allow_loopback` and `allow_private` are where it may connect to.
    """

    version: int
    coordinator: SubjectPart
    number: int
    seconds: float
    request: RunRequest
    called: Mapping[str, str]
    connections: Mapping[str, str]
    allow_loopback: bool
    allow_private: bool


class Cancel(Struct, frozen=True, array_like=True, tag="cancel"):
    """Stop these calls."""

    coordinator: SubjectPart
    numbers: tuple[int, ...]


class Inquire(Struct, frozen=True, array_like=True, tag="inquire"):
    """Say which of these calls are not under way: they or their answers were lost."""

    coordinator: SubjectPart
    numbers: tuple[int, ...]


class PlanGiven(Struct, frozen=True, array_like=True, tag="plan"):
    """The definition that was asked for; None when it is not known."""

    question: int
    definition: FlowDefinition | None


class ConnectionsGiven(Struct, frozen=True, array_like=True, tag="connections"):
    """The states that were asked for; `failures` are of those that cannot be used, or that there are not."""

    question: int
    connections: tuple[Connection, ...]
    failures: Mapping[str, Failure]


ToWorker = Call | Cancel | Inquire | PlanGiven | ConnectionsGiven


class Changed(Struct, frozen=True, array_like=True, tag="changed"):
    """Connections of this coordinator changed; who holds some asks anew."""

    coordinator: SubjectPart


class RollCall(Struct, frozen=True, array_like=True, tag="roll_call"):
    """All workers report now."""

    coordinator: SubjectPart


News = Changed | RollCall


# -- from a worker to a coordinator ------------------------------------------------------------------------------------


class Accepted(Struct, frozen=True, array_like=True, tag="accepted"):
    """The worker has the call and begins."""

    number: int
    worker: str


class Said(Struct, frozen=True, array_like=True, tag="said"):
    """The run said something: progress, a log message; once there are questions to the user, a question."""

    number: int
    event: Event


class Done(Struct, frozen=True, array_like=True, tag="done"):
    """How the run ended."""

    number: int
    result: RunResult


class Refused(Struct, frozen=True, array_like=True, tag="refused"):
    """The worker did not begin, and will not."""

    number: int
    reason: Literal["full", "stopping", "version"]


class Missing(Struct, frozen=True, array_like=True, tag="missing"):
    """These calls are not under way here."""

    numbers: tuple[int, ...]


# A question names the call that needs the answer, and the worker only for the log: the answer goes to whom the call was
# given.


class PlanWanted(Struct, frozen=True, array_like=True, tag="plan_wanted"):
    """Which definition has this digest?"""

    worker: str
    number: int
    question: int
    digest: str


class ConnectionsWanted(Struct, frozen=True, array_like=True, tag="connections_wanted"):
    """What are the present states of these connections?"""

    worker: str
    number: int
    question: int
    names: tuple[str, ...]


class SignInWanted(Struct, frozen=True, array_like=True, tag="sign_in_wanted"):
    """What is that connection with credentials that are valid now?  `refused` says that those of `version` are not."""

    worker: str
    number: int
    question: int
    name: str
    version: str
    refused: bool


Question = PlanWanted | ConnectionsWanted | SignInWanted
ToCoordinator = Accepted | Said | Done | Refused | Missing | Question


class Report(Struct, frozen=True, array_like=True, tag="report"):
    """How a worker is.  `running` counts the calls of each coordinator; `release` is the version of its Headrace.

    `started` is in seconds since the epoch, by its own clock.
    """

    version: int
    worker: SubjectPart
    name: SubjectPart
    host: str
    pid: int
    release: str
    started: float
    slots: int
    running: Mapping[str, int]
    plans: int
    done: int
    state: Literal["ready", "draining", "gone"]


class WorkerStart(Struct, frozen=True, kw_only=True):
    """What a worker process is given on its standard input by the coordinator that starts it."""

    worker: str
    name: str
    access: NatsAccess
    slots: int
    grace: float
    log_level: str
    log_format: str


# -- bytes -------------------------------------------------------------------------------------------------------------


class Decoder:
    """Turns bytes into one of several messages.  Raises msgspec.MsgspecError for anything else."""

    def __init__(self, kinds: Any) -> None:
        self._packed = msgspec.msgpack.Decoder(kinds)
        self._json = msgspec.json.Decoder(kinds)

    def __call__(self, data: bytes) -> Any:
        """Decode one message."""
        try:
            return self._json.decode(data) if data[:1] == b"[" else self._packed.decode(data)
        except RecursionError as error:
            raise msgspec.DecodeError("it is nested too deeply") from error


to_worker: Final = Decoder(ToWorker)
to_coordinator: Final = Decoder(ToCoordinator)
report: Final = Decoder(Report)
news: Final = Decoder(News)

_packed: Final = msgspec.msgpack.Encoder()


def encoded(message: Struct) -> bytes:
    """Return a message as bytes.  Raises UnicodeEncodeError, TooLarge."""
    try:
        data = _packed.encode(message)
    except OverflowError:
        data = msgspec.json.encode(message)
    if len(data) > MAX_MESSAGE_BYTES:
        size, most = len(data) // 1_000_000, MAX_MESSAGE_BYTES // 1_000_000
        raise TooLarge(f"The message between coordinator and worker has {size:,} MB, and may have {most:,}.")
    return data


def pieces(data: bytes, most: int) -> list[bytes]:
    """Cut a message that has more than `most` bytes; return what is to be sent, in order."""
    if len(data) <= most:
        return [data]
    room = most - PIECE_HEAD_BYTES
    count = -(-len(data) // room)
    head = PIECE_MARK + secrets.token_bytes(8)
    return [
        b"".join((head, index.to_bytes(4), count.to_bytes(4), data[index * room : (index + 1) * room]))
        for index in range(count)
    ]


class Joiner:
    """Puts messages together again."""

    def __init__(self) -> None:
        self._unfinished: dict[bytes, list[bytes]] = {}  # in the order of their beginning
        self._kept = 0

    def take(self, data: bytes) -> bytes | None:
        """Take what arrived; return a message when it is whole."""
        if data[:1] != PIECE_MARK:
            return data
        key, body = data[1:9], data[PIECE_HEAD_BYTES:]
        index, count = int.from_bytes(data[9:13]), int.from_bytes(data[13:17])
        parts = self._unfinished.setdefault(key, [])
        if index != len(parts):  # NATS keeps the order, so a piece is lost, and with it the message
            self._forget(key)
            return None
        parts.append(body)
        self._kept += len(body)
        if len(parts) == count:
            self._forget(key)
            return b"".join(parts)
        while len(self._unfinished) > MAX_UNFINISHED or self._kept > MAX_UNFINISHED_BYTES:
            self._forget(next(iter(self._unfinished)))
        return None

    def _forget(self, key: bytes) -> None:
        self._kept -= sum(map(len, self._unfinished.pop(key)))
