"""The counters and how they look on the page of Prometheus."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from coordinator import metrics as module
from coordinator.metrics import Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    page, _ = metrics.exposition()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_a_call_is_counted_by_tool_and_status_and_its_time_lands_in_its_bucket() -> None:
    metrics = Metrics()

    metrics.call("get_weather", "ok", 700)
    metrics.call("get_weather", "ok", 30_000)
    metrics.call("get_weather", "failed", 400_000_000)

    found = samples(metrics)
    tool = ("tool", "get_weather")
    assert found["headrace_tool_calls_total", (("status", "ok"), tool)] == 2
    assert found["headrace_tool_calls_total", (("status", "failed"), tool)] == 1
    assert found["headrace_tool_duration_seconds_bucket", (("le", "0.001"), tool)] == 1
    assert found["headrace_tool_duration_seconds_bucket", (("le", "0.025"), tool)] == 1
    assert found["headrace_tool_duration_seconds_bucket", (("le", "0.05"), tool)] == 2
    assert found["headrace_tool_duration_seconds_bucket", (("le", "300.0"), tool)] == 2
    assert found["headrace_tool_duration_seconds_bucket", (("le", "+Inf"), tool)] == 3
    assert found["headrace_tool_duration_seconds_count", (tool,)] == 3
    assert found["headrace_tool_duration_seconds_sum", (tool,)] == 400.0307


def test_a_time_on_the_bound_belongs_to_the_bucket_of_that_bound() -> None:
    metrics = Metrics()

    metrics.step("http", 1000)

    found = samples(metrics)
    assert found["headrace_step_duration_seconds_bucket", (("component", "http"), ("le", "0.001"))] == 1


def test_the_number_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SERIES", 20)
    metrics = Metrics()

    for number in range(20 + 50):
        metrics.call(f"tool_{number}", "ok", 1)
        metrics.step(f"step_{number}", 1)
    metrics.call("tool_0", "ok", 1)

    found = samples(metrics)
    counted = [key for key in found if key[0] == "headrace_tool_calls_total"]
    assert len(counted) == 20 + 1
    assert found["headrace_tool_calls_total", (("status", "ok"), ("tool", "other"))] == 50
    assert found["headrace_tool_calls_total", (("status", "ok"), ("tool", "tool_0"))] == 2


def test_reloads_drops_and_gauges_are_shown() -> None:
    metrics = Metrics()
    metrics.gauge("headrace_queue_depth", "Calls under way.", lambda: 7)
    metrics.gauge("headrace_config_version", "The generation of the tools.", lambda: 42)

    metrics.reload(ok=True)
    metrics.reload(ok=False)
    metrics.dropped(3)

    found = samples(metrics)
    assert found["headrace_config_reload_total", (("result", "ok"),)] == 1
    assert found["headrace_config_reload_total", (("result", "failed"),)] == 1
    assert found["headrace_runs_dropped_total", ()] == 3
    assert found["headrace_queue_depth", ()] == 7
    assert found["headrace_config_version", ()] == 42
    assert ("process_cpu_seconds_total", ()) in found


def test_a_tool_with_an_odd_name_does_not_break_the_page() -> None:
    metrics = Metrics()

    metrics.call('a"b\\c\nd', "ok", 1)

    assert ("headrace_tool_calls_total", (("status", "ok"), ("tool", 'a"b\\c\nd'))) in samples(metrics)


def test_the_page_says_its_type() -> None:
    _, plain = Metrics().exposition()
    page, open_metrics = Metrics().exposition("application/openmetrics-text; version=1.0.0")

    assert plain.startswith("text/plain")
    assert open_metrics.startswith("application/openmetrics-text")
    assert page.endswith(b"# EOF\n")
