"""What packs say of connections, and what connections consist of: one vocabulary."""

import msgspec
import pytest

from coordinator.connections import model
from packs.connections import AUTH_FIELDS, AUTH_SECRETS, AuthFields

FORMS = {form.__struct_config__.tag: form for form in model.Auth.__args__}


def test_packs_know_the_same_ways_to_sign_in_as_connections() -> None:
    assert AUTH_FIELDS.keys() == FORMS.keys() == AUTH_SECRETS.keys()


@pytest.mark.parametrize("name", FORMS)
def test_a_way_to_sign_in_has_the_same_fields_and_secrets_in_a_pack_as_in_a_connection(name: str) -> None:
    form = FORMS[name]

    assert set(AUTH_FIELDS[name]) == {field.encode_name for field in msgspec.structs.fields(form)}
    assert set(AUTH_FIELDS[name]) <= {field.encode_name for field in msgspec.structs.fields(AuthFields)}
    assert tuple(filter(None, [AUTH_SECRETS[str(name)]])) == model._SECRETS[form]
