"""Count calls and show the counts in the format of Prometheus.

Fed by the history writer in batches, so that a call pays nothing.  Labels are bounded: past `MAX_SERIES` names, new
ones count as `other`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

BUCKETS_SECONDS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
)
MAX_SERIES: Final = 1000
OTHER: Final = "other"

_BOUNDS_MICROSECONDS: Final = tuple(int(bound * 1_000_000) for bound in BUCKETS_SECONDS)
_BUCKET_NAMES: Final = (*map(str, BUCKETS_SECONDS), "+Inf")


class _Histogram:
    """Durations of one series, in microseconds.  Far cheaper than the library's, because one task feeds it."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * len(_BUCKET_NAMES)
        self.total = 0

    def observe(self, microseconds: int) -> None:
        self.counts[bisect_left(_BOUNDS_MICROSECONDS, microseconds)] += 1
        self.total += microseconds

    def buckets(self) -> Iterator[tuple[str, float]]:
        running = 0
        for name, count in zip(_BUCKET_NAMES, self.counts, strict=True):
            running += count
            yield name, running


class Metrics(Collector):
    """The counters of one coordinator.  `gauge` adds values that are asked for when somebody looks."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], int] = {}
        self._tools: dict[str, _Histogram] = {}
        self._steps: dict[str, _Histogram] = {}
        self._reloads = {"ok": 0, "failed": 0}
        self._dropped = 0
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    def call(self, tool: str, status: str, microseconds: int) -> None:
        """Count one finished call."""
        histogram = self._tools.get(tool)
        if histogram is None:
            tool, histogram = _series(self._tools, tool)
        histogram.observe(microseconds)
        key = tool, status
        self._calls[key] = self._calls.get(key, 0) + 1

    def step(self, component: str, microseconds: int) -> None:
        """Count one finished step by its component."""
        histogram = self._steps.get(component)
        if histogram is None:
            _, histogram = _series(self._steps, component)
        histogram.observe(microseconds)

    def reload(self, *, ok: bool) -> None:
        """Count one attempt to publish a changed set of flows."""
        self._reloads["ok" if ok else "failed"] += 1

    def dropped(self, runs: int) -> None:
        """Count runs that history could not keep."""
        self._dropped += runs

    @property
    def dropped_runs(self) -> int:
        """How many runs history could not keep."""
        return self._dropped

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Add a value that is read when somebody looks, for example `headrace_queue_depth`."""
        self._gauges[name] = description, read

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return the page of `/metrics` and its content type."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type

    def describe(self) -> Iterable[Metric]:
        """Tell the registry nothing beforehand: names are ours alone."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give all values to the registry."""
        calls = CounterMetricFamily("headrace_tool_calls", "Finished tool calls.", labels=["tool", "status"])
        for key, count in self._calls.items():
            calls.add_metric(list(key), count)
        yield calls
        yield _family("headrace_tool_duration_seconds", "How long tool calls took.", "tool", self._tools)
        yield _family("headrace_step_duration_seconds", "How long steps took.", "component", self._steps)
        reloads = CounterMetricFamily("headrace_config_reload", "Publications of changed flows.", labels=["result"])
        for result, count in self._reloads.items():
            reloads.add_metric([result], count)
        yield reloads
        yield CounterMetricFamily("headrace_runs_dropped", "Runs that history could not keep.", value=self._dropped)
        for name, (description, read) in self._gauges.items():
            yield GaugeMetricFamily(name, description, value=read())


def _series(known: dict[str, _Histogram], name: str) -> tuple[str, _Histogram]:
    """Find or make the series of a name that is new, within the bound."""
    if len(known) >= MAX_SERIES:
        name = OTHER
    return name, known.setdefault(name, _Histogram())


def _family(name: str, description: str, label: str, series: dict[str, _Histogram]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, description, labels=[label])
    for value, histogram in series.items():
        family.add_metric([value], list(histogram.buckets()), histogram.total / 1_000_000)
    return family
