"""Step `progress`: tell the client how far the run is."""

from typing import Annotated

from msgspec import Meta, Struct

from flows.events import Progress
from flows.sdk import Example, StepContext, Text, step


class ProgressConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far."""

    progress: Annotated[float, Meta(description="How much is done.", extra_json_schema={"x-kind": "value"})]
    total: Annotated[
        float | None, Meta(description="How much there is in all.", extra_json_schema={"x-kind": "value"})
    ] = None
    message: Annotated[Text, Meta(description="What is being done.")] = ""


EXAMPLE = Example(title="Halfway", config={"progress": 50, "total": 100, "message": "Half of it"})


@step("progress", config=ProgressConfig, short="progress", examples=(EXAMPLE,))
def progress(config: ProgressConfig, context: StepContext) -> None:
    """Tell the client how far the run is, if it asked to know."""
    context.emit(Progress(progress=config.progress, total=config.total, message=config.message))
