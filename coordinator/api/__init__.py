"""REST: one module per resource, all errors as problem+json, everything under `/api` closed by default."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Litestar, Router
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.types import ControllerRouterHandler

from coordinator.api.about import get_about
from coordinator.api.access import lets_in, principal_of
from coordinator.api.account import ENTRANCE, change_password, get_account, sign_out_everywhere
from coordinator.api.bodies import check_body
from coordinator.api.connections import ConnectionController, list_presets
from coordinator.api.durable import DeadLetterController, ScheduleController, list_webhooks
from coordinator.api.editing import complete_flow, edit_flow, explain_flow, list_components, list_connection_kinds
from coordinator.api.errors import HANDLERS
from coordinator.api.events import watch_events
from coordinator.api.flows import FlowController
from coordinator.api.health import OPEN_ROUTES, metrics
from coordinator.api.openapi import get_openapi
from coordinator.api.overview import get_overview
from coordinator.api.packs import InstallController, PackController, get_pack_schema, read_pack
from coordinator.api.policy import list_policy_reports, report_policy
from coordinator.api.runs import RunController
from coordinator.api.secrets import rotate_key
from coordinator.api.settings import SettingController
from coordinator.api.sign_in import begin_sign_in, finish_sign_in
from coordinator.api.status import get_flow_schema, get_status, list_problems
from coordinator.api.tokens import TokenController, get_snippets
from coordinator.api.tools import ToolController
from coordinator.api.trying import check_flow, test_flow, try_flow
from coordinator.api.workers import list_workers
from coordinator.services import Services

RESOURCES: Final[tuple[ControllerRouterHandler, ...]] = (
    FlowController,
    check_flow,
    try_flow,
    test_flow,
    list_components,
    list_connection_kinds,
    complete_flow,
    explain_flow,
    edit_flow,
    ToolController,
    PackController,
    InstallController,
    get_pack_schema,
    read_pack,
    TokenController,
    get_snippets,
    RunController,
    ScheduleController,
    list_webhooks,
    DeadLetterController,
    ConnectionController,
    list_presets,
    rotate_key,
    SettingController,
    get_account,
    change_password,
    sign_out_everywhere,
    get_overview,
    watch_events,
    list_policy_reports,
    get_about,
    get_status,
    list_workers,
    list_problems,
    get_flow_schema,
    get_openapi,
)


def make_api(services: Services) -> Litestar:
    """Return the application for everything but MCP."""

    def give_services() -> Services:
        return services

    return Litestar(
        route_handlers=[closed_router(), *open_routes()],
        dependencies=dependencies(give_services),
        exception_handlers=HANDLERS,
        state=State({"services": services}),
        request_max_body_size=services.settings.max_body_bytes,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def outline(openapi_config: OpenAPIConfig | None = None) -> Litestar:
    """Return the same routes with nothing behind them: to be described, not to be asked."""
    return Litestar(
        route_handlers=[closed_router(), *open_routes()],
        dependencies=dependencies(_nothing),
        openapi_config=openapi_config,
        logging_config=None,
        debug=False,
    )


def dependencies(give_services: Callable[[], Any]) -> dict[str, Provide]:
    """Return what a handler may ask for by the name of a parameter."""
    return {
        "services": Provide(give_services, sync_to_thread=False),
        "principal": Provide(principal_of, sync_to_thread=False),
    }


def closed_router() -> Router:
    """Return everything that nobody may use without a right to it."""
    no_store = CacheControlHeader(no_store=True)
    return Router(
        path="/api",
        route_handlers=list(RESOURCES),
        guards=[lets_in],
        before_request=check_body,
        cache_control=no_store,
    )


def entrance() -> Router:
    """Return what is open under `/api`: where a session begins."""
    return Router(
        path="/api",
        route_handlers=list(ENTRANCE),
        before_request=check_body,
        cache_control=CacheControlHeader(no_store=True),
    )


def open_routes() -> list[ControllerRouterHandler]:
    """Return what lies beside the closed part: open, but for the metrics."""
    return [entrance(), report_policy, *OPEN_ROUTES, begin_sign_in, finish_sign_in, metrics]


def _nothing() -> Any:
    """Stand in for the services, of which an outline needs only the name."""
