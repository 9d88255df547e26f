"""`/api/settings`: the settings in force, without secrets, and changes of those that need no restart."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, get, patch
from litestar.params import RequestBody
from msgspec import Meta, Struct

from coordinator.api.access import author_of
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.services import Services
from coordinator.settings import declarations, describe_settings
from coordinator.settings_groups import GROUPS, SettingGroup, group_of
from coordinator.settings_sources import STORED

DEFAULT: Final = "default"


class SettingOut(Struct, frozen=True, kw_only=True):
    """One setting."""

    name: Annotated[str, Meta(description="Its name.")]
    value: Annotated[Any, Meta(description="Its value; passwords are replaced.")]
    default: Annotated[str, Meta(description="Its default, in words.")]
    type: Annotated[str, Meta(description="What fits, in words.")]
    description: Annotated[str, Meta(description="What it does.")]
    variable: Annotated[str, Meta(description="The environment variable that sets it.")]
    origin: Annotated[str, Meta(description="Where its value comes from.")]
    can_change: Annotated[bool, Meta(description="Whether it can be changed here, without a restart.")]
    group: Annotated[str, Meta(description="The id of the group that it belongs to.")]
    json_schema: Annotated[dict[str, Any], Meta(description="What fits, as JSON Schema, for a form.")]


class SettingsOut(Struct, frozen=True, kw_only=True):
    """All settings."""

    settings: Annotated[list[SettingOut], Meta(description="In the order of the reference.")]
    groups: Annotated[list[SettingGroup], Meta(description="The groups, in the order in which to show them.")]


class SettingsIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values."""

    values: Annotated[Mapping[str, Any], Meta(description="Values by name; null goes back to the default.")]


class SettingController(Controller):
    """Settings."""

    path = "/settings"
    tags = ("settings",)

    @get("/", operation_id="getSettings", sync_to_thread=False)
    def get_settings(self, services: GivenServices) -> SettingsOut:
        """Show all settings, without secrets."""
        return _settings_out(services)

    @patch("/", operation_id="changeSettings")
    async def change_settings(
        self, services: GivenServices, principal: GivenPrincipal, data: RequestBody[SettingsIn]
    ) -> SettingsOut:
        """Change settings that need no restart; they are in force when the call returns."""
        await services.live.change(data.values, author=author_of(principal))
        return _settings_out(services)


def _settings_out(services: Services) -> SettingsOut:
    values, origins = services.settings.shown(), services.live.origins
    return SettingsOut(
        settings=[
            SettingOut(
                name=doc.name,
                value=values[doc.name],
                default=doc.default,
                type=doc.type,
                description=doc.description,
                variable=doc.variable,
                origin=origins.get(doc.name, DEFAULT),
                can_change=doc.is_live and origins.get(doc.name, STORED) == STORED,
                group=group_of(doc.name).id,
                json_schema=_schema(doc.name),
            )
            for doc in describe_settings()
        ],
        groups=list(GROUPS),
    )


@cache
def _schema(name: str) -> dict[str, Any]:
    schema = msgspec.json.schema(declarations()[name])
    return {keyword: value for keyword, value in schema.items() if not keyword.startswith("x-")}
