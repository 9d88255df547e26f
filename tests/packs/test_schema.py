"""The JSON Schema of manifests: what editors complete and mark."""

from typing import Any

import jsonschema_rs
import pytest

from packs.schema import pack_schema

VALIDATOR = jsonschema_rs.Draft202012Validator(pack_schema())
HEAD = {"name": "mill", "title": "Mill", "version": "1.0.0", "description": "Grind."}


@pytest.mark.parametrize(
    ("auth", "is_right"),
    [
        ({"type": "bearer"}, True),
        ({"type": "api_key", "name": "X-Key", "place": "query"}, True),
        ({"type": "bearer", "name": "X-Key"}, False),
        ({"type": "oauth2_authorization_code", "preset": "google", "scopes": ["a"]}, True),
        ({"type": "oauth2_client_credentials", "preset": "google"}, False),
        ({"type": "oauth"}, False),
    ],
)
def test_a_way_to_sign_in_has_its_own_fields_and_no_others(auth: dict[str, Any], is_right: bool) -> None:
    manifest = HEAD | {"connections": {"shop": {"kind": "http", "auth": auth}}}

    assert VALIDATOR.is_valid(manifest) is is_right


@pytest.mark.parametrize(
    ("more", "is_right"),
    [
        ({"enabled": {"write": "${{ vars.on }}", "read": True}}, True),
        ({"enabled": {"write": "vars.on"}}, False),
        ({"variables": {"on": "boolean"}}, True),
        ({"titel": "Mill"}, False),
        ({"connections": {"shop": {"kind": "http", "settings": {"shop": {"pattern": "[a-z]+"}}}}}, True),
    ],
)
def test_a_manifest_has_what_the_schema_says(more: dict[str, Any], is_right: bool) -> None:
    assert VALIDATOR.is_valid(HEAD | more) is is_right
