"""Tools made of GitHub's own description, called against a server that answers as the description says.

`github.json` is a part of the description that GitHub publishes under the MIT licence, see LICENSE-github.txt.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from aiohttp import web

from flows.compile import analyse_flow, check_flow
from packs.loader import read_pack
from packs.openapi import Generated, generate, read_spec
from packs.openapi.refs import Refs
from packs.openapi.samples import sample_of
from packs.openapi.schemas import Schemas
from tests.flow_runs import LOOPBACK, request_for
from tests.listening import listening
from tests.packs.openapi.support import GITHUB
from workers.connections import Connections
from workers.local import LocalDispatcher, PlanTable

CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "list_issues_for_repo": ({"owner": "ada", "repo": "mill", "state": "closed", "per_page": 5}, "GET"),
    "get_issue": ({"owner": "ada", "repo": "mill", "issue_number": 7}, "GET"),
    "create_issue": ({"owner": "ada", "repo": "mill", "title": "It stands still", "labels": ["bug"]}, "POST"),
    "update_issue": ({"owner": "ada", "repo": "mill", "issue_number": 7, "state": "closed"}, "PATCH"),
    "create_comment": ({"owner": "ada", "repo": "mill", "issue_number": 7, "body": "It turns."}, "POST"),
    "get_content": ({"owner": "ada", "repo": "mill", "path": "docs/a b.md", "ref": "main"}, "GET"),
    "list_pulls": ({"owner": "ada", "repo": "mill", "sort": "updated"}, "GET"),
    "merge_pull": ({"owner": "ada", "repo": "mill", "pull_number": 3, "merge_method": "squash"}, "PUT"),
    "search_repos": ({"q": "mill language:python", "order": "asc"}, "GET"),
    "delete_release": ({"owner": "ada", "repo": "mill", "release_id": 1}, "DELETE"),
    "list_workflow_runs": ({"owner": "ada", "repo": "mill", "workflow_id": "main.yml"}, "GET"),
    "download_zipball_archive": ({"owner": "ada", "repo": "mill", "ref": "v1"}, "GET"),
}


class Described:
    """A server made of the description: refuses what is not described, answers with values that fit."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._refs = Refs(document)
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        for path, item in self._document["paths"].items():
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
            if re.fullmatch(pattern, request.rel_url.raw_path) and request.method.lower() in item:
                return await self._checked(request, path, item[request.method.lower()])
        return web.json_response({"message": f"not described: {request.path}"}, status=404)

    async def _checked(self, request: web.Request, path: str, operation: dict[str, Any]) -> web.Response:
        declared = {each["name"]: each for each in map(self._refs.resolve, operation.get("parameters", []))}
        unknown = [name for name in request.query if name not in declared]
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if unknown:
            return web.json_response({"message": f"unknown: {unknown}"}, status=422)
        if request.can_read_body:
            validator = jsonschema_rs.Draft202012Validator(Schemas(self._refs).inline(schema))
            if not validator.is_valid(await request.json()):
                return web.json_response({"message": "the body does not fit"}, status=422)
        self.asked.append(f"{request.method} {path}")
        return self._described_answer(operation)

    def _described_answer(self, operation: dict[str, Any]) -> web.Response:
        status, raw = min(operation["responses"].items())
        content = self._refs.resolve(raw).get("content", {}).get("application/json")
        if content is None:
            return web.Response(status=int(status), headers={"Location": "https://example.com/archive"})
        return web.json_response(sample_of(Schemas(self._refs).inline(content["schema"], "out")), status=int(status))


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Described, Generated]]:
    """Serve the description, and make a pack that calls that server."""
    document = msgspec.json.decode(GITHUB.read_bytes())
    server = Described(document)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    async with listening(app) as url:
        yield server, generate(read_spec(msgspec.json.encode({**document, "servers": [{"url": url}]})))


async def test_made_tools_ask_what_the_description_describes() -> None:
    async with served() as (server, generated):
        plans = {}
        for file, text in generated.files.items():
            if file.startswith("flows/"):
                plan, problems = analyse_flow(text, file)
                assert plan is not None
                assert problems == []
                plans[plan.name] = plan
        dispatcher = LocalDispatcher(PlanTable(plans), Connections.from_urls({}), LOOPBACK)
        try:
            for name, (args, _) in CALLS.items():
                plan = plans[name]
                assert plan.input.arguments.rejections(args) == []
                result = await dispatcher.run(request_for(plan, args))
                assert result.error is None, (name, result.error)
                assert result.reply is not None
        finally:
            await dispatcher.close()

        assert [asked.partition(" ")[0] for asked in server.asked] == [method for _, method in CALLS.values()]
        assert len(set(server.asked)) == len(CALLS)


def test_the_pack_checks_clean() -> None:
    generated = generate(read_spec(GITHUB.read_bytes()))

    pack, problems = read_pack({file: text.encode() for file, text in generated.files.items()})

    assert pack is not None
    assert problems == []
    assert len(pack.tools) == generated.operations == 15


@pytest.mark.parametrize("args", [{"owner": "ada"}, {"owner": "ada", "repo": "mill", "state": "half-open"}])
def test_a_made_tool_refuses_arguments_that_do_not_fit(args: dict[str, Any]) -> None:
    text = generate(read_spec(GITHUB.read_bytes())).files["flows/list_issues_for_repo.yaml"]

    plan, _ = analyse_flow(text)

    assert plan is not None
    assert plan.input.arguments.rejections(args) != []


def test_every_made_flow_is_sound() -> None:
    generated = generate(read_spec(GITHUB.read_bytes()))

    for file, text in generated.files.items():
        if file.startswith("flows/"):
            assert check_flow(text, file) == []
