"""The official conformance suite against a real server, whose fixture tools are flows in YAML and nothing else."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.headrace_process import HeadraceProcess

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("conformance")]

HERE = Path(__file__).parent
NODE_MODULES = HERE.parent / "clients" / "node_modules"
SUITE = NODE_MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
SUITE_SECONDS = 180

COVERED = {
    "2025-11-25": {
        "server-initialize",
        "logging-set-level",
        "ping",
        "tools-list",
        "tools-call-simple-text",
        "tools-call-image",
        "tools-call-audio",
        "tools-call-embedded-resource",
        "tools-call-mixed-content",
        "tools-call-with-logging",
        "tools-call-error",
        "tools-call-with-progress",
        "dns-rebinding-protection",
        "json-schema-2020-12",
    },
    "2026-07-28": {
        "server-stateless",
        "tools-list",
        "tools-call-simple-text",
        "tools-call-image",
        "tools-call-audio",
        "tools-call-embedded-resource",
        "tools-call-mixed-content",
        "tools-call-error",
        "tools-call-with-progress",
        "dns-rebinding-protection",
        "caching",
        "json-schema-2020-12",
        "http-header-validation",
        "http-custom-header-server-validation",
    },
}
"""Scenarios that must have passed checks: a suite that skipped them would prove nothing."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadraceProcess]:
    with HeadraceProcess(tmp_path_factory.mktemp("conformance"), HERE / "flows") as running:
        yield running


@pytest.mark.parametrize("revision", COVERED)
def test_the_conformance_suite_finds_nothing_but_the_failures_that_are_explained(
    revision: str, server: HeadraceProcess, tmp_path: Path
) -> None:
    arguments = ["--requirements", revision, "--expected-failures", str(HERE / f"expected-failures-{revision}.yaml")]
    command = ["node", str(SUITE), "server", "--url", server.mcp_url, *arguments, "-o", str(tmp_path)]
    # The suite needs Node 22, which its folder brings; the machine's own may be older.
    environment = os.environ | {"PATH": f"{NODE_MODULES / '.bin'}:{os.environ['PATH']}"}

    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SUITE_SECONDS, check=False)

    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    passed = {name for name, count in re.findall(r"^. ([\w-]+): (\d+) passed", run.stdout, re.MULTILINE) if int(count)}
    assert COVERED[revision] <= passed
