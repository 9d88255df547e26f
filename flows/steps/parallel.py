"""Step `parallel`: run several lists of steps at the same time."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.plan import Block
from flows.sdk import Example, StepContext, Steps, step


class ParallelConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The branches."""

    branches: Annotated[dict[str, Steps], Meta(description="Name to steps. The result maps each name to its result.")]


EXAMPLE = Example(
    title="Two branches",
    config={"double": [{"map": "${{ args.n * 2 }}"}], "half": [{"map": "${{ args.n / 2 }}"}]},
    args={"n": 4},
    result={"double": 8, "half": 2.0},
)


def _blocks(config: ParallelConfig) -> Iterable[Block]:
    return config.branches.values()


@step("parallel", config=ParallelConfig, whole="branches", examples=(EXAMPLE,), blocks=_blocks, is_structure=True)
async def parallel(config: ParallelConfig, context: StepContext) -> dict[str, Any]:
    """Run the branches at the same time; the first that fails stops the others and fails the step."""
    if not any(block.waits for block in config.branches.values()):
        # Nothing to wait for, so nothing to overlap: tasks would only cost.
        return {name: await context.run_steps(block) for name, block in config.branches.items()}
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(context.run_steps(block)) for name, block in config.branches.items()}
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return {name: task.result() for name, task in tasks.items()}
