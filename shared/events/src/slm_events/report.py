"""The events of report-svc: published service reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPublished:
    """A service report was published: the first of its period, or a new revision after facts changed."""

    report_id: str
    revision: int
    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    period: str
    period_start_at: str
    period_end_at: str
    verdict: str
    """The worst verdict of the report's lines: ``breached`` | ``at_risk`` | ``no_data`` | ``met``."""
    lines: list[dict[str, Any]] = field(default_factory=list)
    """The lines of the report, one for each target and window: ``{"target_id", "target_key", "agreement_version",
    "window_id", "agreed", "attained", "attained_display", "baseline", "verdict"}``.
    """
    breaches: int
    url: str
    published_at: str
