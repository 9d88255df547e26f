"""Output `reply`: give a value back to the caller."""

from typing import Annotated

from msgspec import Meta, Struct

from flows.content import Reply
from flows.sdk import Example, Value, output


class ReplyConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value."""

    value: Annotated[Value, Meta(description="Any value; expressions allowed anywhere in it.")]


EXAMPLE = Example(
    title="A structured value", config={"city": "${{ args.city }}"}, args={"city": "Oslo"}, result={"city": "Oslo"}
)


@output("reply", config=ReplyConfig, whole="value", examples=(EXAMPLE,))
def reply(config: ReplyConfig) -> Reply:
    """Give a value back: `reply: VALUE`. Clients get it as structured content and as text."""
    return Reply(value=config.value)
