"""Print the report: a table for whoever watches, Markdown for a pipe."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.report import FINDING_COLUMNS, SIDE_COLUMNS, Report, Row, side_cells, to_markdown

STYLES = {"met": "green", "missed": "bold yellow", "failed": "bold red", "shown": "dim"}


def print_report(report: Report, console: Console) -> None:
    """Print all rows."""
    if not console.is_terminal:
        print(to_markdown(report))
        return
    for row in report.rows:
        _print_row(row, console)


def _print_row(row: Row, console: Console) -> None:
    console.print()
    console.print(Text(f"{row.key}: {row.title}", style="bold"))
    if row.findings:
        console.print(_findings(row))
    if row.sides:
        console.print(_sides(row))
    for note in row.notes:
        console.print(Text(note, style="dim"))


def _findings(row: Row) -> Table:
    table = Table(*FINDING_COLUMNS)
    for each in row.findings:
        verdict = Text(each.verdict, style=STYLES[each.verdict])
        table.add_row(Text(each.what), Text(each.target), Text(each.measured), verdict)
    return table


def _sides(row: Row) -> Table:
    table = Table("server", *SIDE_COLUMNS)
    for column in table.columns[1:]:
        column.justify = "right"
    for side in row.sides:
        table.add_row(*map(Text, (side.name, *side_cells(side))))
    return table
