"""`/api/tokens`: make, list and revoke what clients call with; and the configuration to paste into them."""

from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.params import FromPath, RequestBody
from msgspec import Meta, Struct

from coordinator.access.tokens import Scope, TokenInfo
from coordinator.api.access import author_of
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.snippets import Snippet, snippets


class TokenIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to make."""

    label: Annotated[str, Meta(description="Who will use it: shown in lists and history.", max_length=100)]
    tools: Annotated[
        tuple[str, ...], Meta(description="The tools it may call, as names or patterns such as get_*; none is all.")
    ] = ()
    scopes: Annotated[tuple[Scope, ...], Meta(description="`tools` may call, `admin` may use /api as well.")] = (
        "tools",
    )
    expires: Annotated[
        int | None, Meta(description="When it ends, in milliseconds since the epoch; null is never.")
    ] = None


class TokenCreated(Struct, frozen=True, kw_only=True):
    """A new token, shown this once."""

    token: Annotated[str, Meta(description="The token itself; it cannot be shown again.")]
    info: Annotated[TokenInfo, Meta(description="What lists show of it.")]
    snippets: Annotated[tuple[Snippet, ...], Meta(description="Configuration to paste into clients.")]


class TokensOut(Struct, frozen=True, kw_only=True):
    """All tokens."""

    tokens: Annotated[list[TokenInfo], Meta(description="The newest first, revoked ones too.")]


class SnippetsOut(Struct, frozen=True, kw_only=True):
    """How to connect."""

    snippets: Annotated[tuple[Snippet, ...], Meta(description="Configuration to paste into clients.")]


class TokenController(Controller):
    """Tokens."""

    path = "/tokens"
    tags = ("tokens",)

    @get("/", operation_id="listTokens")
    async def list_tokens(self, services: GivenServices) -> TokensOut:
        """List all tokens, with when, from where and by which client they were last used."""
        return TokensOut(tokens=await services.tokens.list())

    @post("/", operation_id="createToken")
    async def create_token(
        self, services: GivenServices, principal: GivenPrincipal, data: RequestBody[TokenIn]
    ) -> TokenCreated:
        """Make a token that works at once.  The answer is the only place where it is ever shown."""
        expires = None if data.expires is None else data.expires / 1000
        made = await services.tokens.create(
            data.label, tools=data.tools, scopes=data.scopes, expires=expires, author=author_of(principal)
        )
        in_query = services.settings.token_in_query
        shown = snippets(services.base_url, made.token, token_in_query=in_query)
        return TokenCreated(token=made.token, info=made.info, snippets=shown)

    @delete("/{token:str}", operation_id="revokeToken", status_code=200)
    async def revoke_token(self, services: GivenServices, principal: GivenPrincipal, token: FromPath[str]) -> TokenInfo:
        """End a token, by its id, for good: when this returns, no call with it is let in."""
        return await services.tokens.revoke(token, author_of(principal))


@get("/snippets", operation_id="getSnippets", tags=["tokens"], sync_to_thread=False)
def get_snippets(services: GivenServices) -> SnippetsOut:
    """Return the configuration for clients, without a token in it."""
    return SnippetsOut(snippets=snippets(services.base_url))
