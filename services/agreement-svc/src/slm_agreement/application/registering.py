"""Registering under a key: the first time makes it, the same again changes nothing, another content is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

from slm_agreement.application.ledger import Kept, Ledger
from slm_agreement.domain.errors import WrongState

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


async def enter(ledger: Ledger, kept: Kept[T], key: str, value: T, *, ignoring: tuple[str, ...] = ()) -> tuple[T, bool]:
    """The value kept under the id, and whether it is new. Raises WrongState where something else has the key.

    ``ignoring`` names fields that do not make a difference, such as the instant of recording.
    """
    await ledger.lock(key)
    known = await kept.get(key)
    if known is None:
        await kept.put(value)
        return value, True
    if _content(known, ignoring) != _content(value, ignoring):
        raise WrongState("The key is taken by something with another content: edit that with PUT, or use another key.")
    return known, False


def _content(value: DataclassInstance, ignoring: tuple[str, ...]) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(value) if field.name not in ignoring}
