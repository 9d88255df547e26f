"""Turn samples into medians, ratios and verdicts, and those into Markdown and JSON.  Touches no I/O.

A sample with failures never enters a median or a ratio: it is counted and shown.
"""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Literal

import msgspec
from msgspec import Struct

Verdict = Literal["met", "missed", "shown", "failed"]
NOT_MEASURED = "-"


class Sample(Struct, frozen=True, kw_only=True):
    """What one run of the load measured.  `cpu_us` is the server's CPU time for one request.

    `load_busy` is how much of its core the load generator used: near 1.0 it was the limit, not the server.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float = 0.0
    cpu_us: float = 0.0
    bytes_each: float = 0.0
    load_busy: float = 0.0
    failures: int = 0


class Side(Struct, frozen=True):
    """One server in a row of the table, with its runs in the order in which they took turns with the others."""

    name: str
    samples: tuple[Sample, ...]

    @property
    def clean(self) -> tuple[Sample, ...]:
        """The runs in which every request was answered rightly."""
        return tuple(sample for sample in self.samples if not sample.failures)

    @property
    def failures(self) -> int:
        """How many requests failed in all runs."""
        return sum(sample.failures for sample in self.samples)


class Finding(Struct, frozen=True):
    """One line of the table: what was measured, what was aimed at, what came out."""

    what: str
    target: str
    measured: str
    verdict: Verdict


class Row(Struct, frozen=True):
    """One row of the benchmark."""

    key: str
    title: str
    findings: tuple[Finding, ...] = ()
    sides: tuple[Side, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_failed(self) -> bool:
        """Whether something did not run."""
        return any(finding.verdict == "failed" for finding in self.findings)


class Report(Struct, frozen=True, kw_only=True):
    """All rows of one benchmark and where it ran."""

    started: str
    machine: str
    commit: str
    runs: int
    seconds: float
    rows: tuple[Row, ...]


def typical(side: Side, measure: str) -> float | None:
    """Return the median of a measure over the clean runs; None when there is none."""
    values = [float(getattr(sample, measure)) for sample in side.clean]
    return median(values) if values else None


def ratio(ours: Side, theirs: Side, measure: str) -> float | None:
    """Return the median of the ratios of the runs that stood next to each other; None when no pair is clean.

    Neighbours share the noise of their moment, so their ratio is steadier than a ratio of medians.
    """
    pairs = zip(ours.samples, theirs.samples, strict=False)
    ratios = [
        float(getattr(our, measure)) / float(getattr(their, measure))
        for our, their in pairs
        if not our.failures and not their.failures and getattr(their, measure)
    ]
    return median(ratios) if ratios else None


def at_least(what: str, value: float | None, bound: float, unit: str = "x", aim: float | None = None) -> Finding:
    """Judge a value that should be large."""
    target = f">= {number(bound)}{unit}" + (f", aim {number(aim)}{unit}" if aim is not None else "")
    return Finding(what, target, shown(value, unit), _verdict(value is not None and value >= bound, value))


def below(what: str, value: float | None, bound: float, unit: str = "x") -> Finding:
    """Judge a value that should be small."""
    return Finding(
        what, f"< {number(bound)}{unit}", shown(value, unit), _verdict(value is not None and value < bound, value)
    )


def holds(what: str, target: str, measured: str, is_met: bool) -> Finding:
    """Judge something that is no single number."""
    return Finding(what, target, measured, "met" if is_met else "missed")


def show(what: str, measured: str) -> Finding:
    """Report without a target."""
    return Finding(what, "", measured, "shown")


def failed(what: str, reason: str) -> Finding:
    """Report that something did not run."""
    return Finding(what, "runs", reason, "failed")


def number(value: float) -> str:
    """Write a number with about three digits, the way a table wants it."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 10 else f"{value:.2f}".rstrip("0").removesuffix(".")


def shown(value: float | None, unit: str) -> str:
    """Write a measured value, or that there is none."""
    return NOT_MEASURED if value is None else f"{number(value)}{unit}"


def side_cells(side: Side) -> tuple[str, ...]:
    """Return the cells of a server's line: rate, p50, p99, CPU, load, failures; nothing of it is ever nought."""
    runs, clean = len(side.samples), len(side.clean)
    failures = f"{side.failures} in {runs - clean} of {runs} runs" if side.failures else "0"
    return (
        shown(typical(side, "rate"), ""),
        shown(typical(side, "p50_ms"), ""),
        shown(typical(side, "p99_ms") or None, ""),
        shown(typical(side, "cpu_us") or None, ""),
        shown(_percent(typical(side, "load_busy")) or None, "%"),
        failures,
    )


SIDE_COLUMNS = ("requests/s", "p50 ms", "p99 ms", "server CPU us", "load core", "failures")
FINDING_COLUMNS = ("what", "target", "measured", "verdict")


def to_markdown(report: Report) -> str:
    """Write the whole report."""
    head = (
        f"Measured {report.started} at {report.commit} on {report.machine}: "
        f"median of {report.runs} interleaved runs of {number(report.seconds)} s, each server on one core, "
        "the load on another."
    )
    return "\n".join(["# Benchmark", "", head, *(line for row in report.rows for line in _row_lines(row)), ""])


def to_json(report: Report) -> bytes:
    """Encode the whole report, with every sample."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def _row_lines(row: Row) -> Iterable[str]:
    yield from ("", f"## {row.key}: {row.title}")
    if row.findings:
        yield ""
        yield from _table(
            FINDING_COLUMNS, [(each.what, each.target, each.measured, each.verdict) for each in row.findings]
        )
    if row.sides:
        yield ""
        yield from _table(("server", *SIDE_COLUMNS), [(side.name, *side_cells(side)) for side in row.sides])
    if row.notes:
        yield ""
        yield from (f"- {note}" for note in row.notes)


def _table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterable[str]:
    yield _line(columns)
    yield _line(["---"] * len(columns))
    yield from map(_line, lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _verdict(is_met: bool, value: float | None) -> Verdict:
    if value is None:
        return "failed"
    return "met" if is_met else "missed"
