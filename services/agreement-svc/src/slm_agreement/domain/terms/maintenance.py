"""The term for planned maintenance: how early it must be announced, and how much of it is excluded in a period."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.terms import target_windows
from slm_agreement.domain.terms.reading import FieldReader

NAME = "planned_maintenance"


def resolve_maintenance(reader: FieldReader) -> dict[str, Any]:
    """Read ``{"notice": "P5D", "cap": {"hours": "8", "per": "month"}}``; each of the two fields may be missing.

    If both are missing, all planned maintenance that the other party approves is excluded from the figures.
    """
    if reader.raw(NAME) is None:
        return {}
    planned = FieldReader(reader.raw(NAME), NAME, reader.findings)
    resolved: dict[str, Any] = {}
    notice = planned.raw("notice")
    if notice is not None:
        length = target_windows.parse_duration(notice)
        if length is None or length < 0:
            planned.fault("notice", notice, "write an ISO 8601 duration, like P5D")
        resolved["notice"] = notice
    if planned.raw("cap") is not None:
        cap = FieldReader(planned.raw("cap"), f"{NAME}.cap", reader.findings)
        resolved["cap"] = {
            "hours": cap.decimal("hours"),
            "per": cap.choice("per", target_windows.CALENDAR_WINDOWS, "month"),
        }
        cap.done()
    planned.done()
    return resolved
