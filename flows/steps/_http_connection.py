"""What a connection adds to a request of the `http` step, and what it keeps from leaving.

The request begins with the connection's URL and stays below it.  The connection's credentials replace whatever the
author of the flow wrote in their place, and go nowhere else; where they come back, they are masked.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec.structs import replace
from yarl import URL

from flows.connections import Connection, longest_first, masked
from flows.errors import StepError
from flows.sdk import NetworkPolicy
from flows.steps._http_client import Request
from flows.urls import add_query, is_below, without_pairs

ValueT = TypeVar("ValueT")

OPEN_POLICY = NetworkPolicy(allow_loopback=True, allow_private=True)


class TokenRefused(Exception):
    """The other side answered 401 to a token that may have ended early."""


def with_credentials(request: Request, connection: Connection) -> Request:
    """Return the request as the service knows us; credentials of the author's give way."""
    own = {name.lower() for name in connection.headers}
    if connection.has_auth:
        own.add("authorization")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in own}
    url = str(request.url)
    if connection.query:
        url = add_query(without_pairs(url, connection.query), connection.query)
    return replace(request, url=URL(url, encoded=True), headers={**headers, **connection.headers})


def is_inside(request: Request, connection: Connection) -> bool:
    """Whether the request goes to the connection's own service."""
    return is_below(connection.url, str(request.url))


def policy_for(request: Request, connection: Connection | None, policy: NetworkPolicy) -> NetworkPolicy:
    """Return where the request may connect to: further than others, where the connection itself leads there."""
    if connection is not None and connection.allow_private and is_inside(request, connection):
        return OPEN_POLICY
    return policy


def masks_for(connection: Connection | None, secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Return what to mask in what comes back: the secrets of the connection, and those that the flow put in."""
    if connection is None:
        return secrets
    return longest_first({*connection.masks, *secrets}) if secrets else connection.masks


def without_secrets(value: ValueT, masks: tuple[str, ...]) -> ValueT:
    """Return a value that came back without secrets."""
    if not masks:
        return value
    cleaned: ValueT = _masked_value(value, masks)
    return cleaned


def masked_failure(error: StepError, masks: tuple[str, ...]) -> StepError:
    """Take secrets out of an error."""
    error.message = masked(error.message, masks)
    error.fix = masked(error.fix, masks)
    error.args = (error.message,)
    return error


def _masked_value(value: Any, masks: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return masked(value, masks)
    if isinstance(value, Mapping):
        return {masked(key, masks): _masked_value(item, masks) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked_value(item, masks) for item in value]
    return value
