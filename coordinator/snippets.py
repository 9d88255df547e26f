"""Write the configuration that connects an MCP client, ready to paste: with the server's URL and, if it asks, a token.

The command line, REST and the pages show the same ones.  Touches no I/O.
"""

import json
import shlex
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from msgspec import Meta, Struct

SERVER_NAME = "headrace"
BEARER_VARIABLE = "HEADRACE_AUTHORIZATION"
PLAIN_HTTP_HOSTS = frozenset({"localhost", "127.0.0.1"})
"""Where mcp-remote takes `http://` without being told to."""


class Snippet(Struct, frozen=True, kw_only=True):
    """One configuration."""

    client: Annotated[str, Meta(description="A short name of the client, stable.")]
    title: Annotated[str, Meta(description="The client, for people.")]
    where: Annotated[str, Meta(description="Where the text goes.")]
    language: Annotated[Literal["shell", "json"], Meta(description="What the text is.")]
    text: Annotated[str, Meta(description="The text to paste.")]


def mcp_url(base_url: str) -> str:
    """Return the URL of the MCP endpoint of a server."""
    return f"{base_url.rstrip('/')}/mcp"


def snippets(base_url: str, token: str = "", *, token_in_query: bool = True) -> tuple[Snippet, ...]:
    """Return the configurations for a server that is reached at `base_url`; without a token it asks for none."""
    url = mcp_url(base_url)
    found = [_claude_code(url, token), _claude_desktop(url, token)]
    if token and token_in_query:
        found.append(_claude_desktop_query(url, token))
    return (*found, _cursor(url, token), _vscode(url, token), _curl(url, token))


def _claude_code(url: str, token: str) -> Snippet:
    command = ["claude", "mcp", "add", "--transport", "http", SERVER_NAME, url]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    return Snippet(
        client="claude-code", title="Claude Code", where="in a terminal", language="shell", text=shlex.join(command)
    )


def _claude_desktop(url: str, token: str) -> Snippet:
    server = _mcp_remote(url)
    if token:
        # Some versions tear arguments apart at spaces, so the space of "Bearer ..." travels in a variable.
        server["args"] += ["--header", f"Authorization:${{{BEARER_VARIABLE}}}"]
        server["env"] = {BEARER_VARIABLE: f"Bearer {token}"}
    return Snippet(
        client="claude-desktop",
        title="Claude Desktop",
        where="in claude_desktop_config.json (Settings, Developer, Edit Config)",
        language="json",
        text=_json({"mcpServers": {SERVER_NAME: server}}),
    )


def _claude_desktop_query(url: str, token: str) -> Snippet:
    server = _mcp_remote(f"{url}?token={quote(token, safe='')}")
    return Snippet(
        client="claude-desktop-query",
        title="Claude Desktop, with the token in the URL",
        where="in claude_desktop_config.json, if the form above does not suit",
        language="json",
        text=_json({"mcpServers": {SERVER_NAME: server}}),
    )


def _mcp_remote(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname not in PLAIN_HTTP_HOSTS
    return {"command": "npx", "args": ["-y", "mcp-remote", url, *(["--allow-http"] if plain else [])]}


def _cursor(url: str, token: str) -> Snippet:
    text = _json({"mcpServers": {SERVER_NAME: {"url": url, **_headers(token)}}})
    return Snippet(client="cursor", title="Cursor", where="in ~/.cursor/mcp.json", language="json", text=text)


def _vscode(url: str, token: str) -> Snippet:
    text = _json({"servers": {SERVER_NAME: {"type": "http", "url": url, **_headers(token)}}})
    return Snippet(client="vscode", title="VS Code", where="in .vscode/mcp.json", language="json", text=text)


def _curl(url: str, token: str) -> Snippet:
    headers = ["Content-Type: application/json", "Accept: application/json, text/event-stream"]
    if token:
        headers.insert(0, f"Authorization: Bearer {token}")
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, separators=(",", ":"))
    command = ["curl", "-s", url]
    for header in headers:
        command += ["-H", header]
    text = shlex.join([*command, "-d", message])
    return Snippet(client="curl", title="curl", where="in a terminal", language="shell", text=text)


def _headers(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}} if token else {}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2)
