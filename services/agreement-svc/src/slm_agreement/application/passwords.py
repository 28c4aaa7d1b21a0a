"""The port by which use cases hash and compare passwords."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    """A slow password hash, so that guessing takes long. Each method takes tens of milliseconds of a processor."""

    async def hash(self, password: str) -> str:
        """Return the hash of a password, with a random salt."""
        ...

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Return whether the hash is of this password. Without a hash, return False after the time that a real hash
        takes.
        """
        ...
