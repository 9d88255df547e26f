"""The fleet: workers in other processes and on other machines, reached over NATS."""
