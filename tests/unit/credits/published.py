"""Service credits that cloud providers publish: percent of the month's charge by monthly uptime."""

from __future__ import annotations

from typing import Any

from slm_credits.schedule import Schedule
from slm_credits.schedule_document import parse_schedule

STORAGE = ("99.9", "99", "95"), ("10", "25", "100")
"""Object storage: below 99.9 percent 10, below 99 percent 25, below 95 percent 100."""
COMPUTE = ("99.99", "99", "95"), ("10", "30", "100")
"""Instances in a region: below 99.99 percent 10, below 99 percent 30, below 95 percent 100."""


def cloud_document(edges: tuple[str, ...], percents: tuple[str, ...], **more: Any) -> dict[str, Any]:
    """The document of a credit schedule. ``edges`` and ``percents`` are given from the highest edge to the lowest.

    Each band pays its percentage of the charge below its edge. From the highest edge on, nothing is paid.
    """
    starts = ["0", *reversed(edges)]
    bands: list[dict[str, Any]] = [
        {"from": start, "percent_of_charge": percent}
        for start, percent in zip(starts, reversed(percents), strict=False)
    ]
    return {"currency": "USD", "bands": [*bands, {"from": edges[0], "nothing": True}], **more}


def cloud(bands: tuple[tuple[str, ...], tuple[str, ...]], **more: Any) -> Schedule:
    """The parsed credit schedule of ``bands``, such as STORAGE or COMPUTE."""
    return parse_schedule(cloud_document(*bands, **more))
