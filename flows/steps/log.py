"""Step `log`: tell whoever follows the run."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.events import Log, LogLevel
from flows.sdk import Example, StepContext, Value, step


class LogConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to tell."""

    data: Annotated[Value, Meta(description="Text or any other value. Never put secrets here.")]
    level: Annotated[LogLevel, Meta(description="How much it matters.")] = "info"
    logger: Annotated[str, Meta(description="Which part of the flow speaks.")] = ""


EXAMPLE = Example(title="A line", config="Looking up ${{ args.city }}", args={"city": "Oslo"}, result="Looking up Oslo")


@step("log", config=LogConfig, short="data", examples=(EXAMPLE,))
def log(config: LogConfig, context: StepContext) -> Any:
    """Send a log message to the client that follows the run; the result is the message."""
    context.emit(Log(level=config.level, data=config.data, logger=config.logger))
    return config.data
