"""NATS, the bus between coordinators and workers: how it is reached, a connection that comes back, and messages."""
