"""Open everything a coordinator needs, in order, and close it in reverse.

    database -> sample -> vault -> tokens -> history -> catalog -> connections -> dispatcher -> calls
    -> durable runs -> MCP -> jobs

What runs plans is given by the caller: the coordinator does not know workers.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coordinator.access.admin_key import admin_key
from coordinator.access.tokens import Tokens
from coordinator.account.owner import Owner
from coordinator.calls import CallOptions, CallService
from coordinator.catalog import Catalog
from coordinator.catalog.directory import FlowDirectory
from coordinator.catalog.editing import FlowEditor
from coordinator.catalog.resync import Resync
from coordinator.catalog.store import FlowStore
from coordinator.changes import Changes
from coordinator.connections.grants import Grants
from coordinator.connections.provider import Provider
from coordinator.connections.service import ConnectionService
from coordinator.connections.sign_in import SignIns
from coordinator.db.engine import Database, open_database
from coordinator.db.notices import listening
from coordinator.dispatching import Dispatching, Runners, network_policy, open_dispatching
from coordinator.durable.queue import RunQueue
from coordinator.durable.service import make_durable, open_queue
from coordinator.fleet.metrics import add_fleet_metrics
from coordinator.live_settings import LiveSettings, Load
from coordinator.logs import get_logger
from coordinator.mcp.discovery import RecentRefusals
from coordinator.mcp.endpoint import McpEndpoint, McpOptions
from coordinator.mcp.installs import InstallEndpoints
from coordinator.mcp.methods import ServerIdentity
from coordinator.mcp.subscriptions import ToolChanges
from coordinator.metrics import Metrics
from coordinator.packs.installed import InstalledFlows
from coordinator.packs.service import PackService
from coordinator.packs.sources import PackSources
from coordinator.packs.store import InstallStore
from coordinator.presence import presence
from coordinator.runs.history import RunHistory
from coordinator.runs.queries import RunReader
from coordinator.runs.retention import delete_old_runs
from coordinator.sample import ensure_sample, with_sample
from coordinator.scheduler import Job, scheduled
from coordinator.services import PublishedTools, Services, base_url_of
from coordinator.settings import Settings
from coordinator.statistics.statistics import Statistics
from coordinator.toolset import Toolset
from coordinator.trials import TrialPlans, Trials
from coordinator.vault.key_source import KeySource
from coordinator.vault.vault import Vault
from coordinator.version import VERSION
from flows.errors import HeadraceError
from flows.runs import Dispatcher

FLUSH_TOKENS_SECONDS: Final = 5.0
STATISTICS_SECONDS: Final = 15.0
RETENTION_SECONDS: Final = 3600.0
FIRST_RETENTION_SECONDS: Final = 60.0

log = get_logger(__name__)


class Coordinator:
    """An open coordinator."""

    def __init__(self, services: Services, dispatcher: Dispatcher, refusals: RecentRefusals) -> None:
        self.services = services
        self.refusals = refusals
        self._dispatcher = dispatcher

    async def drain(self) -> None:
        """Take no more calls, let those under way finish within `shutdown_grace`, end the others with a last word."""
        services = self.services
        services.stopping.set()
        services.changes.close()
        services.durable.runner.stop()
        log.info("stopping", calls=services.calls.running)
        grace = services.settings.shutdown_grace
        endpoints = (services.endpoint, services.install_endpoints)
        await asyncio.gather(*(each.close(grace) for each in endpoints), self._dispatcher.close(grace))


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What a coordinator remembers: settings, secrets, tokens, runs."""

    data: Path
    database: Database
    live: LiveSettings
    vault: Vault
    tokens: Tokens
    owner: Owner
    metrics: Metrics
    statistics: Statistics
    history: RunHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flows:
    """What a coordinator serves: flows from everywhere, as tools, with the connections that they name."""

    connections: ConnectionService
    sign_ins: SignIns
    installed: InstalledFlows
    catalog: Catalog
    plans: TrialPlans
    changes: ToolChanges
    tools: PublishedTools


@asynccontextmanager
async def open_coordinator(
    load: Load, runners: Runners, address: str, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[Coordinator]:
    """Open a coordinator that listens at the URL `address`, and close it at the end.  Raises HeadraceError.

    `load` reads the settings from all their sources, again when one of them was changed.  `environ` may hold the key
    of the vault, which is no setting.
    """
    async with AsyncExitStack() as stack:
        state = await _open_state(stack, load, environ)
        flows = await _open_flows(stack, state, address)
        dispatching = await stack.enter_async_context(
            open_dispatching(runners, flows.plans, state.live.current, flows.connections)
        )
        refusals = RecentRefusals()
        queue = await stack.enter_async_context(
            open_queue(state.database, dispatching.nats, lambda: state.live.current)
        )
        services = _serve(state, flows, dispatching, queue, refusals, address)
        _add_gauges(services)
        await stack.enter_async_context(services.durable.at_work())
        await stack.enter_async_context(scheduled(_jobs(services, state.database)))
        await stack.enter_async_context(services.resync.prompted())
        await stack.enter_async_context(listening(state.database, services.resync.prompt))
        stack.enter_context(presence(state.data, address))
        yield Coordinator(services, dispatching.dispatcher, refusals)


async def _open_state(stack: AsyncExitStack, load: Load, environ: Mapping[str, str]) -> _State:
    settings = load({}).settings
    data = Path(settings.data)
    await asyncio.to_thread(_make_data_directory, data)
    database = await stack.enter_async_context(open_database(settings.database_url))
    live = LiveSettings(database, load)
    await live.refresh((await database.generations())["settings"])
    await asyncio.to_thread(ensure_sample, data)
    keys = KeySource(data, environ)
    await asyncio.to_thread(keys.ring)  # makes the key file, or refuses a bad key, before anything is served
    tokens = Tokens(database, requires_token=lambda: live.current.require_auth)
    await tokens.load()
    stack.push_async_callback(tokens.flush)
    tokens.add_local(stack.enter_context(admin_key(data)), "local admin")
    owner = Owner(database)
    await owner.load()
    stack.push_async_callback(owner.sessions.flush)
    metrics = Metrics()
    statistics = Statistics(database)
    stack.push_async_callback(statistics.close)
    recorder = RunHistory(database, metrics, lambda: live.current, statistics.count)
    history = await stack.enter_async_context(recorder.running())
    return _State(
        data=data,
        database=database,
        live=live,
        vault=Vault(database, keys),
        tokens=tokens,
        owner=owner,
        metrics=metrics,
        statistics=statistics,
        history=history,
    )


async def _open_flows(stack: AsyncExitStack, state: _State, address: str) -> _Flows:
    settings, database = state.live.current, state.database
    provider = Provider(network_policy(settings))
    grants = Grants(database, state.vault, provider)
    stack.push_async_callback(grants.close)
    of_settings = with_sample(dict(settings.connections), state.data)
    connections = ConnectionService(database, state.vault, grants, of_settings)
    await connections.load()
    changes = ToolChanges()
    tools = PublishedTools(changes)
    installed = InstalledFlows(InstallStore(database), connections.available)
    catalog = Catalog(
        FlowStore(database),
        tools.publish,
        directory=FlowDirectory(Path(settings.flows)),
        installed=installed,
        on_publish=lambda ok: state.metrics.reload(ok=ok),
    )
    stack.push_async_callback(catalog.close)
    await catalog.start()

    async def follow() -> None:
        if installed.is_stale():
            await catalog.refresh(await catalog.store.generation())

    connections.changed = follow
    return _Flows(
        connections=connections,
        sign_ins=SignIns(database, connections, provider, lambda: base_url_of(state.live.current, address)),
        installed=installed,
        catalog=catalog,
        plans=TrialPlans(catalog),
        changes=changes,
        tools=tools,
    )


def _serve(
    state: _State, flows: _Flows, running: Dispatching, queue: RunQueue, refusals: RecentRefusals, address: str
) -> Services:
    live, tools, dispatcher = state.live, flows.tools, running.dispatcher
    settings = live.current
    options = CallOptions(
        timeout_seconds=settings.call_timeout,
        max_concurrent=settings.max_concurrent_calls,
        is_crowded=running.is_crowded,
    )
    calls = CallService(dispatcher, state.history.record, options)
    durable = make_durable(queue, state.database, calls, flows.catalog, flows.connections, lambda: live.current)
    tools.follow(durable.publish)
    sources = PackSources(lambda: network_policy(live.current))
    packs = PackService(flows.catalog, flows.installed, sources, flows.connections, flows.sign_ins)

    def endpoint_of(toolset: Callable[[], Toolset]) -> McpEndpoint:
        return McpEndpoint(_mcp_options(settings), state.tokens.identify, toolset, calls, flows.changes, refusals)

    refreshed = {
        "tokens": state.tokens.refresh,
        "account": state.owner.refresh,
        "settings": live.refresh,
        "connections": flows.connections.refresh,
    }
    return Services(
        live=live,
        address=address,
        vault=state.vault,
        connections=flows.connections,
        sign_ins=flows.sign_ins,
        tokens=state.tokens,
        owner=state.owner,
        catalog=flows.catalog,
        editor=FlowEditor(flows.catalog, flows.connections.problems_of),
        tools=tools,
        calls=calls,
        fleet=running.fleet,
        durable=durable,
        trials=Trials(dispatcher, flows.plans, settings.call_timeout),
        history=state.history,
        resync=Resync(state.database, flows.catalog, refreshed),
        runs=RunReader(state.database, state.history),
        metrics=state.metrics,
        statistics=state.statistics,
        changes=_changes(state, flows, running),
        packs=packs,
        endpoint=endpoint_of(lambda: tools.current),
        install_endpoints=InstallEndpoints(
            lambda name: endpoint_of(lambda: tools.of_install(name)), packs.is_installed
        ),
    )


def _changes(state: _State, flows: _Flows, running: Dispatching) -> Changes:
    """Tell apart what those who watch may see."""
    catalog, tools, fleet = flows.catalog, flows.tools, running.fleet
    return Changes(
        {
            "runs": lambda: state.statistics.counted,
            "tools": lambda: tools.current.digest,
            "flows": lambda: (catalog.generation, catalog.problems),
            "workers": lambda: tuple((each.id, each.state) for each in fleet.workers()) if fleet else (),
        }
    )


def _make_data_directory(data: Path) -> None:
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HeadraceError(
            f"The data directory {str(data)!r} cannot be made: {error.strerror or error}.",
            code="no_data_directory",
            fix="Name one that can with --data or HEADRACE_DATA.",
        ) from error


def _mcp_options(settings: Settings) -> McpOptions:
    return McpOptions(
        max_body_bytes=settings.max_body_bytes,
        call_timeout=settings.call_timeout,
        server=ServerIdentity(version=VERSION),
    )


def _jobs(services: Services, database: Database) -> list[Job]:
    async def retain() -> None:
        await delete_old_runs(database, services.settings)
        await services.statistics.forget_old()
        await services.durable.queue.tidy()

    async def flush() -> None:
        await services.tokens.flush()
        await services.owner.sessions.flush()

    return [
        Job(name="resync", run=services.resync.tick, seconds=services.settings.resync_seconds),
        Job(name="write last uses", run=flush, seconds=FLUSH_TOKENS_SECONDS),
        Job(name="count calls", run=services.statistics.sync, seconds=STATISTICS_SECONDS),
        Job(name="retention", run=retain, seconds=RETENTION_SECONDS, first=FIRST_RETENTION_SECONDS),
    ]


def _add_gauges(services: Services) -> None:
    gauge = services.metrics.gauge

    def open_streams() -> int:
        return services.endpoint.open_streams + services.install_endpoints.open_streams

    gauge("headrace_tools", "Tools that are served.", lambda: len(services.tools.current.tools))
    gauge("headrace_config_version", "Generation of the flows that are served.", lambda: services.catalog.generation)
    gauge("headrace_calls_running", "Calls under way.", lambda: services.calls.running)
    gauge(
        "headrace_durable_runs_running",
        "Runs under way that nobody waits for.",
        lambda: services.durable.runner.running,
    )
    gauge("headrace_open_streams", "Subscriptions that are open.", open_streams)
    gauge("headrace_queue_depth", "Runs that are not written to the history yet.", lambda: services.history.waiting)
    add_fleet_metrics(services.metrics, services.fleet)
