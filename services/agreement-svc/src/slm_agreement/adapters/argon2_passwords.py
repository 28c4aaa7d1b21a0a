"""The password hash Argon2id, computed in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from slm_agreement.domain.people.accounts import normalise_password
from slm_chassis.faults import Overload

T = TypeVar("T")

_AT_ONCE = 2
"""The most hashes that are computed at the same time. Each takes 64 MiB and about 50 ms."""
_MOST_WAITING = 100
_RETRY_SECONDS = 5


class Argon2Passwords:
    """The password hash Argon2id, with the low-memory parameters of RFC 9106.

    ``matches`` raises Overload if too many calls are waiting, so that strangers cannot use up the memory.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobodys = _nobodys_hash(self._hasher.time_cost, self._hasher.memory_cost, self._hasher.parallelism)

    async def hash(self, password: str) -> str:
        """Return the hash of a password, with its random salt and its parameters."""
        return await self._in_turn(lambda: self._hasher.hash(normalise_password(password)))

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Return whether the hash is of this password. Without a hash the result is False, after the same time."""
        return await self._in_turn(lambda: self._matches(password_hash, password))

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            same = self._hasher.verify(password_hash or self._nobodys, normalise_password(password))
        except (Argon2Error, InvalidHashError):
            return False
        return same and password_hash is not None

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise Overload("Too many passwords are waiting to be checked", _RETRY_SECONDS)
        self._waiting += 1
        try:
            async with self._turns:
                # argon2 releases the interpreter's lock, so the loop goes on.
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


@cache
def _nobodys_hash(time_cost: int, memory_cost: int, parallelism: int) -> str:
    """Return a hash to check a password against if there is no account: the check takes as long as with a real hash."""
    return PasswordHasher(time_cost, memory_cost, parallelism).hash("the password of no account")
