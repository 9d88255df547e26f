"""Step `sql_query`: a query that a caller wrote, which the database itself runs read-only."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.sdk import ConnectionName, Example, StepContext, step
from flows.sql.foreign import foreign_statement
from flows.steps._sql_database import database_of

MAX_ROWS = 1000


class SqlQueryConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Run a query whose text is only known at run time."""

    connection: Annotated[ConnectionName, Meta(description="Name of the connection to the database.")]
    statement: Annotated[
        str,
        Meta(
            description="The query: one statement that begins with SELECT, WITH, VALUES, EXPLAIN, SHOW or DESCRIBE.",
            examples=["${{ args.sql }}"],
            extra_json_schema={"x-kind": "value"},
        ),
    ]
    max_rows: Annotated[
        int,
        Meta(
            description="Most rows to return; when there are more, the result says `truncated: true`.", ge=1, le=10_000
        ),
    ] = MAX_ROWS


WRITTEN = Example(
    title="Run what a model wrote",
    config={"connection": "shop", "statement": "${{ args.sql }}", "max_rows": 100},
    args={"sql": "SELECT city, count(*) FROM users GROUP BY city"},
)


@step("sql_query", config=SqlQueryConfig, reaches_out=True, examples=(WRITTEN,))
async def sql_query(config: SqlQueryConfig, context: StepContext) -> dict[str, Any]:
    """Run a query that somebody else wrote, such as a model; the result is that of the step `sql`.

    Use `sql` wherever the text can be fixed: there values are parameters.  Here the text is the value, so whoever calls
    may read everything that the connection may read.  The database refuses to change anything, always.  Give the
    connection a user of the database that may only read what may be seen.
    """
    statement = foreign_statement(config.statement)
    database = await database_of(config.connection, context)
    return await database.query(statement, read_only=True, max_rows=config.max_rows, seconds=context.remaining)
