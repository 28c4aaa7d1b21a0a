"""The supporting agreements (supports) that a document names: functions that read them, and that hide them from the
other party.

An author names a supporting agreement by its id. The document that both parties read has an opaque id instead. So a
party learns how many supports the other party named, and what the other party discloses of each support. It does not
learn which agreements they are.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_agreement.domain.terms.reading import FieldReader

NAME = "supports"
NOTHING, TERMS = "nothing", "terms"
DISCLOSED = (NOTHING, TERMS)
"""What the other side is shown of a support: only that there is one, or also its title and its numbers."""
SIDES = ("provider", "customer")
MOST_SUPPORTS = 50
REMEDY = "write the id of an operational level agreement or underpinning contract to which your party is a party"
CIRCLE_REMEDY = "remove it: that agreement itself rests on this one, and each would carry the other"


@dataclass(frozen=True, slots=True)
class SupportReference:
    """A supporting agreement that a party named, and the opaque id by which documents refer to it."""

    support_id: str
    agreement_id: str
    """The agreement that rests on the support."""
    party_id: str
    """The party that named the support."""
    supporting_agreement_id: str


def read_supports(reader: FieldReader) -> list[dict[str, str]]:
    """Read the supporting agreements of a document.

    An entry is an id, ``{"agreement_id", "disclose"}``, or an entry of an earlier document with its ``support_id``.
    """
    raw = reader.raw(NAME, [])
    items = raw if isinstance(raw, list) else [raw]
    if len(items) > MOST_SUPPORTS:
        reader.fault(NAME, len(items), f"write {MOST_SUPPORTS} supports at most")
        return []
    return [_support(item, f"{NAME}[{index}]", reader) for index, item in enumerate(items)]


def _support(item: Any, path: str, reader: FieldReader) -> dict[str, str]:
    support = FieldReader({"agreement_id": item} if isinstance(item, str) else item, path, reader.findings)
    read = {}
    for name in ("support_id", "agreement_id"):
        if support.has(name):
            read[name] = support.text(name)
            if not is_uuid(read[name]):
                support.fault(name, read[name], REMEDY)
        else:
            support.raw(name)
    if not read:
        support.fault("agreement_id", None, REMEDY)
    if support.has("side"):
        read["side"] = support.choice("side", SIDES)
    else:
        support.raw("side")
    read["disclose"] = support.choice("disclose", DISCLOSED, NOTHING)
    support.done()
    return read


def is_uuid(text: str) -> bool:
    """Return whether the text is a UUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def entry_of(reference: SupportReference, side: str, disclose: str) -> dict[str, str]:
    """Return the document's entry for a supporting agreement: it has the opaque id, not the agreement's id."""
    return {"support_id": reference.support_id, "side": side, "disclose": disclose}


def show_own_supports(
    entries: Sequence[Mapping[str, str]], references: Sequence[SupportReference], party_id: str | None
) -> list[dict[str, str]]:
    """Return the supports in a document for a reader of one party.

    A support that this party named also has its ``agreement_id``.
    """
    own = {each.support_id: each.supporting_agreement_id for each in references if each.party_id == party_id}
    shown = []
    for entry in entries:
        agreement_id = own.get(entry.get("support_id", ""))
        shown.append({**entry, **({} if agreement_id is None else {"agreement_id": agreement_id})})
    return shown
