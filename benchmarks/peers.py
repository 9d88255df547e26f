"""Set up the peers where they are missing, from locked versions, and say how each is started."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.servers import ServerProcess
from benchmarks.wire import TOKEN

HERE = Path(__file__).parent
VENV = HERE / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = HERE / "requirements.lock"
PEER_SERVERS = HERE / "peer_servers"
NPM_LOCK = HERE / "package-lock.json"
NODE_MODULES = HERE / "node_modules"
TOOLBOX = NODE_MODULES / "@toolbox-sdk" / "server-linux-x64" / "bin" / "toolbox"

FASTMCP, SDK, MCP_TOOLBOX, BARE = "FastMCP", "mcp SDK", "MCP Toolbox", "uvicorn alone"

TOOLBOX_ECHO = """
  echo:
    kind: sqlite-sql
    source: {source}
    description: Say the text again.
    parameters: [{{name: text, type: string, description: What to say}}]
    statement: SELECT ? AS text
"""


class SetupFailed(Exception):
    """A peer could not be installed; the message says what is missing."""


def set_up() -> None:
    """Install what is missing.  Raises SetupFailed."""
    _unless_done(VENV / ".locked", LOCK, _install_python_peers)
    _unless_done(NODE_MODULES / ".locked", NPM_LOCK, _install_toolbox)


def fastmcp(log: Path, tools: int = 1) -> ServerProcess:
    """FastMCP with a token check and a number of tools, the first of them `echo`."""
    env = {"BENCH_TOKEN": TOKEN, "BENCH_TOOLS": str(tools), "PYTHONPATH": str(PEER_SERVERS)}
    return ServerProcess(FASTMCP, _uvicorn("fastmcp_server"), log, env=env)


def mcp_sdk(log: Path) -> ServerProcess:
    """The low-level server of the `mcp` SDK."""
    return ServerProcess(SDK, _uvicorn("mcp_sdk_server"), log, env={"PYTHONPATH": str(PEER_SERVERS)})


def bare(log: Path, text: str) -> ServerProcess:
    """Uvicorn with an application that does nothing: what is left of a rate when all work is taken away."""
    return ServerProcess(BARE, _uvicorn("bare_server"), log, env={"PYTHONPATH": str(PEER_SERVERS), "BENCH_TEXT": text})


def toolbox(folder: Path, database: str = ":memory:", tools: str = "", name: str = MCP_TOOLBOX) -> ServerProcess:
    """MCP Toolbox with `echo` and further tools, written as the members of its `tools:`."""
    config = folder / "toolbox.yaml"
    source = f"sources:\n  source:\n    kind: sqlite\n    database: '{database}'\ntools:"
    config.write_text(source + TOOLBOX_ECHO.format(source="source") + tools)
    options = ["--disable-version-check", "--disable-reload", "--log-level", "ERROR"]
    command = [str(TOOLBOX), "--config", str(config), "--port", "{port}", *options]
    return ServerProcess(name, command, folder / "toolbox.log")


def _uvicorn(module: str) -> list[str]:
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [str(PYTHON), "-m", "uvicorn", f"{module}:app", "--port", "{port}", *options]


def _unless_done(stamp: Path, lock: Path, install: Callable[[], None]) -> None:
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    install()
    stamp.write_text(digest)


def _install_python_peers() -> None:
    uv = Path(sys.executable).with_name("uv")
    found = str(uv) if uv.exists() else shutil.which("uv")
    if found is None:
        raise SetupFailed("`uv` is missing; `make bench` brings it.")
    _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    _run([found, "pip", "install", "-q", "--python", str(PYTHON), "--require-hashes", "-r", str(LOCK)])


def _install_toolbox() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SetupFailed("`npm` is missing, which brings MCP Toolbox. Install it: apt-get install npm")
    _run([npm, "ci", "--silent", "--prefix", str(HERE)])
    if not TOOLBOX.exists():
        raise SetupFailed("MCP Toolbox is locked for Linux on x86-64 only, so its rows cannot be measured here.")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SetupFailed(f"`{' '.join(command)}` failed: {(done.stdout + done.stderr)[-800:]}")
