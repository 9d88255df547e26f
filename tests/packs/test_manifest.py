"""`pack.yaml`: what it may say, and where it is wrong."""

import pytest

from packs.manifest import prefix_of, read_manifest
from tests.packs.support import MANIFEST

HEAD = "name: mill\ntitle: Mill\nversion: 1.0.0\ndescription: Grind.\n"


def problems_of(text: str) -> list[str]:
    """Read a manifest and return its problems as text."""
    return [str(problem) for problem in read_manifest(text)[2]]


def test_a_manifest_is_read_with_its_defaults() -> None:
    manifest, _, problems = read_manifest(MANIFEST)

    assert problems == []
    assert manifest is not None
    assert manifest.connections["store"].kind == "sql"
    assert manifest.connections["store"].required
    assert manifest.groups == {"read": ["count_sacks"], "write": ["grind"]}
    assert manifest.headrace == ">=0.1"
    assert manifest.default_prefix == "mill_"


def test_all_that_is_wrong_is_said_at_once_each_at_its_place() -> None:
    text = "name: My Mill\ntitel: Mill\nversion: 1.0\ndescription: Grind.\nconnections:\n  store: {kind: ftp}\n"

    assert problems_of(text) == [
        "pack.yaml:1:7: The text does not fit the pattern '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'.   [flow.wrong-value]",
        "pack.yaml:2:1: Unknown key 'titel'. Did you mean 'title'?   [flow.unknown-key]",
        "pack.yaml:3:10: Expected text, got a number.   [flow.wrong-value]",
        "pack.yaml:6:17: Invalid enum value 'ftp'.   [flow.wrong-value]",
        "pack.yaml:1:1: The key 'title' is missing.   [flow.missing-key]",
    ]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            "connections: {a: {kind: sql, description: D., base_url: 'https://a.example'}}",
            "5:47: `base_url` is for connections of the kind `http`; this one is `sql`.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: values, description: D.}}",
            "5:15: A connection of the kind `values` says under `values` what it asks for.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: http, description: D., base_url: a.example}}",
            "5:58: An address starts with https:// or http://, written out.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: http, description: D., auth: {type: api_key}}}",
            "5:54: Say under `name` which header, or which pair of the query, takes the API key.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: http, description: D., auth: {type: basic, name: X}}}",
            "5:68: `name` is for `api_key`; this is `basic`.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: http, description: D., auth: {type: bearer, scopes: [x]}}}",
            "5:69: `scopes` is for `oauth2_client_credentials` or `oauth2_authorization_code`; this is `bearer`.   "
            "[pack.connection]",
        ),
        (
            "connections: {a: {kind: http, description: D., base_url: 'https://{shop}.a.example'}}",
            "5:58: Declare 'shop' under `settings` of the connection.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: http, description: D., settings: {shop: {description: D.}}}}",
            "5:59: No address of the connection has {shop}.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: http, description: D., base_url: 'https://{shop}/x', "
            "settings: {shop: {description: D., pattern: '(?=a)'}}}}",
            "5:122: The pattern is not valid: invalid perl operator: (?=. The syntax is RE2's: no lookaround, no "
            "backreferences.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: http, description: D., base_url: 'https://{shop}/x', "
            "settings: {shop: {description: D., pattern: '[a-z]+', example: A}}}}",
            "5:141: The example does not fit the pattern.   [pack.connection]",
        ),
        (
            "connections: {a: {kind: sql}}",
            "5:15: warning: Say in `description` what to supply for 'a' and where to find it.   [pack.undescribed]",
        ),
        (
            "variables: {load: {type: integre, description: D.}}",
            "5:26: Param 'load' has the unknown type 'integre'. Did you mean 'integer'?   [pack.variable]",
        ),
        (
            "variables: {load: integer}",
            "5:13: warning: Say in `description` what the variable 'load' is for.   [pack.undescribed]",
        ),
        (
            "variables: {load: {type: integer, default: much, description: D.}}",
            '5:44: The default does not fit. Argument `load`: "much" is not of type "integer".   [pack.variable]',
        ),
        (
            "enabled: {write: '${{ vars.wirte }}'}\nvariables: {write: {type: boolean, description: D.}}",
            "5:23: There is no variable 'wirte'. Did you mean 'write'?   [flow.unknown-name]",
        ),
        (
            "enabled: {write: '${{ connections.a and args.x }}'}\nconnections: {a: {kind: sql, description: D.}}",
            "5:41: Unknown name 'args'. Did you mean 'vars'?   [flow.unknown-name]",
        ),
        (
            "enabled: {write: vars.write}",
            "5:18: A condition is one expression, for example `${{ args.n > 0 }}`.   [flow.not-an-expression]",
        ),
        (
            "prefix: Mill",
            "5:9: The text does not fit the pattern '^([a-z][a-z0-9_]*)?$'.   [flow.wrong-value]",
        ),
    ],
)
def test_what_cannot_be_used_is_a_problem_at_its_place(more: str, problem: str) -> None:
    assert problems_of(HEAD + more) == [f"pack.yaml:{problem}"]


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("weather", "weather_"), ("google-calendar", "google_calendar_"), ("a" * 40, "a" * 23 + "_")],
)
def test_a_prefix_is_made_of_the_name_of_an_install(name: str, prefix: str) -> None:
    assert prefix_of(name) == prefix
