"""`/api/secrets`: what may be done with all secrets together.  There is no way to read one."""

from typing import Annotated

from litestar import post
from msgspec import Meta, Struct

from coordinator.api.given import GivenServices


class RotationOut(Struct, frozen=True, kw_only=True):
    """What a rotation of the vault's key did."""

    key: Annotated[str, Meta(description="The id of the key that seals everything now.")]
    secrets: Annotated[int, Meta(description="How many secrets were sealed anew.")]
    is_finished: Annotated[bool, Meta(description="Whether the old keys are gone, too.")]


@post("/secrets/rotate-key", operation_id="rotateVaultKey", tags=["connections"], status_code=200)
async def rotate_key(services: GivenServices) -> RotationOut:
    """Encrypt every secret with a new key and forget the old one; goes on where an interrupted rotation stopped."""
    done = await services.vault.rotate()
    return RotationOut(key=done.key, secrets=done.secrets, is_finished=done.is_finished)
