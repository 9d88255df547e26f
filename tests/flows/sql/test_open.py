"""What the URL of a connection opens."""

import pytest

from flows.errors import StepError
from flows.sdk import Connection
from flows.sql import open_database
from flows.sql.address import parse_address
from tests.flows.sql.conftest import CANARY


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            f"oracle://ada:{CANARY}@localhost/x",
            "The URL of connection 'shop' is for a database that is not supported. "
            "Begin it with sqlite:///, postgresql:// or mysql://.",
        ),
        (
            "sqlite://data.db",
            "The URL of connection 'shop' cannot be read. Write scheme://user:password@host:port/database, "
            "with special characters in the password percent-encoded.",
        ),
        (
            f"mysql://ada:{CANARY}/x@localhost",
            "The URL of connection 'shop' cannot be read. Write scheme://user:password@host:port/database, "
            "with special characters in the password percent-encoded.",
        ),
    ],
)
async def test_a_url_that_cannot_be_used_is_told_without_repeating_it(url: str, message: str) -> None:
    with pytest.raises(StepError) as caught:
        await open_database(Connection(name="shop", kind="sql", url=url))

    assert caught.value.code == "invalid_connection"
    assert str(caught.value) == message
    assert caught.value.__cause__ is None


def test_the_parts_of_a_url_are_decoded_and_not_shown() -> None:
    address = parse_address("shop", f"mysql+aiomysql://ada:{CANARY}%40%2F@db:3307/my%20data?ssl=true")

    assert (address.scheme, address.host, address.port, address.user) == ("mysql", "db", 3307, "ada")
    assert address.password == f"{CANARY}@/"
    assert (address.path, address.options) == ("my data", {"ssl": "true"})
    assert CANARY not in repr(address)
