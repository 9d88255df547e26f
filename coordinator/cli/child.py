"""The worker process that a coordinator starts: `python -m coordinator.cli.child`, told on its standard input."""

import sys

import msgspec

from flows.errors import HeadraceError
from flows.wire import WorkerStart


def main() -> None:
    """Read what to be, and be it until told to stop or until standard input ends."""
    from coordinator.cli.serve import run
    from coordinator.logs import configure_logging
    from coordinator.version import VERSION
    from workers.fleet import Identity
    from workers.service import WorkerOptions, run_worker

    start = msgspec.json.decode(sys.stdin.buffer.readline(), type=WorkerStart)
    configure_logging(start.log_level, start.log_format)  # type: ignore[arg-type]  # the parent's own settings
    options = WorkerOptions(
        access=start.access,
        identity=Identity(worker=start.worker, name=start.name, release=VERSION),
        slots=start.slots,
        grace=start.grace,
        ends_with_input=True,
    )
    try:
        run(run_worker(options))
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
