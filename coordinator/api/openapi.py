"""Describe REST as an OpenAPI document: made from the routes when somebody first asks for it."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from litestar import get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag

from coordinator.api.access import CSRF_HEADER
from coordinator.api.account import ENTRANCE
from coordinator.api.cookies import NAME
from coordinator.api.errors import MEDIA_TYPE, ProblemOut
from coordinator.api.health import OPEN_ROUTES
from coordinator.version import VERSION

TAGS: Final[Mapping[str, str]] = {
    "flows": "What flows there are, their text and versions, and every change of them.",
    "tools": "What clients see, and calls of it.",
    "packs": "Packs of tools: which there are, which are installed, and every change of installs.",
    "tokens": "What clients call with.",
    "runs": "The history of calls.",
    "durable": "Flows that run without a call: schedules, webhooks, and runs of them that were set aside.",
    "connections": "Services that flows reach, and the credentials for them, which never come out again.",
    "settings": "The settings in force.",
    "account": "The owner's account, and sessions of the pages.",
    "status": "How the installation is.",
    "health": "For probes and monitoring; outside /api.",
}


PROBLEM_RESPONSE: Final = {
    "description": "What went wrong, and what to do.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
}
OPEN_PATHS: Final = frozenset(
    [path for handler in OPEN_ROUTES for path in handler.paths]
    + [f"/api{path}" for handler in ENTRANCE for path in handler.paths]
)


@cache
def openapi_document() -> dict[str, Any]:
    """Return the document."""
    from coordinator.api import outline  # it serves this document itself

    config = OpenAPIConfig(
        title="Headrace",
        version=VERSION,
        description="Control of a Headrace installation.  Errors are `application/problem+json` with a stable `code`.",
        tags=[Tag(name=name, description=text) for name, text in TAGS.items()],
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", description="A token with the scope `admin`."),
                "session": SecurityScheme(
                    type="apiKey",
                    name=NAME,
                    security_scheme_in="cookie",
                    description=f"Of somebody who signed in. Changes bring its CSRF token as {CSRF_HEADER} too.",
                ),
            }
        ),
        security=[{"token": []}, {"session": []}],
        use_handler_docstrings=True,
    )
    return _polished(outline(config).openapi_schema.to_schema())


def _polished(document: dict[str, Any]) -> dict[str, Any]:
    """Say what the framework cannot know: the form of our errors, what is open; in an order that stays the same."""
    for schema in document["components"]["schemas"].values():
        schema.pop("description", None)  # the framework takes that of some field which uses it, now this, now that
    _, schemas = msgspec.json.schema_components([ProblemOut], ref_template="#/components/schemas/{name}")
    document["components"]["schemas"].update(schemas)
    document["paths"] = dict(sorted(document["paths"].items()))
    document["components"]["schemas"] = dict(sorted(document["components"]["schemas"].items()))
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _polish_operation(operation, is_open=path in OPEN_PATHS, can_fail=path.startswith("/api"))
    return document


def _polish_operation(operation: dict[str, Any], *, is_open: bool, can_fail: bool) -> None:
    operation["summary"] = operation["description"].partition(".")[0]
    good = {status: answer for status, answer in operation["responses"].items() if status < "400"}
    operation["responses"] = good | {"default": PROBLEM_RESPONSE} if can_fail or not is_open else good
    if is_open:
        operation["security"] = []


@get("/openapi.json", operation_id="getOpenapi", include_in_schema=False, sync_to_thread=True)
def get_openapi() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return openapi_document()
