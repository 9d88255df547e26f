"""Step `notify`: tell clients that a list they follow has changed."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from flows.events import ToolsChanged
from flows.sdk import Example, StepContext, step


class NotifyConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which list."""

    changed: Annotated[Literal["tools"], Meta(description="The list that clients should read again.")]


EXAMPLE = Example(title="The tools changed", config="tools")


@step("notify", config=NotifyConfig, short="changed", examples=(EXAMPLE,))
def notify(_config: NotifyConfig, context: StepContext) -> None:
    """Ask the clients that follow the tool list to read it again."""
    context.emit(ToolsChanged())
