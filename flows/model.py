"""The model of a flow document: its fields, declared once, read by the compiler, the schema and the docs."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from flows.sdk import Condition, Duration, Steps, Value

DEFAULT_TIMEOUT = 60.0
"""Seconds that a run may take when the flow does not say.  Common proxies give up at 60 to 120 seconds."""


class RetryFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Try a failing step again."""

    attempts: Annotated[int, Meta(description="How often to try in all.", ge=1, le=20)] = 3
    delay: Annotated[Duration, Meta(description="The wait before the second try.")] = 0.5
    factor: Annotated[float, Meta(description="Each further wait is this much longer.", ge=1, le=10)] = 2.0
    max_delay: Annotated[
        Duration, Meta(description="The longest wait; who asks for a longer one is not asked again.")
    ] = 30.0
    on: Annotated[
        list[str] | UnsetType,
        Meta(description="Error codes to try again on. Unset: those that the step calls temporary."),
    ] = UNSET


class OnErrorFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Go on when a step fails: with a value, or with the result of other steps. Both see the failure as `error`."""

    value: Annotated[Value, Meta(description="The step's result in place of the failure.")] = UNSET
    steps: Annotated[Steps | UnsetType, Meta(description="Steps to run; the last one's result counts.")] = UNSET


class StepFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every step may say beside its component."""

    id: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z][A-Za-z0-9_]{0,63}$")] | UnsetType,
        Meta(description="Names the result for the expressions below."),
    ] = UNSET
    when: Annotated[
        Condition | UnsetType, Meta(description="Run the step only if this is true; else its result is null.")
    ] = UNSET
    timeout: Annotated[Duration | UnsetType, Meta(description="The longest that one try may take.")] = UNSET
    retry: Annotated[RetryFields | UnsetType, Meta(description="Try again when the step fails.")] = UNSET
    on_error: Annotated[OnErrorFields | UnsetType, Meta(description="Go on when the step fails.")] = UNSET
    for_each: Annotated[
        Value, Meta(description="Run the step once per element, as `item` and `index`; the result is a list.")
    ] = UNSET
    concurrency: Annotated[int, Meta(description="How many elements at a time.", ge=1, le=100)] = 1


class ExpectedError(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The failure that a test expects, or that a mocked step makes."""

    code: Annotated[str, Meta(description="The error code.")] = "step_failed"
    message: Annotated[str, Meta(description="Text that the message holds.")] = ""
    retryable: Annotated[bool, Meta(description="Whether the failure is temporary (for mocks).")] = False


class TestFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One example run that the flow promises."""

    __test__ = False  # not a test class of pytest

    name: Annotated[str, Meta(description="What the example shows.")]
    args: Annotated[dict[str, Any], Meta(description="The arguments.")] = {}
    mock: Annotated[
        dict[str, Any], Meta(description="Results by step id; `flow.step` for steps of a called flow.")
    ] = {}
    fail: Annotated[dict[str, ExpectedError], Meta(description="Failures by step id, in place of results.")] = {}
    live: Annotated[bool, Meta(description="Let steps without a mock reach outside.")] = False
    expect: Annotated[Any, Meta(description="The value that the flow replies.")] = UNSET
    expect_error: Annotated[ExpectedError | UnsetType, Meta(description="The error that the flow ends with.")] = UNSET


class LimitFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the flow may happen at a time."""

    concurrency: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | UnsetType,
        Meta(description="How many runs of it at a time, calls by other flows included; more wait for their turn."),
    ] = UNSET


class FlowFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A flow: one input, steps, one output."""

    flow: Annotated[
        str,
        Meta(
            description="The flow's name, and the tool's. Letters, digits, _ and -, at most 64.",
            pattern="^[A-Za-z][A-Za-z0-9_-]{0,63}$",
        ),
    ]
    title: Annotated[str, Meta(description="Its name for people.")] = ""
    description: Annotated[str, Meta(description="What it does and when to use it: a model decides by this.")] = ""
    input: Annotated[Mapping[str, Any], Meta(description="What starts it.", extra_json_schema={"x-kind": "input"})]
    vars: Annotated[dict[str, Any], Meta(description="Constants; expressions see them as `vars`.")] = {}
    steps: Annotated[Steps, Meta(description="What it does, in order.")] = UNSET
    output: Annotated[
        Mapping[str, Any] | UnsetType,
        Meta(
            description="Where the result goes. Unset: the last step's result is the reply.",
            extra_json_schema={"x-kind": "output"},
        ),
    ] = UNSET
    timeout: Annotated[Duration, Meta(description="The longest that a run may take.")] = DEFAULT_TIMEOUT
    limits: Annotated[LimitFields, Meta(description="How much of it may happen at a time.")] = LimitFields()
    enabled: Annotated[bool, Meta(description="Whether the flow can be run.")] = True
    tests: Annotated[list[TestFields], Meta(description="Example runs: `headrace test` checks them.")] = []
