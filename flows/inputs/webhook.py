"""Input `webhook`: another server starts the flow with an HTTP request."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from flows.inputs._durable import RunRetries
from flows.sdk import ConnectionName, Duration, Example, Finding, flow_input

PATH: Final = r"^/[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$"
HEADER: Final = r"^[A-Za-z0-9-]{1,64}$"
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
PLACEHOLDERS: Final = frozenset({"body", "timestamp"})
SEEN: Final = {
    "method": {"type": "string", "default": "POST", "description": "The method of the request."},
    "headers": {"type": "object", "default": {}, "description": "Its headers, by lower-case name."},
    "query": {"type": "object", "default": {}, "description": "Its query: text by name, a list where one repeats."},
    "body": {
        "default": None,
        "description": "Its body: JSON and forms as values, else text; `{base64: ...}` if binary.",
    },
}
"""What the flow sees of a request as `args`."""

ALWAYS_WITHHELD: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
HeaderName = Annotated[str, Meta(pattern=HEADER)]


class HookTimestamp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the request says when it was signed, in seconds since 1970, so that an old one cannot be sent again."""

    header: Annotated[HeaderName | UnsetType, Meta(description="The header that holds it.")] = UNSET
    part: Annotated[
        str | UnsetType, Meta(description="Its key inside the signature's header, such as `t` in `t=1,v1=2`.")
    ] = UNSET
    tolerance: Annotated[Duration, Meta(description="How far it may lie from now.")] = 300.0


class HookSignature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HMAC over the request, made with a secret that the sender knows too."""

    connection: Annotated[ConnectionName, Meta(description="The connection of kind `values` that holds the secret.")]
    value: Annotated[str, Meta(description="The name of the secret among the values.")] = "secret"
    header: Annotated[HeaderName, Meta(description="The header that holds the signature.")]
    algorithm: Annotated[Literal["sha256", "sha1", "sha512"], Meta(description="The hash of the HMAC.")] = "sha256"
    encoding: Annotated[Literal["hex", "base64"], Meta(description="How the signature is written.")] = "hex"
    prefix: Annotated[str, Meta(description="What stands before it, such as `sha256=`.")] = ""
    part: Annotated[
        str | UnsetType, Meta(description="Its key when the header holds several, such as `v1` in `t=1,v1=2`.")
    ] = UNSET
    signs: Annotated[
        str,
        Meta(description="What is signed: text with `{body}`, `{timestamp}` and the names of headers in braces."),
    ] = "{body}"
    timestamp: Annotated[HookTimestamp | UnsetType, Meta(description="When the request was signed.")] = UNSET
    value_encoding: Annotated[
        Literal["text", "base64"], Meta(description="How the secret is written; `whsec_` before base64 is left out.")
    ] = "text"


class HookToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret that the sender shows with every request."""

    connection: Annotated[ConnectionName, Meta(description="The connection of kind `values` that holds the token.")]
    value: Annotated[str, Meta(description="The name of the token among the values.")] = "token"
    header: Annotated[HeaderName, Meta(description="The header that shows it; `Bearer ` before it is left out.")] = (
        "Authorization"
    )


EXAMPLES = (
    Example(
        title="Pushes of a GitHub repository",
        config={
            "path": "/github",
            "signature": {"connection": "github_hook", "header": "X-Hub-Signature-256", "prefix": "sha256="},
            "idempotency_key": ["X-GitHub-Delivery"],
        },
    ),
    Example(
        title="Events of Stripe, signed with their time",
        config={
            "path": "/stripe",
            "signature": {
                "connection": "stripe_hook",
                "header": "Stripe-Signature",
                "part": "v1",
                "signs": "{timestamp}.{body}",
                "timestamp": {"part": "t"},
            },
        },
    ),
    Example(
        title="A request with a token that waits for the answer",
        config={"path": "/lookup", "methods": ["GET"], "token": {"connection": "partner"}, "reply": "result"},
    ),
)


def hook_arguments(_config: "WebhookInput") -> Mapping[str, Any]:
    """Return the schema of what the flow sees as `args`."""
    return {"type": "object", "properties": SEEN, "additionalProperties": False}


def check_hook(config: "WebhookInput") -> Iterator[Finding]:
    """Report a signature that could not be checked as it is declared."""
    if not config.methods:
        yield ("methods",), "Name at least one method."
    if config.signature is not UNSET:
        for path, message in _check_signature(config.signature):
            yield ("signature", *path), message


def _check_signature(signature: HookSignature) -> Iterator[Finding]:
    used = {name.lower() for name in PLACEHOLDER.findall(signature.signs)}
    if "body" not in used:
        yield (
            ("signs",),
            "What is signed holds `{body}`, else any body could be sent with a signature that was seen once.",
        )
    if unknown := [name for name in used - PLACEHOLDERS if not re.fullmatch(HEADER, name)]:
        yield ("signs",), f"`{{{unknown[0]}}}` is neither body, timestamp nor the name of a header."
    stamp = signature.timestamp
    if stamp is UNSET:
        if "timestamp" in used:
            yield ("signs",), "`{timestamp}` needs `timestamp:`, which says where the request holds it."
        return
    if "timestamp" not in used:
        yield ("timestamp",), "A timestamp that is not signed protects nothing; add `{timestamp}` to `signs`."
    if (stamp.header is UNSET) == (stamp.part is UNSET):
        yield ("timestamp",), "A timestamp has either `header` or `part`."


class WebhookInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another server starts the flow with a request to `/hooks/...`.

    The flow sees it as `args.method`, `args.headers`, `args.query` and `args.body`.
    The request is answered 202 with the id of the run once that is safely stored, or with `reply: result` by the
    flow's reply.
    """

    path: Annotated[
        Annotated[str, Meta(pattern=PATH, max_length=200)],
        Meta(description="The path below `/hooks`; for a flow of a pack, below `/hooks/<install>`."),
    ]
    methods: Annotated[tuple[Method, ...], Meta(description="The methods that are taken.")] = ("POST",)
    signature: Annotated[HookSignature | UnsetType, Meta(description="An HMAC that every request must carry.")] = UNSET
    token: Annotated[HookToken | UnsetType, Meta(description="A secret that every request must show.")] = UNSET
    idempotency_key: Annotated[
        tuple[HeaderName, ...],
        Meta(description="Headers that may name a delivery: one that was seen within a day does not run again."),
    ] = ("Idempotency-Key",)
    max_body: Annotated[int, Meta(description="The largest body, in bytes.", ge=0, le=16 * 1024 * 1024)] = 1024 * 1024
    rate: Annotated[int, Meta(description="How many requests a minute are taken.", ge=1, le=1_000_000)] = 600
    reply: Annotated[
        Literal["accepted", "result"],
        Meta(description="Answer at once that the run is accepted, or wait for its result."),
    ] = "accepted"
    wait: Annotated[
        Duration, Meta(description="How long `reply: result` waits; a run that takes longer goes on, answered by 202.")
    ] = 30.0
    retries: Annotated[RunRetries, Meta(description="Try a run that failed again.")] = RunRetries()

    @property
    def is_open(self) -> bool:
        """Whether anybody who knows the address can start the flow."""
        return self.signature is UNSET and self.token is UNSET

    @property
    def leaves_queries_unsigned(self) -> bool:
        """Whether a signature is all that is asked of requests that say everything in their query."""
        return self.signature is not UNSET and self.token is UNSET and "GET" in self.methods

    @property
    def withheld(self) -> frozenset[str]:
        """The headers that are for this server only: the flow and the history do not see them."""
        proofs = (proof for proof in (self.token, self.signature) if proof is not UNSET)
        return ALWAYS_WITHHELD | {proof.header.lower() for proof in proofs}


WEBHOOK = flow_input("webhook", examples=EXAMPLES, arguments=hook_arguments, check=check_hook)(WebhookInput)
