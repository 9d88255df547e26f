"""Reading a description: what is refused, and with which reason."""

import time

import msgspec
import pytest

from packs.openapi import SpecRefused, read_spec
from packs.openapi.reading import MAX_JSON_BYTES, MAX_YAML_BYTES

SMALL = b"openapi: 3.1.0\ninfo: {title: Mill}\npaths: {}\n"


def refusal(content: bytes) -> str:
    with pytest.raises(SpecRefused) as refused:
        read_spec(content)
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[]", "The description is not a mapping. Give an OpenAPI or a Discovery document."),
        (b"", "The description is not a mapping. Give an OpenAPI or a Discovery document."),
        (b"\xff\xfe", "The description is not UTF-8 text."),
        (b'{"swagger": "2.0"}', "This is OpenAPI 2.0 (Swagger). Convert it to OpenAPI 3 first."),
        (
            b"openapi: 4.0.0",
            "The document has `openapi: 4.0.0`. Give OpenAPI 3.0 or 3.1, or a Google Discovery document.",
        ),
        (b"a: 1", "The document has no `openapi:`. Give OpenAPI 3.0 or 3.1, or a Google Discovery document."),
        (b"openapi: 3.0.0", "The description has no paths."),
        (b"openapi: 3.0.0\npaths: []", "The description has no paths."),
        (b"a: 1\na: 2", "Line 2: the key 'a' is given twice."),
        (b"a: &x 1\nb: {<<: *x}", "Line 2: the merge key `<<` is not part of YAML 1.2."),
        (b"a: *x", "Line 1: the alias *x names nothing that is complete before it."),
        (b"a: &x [*x]", "Line 1: the alias *x names nothing that is complete before it."),
        (
            b"a: !!python/object/apply:os.system [ls]",
            "Line 1: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not read.",
        ),
        (b"? [a]\n: 1", "A key of the description is not text."),
        (b"a: 1\n---\nb: 2", "The description holds several YAML documents."),
        (b"a: 'x", "The description is not valid YAML in line 1."),
        (b"a: " + b"[" * 200 + b"]" * 200, "The description is nested more than 100 levels deep."),
    ],
)  # fmt: skip
def test_what_is_no_description_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    assert refusal(content) == reason


def test_json_that_is_nested_without_end_is_refused() -> None:
    assert refusal(b'{"a":' * 100_000).startswith("The description is ")


def test_a_description_that_is_too_large_is_refused() -> None:
    assert refusal(b"{" + b" " * MAX_JSON_BYTES) == (
        "The description is larger than 32 MiB. Use the variant with references, not the dereferenced one."
    )
    assert refusal(b"a" * (MAX_YAML_BYTES + 1)) == "The description is larger than 8 MiB. Convert it to JSON."


def test_a_bomb_of_aliases_is_refused_in_no_time() -> None:
    levels = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]".encode() for n in range(1, 12)]

    begun = time.process_time()
    said = refusal(b"\n".join(levels))

    assert said == "The description holds more than 1,000,000 values; an alias counts as all it stands for."
    assert time.process_time() - begun < 0.5


def test_yaml_is_read_as_yaml_1_2() -> None:
    spec = read_spec(SMALL + b"x-words: [no, 'yes', 0o17, ~, 1.5, &a {b: c}, *a]\nx-codes: {200: on}\n")

    assert spec.root["x-words"] == ["no", "yes", 15, None, 1.5, {"b": "c"}, {"b": "c"}]
    assert spec.root["x-codes"] == {"200": "on"}


def test_what_looks_like_json_but_is_yaml_is_read() -> None:
    assert read_spec(b"{openapi: 3.0.3, paths: {}}").kind == "OpenAPI 3.0"


def test_json_and_yaml_say_the_same() -> None:
    document = {"openapi": "3.1.0", "info": {"title": "Mill"}, "paths": {}}

    assert read_spec(msgspec.json.encode(document)).root == read_spec(SMALL).root == document
