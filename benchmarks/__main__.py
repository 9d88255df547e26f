"""Run rows of the benchmark, print the table, and write it as JSON and Markdown.

The exit code says whether everything ran; a missed target is a result, not an error.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import peers
from benchmarks.report import Report, Row, failed, to_json, to_markdown
from benchmarks.rows import ROWS
from benchmarks.servers import LOAD_CORE, SERVER_CORE
from benchmarks.suite import Bench
from benchmarks.table import print_report

DEFAULT_OUT = Path(__file__).with_name("out")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows that are asked for, or all."""
    options = _parser().parse_args(arguments)
    chosen = options.rows or list(ROWS)
    console, progress = Console(), Console(stderr=True)
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        progress.print("The benchmark needs two cores: one for the servers, one for the load.")
        return 1
    try:
        peers.set_up()
    except peers.SetupFailed as error:
        progress.print(str(error), markup=False)
        return 1
    os.sched_setaffinity(0, {LOAD_CORE})  # so that only the servers, which are pinned, use the other core
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, progress.status("") as status:
        say = status.update if progress.is_terminal else lambda _text: None
        bench = Bench(runs=options.runs, seconds=options.seconds, calls=options.calls, folder=Path(folder), say=say)
        rows = tuple(_measure(key, bench, progress) for key in chosen)
    report = Report(
        started=started.isoformat(timespec="seconds"),
        machine=_machine(),
        commit=_commit(),
        runs=options.runs,
        seconds=options.seconds,
        rows=rows,
    )
    _write(report, options.out)
    print_report(report, console)
    return 1 if any(row.has_failed for row in rows) else 0


def _measure(key: str, bench: Bench, progress: Console) -> Row:
    if not progress.is_terminal:
        progress.print(f"measuring: {key}", markup=False)
    try:
        return ROWS[key](bench)
    except Exception as error:  # one row that does not run must not cost the others
        progress.print_exception() if os.environ.get("BENCH_TRACE") else None
        return Row(key, "did not run", (failed(key, f"{type(error).__name__}: {error}"),))


def _write(report: Report, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "benchmark.json").write_bytes(to_json(report))
    (out / "benchmark.md").write_text(to_markdown(report))


def _machine() -> str:
    return f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}"


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "an unknown commit"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW", help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--runs", type=int, default=3, help="interleaved runs of each server")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one run")
    parser.add_argument("--calls", type=int, default=100_000, help="calls of the row `soak`")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="where the JSON and the Markdown are written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
