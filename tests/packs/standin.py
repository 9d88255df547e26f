"""A server in place of a described API, and the calls with which the tools of a pack are held against it.

The tools run in process, with real requests to the server through the base URL of the connection.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from aiohttp import web
from msgspec import UNSET

from flows.connections import Connection, FixedConnections
from flows.plan import FlowTest, Plan
from flows.runs import RunResult
from packs.pack import Pack
from tests.flow_runs import LOOPBACK, request_for
from tests.listening import listening
from workers.connections import Connections
from workers.local import LocalDispatcher, PlanTable

MISTAKES: Final = ("invalid_arguments", "expression_failed", "internal", "unusable_value")
"""Codes that a tool must not end with when all answers are as described: its flow would be wrong."""
TEXTS: Final = (
    "Ledger & Söhne / 2026?",
    "2026-11-20T14:00:00Z",
    "2026-11-20",
    "ada@example.com",
    "RRULE:FREQ=DAILY",
    "B2:C4",
    "text/plain",
    "#a1b2c3",
    "example.com",
    "C",
    "iVBORw0KGgo=",
)
"""Texts for arguments: of each the first that its pattern takes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came in: the path still encoded, the query without its `?`."""

    method: str
    path: str
    query: str
    content_type: str
    body: bytes
    accept: str = ""
    credential: str = ""


class DescribedApi(Protocol):
    """What a description says about requests and answers."""

    def problems(self, sent: Sent) -> list[str]:
        """Say what the description does not allow about a request."""
        ...

    def answer(self, sent: Sent) -> Mapping[str, Any]:
        """Make up an answer that is as described: `status`, and `body` if it has one."""
        ...


class StandIn:
    """A server in place of an API: it notes what it is asked, and answers from a list, else as it is described.

    Who looks twice sees the same, unless the API keeps a state of its own.
    """

    def __init__(self, api: DescribedApi, credential: str, *, keeps_state: bool) -> None:
        self.api = api
        self._credential = credential
        self._keeps_state = keeps_state
        self.sent: list[Sent] = []
        self.answers: list[Mapping[str, Any]] = []
        self._known: dict[Sent, Mapping[str, Any]] = {}
        self.origin = ""

    def begin(self, answers: Sequence[Mapping[str, Any]]) -> None:
        """Forget what was answered before, and answer from this list."""
        self.answers = list(answers)
        self._known.clear()

    async def handle(self, request: web.Request) -> web.Response:
        path, _, query = request.raw_path.partition("?")
        content_type, accept = (request.headers.get(name, "") for name in ("Content-Type", "Accept"))
        credential = request.headers.get(self._credential, "")
        sent = Sent(request.method, path, query, content_type, await request.read(), accept, credential)
        self.sent.append(sent)
        answer = self._known.get(sent) if sent.method == "GET" and not self._keeps_state else None
        if answer is None:
            answer = self.answers.pop(0) if self.answers else self.api.answer(sent)
            if answer["status"] < 400:
                self._known[sent] = answer
        body = answer.get("body")
        headers = answer.get("headers", {})
        if body is None or isinstance(body, str):
            return web.Response(status=answer["status"], text=body, headers=headers)
        return web.json_response(body, status=answer["status"], headers=headers)

    @property
    def credentials(self) -> set[str]:
        """What came as the credential with all that was asked."""
        return {sent.credential for sent in self.sent}

    def problems(self) -> list[str]:
        """Say what was wrong with all that was asked."""
        return [f"{sent.method} {sent.path}: {problem}" for sent in self.sent for problem in self.api.problems(sent)]


@asynccontextmanager
async def served(api: DescribedApi, credential: str, *, keeps_state: bool = False) -> AsyncIterator[StandIn]:
    """Run the server; `credential` is the header that brings one."""
    server = StandIn(api, credential, keeps_state=keeps_state)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    async with listening(application) as server.origin:
        yield server


@asynccontextmanager
async def standing_in(
    pack: Pack,
    api: DescribedApi,
    credential: tuple[str, str] = ("Authorization", "Bearer test"),
    *,
    keeps_state: bool = False,
) -> AsyncIterator[tuple[StandIn, LocalDispatcher]]:
    """Run the server and, in front of it, a worker with the pack's plans that sends this header along."""
    async with served(api, credential[0], keeps_state=keeps_state) as server:
        source = FixedConnections(
            Connection(
                name=name,
                kind="http",
                url=server.origin + urlsplit(declared.base_url).path,
                headers=dict([credential]),
            )
            for name, declared in pack.manifest.connections.items()
        )
        dispatcher = LocalDispatcher(PlanTable(pack.plans()), Connections(source), LOOPBACK)
        try:
            yield server, dispatcher
        finally:
            await dispatcher.close()


async def run(plan: Plan, args: Mapping[str, Any], dispatcher: LocalDispatcher) -> RunResult:
    assert plan.input.arguments.rejections(args) == []
    return await dispatcher.run(request_for(plan, args), lambda _event: None)


async def hold_example(
    pack: Pack, api: DescribedApi, plan: Plan, test: FlowTest, answers: Sequence[Mapping[str, Any]]
) -> None:
    """Hold a flow's own test over HTTP: it asks what is described, and gives what it gives with mocks."""
    async with standing_in(pack, api) as (server, dispatcher):
        server.begin(answers)
        result = await run(plan, test.fields.args, dispatcher)

    assert server.problems() == []
    assert server.answers == [], "a mocked answer was not asked for"
    if result.error is None:
        assert result.reply is not None
        assert result.reply.value == test.fields.expect
        assert misfits(plan, result) == []
    else:
        assert result.error.code == getattr(test.fields.expect_error, "code", None), result.error


def misfits(plan: Plan, result: RunResult) -> list[str]:
    """Say where a result is not what the tool's `returns` promises."""
    validator = plan.input.returns_validator
    if validator is None or result.reply is None:
        return []
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(result.reply.value)]


def first_good(plan: Plan) -> FlowTest:
    return next(test for test in plan.tests if test.fields.expect_error is UNSET)


def value_for(schema: Mapping[str, Any]) -> Any:
    """Make a value that a declared argument takes."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    match kind:
        case "array":
            return [value_for(schema["items"])] * max(1, schema.get("minItems", 1))
        case "object" if "properties" in schema:
            return {name: value_for(field) for name, field in schema["properties"].items()}
        case "object":
            return {"Name": value_for(schema["additionalProperties"])}
        case "boolean":
            return True
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case _:
            pattern, longest = schema.get("pattern", ""), schema.get("maxLength", 1000)
            return next(text for text in TEXTS if re.search(pattern, text) and len(text) <= longest)


def argument_sets(plan: Plan, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield arguments for a tool: all, those it needs, then each choice in turn, beside few others and among all.

    `known` are arguments that must fit the answers.
    """
    schema = plan.input.arguments.schema
    fields: dict[str, Any] = schema.get("properties", {})
    least: dict[str, Any] = dict(first_good(plan).fields.args)
    full = {name: known.get(name) or least.get(name) or value_for(field) for name, field in fields.items()}
    needed = {name: full[name] for name in schema.get("required", [])}
    yield full
    yield needed
    for name, field in fields.items():
        for choice in choices_of(field, full[name]):
            yield {**full, name: choice}
            yield {**least, name: choice}
            yield {**needed, name: choice}
            # How many values there must be depends on the choice.
            for values in (one for one, other in fields.items() if other.get("default") == []):
                for length in (0, 1, 2):
                    yield {**least, name: choice, values: full[values][:1] * length}


def choices_of(field: Mapping[str, Any], usual: Any) -> list[Any]:
    """Return all values of an argument that has choices, else only the usual one."""
    return field.get("enum") or ([True, False] if field["type"] == "boolean" else [usual])
