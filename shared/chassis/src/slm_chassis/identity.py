"""Ids: random ones that sort by time, and ids computed from a name, which are the same each time."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable
from functools import lru_cache

from slm_chassis.clock import real_now

NAMESPACE = uuid.UUID("6f1d0d5e-3c5b-5a57-9f0e-6a1f0a7c51a3")
"""The product's fixed UUID namespace. A party's id is the UUIDv5 of this namespace and the party's key."""

NewId = Callable[[], str]


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562): 48 bits of real time in milliseconds, then random bits."""
    value = (real_now() // 1_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def named_id(namespace: uuid.UUID | str, *name: str | int) -> str:
    """Return the UUIDv5 of a namespace and a name; the name is hashed as a JSON array in the form of RFC 8785."""
    space = namespace if isinstance(namespace, uuid.UUID) else _parsed(namespace)
    return str(uuid.uuid5(space, _ENCODER.encode(name)))


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


@lru_cache(maxsize=2_000)
def _parsed(namespace: str) -> uuid.UUID:
    """Return the namespace as a UUID, cached: thousands of ids in a row are often made in one namespace."""
    return uuid.UUID(namespace)
