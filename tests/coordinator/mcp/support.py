"""An MCP endpoint over real flows, and messages in both eras."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from coordinator.access.principal import Principal, Refusal
from coordinator.calls import CallOptions, CallService, FinishedRun
from coordinator.mcp.endpoint import McpEndpoint, McpOptions
from coordinator.mcp.methods import ServerIdentity
from coordinator.mcp.subscriptions import ToolChanges
from coordinator.toolset import Toolset, build_toolset
from flows.compile import compile_flow
from flows.content import Reply
from flows.plan import Plan
from flows.runs import Caller, EventSink, RunRequest, RunResult, ignore_event
from tests.coordinator.mcp.asgi import Answer, Talk, open_request
from workers.local import LocalDispatcher, PlanTable

ECHO = """
flow: echo
description: Say it back.
input:
  mcp_tool:
    params:
      text: {type: string, description: What to say}
    annotations: {readOnly: true}
output: {reply: "${{ args.text }}"}
"""
ADD = """
flow: add
title: Addition
description: Add two numbers.
input:
  mcp_tool:
    params: {a: integer, b: {type: integer, default: 1}}
    returns: {type: object, properties: {sum: {type: integer}}, required: [sum]}
output: {reply: {sum: "${{ args.a + args.b }}"}}
"""
REFUSE = """
flow: refuse
description: Always fails.
input: {mcp_tool: {}}
steps:
  - id: no
    fail: {code: not_found, message: "Nothing is here."}
output: {reply: never}
"""
CHATTY = """
flow: chatty
description: Talks while it works.
input: {mcp_tool: {}}
steps:
  - log: {level: debug, data: details}
  - log: {level: info, data: {step: begun}}
  - progress: {progress: 0, total: 2}
  - progress: {progress: 2, total: 2, message: half}
  - progress: {progress: 1, total: 2}
output: {reply: done}
"""
SLOW = """
flow: slow
description: Waits.
input: {mcp_tool: {params: {text: {type: string, default: done}}}}
steps:
  - sleep: 1h
output: {reply: "${{ args.text }}"}
"""
TRIGGER = """
flow: trigger
description: Says that the tools changed.
input: {mcp_tool: {}}
steps:
  - notify: tools
output: {reply: told}
"""
REGION = """
flow: region
description: Has an argument that is repeated in a header.
input:
  mcp_tool:
    schema:
      type: object
      properties:
        region: {type: string, x-mcp-header: Region}
        count: {type: integer, x-mcp-header: Count}
        deep: {type: object, properties: {flag: {type: boolean, x-mcp-header: Flag}}}
output: {reply: ok}
"""
FLOWS = (ECHO, ADD, REFUSE, CHATTY, SLOW, TRIGGER, REGION)

PRINCIPALS = {
    "hr_ada": Principal(caller=Caller(name="ada", token_id="t1")),
    "hr_bob": Principal(caller=Caller(name="bob", token_id="t2")),
    "hr_echo_only": Principal(caller=Caller(name="eve", token_id="t3"), tools=("ec*",)),
}
OPEN = Principal(caller=Caller(name="anonymous"))
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
SERVER_INFO = {"io.modelcontextprotocol/serverInfo": {"name": "headrace", "version": "9", "title": "Headrace"}}
JSON_HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


class Gate:
    """A dispatcher whose runs wait until the test lets them end.  Keeps the promise of `flows.runs.Dispatcher`."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.stopped = asyncio.Event()
        self.opened = asyncio.Event()
        self.emit: EventSink = ignore_event
        self.requests: list[RunRequest] = []

    async def run(self, request: RunRequest, emit: EventSink = ignore_event) -> RunResult:
        self.requests.append(request)
        self.emit = emit
        self.started.set()
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.stopped.set()
            raise
        return RunResult(reply=Reply(value=request.args.get("text")))

    async def close(self, grace: float = 0.0) -> None:
        self.opened.set()

    async def has_started(self) -> None:
        async with asyncio.timeout(5):
            await self.started.wait()
        self.started.clear()

    async def has_stopped(self) -> None:
        async with asyncio.timeout(5):
            await self.stopped.wait()


class World:
    """A server in process: `call` and its like send messages, `runs` is the history."""

    def __init__(
        self,
        flows: Iterable[str] = FLOWS,
        *,
        dispatcher: Any = None,
        call_options: CallOptions | None = None,
        authentication: bool = False,
        **options: Any,
    ) -> None:
        self.plans: list[Plan] = [compile_flow(text) for text in flows]
        self.toolset: Toolset = build_toolset(self.plans, 1)
        self.runs: list[FinishedRun] = []
        self.changes = ToolChanges()
        self.authentication = authentication
        self.refused: dict[str, str] = {}
        self.dispatcher = dispatcher or LocalDispatcher(PlanTable({plan.name: plan for plan in self.plans}))
        self.calls = CallService(self.dispatcher, self.runs.append, call_options)
        options.setdefault("server", ServerIdentity(version="9"))
        self.endpoint = McpEndpoint(
            McpOptions(**options), self.identify, lambda: self.toolset, self.calls, self.changes
        )

    def identify(self, token: str | None, address: str, client: str) -> Principal | Refusal:
        """Let in whom the tables name, as who came from where."""
        found = self._find(token)
        if isinstance(found, Refusal):
            return found
        caller = msgspec.structs.replace(found.caller, address=address, client=client)
        return msgspec.structs.replace(found, caller=caller)

    def _find(self, token: str | None) -> Principal | Refusal:
        if token is None and not self.authentication:
            return OPEN
        if token in self.refused:
            return Refusal(reason=self.refused[token], had_token=True)
        if token in PRINCIPALS:
            return PRINCIPALS[token]
        if token is None:
            return Refusal(reason="A token is needed. Make one with `headrace token create`.", had_token=False)
        return Refusal(reason="The token is not known here. It may have been revoked.", had_token=True)

    def send(self, body: Any, *, headers: dict[str, str] | None = None, **options: Any) -> Talk:
        """Start a POST of a message."""
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
        given = JSON_HEADERS | (headers or {})
        kept = {name: value for name, value in given.items() if value is not None}
        return open_request(self.endpoint, headers=kept, body=encoded, **options)

    def legacy(self, method: str, params: Any = None, *, request_id: Any = 1, **options: Any) -> Talk:
        """Start a request of a client that did a handshake."""
        options.setdefault("headers", {})
        options["headers"] = {"mcp-protocol-version": "2025-11-25"} | options["headers"]
        return self.send(message(method, params, request_id), **options)

    def modern(self, method: str, params: Any = None, *, request_id: Any = 1, **options: Any) -> Talk:
        """Start a request that stands alone."""
        params = {**(params or {})}
        params["_meta"] = META | params.get("_meta", {})
        headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": method}
        if "name" in params:
            headers["mcp-name"] = params["name"]
        options["headers"] = headers | options.get("headers", {})
        return self.send(message(method, params, request_id), **options)

    async def call(self, name: str, args: Any = None, *, era: str = "legacy", **options: Any) -> Any:
        """Call a tool and return the JSON of the answer."""
        params = {"name": name, "arguments": args or {}, **options.pop("params", {})}
        send: Callable[..., Talk] = getattr(self, era)
        answer: Answer = await send("tools/call", params, **options).answer()
        return answer.json()


def message(method: str, params: Any = None, request_id: Any = 1) -> dict[str, Any]:
    """Return a request, or with `request_id=None` a notification."""
    built = {"jsonrpc": "2.0", "method": method}
    if request_id is not None:
        built["id"] = request_id
    if params is not None:
        built["params"] = params
    return built
