"""Flows as tools: names, order, digests, views, lists per revision."""

import msgspec
import pytest

from coordinator import toolset
from coordinator.toolset import EMPTY, MAX_VIEWS, ToolInvalid, Toolset, build_toolset, header_params
from flows.compile import compile_flow
from flows.plan import Plan


def flow(name: str, *, order: int = 0, extra: str = "", head: str = "") -> Plan:
    return compile_flow(
        f"flow: {name}\ndescription: The tool {name}.\n{head}\ninput:\n  mcp_tool:\n    order: {order}\n{extra}\n"
        "output: {reply: ok}\n"
    )


def built(*plans: Plan, generation: int = 1, previous: Toolset = EMPTY) -> Toolset:
    return build_toolset(plans, generation, previous)


def listed(tools: Toolset, revision: str = "2026-07-28", cursor: str = "") -> dict[str, list[dict[str, object]]]:
    page = tools.view().listing(revision, cursor)
    assert page is not None
    decoded: dict[str, list[dict[str, object]]] = msgspec.json.decode(b"{" + page + b"}")
    return decoded


RICH = """
    title: A title
    params: {a: integer}
    returns: {type: object, properties: {x: true, y: false}}
    annotations: {title: Hint, readOnly: false, destructive: false, idempotent: true, openWorld: true}
"""


def test_a_definition_has_the_shape_of_the_newest_revision() -> None:
    tools = built(flow("rich", extra=RICH))

    assert tools.tools["rich"].definition == {
        "name": "rich",
        "title": "A title",
        "description": "The tool rich.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "required": ["a"],
            "additionalProperties": False,
        },
        "outputSchema": {"type": "object", "properties": {"x": True, "y": False}},
        "annotations": {
            "title": "Hint",
            "readOnlyHint": False,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": True,
        },
    }


@pytest.mark.parametrize(
    ("revision", "missing"),
    [
        ("2024-11-05", {"title", "outputSchema", "annotations"}),
        ("2025-03-26", {"title", "outputSchema"}),
        ("2025-06-18", set()),
        ("2025-11-25", set()),
        ("2026-07-28", set()),
    ],
)
def test_a_listing_leaves_out_what_the_revision_does_not_know(revision: str, missing: set[str]) -> None:
    tools = built(flow("rich", extra=RICH))

    (tool,) = listed(tools, revision)["tools"]

    assert tools.tools["rich"].definition.keys() - tool.keys() == missing


def test_legacy_revisions_get_no_boolean_properties() -> None:
    tools = built(flow("rich", extra=RICH))

    (tool,) = listed(tools, "2025-11-25")["tools"]

    assert tool["outputSchema"] == {"type": "object", "properties": {"x": {}, "y": {"not": {}}}}


@pytest.mark.parametrize(("revision", "is_there"), [("2025-11-25", False), ("2026-07-28", True)])
def test_a_result_that_is_no_object_is_declared_to_modern_clients_only(revision: str, is_there: bool) -> None:
    tools = built(flow("list", extra="    returns: {type: array}"))

    (tool,) = listed(tools, revision)["tools"]

    assert ("outputSchema" in tool) is is_there


def test_a_raw_schema_reaches_the_wire_unchanged() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {"$anchor": "addressDef", "type": "object"}},
        "properties": {"address": {"$ref": "#/$defs/address"}},
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "additionalProperties": False,
    }
    extra = f"    schema: {msgspec.json.encode(schema).decode()}"

    (tool,) = listed(built(flow("raw", extra=extra)))["tools"]

    assert msgspec.json.encode(tool["inputSchema"]) == msgspec.json.encode(schema)


def test_tools_are_in_the_order_of_their_number_then_their_name() -> None:
    tools = built(flow("b"), flow("z", order=-1), flow("a"), flow("c", order=5))

    assert list(tools.tools) == ["z", "a", "b", "c"]
    assert [tool["name"] for tool in listed(tools)["tools"]] == ["z", "a", "b", "c"]


def test_what_is_no_tool_or_switched_off_is_left_out() -> None:
    tools = built(
        flow("off", extra="    enabled: false"),
        flow("out", head="enabled: false"),
        compile_flow("flow: part\ninput: {call: {}}\noutput: {reply: ok}\n"),
        flow("on"),
    )

    assert (list(tools.tools), tools.problems) == (["on"], {})


def test_a_flow_that_cannot_be_a_tool_is_left_out_with_the_reason() -> None:
    bad = flow("bad", extra="    schema: {type: object, properties: {a: {type: number, x-mcp-header: A}}}")

    tools = built(bad, flow("good"))

    assert list(tools.tools) == ["good"]
    assert tools.problems == {"bad": "a has `x-mcp-header`, so its type is one of: string, integer, boolean."}


def test_the_digest_names_the_definitions_and_nothing_else() -> None:
    one, same_definition = flow("a"), compile_flow(flow_text_with_other_steps())
    described = compile_flow("flow: a\ndescription: Other words.\ninput: {mcp_tool: {}}\noutput: {reply: ok}\n")

    assert built(one).digest == built(one, generation=7).digest == built(same_definition).digest
    assert built(one).digest != built(described).digest
    assert built().digest == EMPTY.digest


def flow_text_with_other_steps() -> str:
    return "flow: a\ndescription: The tool a.\ninput: {mcp_tool: {}}\nsteps: [{map: 1}]\noutput: {reply: other}\n"


def test_unchanged_tools_are_taken_over_from_the_set_before() -> None:
    kept, dropped, changed = flow("kept"), flow("dropped"), flow("changed")
    before = built(kept, dropped, changed)

    after = built(kept, flow("changed"), flow("new"), generation=2, previous=before)

    assert after.tools["kept"] is before.tools["kept"]
    assert after.tools["changed"] is not before.tools["changed"]
    assert list(after.tools) == ["changed", "kept", "new"]


@pytest.mark.parametrize(
    ("globs", "names"),
    [
        ((), ["ab", "abc", "b-c"]),
        (("*",), ["ab", "abc", "b-c"]),
        (("ab",), ["ab"]),
        (("ab*",), ["ab", "abc"]),
        (("AB*",), []),
        (("?-c", "ab"), ["ab", "b-c"]),
        (("b",), []),
        (("none",), []),
    ],
)
def test_a_view_holds_the_tools_that_match_one_of_the_globs(globs: tuple[str, ...], names: list[str]) -> None:
    tools = built(flow("ab"), flow("abc"), flow("b-c"))

    assert list(tools.view(globs).tools) == names


def test_a_listing_is_rendered_once() -> None:
    tools = built(flow("a"))

    assert tools.view().listing("2025-11-25") is tools.view().listing("2025-11-25")
    assert tools.view(("a",)) is tools.view(("a",))


def test_views_are_not_kept_without_bound() -> None:
    tools = built(flow("a"))

    for number in range(MAX_VIEWS * 2):
        tools.view((f"glob{number}",))

    assert len(tools._views) == MAX_VIEWS


def test_an_empty_set_lists_no_tools() -> None:
    assert EMPTY.view().listing("2025-11-25") == b'"tools":[]'


def test_pages_follow_each_other_and_the_last_has_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolset, "PAGE_SIZE", 2)
    tools = built(*(flow(name) for name in "abcde"))

    names, cursor = [], ""
    while True:
        page = listed(tools, cursor=cursor)
        names.append([tool["name"] for tool in page["tools"]])
        if "nextCursor" not in page:
            break
        cursor = str(page["nextCursor"])

    assert names == [["a", "b"], ["c", "d"], ["e"]]


def test_reading_goes_on_at_the_same_place_when_the_tools_change_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolset, "PAGE_SIZE", 2)
    cursor = str(listed(built(*(flow(name) for name in "abcd")))["nextCursor"])

    page = listed(built(*(flow(name) for name in ("a", "aa", "bb", "c", "d"))), cursor=cursor)

    assert [tool["name"] for tool in page["tools"]] == ["bb", "c"]
    assert "nextCursor" in page


def test_exactly_one_full_page_has_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolset, "PAGE_SIZE", 2)

    assert "nextCursor" not in listed(built(flow("a"), flow("b")))


def test_marked_properties_are_found_along_properties() -> None:
    schema = {
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "x-mcp-header": {"type": "string"},
            "deep": {"properties": {"flag": {"type": "boolean", "x-mcp-header": "Flag"}}},
        },
        "default": {"x-mcp-header": "data, not a schema"},
    }

    found = {(param.header, param.path, param.type) for param in header_params(schema)}

    assert found == {
        (b"mcp-param-region", ("region",), "string"),
        (b"mcp-param-flag", ("deep", "flag"), "boolean"),
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"x-mcp-header": "Root"},
        {"properties": {"a": {"type": "number", "x-mcp-header": "A"}}},
        {"properties": {"a": {"x-mcp-header": "A"}}},
        {"properties": {"a": {"type": ["string", "null"], "x-mcp-header": "A"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": "a b"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": "a\r\nHost: x"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": ""}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": 5}}},
        {"properties": {n: {"type": "string", "x-mcp-header": h} for n, h in (("a", "X"), ("b", "x"))}},
        {"properties": {"a": {"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}}},
        {"anyOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]},
        {"$defs": {"a": {"type": "string", "x-mcp-header": "A"}}},
    ],
)
def test_a_mark_that_clients_would_refuse_is_refused_here(schema: dict[str, object]) -> None:
    with pytest.raises(ToolInvalid):
        header_params(schema)
