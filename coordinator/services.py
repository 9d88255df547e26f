"""What a running coordinator consists of, as the routes see it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from coordinator.access.tokens import Tokens
from coordinator.account.owner import Owner
from coordinator.calls import CallService
from coordinator.catalog import Catalog
from coordinator.catalog.editing import FlowEditor
from coordinator.catalog.resync import Resync
from coordinator.changes import Changes
from coordinator.connections.service import ConnectionService
from coordinator.connections.sign_in import SignIns
from coordinator.durable.service import Durable
from coordinator.fleet.fleet import Fleet
from coordinator.live_settings import LiveSettings
from coordinator.mcp.endpoint import McpEndpoint
from coordinator.mcp.installs import InstallEndpoints
from coordinator.mcp.subscriptions import ToolChanges
from coordinator.metrics import Metrics
from coordinator.packs.service import PackService
from coordinator.pages.reports import PolicyReports
from coordinator.runs.history import RunHistory
from coordinator.runs.queries import RunReader
from coordinator.settings import Settings
from coordinator.statistics.statistics import Statistics
from coordinator.toolset import EMPTY, Toolset, build_toolset
from coordinator.trials import Trials
from coordinator.vault.vault import Vault
from flows.plan import Plan
from flows.problems import Problem

OPEN_PAGES: Final = "The web pages are open to every program on this machine. Make an account to close them."


class PublishedTools:
    """The tools that are served now; swapped whole, then those who listen are told."""

    def __init__(self, changes: ToolChanges) -> None:
        self._changes = changes
        self._current = EMPTY
        self._of_installs: dict[str, Toolset] = {}
        self._plans: Mapping[str, Plan] = {}
        self._followers: list[Callable[[Mapping[str, Plan]], None]] = []

    @property
    def current(self) -> Toolset:
        """The tools as they are served now."""
        return self._current

    def of_install(self, install: str) -> Toolset:
        """The tools of one install of a pack, as they are served now."""
        found = self._of_installs.get(install)
        if found is None:
            found = self._of_installs[install] = self._current.of_install(install)
        return found

    def follow(self, follower: Callable[[Mapping[str, Plan]], None]) -> None:
        """Give all flows that are served to what serves them otherwise than as tools, now and at every change."""
        self._followers.append(follower)
        follower(self._plans)

    async def publish(self, plans: Mapping[str, Plan], generation: int) -> None:
        """Build the tools of the plans and serve them."""
        # In a thread, because ten thousand definitions take longer than a call should wait.
        built = await asyncio.to_thread(build_toolset, plans.values(), generation, self._current)
        before, self._current, self._of_installs = self._current, built, {}
        self._plans = plans
        for follower in self._followers:
            follower(plans)
        if built.digest != before.digest:
            self._changes.publish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that is open.  `address` is the URL of the socket that the server listens on."""

    live: LiveSettings
    address: str
    vault: Vault
    connections: ConnectionService
    sign_ins: SignIns
    tokens: Tokens
    owner: Owner
    catalog: Catalog
    editor: FlowEditor
    tools: PublishedTools
    calls: CallService
    durable: Durable
    trials: Trials
    history: RunHistory
    runs: RunReader
    metrics: Metrics
    statistics: Statistics
    packs: PackService
    endpoint: McpEndpoint
    install_endpoints: InstallEndpoints
    resync: Resync
    changes: Changes
    policy_reports: PolicyReports = field(default_factory=PolicyReports)
    fleet: Fleet | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return self.live.current

    @property
    def base_url(self) -> str:
        """Where clients reach the server: the public URL, else the address that it listens on."""
        return base_url_of(self.settings, self.address)

    @property
    def is_open(self) -> bool:
        """Whether everybody on this machine may use `/api` and the pages: until there is an account."""
        return not self.settings.require_auth and self.owner.name is None

    @property
    def needs_account(self) -> bool:
        """Whether nobody can open the pages until the owner has made an account."""
        return self.settings.require_auth and self.owner.name is None

    def problems(self) -> list[Problem]:
        """Everything that is wrong with flows now: what is wrong in them, around them, and with them as tools."""
        entries = self.catalog.entries
        unusable = [
            Problem(code="flow.schema", message=reason, file=entries[name].file or name)
            for name, reason in self.tools.current.problems.items()
            if name in entries
        ]
        return [*self.catalog.problems, *self.editor.doubts(), *unusable, *self.durable.webhooks.table.problems]


def base_url_of(settings: Settings, address: str) -> str:
    """Return where clients reach a server that listens at `address`."""
    return settings.public_url.rstrip("/") or address
