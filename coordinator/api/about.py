"""`/api/about`: what this installation is made of."""

from typing import Annotated

from litestar import get
from msgspec import Meta, Struct

from coordinator.about import Library, PageLibrary, libraries, page_libraries, python_version
from coordinator.api.given import GivenServices
from coordinator.mcp.protocol import SUPPORTED
from coordinator.pages.files import STATIC
from coordinator.version import VERSION


class AboutOut(Struct, frozen=True, kw_only=True):
    """What this installation is made of."""

    name: Annotated[str, Meta(description="`Headrace`.")]
    version: Annotated[str, Meta(description="Its version.")]
    python: Annotated[str, Meta(description="What runs it.")]
    database: Annotated[str, Meta(description="Where state is kept: the kind of database.")]
    mcp_revisions: Annotated[list[str], Meta(description="The revisions of MCP that are spoken, the newest first.")]
    libraries: Annotated[list[Library], Meta(description="What it uses, with the licence of each, by name.")]
    page_libraries: Annotated[
        list[PageLibrary], Meta(description="What the built web pages contain, with the text of each licence, by name.")
    ]


@get("/about", operation_id="getAbout", tags=["status"], sync_to_thread=True)
def get_about(services: GivenServices) -> AboutOut:
    """Show the versions of everything, and the licences."""
    return AboutOut(
        name="Headrace",
        version=VERSION,
        python=python_version(),
        database="SQLite" if services.settings.database_url.startswith("sqlite") else "PostgreSQL",
        mcp_revisions=list(SUPPORTED),
        libraries=list(libraries()),
        page_libraries=page_libraries(STATIC),
    )
