"""The names and numbers of the protocol.  Source: MCP specification, revisions 2024-11-05 to 2026-07-28."""

from typing import Final, get_args

from flows.events import LogLevel

MODERN: Final = "2026-07-28"
NEWEST_LEGACY: Final = "2025-11-25"
BATCHING: Final = "2025-03-26"
"""The only revision with JSON-RPC batches."""
LEGACY: Final = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
SUPPORTED: Final = (MODERN, *LEGACY)

META_PREFIX: Final = "io.modelcontextprotocol/"
META_VERSION: Final = META_PREFIX + "protocolVersion"
META_CLIENT_CAPABILITIES: Final = META_PREFIX + "clientCapabilities"
META_LOG_LEVEL: Final = META_PREFIX + "logLevel"
META_SERVER_INFO: Final = META_PREFIX + "serverInfo"
META_SUBSCRIPTION_ID: Final = META_PREFIX + "subscriptionId"

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022
# Our own codes stand outside the range that JSON-RPC reserves.
UNAUTHORIZED: Final = -31401
BUSY: Final = -31429

LOG_LEVELS: Final[tuple[str, ...]] = get_args(LogLevel)
TOOLS_TTL_MS: Final = 5000
"""How long clients may keep a list; equals the interval of the resync."""
