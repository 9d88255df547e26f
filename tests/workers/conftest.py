"""One nats-server for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.nats import NatsProcess, nats_process


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsProcess]:
    """A running nats-server."""
    with nats_process(tmp_path_factory.mktemp("nats")) as server:
        yield server
