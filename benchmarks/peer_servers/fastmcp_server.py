"""FastMCP with BENCH_TOOLS tools, the first of them `echo`, behind a bearer token."""

import os

from fastmcp import FastMCP  # type: ignore[import-not-found]
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier  # type: ignore[import-not-found]


def echo(text: str) -> str:
    """Say the text again."""
    return text


known = StaticTokenVerifier(tokens={os.environ["BENCH_TOKEN"]: {"client_id": "benchmark", "scopes": []}})
server = FastMCP("benchmark", auth=known)
server.tool(echo)
for number in range(1, int(os.environ.get("BENCH_TOOLS", "1"))):
    server.tool(echo, name=f"tool_{number:05}", description=f"Say the text again, the {number}th way.")
app = server.http_app(path="/mcp", stateless_http=True, json_response=True)
