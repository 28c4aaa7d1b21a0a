"""The question of a back-test: draft terms, the history over which they are evaluated, and what a miss costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_monitor.application.preview.preview_terms import NOBODY


@dataclass(frozen=True, slots=True)
class BacktestQuestion:
    """Draft terms, and the indicator over whose history they are evaluated.

    ``indicator``: its subject, empty for terms about tickets and for derived targets. ``members``: drafts of the
    targets from which a derived target is evaluated. ``owner``: id of the party to which tickets and indicators belong.
    ``per``: kind of the calendar windows into which the clocks of a per-ticket target are grouped. ``period_charge``:
    the price of the service per period, as amount, currency and kind of period. A ``credit_schedule`` may promise a
    share of this price as a credit. ``critical_periods``: those of the agreement; the terms may name one as their
    window.
    """

    terms: Mapping[str, Any]
    indicator: str
    service_hours: Any = "24x7"
    timezone: str = "UTC"
    members: Sequence[Mapping[str, Any]] = ()
    owner: str = NOBODY
    per: str = "month"
    credit_schedule: Mapping[str, Any] | None = None
    period_charge: Mapping[str, Any] | None = None
    critical_periods: Sequence[Mapping[str, Any]] = ()
    agreement: Mapping[str, Any] | None = None
    """The agreement to which the terms belong, in the form of AgreementFinalized; its service hours and names apply.

    None: the terms stand alone.
    """

    def without_money(self) -> BacktestQuestion:
        """Return the question without its credit schedule and charge."""
        return replace(self, credit_schedule=None, period_charge=None)

    def document(self) -> dict[str, Any]:
        """Return the question as JSON. Without critical periods, their field is left out."""
        periods = {"critical_periods": [dict(each) for each in self.critical_periods]} if self.critical_periods else {}
        return periods | {
            "terms": dict(self.terms),
            "indicator": self.indicator,
            "service_hours": self.service_hours,
            "timezone": self.timezone,
            "members": [dict(each) for each in self.members],
            "owner": self.owner,
            "per": self.per,
            "credit_schedule": self.credit_schedule,
            "period_charge": self.period_charge,
        }
