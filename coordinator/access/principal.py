"""Who calls, as the access check sees it: either a principal with its rights, or a refusal with the reason."""

from collections.abc import Callable

from msgspec import Struct

from flows.runs import Caller


class Principal(Struct, frozen=True, kw_only=True):
    """A caller who was let in.

    `tools` are globs on tool names; none means every tool.
    """

    caller: Caller
    tools: tuple[str, ...] = ()
    is_admin: bool = False

    @property
    def key(self) -> str:
        """What sets this caller apart from others: the token, or without tokens the address."""
        return self.caller.token_id or f"@{self.caller.address}"


class Refusal(Struct, frozen=True, kw_only=True):
    """A caller who was not let in.  `reason` is a sentence that says what is wrong and what to do."""

    reason: str
    had_token: bool


Identify = Callable[[str | None, str, str], Principal | Refusal]
"""Decide from the raw token, the peer's address and the client's own name.

Works in memory, without a query.  No token is let in only while authentication is off.
"""
