"""Decide what a tool replies with: the whole answer when it is small, else the fields that say most.

The fields of a trimmed answer stand in `vars.fields` of the flow, where a person can change them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from packs.openapi.notes import Skip
from packs.openapi.params import kinds_of
from packs.openapi.refs import Refs
from packs.openapi.samples import sample_of
from packs.openapi.schemas import Schemas

STEP: Final = "answer"
MAX_WHOLE: Final = 14
"""Fields of an answer that is replied with whole."""
MAX_FIELDS: Final = 16
MAX_RETURNS: Final = 10
ALL_FIELDS: Final = "*"
MAX_SAMPLE: Final = 5
_RESPONSE_NODES: Final = 600
_PAGES: Final = ("items", "data", "results", "values", "records", "entries")
# What names an object for a person, in the order of preference.
_NAMING: Final = ("login", "name", "full_name", "title", "displayName", "email", "dateTime", "summary", "key", "id")
# What tells most about an object whose description requires nothing.
_TELLING: Final = (
    *("id", "name", "number", "title", "summary", "status", "state", "type", "key", "email", "start", "end", "url"),
    *("html_url", "htmlLink", "webViewLink", "mimeType", "description", "created", "created_at", "updated"),
    *("updated_at", "createdTime", "modifiedTime", "size", "organizer", "creator", "owner", "user"),
)
_CLUTTER: Final = ("_url", "Url", "node_id", "etag", "gravatar_id", "kind")


@dataclass
class Answer:
    """The answer of an operation: the reply of the flow, and what else it needs for that."""

    reply: Any
    fields: list[str] = field(default_factory=list)
    returns: dict[str, Any] | None = None
    ok: int | None = None
    """The status to accept beside those below 300."""
    status: int = 200
    mock: dict[str, Any] = field(default_factory=dict)
    """What the answer holds beside its status in the flow's test, and `expected` what the flow then replies."""
    expected: Any = None


def read_answer(raw: Any, refs: Refs, schemas: Schemas, wanted: tuple[str, ...], place: str = "") -> Answer:
    """Read the responses of an operation.

    `wanted` are the fields to keep, `*` keeps all; `place` is the last word of the operation's path.
    """
    status, node = _success(raw, refs)
    if status.startswith("3"):
        return _redirect(int(status) if status.isdecimal() else None)
    media = _json_of(node.get("content"))
    code = int(status) if status.isdecimal() and 100 <= int(status) <= 599 else 200
    if media is None and not node.get("content"):
        return Answer({"status": f"${{{{ {STEP}.status }}}}"}, status=code, expected={"status": code})
    if media is None:
        return Answer(f"${{{{ {STEP}.body }}}}", status=code, mock={"body": "text"}, expected="text")
    try:
        schema = schemas.inline(media.get("schema"), "out", _RESPONSE_NODES)
    except Skip:
        schema = {}
    answer = _trimmed(schema, wanted, place)
    answer.status = code
    return answer


def _redirect(status: int | None) -> Answer:
    """Reply with the address that the answer leads to, such as that of a download."""
    place = "https://example.com/"
    reply = {"status": f"${{{{ {STEP}.status }}}}", "location": f'${{{{ get({STEP}.headers, "location") }}}}'}
    expected = {"status": status or 302, "location": place}
    return Answer(
        reply, ok=status or 302, status=status or 302, mock={"headers": {"location": place}}, expected=expected
    )


def _success(raw: Any, refs: Refs) -> tuple[str, dict[str, Any]]:
    """Return the response that means success: the lowest 2xx with JSON, else the lowest 2xx or 3xx, else `default`."""
    found: list[tuple[str, dict[str, Any]]] = []
    for status, each in sorted(raw.items()) if isinstance(raw, dict) else ():
        if status[:1] in ("2", "3") or status == "default":
            try:
                found.append((status, refs.resolve(each)))
            except Skip:
                found.append((status, {}))
    for one in found:
        if one[0].startswith("2") and _json_of(one[1].get("content")) is not None:
            return one
    found = [one for one in found if one[0] != "304"]
    return found[0] if found else ("200", {})


def _json_of(content: Any) -> Mapping[str, Any] | None:
    if isinstance(content, dict):
        for name, media in content.items():
            base = name.partition(";")[0].strip().lower()
            if (base in ("application/json", "*/*") or base.endswith("+json")) and isinstance(media, dict):
                return media
    return None


def _trimmed(schema: dict[str, Any], wanted: tuple[str, ...], place: str) -> Answer:
    body = f"{STEP}.body"
    if kinds_of(schema) == {"array"}:
        items = schema.get("items", {})
        fields = _fields(items, wanted)
        sample = [_sample(items, fields)]
        return Answer(
            {"items": _each(body, fields)}, fields, mock={"body": sample}, expected={"items": _kept(sample, fields)}
        )
    if listed := _listed(schema, place):
        return _page(schema, listed, wanted)
    fields = _fields(schema, wanted)
    one = _sample(schema, fields)
    reply = f"${{{{ {_picked(body)} }}}}" if fields else f"${{{{ {body} }}}}"
    expected = _kept([one], fields)[0]
    return Answer(reply, fields, None if fields else _returns(schema), mock={"body": one}, expected=expected)


def _page(schema: Mapping[str, Any], listed: str, wanted: tuple[str, ...]) -> Answer:
    """Reply with a page: its numbers and tokens as they are, and the kept fields of what it lists."""
    body, members = f"{STEP}.body", schema["properties"]
    items = members[listed].get("items", {})
    fields = _fields(items, wanted)
    others = [name for name, each in members.items() if _is_scalar(each) and _is_path(name) and _is_telling(name)]
    others = others[:MAX_FIELDS]
    reply = {name: f'${{{{ get({body}, "{name}") }}}}' for name in others}
    reply[listed] = _each(f'get({body}, "{listed}", [])', fields)
    sample = {name: sample_of(members[name]) for name in others}
    rows = [_sample(items, fields)]
    return Answer(
        reply, fields, mock={"body": {**sample, listed: rows}}, expected={**sample, listed: _kept(rows, fields)}
    )


def _each(items: str, fields: list[str]) -> str:
    return f"${{{{ [{_picked('each')} for each in {items}] }}}}" if fields else f"${{{{ {items} }}}}"


def _picked(value: str) -> str:
    return f"drop_null({{field: get({value}, field) for field in vars.fields}})"


def _listed(schema: Mapping[str, Any], place: str) -> str:
    """Return the member that is the page's list, when the answer is a page: called as pages call it, or the only one.

    `place` is the last word of the operation's path.
    """
    members = schema.get("properties", {})
    lists = [name for name, each in members.items() if "array" in kinds_of(each) and _members(each.get("items"))]
    lists = [name for name in lists if _is_path(name)]
    if named := [name for name in (*_PAGES, place) if name in lists]:
        return named[0]
    return lists[0] if len(lists) == 1 and len(members) <= MAX_WHOLE else ""


def _fields(schema: Any, wanted: tuple[str, ...]) -> list[str]:
    """Return the fields to keep; none means all."""
    members = _members(schema)
    if wanted:
        return [] if ALL_FIELDS in wanted else list(wanted)
    if _count(schema) <= MAX_WHOLE or kinds_of(schema) >= {"array", "object"}:
        return []
    scalars = [name for name, each in members.items() if _is_scalar(each) and _is_telling(name)]
    lists = [name for name, each in members.items() if "array" in kinds_of(each) and _is_scalar(each.get("items"))]
    nested = [
        f"{name}.{inner}"
        for name, each in members.items()
        if (inner := next((one for one in _NAMING if one in _members(each)), "")) and "array" not in kinds_of(each)
    ]
    required = list(schema.get("required", []))
    if "html_url" in scalars and "url" in scalars:
        scalars.remove("url")
    order = {name: index for index, name in enumerate(_TELLING)}
    scalars.sort(key=lambda name: (name not in required, order.get(name, len(order))))
    nested.sort(
        key=lambda name: (name.partition(".")[0] not in required, order.get(name.partition(".")[0], len(order)))
    )
    room = max(MAX_FIELDS - len(nested[:4]) - len(lists[:2]), 4)
    return [name for name in [*scalars[:room], *lists[:2], *nested[:4]] if _is_path(name.replace(".", ""))]


def _is_telling(name: str) -> bool:
    return name in ("html_url", "web_url") or not name.endswith(_CLUTTER)


def _is_path(name: str) -> bool:
    return name.isprintable() and not set(name) & set('."\\{}$') and 0 < len(name) <= 100


def _members(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, dict):
        return {}
    found = schema.get("properties")
    if isinstance(found, dict):
        return found
    return next((members for option in schema.get("anyOf", []) if (members := _members(option))), {})


def _count(schema: Any) -> int:
    """Count the fields of an answer, however deep."""
    if not isinstance(schema, dict):
        return 0
    inner = [*schema.get("properties", {}).values(), schema.get("items"), *schema.get("anyOf", [])]
    return len(schema.get("properties", {})) + sum(map(_count, inner))


def _is_scalar(schema: Any) -> bool:
    return bool(kinds := kinds_of(schema)) and not kinds & {"object", "array"}


def _returns(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Declare the result only where it is simple and promised: an object of required scalars."""
    members, required = schema.get("properties", {}), set(schema.get("required", []))
    if schema.get("type") != "object" or not 0 < len(members) <= MAX_RETURNS or not required:
        return None
    if not all(_is_scalar(each) and "anyOf" not in each for each in members.values()):
        return None
    kept = {
        name: {key: each[key] for key in ("type", "description") if key in each}
        for name, each in members.items()
        if name in required and "type" in each
    }
    return {"type": "object", "properties": kept} if kept else None


# -- an example ----------------------------------------------------------------------------------------------------


def _sample(schema: Any, fields: list[str]) -> Any:
    """Make an answer for a test that holds the fields that are kept, or all that are required."""
    if not fields:
        return sample_of(schema)
    result: dict[str, Any] = {}
    for name in dict.fromkeys((*fields[:MAX_SAMPLE], fields[-1])):
        place, inside, schema_of = result, name.split("."), schema
        for part in inside[:-1]:
            place = place.setdefault(part, {})
            schema_of = _members(schema_of).get(part, {})
        place[inside[-1]] = sample_of(_members(schema_of).get(inside[-1], {"type": "string"}))
    return result


def _kept(rows: list[Any], fields: list[str]) -> list[Any]:
    """Return what the flow keeps of these objects: the same as its expression does."""
    return (
        [{name: value for name in fields if (value := _at(row, name)) is not None} for row in rows] if fields else rows
    )


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
