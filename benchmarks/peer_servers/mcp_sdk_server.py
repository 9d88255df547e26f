"""The low-level server of the `mcp` SDK with the tool `echo`; it asks for no token."""

from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server

SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": "What to say"}},
    "required": ["text"],
}
ECHO = types.Tool(name="echo", description="Say the text again.", input_schema=SCHEMA)


async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
    """Return the one tool."""
    return types.ListToolsResult(tools=[ECHO])


async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Return the argument."""
    text = (params.arguments or {})["text"]
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)])


server: Any = Server(
    "benchmark", on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=lambda _: SCHEMA
)
app = server.streamable_http_app(json_response=True, stateless_http=True)
