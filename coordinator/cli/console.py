"""Print for whoever reads: tables where a person watches, plain lines or JSON where a pipe does."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from flows.errors import NotFound

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def is_watched() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows: as a table with a heading for a person, with tabs and without heading for a pipe."""
    if not is_watched():
        for row in rows:
            print("\t".join(_one_line(cell) for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    found = [[_one_line(cell) for cell in row] for row in rows]
    # The first column names the thing and is what people copy, so it is never cut.
    table.add_column(columns[0], no_wrap=True, min_width=max((len(row[0]) for row in found), default=0))
    for column in columns[1:]:
        table.add_column(column)
    for row in found:
        table.add_row(*map(Text, row))
    Console().print(table)


def say(sentence: str) -> None:
    """Tell a person something that is no result: on standard error, so that pipes do not see it."""
    print(_printable(sentence), file=sys.stderr)


def moment(milliseconds: int | None, otherwise: str = "never") -> str:
    """Write a time of the wire in the zone of the reader."""
    if milliseconds is None:
        return otherwise
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def span(microseconds: int) -> str:
    """Write a duration of the wire."""
    if microseconds < 1000:
        return f"{microseconds} µs"
    return f"{microseconds / 1000:.1f} ms" if microseconds < 1_000_000 else f"{microseconds / 1_000_000:.2f} s"


def missing_file(path: Path) -> NotFound:
    """Return the error for a path under which there is nothing; it says from where that was looked for."""
    where = "" if path.is_absolute() else f" in {str(Path.cwd())!r}"
    return NotFound(f"There is no file or directory {str(path)!r}{where}.")


def plural(count: int, word: str) -> str:
    """Count things: `1 flow`, `2 flows`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _one_line(text: str) -> str:
    return _printable(" ".join(text.split()))


def _printable(text: str) -> str:
    # What comes from a server or a file must not move the cursor of a terminal.
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)
