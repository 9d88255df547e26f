"""The wheel brings everything: installed into an empty environment, it serves flows and pages."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from coordinator.pages.files import STATIC
from tests.headrace_process import ROOT, HeadraceProcess

pytestmark = pytest.mark.processes

UV = Path(sys.executable).parent / "uv"


def run(*command: str | Path) -> None:
    done = subprocess.run([str(each) for each in command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The interpreter of an environment that has the wheel and what it needs, and nothing of this checkout."""
    assert (STATIC / "index.html").is_file(), "The pages are not built: run `make pages` first."
    run(UV, "build", "--wheel", "--no-build-isolation", "-q", "--out-dir", tmp_path / "dist", ".")
    environment = tmp_path / "environment"
    run(UV, "venv", "-q", "--python", sys.executable, environment)
    install = (UV, "pip", "install", "-q", "--python", environment / "bin" / "python")
    run(*install, "--require-hashes", "-r", "requirements/app.lock")
    run(*install, "--no-deps", next((tmp_path / "dist").glob("headrace-*.whl")))
    return environment / "bin" / "python"


def test_an_installed_wheel_serves_pages_flows_and_packs(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    server = HeadraceProcess(directory, python=installed, PYTHONPATH="")
    with server:
        page = httpx.get(server.url, headers={"accept": "text/html"})
        scripts = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
        files = [httpx.get(server.url + path) for path in scripts]
        version = httpx.get(f"{server.url}/version").json()
        tools = server.api("GET", "/tools")["tools"]
        packs = server.api("GET", "/packs")
        about = server.api("GET", "/about")

    assert "<title>Headrace</title>" in page.text
    assert len(files) >= 2
    assert {each.status_code for each in files} == {200}
    assert version["name"] == "headrace"
    assert "get_weather" in {tool["name"] for tool in tools}
    assert packs
    assert len(about["libraries"]) > 30
    assert {"react", "wouter"} <= {each["name"] for each in about["page_libraries"]}
    assert os.fspath(ROOT) not in server.log()
