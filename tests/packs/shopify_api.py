"""Hold requests and answers against Shopify's schema of its Admin API, cut down by descriptions/trim_shopify.py."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLType,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    validate,
)
from graphql.execution import get_variable_values
from graphql.language import OperationDefinitionNode

from tests.packs.discovery import DESCRIPTIONS
from tests.packs.standin import Sent

PATH: Final = "/admin/api/2026-10/graphql.json"
SCALARS: Final[Mapping[str, Any]] = {
    "Boolean": True,
    "DateTime": "2026-11-20T10:00:00Z",
    "Decimal": "19.90",
    "Int": 3,
    "Money": "9.95",
    "UnsignedInt64": "3",
    "URL": "https://example.com/a",
}
"""What a value of each type looks like; of the others it is text."""


class ShopifyApi:
    """The described API.  `is_lean`: whatever may be null or empty in an answer is."""

    def __init__(self) -> None:
        self.schema = _schema()
        self.is_lean = False

    def problems(self, sent: Sent) -> list[str]:
        """Say what the schema does not allow about a request."""
        if (sent.method, sent.path, sent.query) != ("POST", PATH, ""):
            return [f"{sent.method} {sent.path}?{sent.query} is no request of GraphQL"]
        if sent.content_type != "application/json":
            return [f"the body is {sent.content_type!r}"]
        body = json.loads(sent.body)
        document, problems = _read(body["query"])
        if document is None or problems:
            return problems
        [operation] = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        values = get_variable_values(self.schema, operation.variable_definitions or (), body["variables"])
        declared = {each.variable.name.value for each in operation.variable_definitions or ()}
        unknown = [f"there is no variable {name}" for name in body["variables"] if name not in declared]
        return unknown + ([error.message for error in values] if isinstance(values, list) else [])

    def answer(self, sent: Sent) -> Mapping[str, Any]:
        """Make up an answer that is as described."""
        return {"status": 200, "body": self.executed(json.loads(sent.body), None, self._made_up)}

    def is_answer(self, body: Mapping[str, Any], data: Any) -> bool:
        """Whether the data has just what was asked for, and all of it fits the schema."""
        executed = self.executed(body, data)
        return "errors" not in executed and executed["data"] == data

    def executed(self, body: Mapping[str, Any], root: Any, resolver: Any = None) -> dict[str, Any]:
        """Carry out a request on what is there: mappings, and functions where there are arguments."""
        document, problems = _read(body["query"])
        if document is None or problems:
            return {"errors": [{"message": problem} for problem in problems]}
        result = execute_sync(self.schema, document, root, variable_values=body["variables"], field_resolver=resolver)
        return dict(result.formatted)

    def _made_up(self, source: Any, info: GraphQLResolveInfo, **_args: Any) -> Any:
        # A change that nobody complains about gives what was changed.
        levels = 2 if info.parent_type.name == "Mutation" or str(info.parent_type).endswith("Payload") else 1
        return self._value(info.return_type, must_be=len(info.path.as_list()) <= levels)

    def _value(self, kind: GraphQLType, *, must_be: bool) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, must_be=True)
        if self.is_lean and not must_be:
            return None
        if isinstance(kind, GraphQLList):
            is_empty = self.is_lean or str(get_named_type(kind)).endswith("UserError")
            return [] if is_empty else [self._value(kind.of_type, must_be=True)]
        if isinstance(kind, GraphQLObjectType):
            return {}
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        return SCALARS.get(str(kind), "a/b")


@cache
def _read(query: str) -> tuple[DocumentNode | None, list[str]]:
    """Return a query as it is parsed, and what the schema does not allow about it."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, [error.message]
    return document, [error.message for error in validate(_schema(), document)]


@cache
def _schema() -> GraphQLSchema:
    return build_schema((DESCRIPTIONS / "shopify.graphql").read_text("utf-8"))
