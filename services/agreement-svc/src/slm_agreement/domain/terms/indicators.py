"""The reference from a target to the indicator that measures it, by the indicator's owner and key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from slm_agreement.domain.terms.reading import FieldReader

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")


@dataclass(frozen=True, slots=True)
class AgreementParties:
    """The party ids of the provider and the customer of an agreement. An indicator belongs to one of the two."""

    provider: str
    customer: str
    recorder: str | None = None
    """The party that put the agreement on record: all indicators are its own, whichever side the terms name, because
    the other party measures nothing here. None for an agreement that is negotiated.
    """


def read_indicator(
    reader: FieldReader, kinds: tuple[str, ...], unit: str | None, parties: AgreementParties
) -> dict[str, Any]:
    """Read the field ``indicator`` of a target: a key, or an object with key, owner, kind and unit.

    ``kinds`` are the allowed kinds, the default first. ``unit`` is the unit of the limit in the target's aggregation;
    None if there is no such unit.
    """
    raw = reader.raw("indicator")
    indicator = FieldReader({"key": raw} if isinstance(raw, str) else raw, reader.at("indicator"), reader.findings)
    key = indicator.raw("key")
    if not isinstance(key, str) or not _KEY.match(key):
        indicator.fault("key", key, "write the indicator's key: letters, digits, dots, dashes, underscores, no slash")
    stated = indicator.raw("unit")
    if stated is not None and (not isinstance(stated, str) or not stated or len(stated) > 20):
        indicator.fault("unit", stated, "write a unit like ms")
    if unit and stated and unit != stated:
        reader.fault("aggregation.share_at_most", unit, f"write the limit in the indicator's unit, {stated}")
    resolved = {
        "owner_party_id": _owner(indicator, parties),
        "key": key,
        "kind": indicator.choice("kind", kinds, kinds[0]),
        "unit": stated or unit,
    }
    indicator.done()
    return resolved


def _owner(indicator: FieldReader, parties: AgreementParties) -> str:
    """Return the party id of the indicator's owner, read from ``owner``: ``provider`` (the default), ``customer`` or an
    id.
    """
    known = {"provider": parties.provider, "customer": parties.customer}
    owner, owner_id = indicator.raw("owner"), indicator.raw("owner_party_id")
    named = owner if owner is not None else owner_id if owner_id is not None else "provider"
    if isinstance(named, str) and (named in known or named in known.values()):
        return parties.recorder or known.get(named, named)
    indicator.fault("owner", named, "write provider, customer or the id of one of the two parties")
    return parties.recorder or parties.provider
