"""Refuse a body that is no JSON text before a handler reads it.  Raises the errors of the framework.

That a body must be declared as JSON is also what keeps forms and scripts of other pages out: a browser sends that
type to another origin only after asking, and `/api` never says yes.  Source: Fetch standard, CORS-preflight fetch.
"""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException, HTTPException

from coordinator.mcp.envelope import MAX_DEPTH, is_too_deep

JSON_TYPE = "application/json"


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Read the body and let it pass, or raise 400 or 415."""
    if not has_body(request):
        return
    body = await request.body()
    if not body:
        return
    if not is_json(request):
        raise HTTPException(status_code=415, detail=f"The Content-Type of a body is {JSON_TYPE}.")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise ClientException(f"The body is not UTF-8, from byte {error.start} on.") from error
    if is_too_deep(body):
        raise ClientException(f"The body nests deeper than {MAX_DEPTH} levels.")


def has_body(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a request says that it brings a body."""
    return connection.headers.get("content-length", "0") != "0" or "transfer-encoding" in connection.headers


def is_json(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a request declares JSON."""
    return connection.headers.get("content-type", "").partition(";")[0].strip().lower() == JSON_TYPE
