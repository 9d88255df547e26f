"""Row `edit`: from a changed flow to its new description in `tools/list`."""

import time
from collections.abc import Callable
from statistics import median

from benchmarks import flow_files
from benchmarks.headrace import Headrace
from benchmarks.report import Row, below
from benchmarks.servers import START_SECONDS, ServerFailed
from benchmarks.suite import Bench
from benchmarks.wire import MODERN, listing

FLOWS = 100
EDITS = 5
API_LIMIT_MS = 100.0
FILE_LIMIT_SECONDS = 5.5


def edit_to_visible(bench: Bench) -> Row:
    """Edit flows through the API and in files, and list tools until the edit shows."""
    with Headrace(bench.room("headrace"), *flow_files.numbered(FLOWS)) as server:
        through_api = [_timed(server, f"API edit {number}", _put(server)) for number in range(EDITS)]
        through_file = [_timed(server, f"file edit {number}", _save(server)) for number in range(bench.runs)]
    findings = (
        below("through the API, median", median(through_api) * 1000, API_LIMIT_MS, " ms"),
        below("through the API, longest", max(through_api) * 1000, API_LIMIT_MS, " ms"),
        below("through a file, longest", max(through_file), FILE_LIMIT_SECONDS, " s"),
    )
    return Row("edit", f"edit to visible in `tools/list`, {FLOWS} flows", findings)


def _timed(server: Headrace, description: str, edit: Callable[[str], None]) -> float:
    """Return the seconds from the start of the edit until the description is in the list."""
    request = server.signed(listing(MODERN))
    started = time.monotonic()
    edit(description)
    while all(tool["description"] != description for tool in server.ask(request)["tools"]):
        if time.monotonic() - started > START_SECONDS:
            raise ServerFailed(f"{description!r} never came into the list: {server.printed()}")
        time.sleep(0.002)
    return time.monotonic() - started


def _put(server: Headrace) -> Callable[[str], None]:
    def put(description: str) -> None:
        text = _described(description).replace("flow: echo", "flow: edited")
        server.api("PUT", "/api/flows/edited", {"text": text})

    return put


def _save(server: Headrace) -> Callable[[str], None]:
    def save(description: str) -> None:
        flow_files.write(server.flows, _described(description))

    return save


def _described(description: str) -> str:
    return flow_files.ECHO.replace("Say the text again.", description)
