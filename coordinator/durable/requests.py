"""Turn a request to a webhook into what the flow sees of it.  Raises InputRejected; touches no I/O."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from coordinator.mcp.envelope import MAX_DEPTH, is_too_deep
from flows.errors import InputRejected

MAX_PAIRS: Final = 1000
FORM: Final = "application/x-www-form-urlencoded"


def seen_args(
    method: str, headers: Mapping[str, str], query: bytes, body: bytes, withheld: Iterable[str]
) -> dict[str, Any]:
    """Return the arguments of the run: method, headers without what is for this server alone, query, body."""
    shown = {name: value for name, value in headers.items() if name not in withheld}
    return {
        "method": method,
        "headers": shown,
        "query": _pairs(query.decode("latin-1"), "query"),
        "body": _body(headers.get("content-type", ""), body),
    }


def _body(content_type: str, body: bytes) -> Any:
    if not body:
        return None
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return _json(body)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
    return _pairs(text, "form") if media_type == FORM else text


def _json(body: bytes) -> Any:
    if is_too_deep(body):
        raise InputRejected(f"The body nests deeper than {MAX_DEPTH} levels.")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputRejected(f"The body is not JSON: {error}.") from error


def _pairs(text: str, what: str) -> dict[str, Any]:
    """Return names and values; a name that repeats has a list of them."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PAIRS)
    except ValueError as error:
        raise InputRejected(f"The {what} has more than {MAX_PAIRS} fields.") from error
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
