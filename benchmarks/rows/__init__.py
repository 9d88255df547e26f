"""The rows of the benchmark, in the order of the table."""

from benchmarks.rows import calls, edits, fetching, fleet, listing, resync, soak, sql, starting
from benchmarks.suite import Measure

ROWS: dict[str, Measure] = {
    "call": calls.many_connections,
    "latency": calls.one_connection,
    "sql": sql.sql_step,
    "steps": calls.ten_steps,
    "list": listing.thousand_tools,
    "resync": resync.ten_thousand_flows,
    "edit": edits.edit_to_visible,
    "start": starting.start_to_first_call,
    "soak": soak.mixed_calls,
    "http": fetching.http_step,
    "fleet": fleet.one_worker,
    "fleet-latency": fleet.one_connection,
    "fleet-sleep": fleet.sleeping,
    "fleet-cpu": fleet.computing,
}
"""Key to measurement; each returns its row or raises."""
