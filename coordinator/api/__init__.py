"""REST: one module per resource, all errors as problem+json, everything under `/api` closed by default."""

from typing import Final

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.types import ControllerRouterHandler

from coordinator.api.access import lets_in, principal_of
from coordinator.api.errors import HANDLERS
from coordinator.api.health import OPEN_ROUTES, metrics
from coordinator.services import Services
from coordinator.version import VERSION

RESOURCES: Final[tuple[ControllerRouterHandler, ...]] = ()


def make_api(services: Services) -> Litestar:
    """Return the application for everything but MCP."""

    def give_services() -> Services:
        return services

    closed = Router(path="/api", route_handlers=list(RESOURCES), guards=[lets_in])
    return Litestar(
        route_handlers=[closed, metrics, *OPEN_ROUTES],
        dependencies={
            "services": Provide(give_services, sync_to_thread=False),
            "principal": Provide(principal_of, sync_to_thread=False),
        },
        exception_handlers=HANDLERS,
        state=State({"services": services}),
        request_max_body_size=services.settings.max_body_bytes,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


__all__ = ["RESOURCES", "VERSION", "Components", "OpenAPIConfig", "SecurityScheme", "Tag", "make_api"]
