"""Step `sleep`: wait."""

import asyncio
from typing import Annotated

from msgspec import Meta, Struct

from flows.sdk import Duration, Example, StepContext, step


class SleepConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long."""

    duration: Annotated[Duration, Meta(description="How long to wait.")]


EXAMPLE = Example(title="Half a second", config="500ms")


@step("sleep", config=SleepConfig, short="duration", examples=(EXAMPLE,))
async def sleep(config: SleepConfig, _context: StepContext) -> None:
    """Wait, without holding anything up."""
    await asyncio.sleep(config.duration)
