"""A test that uses `parser` runs with each parser of YAML."""

import pytest

from flows.source import builder
from tests.flows.source.support import PARSERS


@pytest.fixture(params=PARSERS)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with the fast parser and with the one that stands in for it."""
    monkeypatch.setattr(builder, "_Loader", PARSERS[request.param])
    return str(request.param)
