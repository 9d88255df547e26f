"""What handlers are given: the open services and who calls."""

from litestar.di import NamedDependency

from coordinator.access.principal import Principal
from coordinator.services import Services

GivenServices = NamedDependency[Services]
GivenPrincipal = NamedDependency[Principal]
