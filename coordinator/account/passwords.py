"""Turn a password into a hash that is slow to guess from, and compare.  Source: RFC 9106, argon2id.

One hash takes 64 MiB and some fifty milliseconds of each core, so only a few are made at a time, in threads.
Raises InputRejected for a password that will not do, Busy when too many wait.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

from flows.errors import Busy, InputRejected

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 1024
AT_A_TIME: Final = 2
MAX_WAITING: Final = 16

T = TypeVar("T")


class Passwords:
    """Hashes and compares passwords."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return what may be stored of a password."""
        return await self._in_turn(lambda: _hasher().hash(_bytes(password)))

    async def fits(self, password: str, stored: str | None) -> bool:
        """Whether the password is the one of the hash.  Takes as long when there is no hash."""
        # Nobody has a password as long as this, and it takes no longer to say so.
        password = password[: MAX_LENGTH + 1]
        return await self._in_turn(lambda: _fits(password, stored))

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise Busy("Too many people sign in at this moment. Try again in a moment.", retry_after=2.0)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def check_password(password: str, name: str) -> None:
    """Refuse a password that is easily guessed, or too long to be one."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InputRejected(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.", fix="Take a longer one.")
    if password.casefold() == name.casefold() or len(set(password)) < 4:
        raise InputRejected("That password is too easy to guess.", fix="Take four words, or let one be made.")


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _of_nobody() -> str:
    return _hasher().hash("nobody has this password")


def _fits(password: str, stored: str | None) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        _hasher().verify(_of_nobody() if stored is None else stored, _bytes(password))
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
