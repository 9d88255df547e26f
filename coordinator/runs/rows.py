"""Turn the record of a finished call into a row of the table `runs`, and a row back into what people read."""

from functools import lru_cache
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from sqlalchemy import Row

from coordinator.calls import FinishedRun
from coordinator.runs.keep import clean_text, encode_plain, kept
from coordinator.settings import HistoryPolicy
from flows.runs import RunError, RunResult

Outcome = Literal["ok", "failed", "rejected", "timeout", "cancelled"]
"""`rejected`: the arguments did not fit, nothing ran."""

NAME_LENGTH: Final = 200
MESSAGE_LENGTH: Final = 1000
STEPS_BYTES: Final = 64 * 1024
COLUMNS: Final = (
    "id",
    "flow",
    "tool",
    "digest",
    "outcome",
    "code",
    "message",
    "caller",
    "token_id",
    "address",
    "client",
    "source",
    "started",
    "duration",
    "detail",
)
_OUTCOMES: Final[dict[str, Outcome]] = {
    "invalid_arguments": "rejected",
    "timeout": "timeout",
    "cancelled": "cancelled",
}
_NOTHING: Final = RunError(code="", message="")
_ERROR_REPLY: Final = RunError(code="error_reply", message="The flow replied that it failed.")

RunRow = tuple[Any, ...]


class RunSummary(Struct, frozen=True, kw_only=True):
    """A run in a list.  `started` is in milliseconds since the epoch, `duration` in microseconds."""

    id: str
    flow: str
    tool: str
    digest: str
    outcome: Outcome
    code: str
    message: str
    caller: str
    token_id: str
    address: str
    client: str
    source: str
    started: int
    duration: int


class RunDetail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a row keeps as JSON.  By policy `args`, `result` and `content` are left out; values may be cut."""

    step: str = ""
    steps: Any = ()
    args: Any | UnsetType = UNSET
    result: Any | UnsetType = UNSET
    content: Any | UnsetType = UNSET


class RunRecord(Struct, frozen=True, kw_only=True):
    """One run in full."""

    summary: RunSummary
    detail: RunDetail


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(RunDetail).decode


def outcome_of(result: RunResult) -> Outcome:
    """Name how a run ended."""
    if result.error is not None:
        return _OUTCOMES.get(result.error.code, "failed")
    return "failed" if result.reply is not None and result.reply.is_error else "ok"


def row_of(run: FinishedRun, policy: HistoryPolicy, max_value_bytes: int) -> RunRow:
    """Encode a finished run as a row, in the order of `COLUMNS`."""
    result = run.result
    outcome = outcome_of(result)
    error = result.error or (_NOTHING if outcome == "ok" else _ERROR_REPLY)
    return (
        run.run_id,
        _name(run.flow),
        _name(run.tool),
        run.digest,
        outcome,
        clean_text(error.code, 64) if error.code else "",
        clean_text(error.message, MESSAGE_LENGTH) if error.message else "",
        _name(run.caller),
        run.token_id[:32],
        _name(run.address),
        _name(run.client),
        run.source,
        int(run.started * 1000),
        result.duration,
        _detail(run, error.step, policy, max_value_bytes).decode(),
    )


def summary_of(row: Row[Any]) -> RunSummary:
    """Read the columns of a list."""
    return RunSummary(**{name: getattr(row, name) for name in RunSummary.__struct_fields__})


def record_of(row: Row[Any]) -> RunRecord:
    """Read a whole row."""
    return RunRecord(summary=summary_of(row), detail=_decode(row.detail))


def _detail(run: FinishedRun, step: str, policy: HistoryPolicy, limit: int) -> bytes:
    steps, reply = run.result.steps, run.result.reply
    value, content = (UNSET, UNSET) if reply is None else (reply.value, reply.content)
    if policy != "full":
        detail = RunDetail(step=step, steps=steps)
        return encode_plain(detail, STEPS_BYTES) or _encode(RunDetail(step=step, steps=_raw(steps, STEPS_BYTES)))
    whole = RunDetail(step=step, steps=steps, args=run.args, result=value, content=content)
    return encode_plain(whole, limit) or _encode(
        RunDetail(
            step=step,
            steps=_raw(steps, STEPS_BYTES),
            args=_raw(run.args, limit),
            result=_raw(value, limit),
            content=_raw(content, limit),
        )
    )


def _raw(value: Any, limit: int) -> Any:
    return UNSET if value is UNSET else Raw(kept(value, limit))


@lru_cache(maxsize=4096)
def _name(text: str) -> str:
    # The same few callers, tools and clients come again and again.
    return clean_text(text, NAME_LENGTH)
