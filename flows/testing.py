"""Run the tests that stand in a flow: each one is a run with mocks, compared with what it promises."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from flows.plan import FlowTest, Plan
from flows.runs import MOCKED_FAILURE, Caller, Dispatcher, RunRequest, RunResult

TEST_CALLER = Caller(name="test", scopes=("tools",))
SHOWN_CHARACTERS = 400


class TestReport(Struct, frozen=True, kw_only=True):
    """How one test of a flow went; `difference` is empty when it passed."""

    __test__ = False  # not a test class of pytest

    flow: str
    name: str
    file: str
    line: int
    difference: str
    duration: int

    @property
    def passed(self) -> bool:
        """Whether the flow keeps this promise."""
        return not self.difference


async def run_test(plan: Plan, test: FlowTest, dispatcher: Dispatcher, *, live: bool = True) -> TestReport:
    """Run one test of a flow.  Only if it may be `live` does a test that says so reach outside."""
    fields = test.fields
    rejections = plan.input.arguments.rejections(fields.args)
    result: RunResult | None = None
    if rejections:
        difference = _compare_error(fields.expect_error, "invalid_arguments", " ".join(rejections))
    else:
        request = RunRequest(
            run_id=f"test-{plan.name}",
            flow=plan.name,
            digest=plan.digest,
            args=plan.input.arguments.complete(fields.args),
            deadline=time.time() + plan.timeout,
            caller=TEST_CALLER,
            mocks=_mocks(test),
            live=live and fields.live,
        )
        result = await dispatcher.run(request)
        difference = _compare(test, result)
    return TestReport(
        flow=plan.name,
        name=fields.name,
        file=plan.file,
        line=test.line,
        difference=difference,
        duration=result.duration if result is not None else 0,
    )


def _mocks(test: FlowTest) -> Mapping[str, Any]:
    failures = {name: {MOCKED_FAILURE: msgspec.to_builtins(failure)} for name, failure in test.fields.fail.items()}
    return {**test.fields.mock, **failures}


def _compare(test: FlowTest, result: RunResult) -> str:
    expected = test.fields.expect_error
    if result.error is not None:
        return _compare_error(expected, result.error.code, result.error.message)
    reply = result.reply
    got = None if reply is None or reply.value is UNSET else reply.value
    if reply is not None and reply.content is not UNSET and reply.value is UNSET:
        got = msgspec.to_builtins(reply.content)
    if expected is not UNSET:
        return f"expected the error {expected.code!r}, got the value {_shown(got)}"
    return "" if _equal(got, test.fields.expect) else f"expected {_shown(test.fields.expect)}, got {_shown(got)}"


def _compare_error(expected: Any, code: str, message: str) -> str:
    if expected is UNSET:
        return f"failed with {code!r}: {message}"
    if expected.code != code:
        return f"expected the error {expected.code!r}, got {code!r}: {message}"
    if expected.message not in message:
        return f"expected a message with {expected.message!r}, got: {message}"
    return ""


def _equal(left: Any, right: Any) -> bool:
    """Compare as JSON Schema does: 1 is 1.0, true is not 1, and the order of keys does not matter."""
    match left, right:
        case dict(), dict():
            return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
        case list(), list():
            return len(left) == len(right) and all(map(_equal, left, right))
        case _:
            return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
