import json

import pytest

from benchmarks.report import (
    Report,
    Row,
    Sample,
    Side,
    at_least,
    below,
    failed,
    number,
    ratio,
    show,
    side_cells,
    to_json,
    to_markdown,
    typical,
)


def runs(name: str, *rates: float, failures: tuple[int, ...] = ()) -> Side:
    counts = (*failures, *[0] * len(rates))
    return Side(
        name,
        tuple(
            Sample(rate=rate, p50_ms=1.0, p99_ms=2.0, cpu_us=50.0, load_busy=0.25, failures=count)
            for rate, count in zip(rates, counts, strict=False)
        ),
    )


def test_the_typical_value_is_the_median_of_the_runs():
    assert typical(runs("ours", 300, 100, 200), "rate") == 200


def test_a_run_with_failures_enters_no_median_and_no_ratio():
    ours = runs("ours", 9000, 100, 100, failures=(1, 0, 0))

    assert typical(ours, "rate") == 100
    assert ratio(ours, runs("theirs", 50, 50, 50), "rate") == 2


def test_a_run_of_the_peer_with_failures_takes_its_neighbour_out_of_the_ratio():
    assert ratio(runs("ours", 900, 100), runs("theirs", 1, 50, failures=(3, 0)), "rate") == 2


def test_the_ratio_is_taken_between_runs_that_stood_next_to_each_other():
    # The second run of both was slowed by the machine; medians of each side would hide that.
    assert ratio(runs("ours", 100, 10, 100), runs("theirs", 50, 5, 50), "rate") == 2


def test_without_a_clean_run_there_is_no_value_and_the_target_counts_as_not_run():
    ours = runs("ours", 100, failures=(7,))

    assert typical(ours, "rate") is None
    assert ratio(ours, runs("theirs", 50), "rate") is None
    assert at_least("rate", None, 2).verdict == "failed"
    assert below("p50", None, 2).verdict == "failed"


def test_failures_are_counted_in_the_line_of_the_server():
    assert side_cells(runs("ours", 100, 100, failures=(7,)))[-1] == "7 in 1 of 2 runs"
    assert side_cells(runs("ours", 100, 100))[-1] == "0"


@pytest.mark.parametrize(
    ("finding", "target", "measured", "verdict"),
    [
        (at_least("rate", 15.0, 15, aim=25), ">= 15x, aim 25x", "15x", "met"),
        (at_least("rate", 14.99, 15), ">= 15x", "15x", "missed"),
        (at_least("rate", 1.19, 1.2), ">= 1.2x", "1.19x", "missed"),
        (below("p50", 0.4, 1.0), "< 1x", "0.4x", "met"),
        (below("start", 1.5, 1.5, " s"), "< 1.5 s", "1.5 s", "missed"),
        (show("rate", "12 MB/s"), "", "12 MB/s", "shown"),
    ],
)
def test_a_verdict_compares_the_exact_value_with_the_target(finding, target, measured, verdict):
    assert (finding.target, finding.measured, finding.verdict) == (target, measured, verdict)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1234, "0.12"), (1.0, "1"), (9.99, "9.99"), (12.34, "12.3"), (20.0, "20"), (100.0, "100"), (15808.4, "15,808")],
)
def test_numbers_have_about_three_digits(value, text):
    assert number(value) == text


def test_a_row_has_failed_when_something_in_it_did_not_run():
    assert Row("call", "calls", (failed("rate", "no server"),)).has_failed
    assert not Row("call", "calls", (at_least("rate", 1, 2),)).has_failed


def report() -> Report:
    row = Row("call", "calls | many", (at_least("rate", 16.2, 15),), (runs("ours", 1600),), ("A note.",))
    return Report(started="2026-11-20", machine="2 cores", commit="abc", runs=1, seconds=5.0, rows=(row,))


def test_markdown_holds_targets_measures_and_verdicts():
    lines = to_markdown(report()).splitlines()

    assert "| rate | >= 15x | 16.2x | met |" in lines
    assert "| ours | 1,600 | 1 | 2 | 50 | 25% | 0 |" in lines
    assert "- A note." in lines
    assert lines[2].startswith("Measured 2026-11-20 at abc on 2 cores: median of 1 interleaved runs of 5 s")


def test_json_holds_every_sample():
    decoded = json.loads(to_json(report()))

    assert decoded["rows"][0]["sides"][0]["samples"][0]["rate"] == 1600
    assert decoded["rows"][0]["findings"][0]["verdict"] == "met"
