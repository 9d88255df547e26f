"""Finished runs to record."""

from typing import Any

from coordinator.calls import FinishedRun, run_ids
from flows.content import Reply
from flows.runs import RunError, RunResult, StepRecord

NOW = 1_800_000_000.0

_next_id = run_ids()


def reply(value: Any = "hello") -> RunResult:
    """Return a result that went well."""
    return RunResult(reply=Reply(value=value), duration=1500)


def failure(code: str = "not_found", message: str = "No such place.", step: str = "place") -> RunResult:
    """Return a result that did not."""
    return RunResult(error=RunError(code=code, message=message, step=step), duration=900)


def step(name: str = "place", **fields: Any) -> StepRecord:
    """Return the record of one step."""
    return StepRecord(id=name, component="http", outcome="ok", started=10, duration=700, **fields)


def finished(result: RunResult | None = None, *, started: float = NOW, **fields: Any) -> FinishedRun:
    """Return the record of a call."""
    given: dict[str, Any] = {
        "run_id": _next_id(started),
        "flow": "get_weather",
        "tool": "get_weather",
        "digest": "d" * 32,
        "caller": "laptop",
        "token_id": "AbCdEfGh",
        "address": "127.0.0.1",
        "client": "cursor/1",
        "source": "mcp",
        "args": {"city": "Oslo"},
    }
    return FinishedRun(started=started, result=result or reply(), **(given | fields))
