"""Try a connection by running a flow of one step through it, where flows run: what works there works.

Returns what happened in a sentence; raises Busy only.
"""

import json
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct

from coordinator.access.principal import Principal
from coordinator.connections.model import HttpConnection
from coordinator.connections.service import Entry
from coordinator.trials import TrialOut, Trials
from flows.compile import compile_flow

TRIAL_SECONDS: Final = 20


class TestOut(Struct, frozen=True, kw_only=True):
    """What a test of a connection showed."""

    is_ok: Annotated[bool, Meta(description="Whether it works, as far as a test can tell.")]
    message: Annotated[str, Meta(description="What happened, in a sentence.")]


async def try_connection(entry: Entry, trials: Trials, principal: Principal) -> TestOut:
    """Reach the service behind a connection once."""
    if entry.state is None:
        return TestOut(is_ok=False, message=entry.problem)
    if entry.state.kind == "values":
        count = len(entry.state.values)
        return TestOut(
            is_ok=True, message=f"Its fields are filled in ({count}); whether they are right shows where they are used."
        )
    flow = _flow(entry)
    result = await trials.run(principal, compile_flow(json.dumps(flow)), {})
    if result.error is not None:
        return TestOut(is_ok=False, message=result.error.message)
    if entry.state.kind == "sql":
        return TestOut(is_ok=True, message="The database answers.")
    return _judged(_status(result), bool(_test_path(entry)))


def _flow(entry: Entry) -> dict[str, Any]:
    if entry.state is not None and entry.state.kind == "sql":
        step: dict[str, Any] = {"sql": {"connection": entry.name, "query": "SELECT 1 AS one", "read_only": True}}
    else:
        path = _test_path(entry)
        config: dict[str, Any] = {"connection": entry.name, "ok": "any", "response": "bytes", "follow_redirects": 0}
        step = {"http": config | ({"path": path} if path else {})}
    return {
        "flow": "connection_test",
        "input": {"call": {}},
        "timeout": TRIAL_SECONDS,
        "steps": [{"id": "it", **step}],
        "output": {"reply": "${{ it.status }}" if "http" in step else "${{ it.row_count }}"},
    }


def _test_path(entry: Entry) -> str:
    return entry.config.test_path if isinstance(entry.config, HttpConnection) else ""


def _status(result: TrialOut) -> int:
    value = result.value
    return 0 if value is UNSET else int(msgspec.json.decode(value))


def _judged(status: int, knows_path: bool) -> TestOut:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    answer = f"The service answered {status} {phrase}".rstrip()
    if status in (401, 403):
        return TestOut(is_ok=False, message=f"{answer}: it does not accept the credentials.")
    if status >= 500:
        return TestOut(is_ok=False, message=f"{answer}, so whether the credentials are good is not known.")
    if status >= 400 and knows_path:
        return TestOut(is_ok=False, message=f"{answer} to `test_path`.")
    if status >= 400:
        hint = "Name a `test_path` to know more."
        return TestOut(is_ok=True, message=f"{answer}; it was reached and did not refuse the credentials. {hint}")
    return TestOut(is_ok=True, message=f"{answer}.")
