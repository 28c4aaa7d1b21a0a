"""The events of report-svc."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPublished:
    """The service report of a period, or a new revision of it after a restatement."""

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
    """The worst verdict of the lines: ``breached`` | ``at_risk`` | ``no_data`` | ``met``."""
    lines: list[dict[str, Any]] = field(default_factory=list)
    """For each target and window ``{"target_id", "target_key", "agreement_version", "window_id", "agreed",
    "attained", "attained_display", "baseline", "verdict"}``.
    """
    breaches: int
    url: str
    published_at: str
