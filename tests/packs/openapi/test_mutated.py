"""Descriptions that somebody damaged: a pack that is sound, or a reason; never a crash."""

import copy
import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from packs.loader import read_pack
from packs.openapi import SpecRefused, generate, read_spec
from tests.packs.openapi.support import GITHUB

WHOLE = msgspec.json.decode(GITHUB.read_bytes())
PATHS = ("/repos/{owner}/{repo}/issues/{issue_number}/labels", "/repos/{owner}/{repo}/pulls/{pull_number}/merge")
SCHEMAS = ("issue", "label", "pull-request-merge-result", "simple-user", "milestone")
DOCUMENT = {
    **WHOLE,
    "paths": {path: WHOLE["paths"][path] for path in PATHS},
    "components": {
        "parameters": WHOLE["components"]["parameters"],
        "schemas": {name: WHOLE["components"]["schemas"].get(name, {}) for name in SCHEMAS},
    },
}
DISCOVERY: dict[str, Any] = {
    "kind": "discovery#restDescription",
    "title": "Mill API",
    "rootUrl": "https://mill.example/",
    "servicePath": "v1/",
    "auth": {"oauth2": {"scopes": {"https://mill.example/auth": {"description": "All"}}}},
    "schemas": {"Sack": {"type": "object", "properties": {"id": {"type": "string"}, "in": {"$ref": "Sack"}}}},
    "resources": {
        "sacks": {
            "methods": {
                "get": {
                    "id": "mill.sacks.get",
                    "path": "{+name}",
                    "flatPath": "sacks/{sacksId}",
                    "httpMethod": "GET",
                    "parameters": {"name": {"location": "path", "type": "string", "required": True}},
                    "response": {"$ref": "Sack"},
                    "scopes": ["https://mill.example/auth"],
                },
                "insert": {
                    "id": "mill.sacks.insert",
                    "path": "sacks",
                    "httpMethod": "POST",
                    "parameters": {"n": {"location": "query", "type": "integer", "minimum": "1", "default": "2"}},
                    "request": {"$ref": "Sack"},
                },
            }
        }
    },
}
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, "", "x", "${{ vars.x }}", "#/components", "https://evil.example/x", "//", "../.."),
    "\x00\u202e",
    *([], {}, [[]], [{}], {"": {}}, {"$ref": "#/components/schemas/issue"}, {"$ref": "#/paths"}, {"type": ["array"]}),
    *({"type": "array"}, {"allOf": [{}]}, {"oneOf": [1]}, {"enum": [[]]}, {"properties": []}, {"required": True}),
)  # fmt: skip


def places_of(document: Any) -> list[tuple[Any, Any]]:
    """Return every container of a document with each key of it."""
    found, waiting = [], [document]
    while waiting:
        node = waiting.pop()
        children = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
        found += [(node, key) for key, _ in children]
        waiting += [child for _, child in children]
    return found


def damaged(document: dict[str, Any], seed: int, times: int, odd: list[Any]) -> dict[str, Any]:
    """Return a copy of a document, some of its values replaced or moved elsewhere."""
    choose, result = random.Random(seed), copy.deepcopy(document)
    for value in odd[:times]:
        node, key = choose.choice(places_of(result))
        if choose.random() < 0.3:
            other, place = choose.choice(places_of(document))
            value = other[place]
        node[key] = copy.deepcopy(value)
    return result


def check(document: dict[str, Any]) -> None:
    try:
        generated = generate(read_spec(msgspec.json.encode(document)))
    except SpecRefused:
        return
    pack, problems = read_pack({file: text.encode() for file, text in generated.files.items()})
    assert pack is not None, [problem for problem in problems if problem.severity == "error"]
    assert all(note.message.endswith((".", ")")) for note in generated.notes)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32), st.lists(st.sampled_from(ODD), min_size=1, max_size=12))
def test_a_damaged_description_gives_a_sound_pack_or_a_reason(seed: int, odd: list[Any]) -> None:
    check(damaged(DOCUMENT, seed, len(odd), odd))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32), st.lists(st.sampled_from(ODD), max_size=4))
def test_a_damaged_discovery_document_gives_a_sound_pack_or_a_reason(seed: int, odd: list[Any]) -> None:
    check(damaged(DISCOVERY, seed, len(odd), odd))


def test_a_discovery_document_becomes_a_pack_with_its_connection() -> None:
    generated = generate(read_spec(msgspec.json.encode(DISCOVERY)))

    assert "auth: {type: oauth2_authorization_code, preset: google, scopes: [" in generated.files["pack.yaml"]
    assert "path: /sacks/${{ args.sacksId }}\n" in generated.files["flows/get_sack.yaml"]
    assert "n: {type: integer, default: 2, minimum: 1, description: N.}" in generated.files["flows/insert_sack.yaml"]
