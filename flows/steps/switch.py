"""Step `switch`: run the steps of the first case whose condition holds."""

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from flows.plan import Block
from flows.sdk import Condition, Example, StepContext, Steps, step


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to go."""

    when: Annotated[Condition | UnsetType, Meta(description="The condition. Unset: always, so put it last.")] = UNSET
    steps: Annotated[Steps, Meta(description="The steps of this case; the last one's result is the switch's.")]


class SwitchConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cases."""

    cases: Annotated[list[Case], Meta(description="Tried in order; the first that holds is run.")]


EXAMPLE = Example(
    title="Two ways",
    config=[
        {"when": "${{ args.n < 0 }}", "steps": [{"map": "negative"}]},
        {"steps": [{"map": "positive or zero"}]},
    ],
    args={"n": -2},
    result="negative",
)


def _blocks(config: SwitchConfig) -> Iterator[Block]:
    return (case.steps for case in config.cases)


@step("switch", config=SwitchConfig, whole="cases", examples=(EXAMPLE,), blocks=_blocks, is_structure=True)
async def switch(config: SwitchConfig, context: StepContext) -> Any:
    """Run the steps of the first case whose condition holds; null when none does."""
    for case in config.cases:
        if case.when is UNSET or context.evaluate(case.when):
            return await context.run_steps(case.steps)
    return None
