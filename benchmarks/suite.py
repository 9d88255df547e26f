"""What every row works with: its options, and contests in which servers take turns under the same load."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.load import run_load
from benchmarks.report import Finding, Row, Sample, Side, at_least, below, failed, ratio, show, shown
from benchmarks.servers import Check, ServerProcess
from benchmarks.wire import Era, Request, WrongAnswer, text_of

WARM_UP_SECONDS = 1.0
TEXT = "hello world, this is a short message"


class Bench(Struct, frozen=True, kw_only=True):
    """The options of a benchmark.  `say` tells whoever watches what goes on."""

    runs: int
    seconds: float
    calls: int
    folder: Path
    say: Callable[[str], None]

    def room(self, name: str) -> Path:
        """Return a new folder for the files of one server."""
        number = len(list(self.folder.iterdir()))
        room = self.folder / f"{number:03}-{name}"
        room.mkdir()
        return room


Measure = Callable[[Bench], Row]


class Contender(Struct, frozen=True):
    """A server with the requests it gets.  `expect` is a text in every right answer; `check` looks at the first one."""

    name: str
    server: ServerProcess
    request: Request
    expect: str
    check: Check


def contest(bench: Bench, contenders: Sequence[Contender], connections: int) -> dict[str, Side]:
    """Check every contender's answer, then let them take turns; return the sides by name."""
    for contender in contenders:
        contender.server.wait_until(contender.request, contender.check)
    for contender in contenders:
        _load(contender, connections, WARM_UP_SECONDS)
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
    for turn in range(bench.runs):
        for contender in contenders:
            bench.say(f"run {turn + 1} of {bench.runs}: {contender.name}, {connections} connections")
            samples[contender.name].append(_load(contender, connections, bench.seconds))
    return {name: Side(name, tuple(measured)) for name, measured in samples.items()}


def versus(
    sides: dict[str, Side],
    peer: str,
    measure: str,
    *,
    ours: str = "Headrace",
    era: Era | None = None,
    least: float | None = None,
    aim: float | None = None,
    most: float | None = None,
) -> Finding:
    """Judge the ratio of ours to a peer's; without a bound it is only shown."""
    our, their = (sides[name if era is None else named(name, era)] for name in (ours, peer))
    what = f"{MEASURES[measure]}: {ours} / {peer}" + (f", {era}" if era else "")
    value = ratio(our, their, measure)
    if value is None:
        return failed(what, "no pair of runs without failures")
    if least is not None:
        return at_least(what, value, least, aim=aim)
    return show(what, shown(value, "x")) if most is None else below(what, value, most)


def named(name: str, era: Era) -> str:
    """Return the name of a server in one era."""
    return f"{name}, {era}"


def says(text: str) -> Check:
    """Return a check that a tool's result holds a text."""

    def check(result: dict[str, object]) -> None:
        if text not in text_of(result):
            raise WrongAnswer(f"expected {text!r} in {result}")

    return check


def says_json(value: object) -> Check:
    """Return a check that a tool's text is a JSON value, or a list of just that value."""

    def check(result: dict[str, object]) -> None:
        found = json.loads(text_of(result))
        if found not in (value, [value]):
            raise WrongAnswer(f"expected {value!r}, not {found!r}")

    return check


def lists(count: int) -> Check:
    """Return a check that a list has so many tools."""

    def check(result: dict[str, object]) -> None:
        tools = result.get("tools")
        if not isinstance(tools, list) or len(tools) != count:
            raise WrongAnswer(f"expected {count} tools, not {len(tools) if isinstance(tools, list) else tools}")

    return check


def _load(contender: Contender, connections: int, seconds: float) -> Sample:
    return run_load(contender.server, contender.request, contender.expect, connections, seconds)


MEASURES = {"rate": "rate", "p50_ms": "p50", "p99_ms": "p99", "cpu_us": "CPU a request"}
