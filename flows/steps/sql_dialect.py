"""Step `sql_dialect`: which database a connection leads to."""

from typing import Annotated

from msgspec import Meta, Struct

from flows.connections import require_kind
from flows.sdk import ConnectionName, Example, StepContext, step
from flows.sql.address import parse_address

DIALECTS = {
    "sqlite": "sqlite",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}


class SqlDialectConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tell databases apart."""

    connection: Annotated[ConnectionName, Meta(description="Name of the connection to the database.")]


ASK = Example(title="Which SQL to write", config={"connection": "shop"})


@step("sql_dialect", config=SqlDialectConfig, short="connection", reaches_out=True, examples=(ASK,))
def sql_dialect(config: SqlDialectConfig, context: StepContext) -> str:
    """Say which SQL the database of a connection speaks: `sqlite`, `postgresql` or `mysql`; without connecting."""
    connection = require_kind(context.connection(config.connection), "sql", "sql_dialect")
    scheme = parse_address(connection.name, connection.url).scheme
    return DIALECTS.get(scheme, scheme)
