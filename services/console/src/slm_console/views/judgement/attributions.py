"""View model of a downtime that is split among the provider and the supporting agreements that caused it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_console.views.judgement.figures import exact
from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class DowntimePart:
    """The part of a downtime that the provider itself or one supporting agreement caused."""

    name: str
    agreement_id: str
    """Id of the supporting agreement; empty for the provider itself, and if the reader may not see the agreement."""
    length: str
    share: str
    """The part's share of the whole downtime: ``66.7 %``."""
    unknown: str
    """For how long nobody knows whether the support was down: ``12 min unknown``; empty if it is known throughout."""


def downtime_parts_of(reader: Reader, attribution: Mapping[str, Any] | None) -> Sequence[DowntimePart]:
    """Return the parts of a window's downtime, the largest first; of equal parts the provider's own comes first.

    A part without downtime is left out, unless nobody knows for some of the time.

    ``attribution`` is the answer to ``GET /breaches/{id}/attribution`` or ``GET /targets/{id}/attribution``. The result
    is empty without an answer, without downtime, and if the signed version names no supporting agreement.
    """
    whole = exact((attribution or {}).get("downtime_microseconds"))
    if attribution is None or not attribution["is_chained"] or not whole:
        return ()
    own = {
        "name": reader.gettext("the provider itself"),
        "agreement_id": None,
        "microseconds": attribution["own_microseconds"],
        "unknown_microseconds": "0",
    }
    parts = sorted([own, *attribution["supports"]], key=lambda part: -_amount(part, "microseconds"))
    told = [part for part in parts if _amount(part, "microseconds") or _amount(part, "unknown_microseconds")]
    return [_part_of(reader, part, whole) for part in told]


def _part_of(reader: Reader, part: Mapping[str, Any], whole: Fraction) -> DowntimePart:
    amount, unknown = _amount(part, "microseconds"), _amount(part, "unknown_microseconds")
    return DowntimePart(
        name=str(part["name"]),
        agreement_id=str(part["agreement_id"] or ""),
        length=reader.length(amount),
        share=reader.gettext("%(share)s %%", share=reader.decimal(amount * 100 / whole, 1)),
        unknown=reader.gettext("%(length)s unknown", length=reader.length(unknown)) if unknown else "",
    )


def _amount(part: Mapping[str, Any], name: str) -> Fraction:
    return exact(part[name]) or Fraction(0)
