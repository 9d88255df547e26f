"""Row `sql`: one row by its key, from the same SQLite file, beside MCP Toolbox."""

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks import flow_files, peers
from benchmarks.headrace import Headrace
from benchmarks.report import Row
from benchmarks.suite import Bench, Contender, contest, says_json, versus
from benchmarks.wire import LEGACY, calls

ROWS = 500
CONNECTIONS = 64
FIND_ITEM = """\
  find_item:
    kind: sqlite-sql
    source: source
    description: One item by its number.
    parameters: [{name: id, type: integer, description: Number of the item}]
    statement: SELECT id, name, price FROM items WHERE id = ?
"""


def sql_step(bench: Bench) -> Row:
    """Measure a `sql` flow and the same query in MCP Toolbox."""
    database = bench.room("shop") / "shop.db"
    create_shop(database)
    request = calls("find_item", [{"id": number} for number in range(1, ROWS, 7)], LEGACY)
    first = says_json({"id": 1, "name": "item 1", "price": 1.25})
    ours = Headrace(
        bench.room("headrace"), flow_files.FIND_ITEM, env={"HEADRACE_CONNECTION_SHOP": f"sqlite:///{database}"}
    )
    theirs = peers.toolbox(bench.room("toolbox"), str(database), FIND_ITEM)
    with ours, theirs:
        contenders = [
            Contender(ours.name, ours, ours.signed(request), "item ", first),
            Contender(theirs.name, theirs, request, "item ", first),
        ]
        many = contest(bench, contenders, CONNECTIONS)
        alone = contest(bench, contenders, 1)
    findings = (
        versus(many, theirs.name, "rate", least=0.7),
        versus(many, theirs.name, "p99_ms"),
        versus(many, theirs.name, "cpu_us"),
        versus(alone, theirs.name, "p50_ms"),
    )
    return Row("sql", "a `sql` flow on SQLite, 64 connections", findings, tuple(many.values()))


def create_shop(database: Path) -> None:
    """Write the table that both sides read."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL)")
        connection.executemany(
            "INSERT INTO items VALUES (?, ?, ?)",
            [(number, f"item {number}", number * 1.25) for number in range(1, ROWS)],
        )
