"""Ids: random ones that sort by time, and ids computed from a name, which are the same each time."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable
from functools import lru_cache

import msgspec

from slm_chassis.clock import real_now

NAMESPACE = uuid.UUID("6f1d0d5e-3c5b-5a57-9f0e-6a1f0a7c51a3")
"""The product's fixed UUID namespace. A party's id is the UUIDv5 of this namespace and the party's key."""

NewId = Callable[[], str]


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562): 48 bits of real time in milliseconds, then random bits."""
    value = (real_now() // 1_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return _hyphenated(f"{value:032x}")


def named_id(namespace: uuid.UUID | str, *name: str | int) -> str:
    """Return the UUIDv5 of a namespace and a name; the name is hashed as a JSON array in the form of RFC 8785."""
    space = namespace.bytes if isinstance(namespace, uuid.UUID) else _bytes_of(namespace)
    # As ``uuid.uuid5`` makes it, without its objects, which take four times as long.
    digits = hashlib.sha1(space + msgspec.json.encode(name), usedforsecurity=False).hexdigest()
    return _hyphenated(f"{digits[:12]}5{digits[13:16]}{_VARIANTS[digits[16]]}{digits[17:32]}")


_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""A hexadecimal digit → the same digit with the two highest bits of a UUID's variant."""


def _hyphenated(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@lru_cache(maxsize=2_000)
def _bytes_of(namespace: str) -> bytes:
    """Return the bytes of a UUID, cached: thousands of ids in a row are often made in one namespace."""
    return uuid.UUID(namespace).bytes
