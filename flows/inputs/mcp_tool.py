"""Input `mcp_tool`: the flow is a tool that MCP clients list and call."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from flows.inputs._arguments import TakesArguments
from flows.sdk import Example, flow_input


class ToolAnnotations(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hints about a tool's effects.  What is not said takes the protocol's cautious default."""

    title: Annotated[str | UnsetType, Meta(description="The tool's name for people.")] = UNSET
    readOnly: Annotated[bool | UnsetType, Meta(description="The tool changes nothing. Default false.")] = UNSET
    destructive: Annotated[bool | UnsetType, Meta(description="It may delete or overwrite. Default true.")] = UNSET
    idempotent: Annotated[bool | UnsetType, Meta(description="Twice is the same as once. Default false.")] = UNSET
    openWorld: Annotated[bool | UnsetType, Meta(description="It reaches outside systems. Default true.")] = UNSET


EXAMPLE = Example(
    title="A tool with two arguments",
    config={
        "params": {
            "city": {"type": "string", "description": "City name", "maxLength": 80},
            "units": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        },
        "annotations": {"readOnly": True},
    },
)


@flow_input("mcp_tool", examples=(EXAMPLE,))
class McpToolInput(TakesArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The flow is a tool: MCP clients see its name, description and schema, and call it."""

    title: Annotated[str | UnsetType, Meta(description="The tool's name for people.")] = UNSET
    annotations: Annotated[ToolAnnotations, Meta(description="Hints about the tool's effects.")] = ToolAnnotations()
    enabled: Annotated[bool, Meta(description="Whether clients see the tool.")] = True
    order: Annotated[int, Meta(description="Place in the tool list: lower first, then by name.")] = 0
