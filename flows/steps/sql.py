"""Step `sql`: one statement on a database, from text with values in it to rows.

The drivers are in `flows.sql`; how values leave the text is in `flows.sql.statement`.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.sdk import ConnectionName, Example, SqlText, StepContext, step
from flows.steps._sql_database import database_of

MAX_ROWS = 1000


class SqlConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Run a statement on a database."""

    connection: Annotated[ConnectionName, Meta(description="Name of the connection to the database.")]
    query: Annotated[
        SqlText,
        Meta(
            description="One SQL statement; values are parameters and never part of the text, a list after IN is "
            "one parameter for each element.",
            examples=["SELECT id, name FROM users WHERE city = ${{ args.city }}"],
        ),
    ]
    max_rows: Annotated[
        int,
        Meta(
            description="Most rows to return; when there are more, the result says `truncated: true`.",
            ge=1,
            le=100_000,
        ),
    ] = MAX_ROWS
    read_only: Annotated[
        bool,
        Meta(
            description="Let the database refuse to change anything; in a tool with the annotation `readOnly` it "
            "always does."
        ),
    ] = False


FIND = Example(
    title="Find rows",
    config={
        "connection": "shop",
        "query": "SELECT id, name FROM products WHERE price < ${{ args.max_price }} ORDER BY price",
        "read_only": True,
    },
    args={"max_price": 20},
)
SEARCH = Example(
    title="Search in text",
    config={
        "connection": "shop",
        "query": "SELECT id, name FROM products WHERE name LIKE ${{ '%' + args.text + '%' }}",
        "max_rows": 50,
    },
    args={"text": "lamp"},
)
ANY_OF = Example(
    title="Find the rows of a list of ids",
    config={"connection": "shop", "query": "SELECT id, name FROM products WHERE id IN ${{ args.ids }}"},
    args={"ids": [1, 2, 3]},
)
ADD = Example(
    title="Add a row",
    config={
        "connection": "shop",
        "query": "INSERT INTO orders (customer, total) VALUES (${{ args.customer }}, ${{ args.total }})",
    },
    args={"customer": "Ada", "total": 12.5},
)


@step("sql", config=SqlConfig, reaches_out=True, examples=(FIND, SEARCH, ANY_OF, ADD))
async def sql(config: SqlConfig, context: StepContext) -> dict[str, Any]:
    """Run one SQL statement.

    A query gives `rows` (a mapping of column to value each), `columns`, `row_count` and `truncated`; a statement that
    changes data gives `affected`, with `last_id` where the database counts ids (SQLite, MySQL).  Each statement is
    a transaction of its own.  Dates are ISO 8601 text, bytes are base64, and a decimal that a float cannot hold
    exactly is text.
    """
    database = await database_of(config.connection, context)
    return await database.query(
        config.query,
        read_only=config.read_only or context.read_only,
        max_rows=config.max_rows,
        seconds=context.remaining,
    )
