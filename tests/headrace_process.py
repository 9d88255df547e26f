"""A real `headrace serve` in a process of its own, on a free port, for tests that need one.

    with HeadraceProcess(tmp_path, HEADRACE_REQUIRE_AUTH="true") as server:   # or `async with`
        httpx.get(f"{server.url}/healthz")

It is ready when the block begins.  At the end it gets SIGTERM, and must end by itself in time.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 20.0


class HeadraceProcess:
    """One server.  Keyword arguments are variables of its environment; HEADRACE_* of ours are not passed on.

    `command` is that of `headrace`.  `directory` holds its data.  `flows` is the folder of its flows, or their texts by
    name; by default it serves the examples.
    """

    def __init__(
        self,
        directory: Path,
        flows: Path | Mapping[str, str] | None = None,
        *,
        wrap: Sequence[str] = (),
        command: str = "serve",
        python: Path | str = sys.executable,
        **env: str,
    ) -> None:
        self.data = directory / "data"
        folder = write_flows(directory, flows) if isinstance(flows, Mapping) else flows
        self._env = _environment(self.data, folder) | env
        self._directory = directory
        self._wrap = wrap
        self._command = command
        self._python = python
        self._lines: list[str] = []
        self._ready = threading.Event()
        self._facts: Mapping[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return str(self._facts["url"])

    @property
    def mcp_url(self) -> str:
        """Where its MCP endpoint is."""
        return str(self._facts["mcp_url"])

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs."""
        return self._running.poll()

    @property
    def admin_key(self) -> str:
        """The key that opens `/api`."""
        return (self.data / "admin.key").read_text()

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the command line finds this server."""
        return dict(self._env)

    def log(self) -> str:
        """Everything that it has written so far."""
        return "\n".join(self._lines)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask `/api` as the owner of this machine; return the decoded answer.  Raises HTTPError."""
        request = urllib.request.Request(
            f"{self.url}/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.admin_key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            return json.load(answer)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [*self._wrap, str(self._python), "-m", "coordinator.cli", self._command]
        self._process = subprocess.Popen(
            command, cwd=self._directory, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_SECONDS) or not self._facts:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            raise RuntimeError(f"headrace serve did not get ready:\n{self.log()}")

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS) -> int:
        """Tell it to stop, wait, and return how it ended.  Kills it, and fails, when it does not end in time."""
        process = self._running
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"headrace serve did not stop within {seconds:g} s:\n{self.log()}") from None
        finally:
            if self._reader is not None:
                self._reader.join()
        return process.returncode

    def __enter__(self) -> "HeadraceProcess":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> "HeadraceProcess":
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "the server was not started"
        return self._process

    def _read(self) -> None:
        stream = self._running.stdout
        assert stream is not None
        with stream:
            for line in stream:
                self._lines.append(line.rstrip("\n"))
                if not self._ready.is_set() and '"event": "ready"' in line:
                    self._facts = json.loads(line)
                    self._ready.set()
        self._ready.set()  # it ended: whoever waits for it need not wait longer


def write_flows(directory: Path, texts: Mapping[str, str]) -> Path:
    """Write flows into the folder `flows` of a directory; return the folder."""
    folder = directory / "flows"
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def _environment(data: Path, flows: Path | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "HEADRACE_PORT": "0",
        "HEADRACE_DATA": str(data),
        "HEADRACE_LOG_FORMAT": "json",
    }
    return inherited | own | ({} if flows is None else {"HEADRACE_FLOWS": str(flows)})
