"""Small descriptions for tests, and what becomes of them."""

from pathlib import Path
from typing import Any

import msgspec

from packs.openapi import Choice, Generated, Options, Spec, SpecRefused, generate, read_spec

GITHUB = Path(__file__).with_name("github.json")
OK: dict[str, Any] = {"200": {"description": "Done."}}


def described(paths: dict[str, Any], version: str = "3.1.0", **more: Any) -> Spec:
    """Read a description with these paths."""
    document = {
        "openapi": version,
        "info": {"title": "Mill API"},
        "servers": [{"url": "https://mill.example/v1"}],
        "paths": paths,
        **more,
    }
    return read_spec(msgspec.json.encode(document))


def made(paths: dict[str, Any], version: str = "3.1.0", **more: Any) -> Generated:
    """Make a pack of a description with these paths."""
    return generate(described(paths, version, **more))


def flow_of(operation: dict[str, Any], path: str = "/sacks", method: str = "get", **more: Any) -> dict[str, Any]:
    """Return the flow of one operation, as it is read back."""
    operation = {"operationId": "doIt", "responses": OK, **operation}
    return only_flow(made({path: {method: operation}}, **more))


def only_flow(generated: Generated) -> dict[str, Any]:
    """Return the only flow of a pack, as it is read back."""
    from flows.source import read_source

    (text,) = [text for file, text in generated.files.items() if file.startswith("flows/")]
    source, problems = read_source(text)
    assert source is not None
    assert problems == []
    value: dict[str, Any] = source.value
    return value


def request_of(flow: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a flow's `http` step."""
    request: dict[str, Any] = flow["steps"][0]["http"]
    return request


def params_of(flow: dict[str, Any]) -> dict[str, Any]:
    """Return the declared params of a flow."""
    params: dict[str, Any] = flow["input"]["mcp_tool"].get("params", {})
    return params


def skipped(path: str, operation: dict[str, Any] | None = None, method: str = "get", **more: Any) -> str:
    """Return why the only operation of a description is skipped."""
    operation = {"responses": OK, **(operation or {})}
    try:
        generate(described({path: {method: operation}}, **more), Choice(), Options())
    except SpecRefused as refused:
        return refused.message.partition("skipped, because ")[2]
    return ""
