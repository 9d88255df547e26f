"""Output `content`: give explicit content blocks back to the caller."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct

from flows.content import Block, Reply
from flows.sdk import Example, Value, output


class ContentConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The blocks, and what else the caller gets."""

    blocks: Annotated[
        list[Block],
        Meta(
            description="In order: text, image, audio, resource_link or resource, in the shapes of MCP.",
            extra_json_schema={"x-kind": "value"},
        ),
    ]
    value: Annotated[Value, Meta(description="A structured value beside the blocks.")] = UNSET
    is_error: Annotated[
        bool, Meta(description="The reply says that the call failed.", extra_json_schema={"x-kind": "value"})
    ] = False


TWO_BLOCKS = Example(
    title="Text and a picture",
    config=[
        {"type": "text", "text": "The logo of ${{ args.name }}:", "annotations": {"audience": ["user"]}},
        {"type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png"},
    ],
    args={"name": "Headrace"},
)
FAILED = Example(
    title="An error in words of one's own",
    config={"blocks": [{"type": "text", "text": "The mill stands still."}], "is_error": True},
)


@output("content", config=ContentConfig, short="blocks", examples=(TWO_BLOCKS, FAILED))
def content(config: ContentConfig) -> Reply:
    """Give content blocks back, in order: `content: [BLOCK, ...]`."""
    return Reply(value=config.value, content=tuple(config.blocks), is_error=config.is_error)
