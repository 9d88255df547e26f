"""Step `call`: run another flow and go on with its reply."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.sdk import Example, FlowName, StepContext, Value, step


class CallConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The flow and its arguments."""

    flow: Annotated[FlowName, Meta(description="The other flow's name.")]
    args: Annotated[dict[str, Value], Meta(description="Its arguments.")] = {}


EXAMPLE = Example(title="Ask another flow", config={"flow": "get_weather", "args": {"city": "${{ args.city }}"}})


@step("call", config=CallConfig, short="flow", examples=(EXAMPLE,))
async def call(config: CallConfig, context: StepContext) -> Any:
    """Run another flow inside this run; the result is its reply's value."""
    return await context.call_flow(config.flow, config.args)
