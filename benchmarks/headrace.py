"""Run our own server: real flows from files, a token made through the API, history on."""

import http.client
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from benchmarks import flow_files
from benchmarks.servers import SERVER_CORE, ServerFailed, ServerProcess
from benchmarks.wire import Request, with_token
from coordinator.access.admin_key import read_admin_key


class Headrace(ServerProcess):
    """A coordinator that asks for tokens and serves some flows.

    With `wait=False` it is entered at once, before it answers and without a token.
    """

    def __init__(
        self,
        room: Path,
        *flows: str,
        env: Mapping[str, str] | None = None,
        wait: bool = True,
        cores: int | str = SERVER_CORE,
    ) -> None:
        self._data = room / "data"
        self.flows = room / "flows"
        self.token = ""
        self._waits = wait
        flow_files.write(self.flows, *flows)
        settings = {
            "HEADRACE_DATA": str(self._data),
            "HEADRACE_FLOWS": str(self.flows),
            "HEADRACE_REQUIRE_AUTH": "true",
            "HEADRACE_LOG_LEVEL": "warning",
            **(env or {}),
        }
        command = [sys.executable, "-m", "coordinator.cli", "serve", "--port", "{port}"]
        super().__init__("Headrace", command, room / "log", env=settings, cores=cores)

    def __enter__(self) -> Self:
        started = time.monotonic()
        super().__enter__()
        try:
            if self._waits:
                self._wait_until_ready(started)
                self.token = self.api("POST", "/api/tokens", {"label": "benchmark"})["token"]
        except BaseException:
            self.stop()
            raise
        return self

    def signed(self, request: Request) -> Request:
        """Add our token to a request."""
        return with_token(request, self.token)

    def api(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """Call the REST API as the administrator.  Raises ServerFailed, OSError."""
        sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"Content-Type": content_type, "Authorization": f"Bearer {read_admin_key(self._data)}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, None if body is None else sent, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise ServerFailed(f"{method} {path} answered {response.status}: {answer[:500]!r}")
        return msgspec.json.decode(answer) if answer else None

    def _wait_until_ready(self, started: float) -> None:
        while True:
            try:
                self.api("GET", "/readyz")
                return
            except (OSError, http.client.HTTPException, ServerFailed) as error:
                self._give_up(started, error)
            time.sleep(0.05)
