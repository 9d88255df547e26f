"""Flow texts, and a catalog whose published tools can be looked at."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from coordinator.catalog import Catalog
from coordinator.catalog.directory import FlowDirectory
from coordinator.catalog.editing import FlowEditor
from coordinator.catalog.resync import Resync
from coordinator.catalog.store import FlowStore
from coordinator.db import Database
from flows.plan import Plan

NOW = 1_800_000_000.0


def flow(name: str, description: str = "Say it.", calls: str = "") -> str:
    """Return the text of a small valid flow."""
    steps = f"steps:\n  - call: {{flow: {calls}}}\n" if calls else ""
    return f"flow: {name}\ndescription: {description}\ninput: {{mcp_tool: {{}}}}\n{steps}output: {{reply: hello}}\n"


BROKEN = (
    "flow: {name}\ndescription: Say it.\ninput: {{mcp_tool: {{}}}}\nsteps:\n  - htp: {{url: 1}}\noutput: {{reply: 1}}\n"
)


def broken(name: str) -> str:
    """Return the text of a flow with an unknown step in line 5."""
    return BROKEN.format(name=name)


class Published:
    """Takes what the catalog publishes; may be told to fail."""

    def __init__(self) -> None:
        self.plans: Mapping[str, Plan] = {}
        self.generations: list[int] = []
        self.error: Exception | None = None

    async def __call__(self, plans: Mapping[str, Plan], generation: int) -> None:
        if self.error is not None:
            raise self.error
        self.plans = plans
        self.generations.append(generation)

    @property
    def descriptions(self) -> dict[str, str]:
        return {name: plan.description for name, plan in self.plans.items()}


class World:
    """A catalog with everything around it."""

    def __init__(self, database: Database, folder: Path | None, **options: Any) -> None:
        self.database = database
        self.folder = folder
        if folder is not None:
            folder.mkdir(exist_ok=True)
        self.published = Published()
        self.reloads: list[bool] = []
        self.catalog = Catalog(
            FlowStore(database, lambda: NOW),
            self.published,
            directory=None if folder is None else FlowDirectory(folder),
            clock=lambda: NOW,
            on_publish=self.reloads.append,
            **options,
        )
        self.editor = FlowEditor(self.catalog)
        self.resync = Resync(database, self.catalog)

    @property
    def problems(self) -> list[str]:
        return [str(problem) for problem in self.catalog.problems]

    def write(self, file: str, text: str) -> None:
        assert self.folder is not None
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def remove(self, file: str) -> None:
        assert self.folder is not None
        (self.folder / file).unlink()


@asynccontextmanager
async def world(database: Database, folder: Path | None = None, **files: str) -> AsyncIterator[World]:
    """Start a catalog on a folder that holds these files (name without .yaml)."""
    made = World(database, folder)
    for name, text in files.items():
        made.write(f"{name}.yaml", text)
    await made.catalog.start()
    try:
        yield made
    finally:
        await made.catalog.close()
