"""NATS, the bus between coordinators and workers: how it is reached, and a connection that comes back by itself."""

from flows.bus.access import NatsAccess as NatsAccess
from flows.bus.client import NatsUnavailable as NatsUnavailable
from flows.bus.client import connected as connected
