"""Show the fleet in `/metrics`."""

from collections.abc import Callable

from coordinator.fleet.fleet import Fleet
from coordinator.metrics import Metrics


def add_fleet_metrics(metrics: Metrics, fleet: Fleet | None) -> None:
    """Add what is to be known of workers; a single process is a worker of its own."""
    if fleet is None:
        metrics.gauge("headrace_workers", "Workers that run flows.", lambda: 1)
        return
    dispatcher, counts, nats = fleet.dispatcher, fleet.counts, fleet.nats

    def total(of: str) -> Callable[[], float]:
        return lambda: sum(getattr(worker, of) for worker in dispatcher.workers())

    metrics.gauge("headrace_workers", "Workers that run flows.", lambda: len(dispatcher.workers()))
    metrics.gauge("headrace_worker_slots", "Calls that all workers run at a time.", total("slots"))
    metrics.gauge("headrace_worker_calls", "Calls that workers run now, for all coordinators.", total("running"))
    metrics.gauge("headrace_calls_waiting", "Calls that wait for a worker.", lambda: dispatcher.waiting)
    metrics.gauge("headrace_nats_up", "Whether NATS can be reached.", lambda: nats.is_up)
    metrics.gauge("headrace_workers_lost", "Workers that went away without a word.", lambda: counts.lost_workers)
    metrics.gauge("headrace_calls_repeated", "Calls that were given to another worker.", lambda: counts.repeated)
    metrics.gauge("headrace_calls_unknown", "Calls of which nobody knows what became.", lambda: counts.unknown)
    metrics.gauge(
        "headrace_worker_questions_refused",
        "Questions of workers without a call that needs the answer.",
        lambda: counts.refused,
    )
    metrics.gauge("headrace_answers_late", "Answers of workers that came too late to count.", lambda: counts.late)
