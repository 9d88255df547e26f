"""Render the neutral result of a run as `CallToolResult` of a revision.

Reads `RunResult` and `Reply`; writes JSON.  What a revision does not know is left out or told in words.
Source: MCP specification, server/tools, all revisions.
"""

import base64
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from coordinator.mcp.envelope import Answer, RequestId, encode
from coordinator.mcp.ladder import Route
from coordinator.mcp.protocol import MODERN
from coordinator.toolset import Tool
from flows.content import AudioBlock, Block, Reply, ResourceLinkBlock, TextBlock
from flows.runs import RunError, RunResult

Content = list[Block] | tuple[Block, ...]


class LegacyResult(Struct, kw_only=True):
    """`CallToolResult` up to 2025-11-25."""

    content: Content
    structuredContent: Raw | UnsetType = UNSET
    isError: bool | UnsetType = UNSET


class ModernResult(Struct, kw_only=True):
    """`CallToolResult` of 2026-07-28."""

    resultType: str = "complete"
    content: Content
    structuredContent: Raw | UnsetType = UNSET
    isError: bool | UnsetType = UNSET
    meta: Raw = msgspec.field(name="_meta")


def call_answer(route: Route, tool: Tool, result: RunResult, server_meta: Raw, max_bytes: int) -> bytes:
    """Encode the answer to `tools/call`.  Always succeeds: a value that is no JSON is an error result."""
    return _answer(route.id, route.revision, tool, result, server_meta, max_bytes)


def call_result(tool: Tool, result: RunResult, server_meta: Raw, max_bytes: int) -> Raw:
    """Return the result that a client of the newest revision gets, letter by letter."""
    answer = _answer(0, MODERN, tool, result, server_meta, max_bytes)
    return msgspec.json.decode(answer, type=_Result).result


class _Result(Struct):
    """What an answer brings."""

    result: Raw


def _answer(
    request_id: RequestId | UnsetType, revision: str, tool: Tool, result: RunResult, server_meta: Raw, max_bytes: int
) -> bytes:
    try:
        answer = encode(Answer(id=request_id, result=_wire_result(tool, result, revision, server_meta)))
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        reason = RunError(code="bad_output", message=f"The tool's result cannot be sent as JSON: {error}.")
    else:
        if len(answer) <= max_bytes:
            return answer
        reason = RunError(
            code="bad_output",
            message=f"The tool's result has {len(answer)} bytes, more than the {max_bytes} that are sent. "
            "Ask for less.",
        )
    return encode(Answer(id=request_id, result=_wire_result(tool, RunResult(error=reason), revision, server_meta)))


def error_text(error: RunError) -> str:
    """Word a failure so that a model can act on it: what, where, whether to try again."""
    where = f", step {error.step}" if error.step else ""
    text = f"{error.message} [{error.code}{where}]"
    if error.retry_after is not None:
        return f"{text} Try again in {error.retry_after:g} s."
    return f"{text} Trying again may help." if error.retryable else text


def _wire_result(tool: Tool, result: RunResult, revision: str, server_meta: Raw) -> Any:
    structured: Raw | UnsetType = UNSET
    is_error: bool | UnsetType = UNSET
    if result.reply is not None:
        content, structured = _reply_content(result.reply, tool, revision)
        is_error = result.reply.is_error or UNSET
    else:
        content, is_error = [TextBlock(text=error_text(result.error or NO_OUTCOME))], True
    if revision == MODERN:
        return ModernResult(content=content, structuredContent=structured, isError=is_error, meta=server_meta)
    return LegacyResult(content=content, structuredContent=structured, isError=is_error)


NO_OUTCOME = RunError(code="internal", message="The run ended without an outcome.")


def _reply_content(reply: Reply, tool: Tool, revision: str) -> tuple[Content, Raw | UnsetType]:
    value = reply.value
    structured: Raw | UnsetType = UNSET
    text = ""
    if isinstance(value, str):
        text = value
        if revision == MODERN and _declares_result(tool):
            structured = Raw(encode(value))
    elif value is not UNSET:
        encoded = encode(value)
        text = encoded.decode()
        if _is_structured(value, tool, revision):
            structured = Raw(encoded)
    if reply.content is not UNSET:
        return _known_blocks(reply.content, revision), structured
    return ([] if value is UNSET else [TextBlock(text=text)]), structured


def _is_structured(value: Any, tool: Tool, revision: str) -> bool:
    """Whether the value goes into `structuredContent`.

    Legacy revisions allow objects.  Clients mistake a bare `0`, `false` or `null` for nothing, so a scalar is sent
    only where the tool declares what it returns, and with that promises to send it.
    """
    if isinstance(value, dict):
        return revision >= "2025-06-18"
    return revision == MODERN and (isinstance(value, list | tuple) or _declares_result(tool))


def _declares_result(tool: Tool) -> bool:
    return tool.plan.input.returns is not None


def _known_blocks(blocks: tuple[Block, ...], revision: str) -> Content:
    if revision >= "2025-06-18":
        return blocks
    return [_known_block(block, revision) for block in blocks]


def _known_block(block: Block, revision: str) -> Block:
    if isinstance(block, ResourceLinkBlock):
        return TextBlock(text=f"{block.title or block.name}: {block.uri}", annotations=block.annotations)
    if isinstance(block, AudioBlock) and revision < "2025-03-26":
        size = len(base64.b64decode(block.data)) if block.data else 0
        return TextBlock(text=f"[a sound of type {block.mimeType}, {size} bytes]", annotations=block.annotations)
    return block
