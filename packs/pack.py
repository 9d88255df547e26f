"""A pack that was read: its manifest, its files, its flows.  Touches no I/O."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from flows.plan import Plan
from flows.source import Source
from packs.manifest import Manifest

README: Final = "README.md"

Files = Mapping[str, bytes]
"""The files of a pack: path inside it, with `/`, to content."""


@dataclass(frozen=True, slots=True)
class PackFlow:
    """One flow of a pack.  `plan` is compiled as the flow's tests run it: unprefixed."""

    name: str
    file: str
    text: str
    plan: Plan
    source: Source = field(repr=False)

    @property
    def is_tool(self) -> bool:
        """Whether clients see it, unless it is not chosen."""
        return self.plan.input.type.name == "mcp_tool" and self.plan.enabled and self.plan.input.config.enabled


@dataclass(frozen=True, slots=True)
class PackHead:
    """What can be said of a pack before its flows are compiled.  `tools` is how many it brings."""

    manifest: Manifest
    files: Files = field(repr=False)
    digest: str
    tools: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack without errors.  `digest` names its content."""

    manifest: Manifest
    source: Source = field(repr=False)
    files: Files = field(repr=False)
    flows: Mapping[str, PackFlow]
    digest: str

    @property
    def head(self) -> PackHead:
        """What lists say of it."""
        return PackHead(self.manifest, self.files, self.digest, len(self.tools))

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of its tools, unprefixed, in order."""
        return tuple(name for name, flow in self.flows.items() if flow.is_tool)

    @property
    def readme(self) -> str:
        """What its README says."""
        return self.files.get(README, b"").decode("utf-8", "replace")

    def plans(self) -> dict[str, Plan]:
        """Return the flows as their tests run them, by name."""
        return {name: flow.plan for name, flow in self.flows.items()}


def pack_digest(files: Files) -> str:
    """Name the content of a pack: 32 hex digits of a SHA-256."""
    named = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return hashlib.sha256(msgspec.json.encode(named, order="deterministic")).hexdigest()[:32]
