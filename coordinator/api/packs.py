"""`/api/packs`: what packs there are, and every change of installs."""

from typing import Annotated, Any

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, RequestBody
from msgspec import Meta, Struct

from coordinator.api.access import author_of
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.packs.connecting import NewConnection
from coordinator.packs.icons import Icon
from coordinator.packs.sources import PackSource
from coordinator.packs.views import InstallOut, InstallVersionOut, PackDetails, PackSummary, Preview
from packs.install import Choices
from packs.schema import pack_schema

NEW_CONNECTIONS = Meta(description="Connections to make with it, by the pack's names of them: all of it or nothing.")


class PacksOut(Struct, frozen=True, kw_only=True):
    """The packs that can be installed by name."""

    packs: Annotated[list[PackSummary], Meta(description="The packs, by name.")]


class InstallsOut(Struct, frozen=True, kw_only=True):
    """All installs."""

    installs: Annotated[list[InstallOut], Meta(description="The installs, by name.")]


class InstallVersionsOut(Struct, frozen=True, kw_only=True):
    """The versions of an install."""

    versions: Annotated[list[InstallVersionOut], Meta(description="The newest first.")]


class InstallIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pack to install."""

    source: Annotated[PackSource, Meta(description="Which pack.")]
    name: Annotated[str, Meta(description="The name of the install; empty: that of the pack.", max_length=100)] = ""
    choices: Annotated[Choices | None, Meta(description="What is decided at install; null takes every default.")] = None
    new_connections: Annotated[dict[str, NewConnection], NEW_CONNECTIONS] = {}


class ChoicesIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other choices for an install."""

    choices: Annotated[Choices, Meta(description="All choices; what is left out takes its default.")]
    new_connections: Annotated[dict[str, NewConnection], NEW_CONNECTIONS] = {}


class UpgradeIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the other version of the pack comes from."""

    source: Annotated[PackSource | None, Meta(description="Null: the pack of the same name that is available.")] = None


class InstallRollbackIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version of an install to bring back."""

    number: Annotated[int, Meta(description="The version.", ge=1)]


@get("/pack-schema", operation_id="getPackSchema", tags=["packs"], sync_to_thread=False)
def get_pack_schema() -> dict[str, Any]:
    """Return the JSON Schema of `pack.yaml`, for editors and forms."""
    return pack_schema()


class PackDetailsIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pack to look at."""

    source: Annotated[PackSource, Meta(description="Which pack.")]


@post("/pack-details", operation_id="readPack", tags=["packs"], status_code=200)
async def read_pack(services: GivenServices, data: RequestBody[PackDetailsIn]) -> PackDetails:
    """Read what a pack of any source needs and brings, without installing it."""
    return await services.packs.read(data.source)


class PackController(Controller):
    """Packs."""

    path = "/packs"
    tags = ("packs",)

    @get("/", operation_id="listPacks")
    async def list_packs(self, services: GivenServices) -> PacksOut:
        """List the packs of the catalog and of installed distributions."""
        return PacksOut(packs=await services.packs.available())

    @get("/{name:str}", operation_id="getPack")
    async def get_pack(self, services: GivenServices, name: FromPath[str]) -> PackDetails:
        """Read what a pack needs and brings."""
        return await services.packs.details(name)

    @get("/{name:str}/icon", operation_id="getPackIcon", media_type="image/*")
    async def get_icon(self, services: GivenServices, name: FromPath[str]) -> Response[bytes]:
        """Read the icon of a pack.  It is an image and nothing else: no script in it runs."""
        return _image(await services.packs.icon(name))

    @post("/preview", operation_id="previewInstall", status_code=200)
    async def preview_install(self, services: GivenServices, data: RequestBody[InstallIn]) -> Preview:
        """Say what an install would bring, without making it."""
        return await services.packs.preview(data.source, data.name, data.choices or Choices(), data.new_connections)

    @get("/installs", operation_id="listInstalls")
    async def list_installs(self, services: GivenServices) -> InstallsOut:
        """List the installs."""
        return InstallsOut(installs=await services.packs.installs())

    @post("/installs", operation_id="installPack")
    async def install_pack(
        self, services: GivenServices, principal: GivenPrincipal, data: RequestBody[InstallIn]
    ) -> InstallOut:
        """Install a pack.  Its tools are live when this returns, unless something that they need is missing."""
        author = author_of(principal)
        choices = data.choices or Choices()
        return await services.packs.install(data.source, data.name, choices, data.new_connections, author=author)


class InstallController(Controller):
    """One install."""

    path = "/packs/installs/{name:str}"
    tags = ("packs",)

    @get("/", operation_id="getInstall")
    async def get_install(self, services: GivenServices, name: FromPath[str]) -> InstallOut:
        """Read an install: its tools, its choices, what is missing."""
        return await services.packs.get(name)

    @get("/pack", operation_id="getInstalledPack")
    async def get_pack(self, services: GivenServices, name: FromPath[str]) -> PackDetails:
        """Read what the pack of an install needs and brings, in the version that is installed."""
        return await services.packs.installed_details(name)

    @get("/icon", operation_id="getInstallIcon", media_type="image/*")
    async def get_icon(self, services: GivenServices, name: FromPath[str]) -> Response[bytes]:
        """Read the icon of the pack that is installed.  It is an image and nothing else."""
        return _image(await services.packs.install_icon(name))

    @put("/", operation_id="changeInstall")
    async def change_install(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str], data: RequestBody[ChoicesIn]
    ) -> InstallOut:
        """Give an install other choices."""
        author = author_of(principal)
        return await services.packs.change(name, data.choices, data.new_connections, author=author)

    @delete("/", operation_id="removeInstall", status_code=200)
    async def remove_install(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        name: FromPath[str],
        connections: FromQuery[bool] = False,
    ) -> InstallOut:
        """Remove an install with its tools and versions.  The answer is what it was.

        Connections stay, but `connections=true` takes those that nothing else uses.
        """
        return await services.packs.remove(name, with_connections=connections, author=author_of(principal))

    @post("/preview", operation_id="previewInstallChange", status_code=200)
    async def preview_change(
        self, services: GivenServices, name: FromPath[str], data: RequestBody[ChoicesIn]
    ) -> Preview:
        """Say what other choices would bring."""
        return await services.packs.preview_change(name, data.choices, data.new_connections)

    @post("/upgrade/preview", operation_id="previewUpgrade", status_code=200)
    async def preview_upgrade(
        self, services: GivenServices, name: FromPath[str], data: RequestBody[UpgradeIn]
    ) -> Preview:
        """Say what another version of the pack would change, tool by tool."""
        return await services.packs.preview_upgrade(name, data.source)

    @post("/upgrade", operation_id="upgradeInstall", status_code=200)
    async def upgrade(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str], data: RequestBody[UpgradeIn]
    ) -> InstallOut:
        """Take another version of the pack; choices and connections are kept."""
        return await services.packs.upgrade(name, data.source, author=author_of(principal))

    @get("/versions", operation_id="listInstallVersions")
    async def list_versions(self, services: GivenServices, name: FromPath[str]) -> InstallVersionsOut:
        """List the versions of an install."""
        return InstallVersionsOut(versions=await services.packs.versions(name))

    @post("/rollback", operation_id="rollbackInstall", status_code=200)
    async def rollback(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        name: FromPath[str],
        data: RequestBody[InstallRollbackIn],
    ) -> InstallOut:
        """Bring an old version of an install back, as a new one."""
        return await services.packs.rollback(name, data.number, author=author_of(principal))

    @post("/enable", operation_id="enableInstall", status_code=200)
    async def enable(self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str]) -> InstallOut:
        """Show the tools of an install again."""
        return await services.packs.set_enabled(name, True, author=author_of(principal))

    @post("/disable", operation_id="disableInstall", status_code=200)
    async def disable(self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str]) -> InstallOut:
        """Hide the tools of an install: they leave the list, and come back when it is enabled."""
        return await services.packs.set_enabled(name, False, author=author_of(principal))


def _image(icon: Icon) -> Response[bytes]:
    return Response(icon.content, media_type=icon.media_type)
