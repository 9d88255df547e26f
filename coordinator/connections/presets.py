"""Know where well-known OAuth providers are.  Any other one is a matter of configuration.

Source: the providers' public documentation, as of 2026; a provider that moves is corrected with `authorize_url` and
`token_url` of the connection.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

AUTHORIZATION: Final = "Authorization"
FORM: Final = "form"
_VALUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


class Preset(Struct, frozen=True, kw_only=True):
    """What is known of a provider.  `{shop}` in an address is asked of whoever makes the connection."""

    title: str
    base_url: str
    authorize_url: str
    token_url: str
    authorize_params: Mapping[str, str] = {}
    scope_separator: str = " "
    client_auth: str = "body"
    token_body: str = FORM
    token_header: str = AUTHORIZATION
    asks: tuple[str, ...] = ()
    help_url: str = ""

    def filled(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Return the fields of a connection that this preset knows.  Raises ValueError."""
        for name in self.asks:
            if not _VALUE.fullmatch(values.get(name, "")):
                raise ValueError(f"{self.title} asks for `{name}` under `preset_values`: letters, digits and dashes.")
        fill = {name: values[name] for name in self.asks}
        return {
            "authorize_url": self.authorize_url.format(**fill),
            "token_url": self.token_url.format(**fill),
            "authorize_params": self.authorize_params,
            "scope_separator": self.scope_separator,
            "client_auth": self.client_auth,
            "token_body": self.token_body,
            "token_header": self.token_header,
        }


PRESETS: Final[Mapping[str, Preset]] = {
    "google": Preset(
        title="Google",
        base_url="https://www.googleapis.com",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106  an address
        authorize_params={"access_type": "offline", "prompt": "consent"},
        help_url="https://console.cloud.google.com/apis/credentials",
    ),
    "github": Preset(
        title="GitHub",
        base_url="https://api.github.com",
        authorize_url="https://github.com/login/oauth/authorize",
        token_url="https://github.com/login/oauth/access_token",  # noqa: S106
        help_url="https://github.com/settings/developers",
    ),
    "gitlab": Preset(
        title="GitLab",
        base_url="https://gitlab.com/api/v4",
        authorize_url="https://gitlab.com/oauth/authorize",
        token_url="https://gitlab.com/oauth/token",  # noqa: S106
        help_url="https://gitlab.com/-/user_settings/applications",
    ),
    "slack": Preset(
        title="Slack",
        base_url="https://slack.com/api",
        authorize_url="https://slack.com/oauth/v2/authorize",
        token_url="https://slack.com/api/oauth.v2.access",  # noqa: S106
        scope_separator=",",
        help_url="https://api.slack.com/apps",
    ),
    "shopify": Preset(
        title="Shopify",
        base_url="https://{shop}.myshopify.com/admin/api",
        authorize_url="https://{shop}.myshopify.com/admin/oauth/authorize",
        token_url="https://{shop}.myshopify.com/admin/oauth/access_token",  # noqa: S106
        scope_separator=",",
        token_header="X-Shopify-Access-Token",  # noqa: S106
        asks=("shop",),
        help_url="https://partners.shopify.com",
    ),
    "microsoft": Preset(
        title="Microsoft",
        base_url="https://graph.microsoft.com/v1.0",
        authorize_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106
        asks=("tenant",),
        help_url="https://entra.microsoft.com",
    ),
    "notion": Preset(
        title="Notion",
        base_url="https://api.notion.com/v1",
        authorize_url="https://api.notion.com/v1/oauth/authorize",
        token_url="https://api.notion.com/v1/oauth/token",  # noqa: S106
        authorize_params={"owner": "user"},
        client_auth="basic",
        token_body="json",  # noqa: S106
        help_url="https://www.notion.so/my-integrations",
    ),
    "linear": Preset(
        title="Linear",
        base_url="https://api.linear.app",
        authorize_url="https://linear.app/oauth/authorize",
        token_url="https://api.linear.app/oauth/token",  # noqa: S106
        scope_separator=",",
        help_url="https://linear.app/settings/api",
    ),
    "dropbox": Preset(
        title="Dropbox",
        base_url="https://api.dropboxapi.com/2",
        authorize_url="https://www.dropbox.com/oauth2/authorize",
        token_url="https://api.dropboxapi.com/oauth2/token",  # noqa: S106
        authorize_params={"token_access_type": "offline"},
        help_url="https://www.dropbox.com/developers/apps",
    ),
    "hubspot": Preset(
        title="HubSpot",
        base_url="https://api.hubapi.com",
        authorize_url="https://app.hubspot.com/oauth/authorize",
        token_url="https://api.hubapi.com/oauth/v1/token",  # noqa: S106
        help_url="https://developers.hubspot.com",
    ),
}
