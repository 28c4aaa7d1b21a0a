"""The terms of planned maintenance: how long before it is announced, and how much of it is allowed in a period."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.terms import target_windows
from slm_agreement.domain.terms.reading import Reader

NAME = "planned_maintenance"


def resolve_maintenance(reader: Reader) -> dict[str, Any]:
    """Read ``{"notice": "P5D", "cap": {"hours": "8", "per": "month"}}``, of which each part may be missing.

    An empty result means that all planned time that the other party approves is excluded.
    """
    if reader.raw(NAME) is None:
        return {}
    planned = Reader(reader.raw(NAME), NAME, reader.findings)
    resolved: dict[str, Any] = {}
    notice = planned.raw("notice")
    if notice is not None:
        length = target_windows.length(notice)
        if length is None or length < 0:
            planned.fault("notice", notice, "write an ISO 8601 duration, like P5D")
        resolved["notice"] = notice
    if planned.raw("cap") is not None:
        cap = Reader(planned.raw("cap"), f"{NAME}.cap", reader.findings)
        resolved["cap"] = {
            "hours": cap.decimal("hours"),
            "per": cap.choice("per", target_windows.CALENDAR_WINDOWS, "month"),
        }
        cap.done()
    planned.done()
    return resolved
