"""The term ``customer_sees``: which warnings, figures and plans an agreement's customer is shown, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_calendar import durations
from slm_events.instants import UtcMicroseconds


@dataclass(frozen=True, slots=True)
class CustomerView:
    """The warnings, figures and plans of an agreement that its customer is shown.

    * ``risks_after``: how many microseconds a warning must last until the customer is shown it. 0: it is shown at once.
      None: it is never shown; the customer sees only a breach, if one follows.
    * ``live_figure``: whether figures of open windows are shown.
    * ``plans``: how much of an action plan the customer is shown, if its warning is shown: ``none`` | ``titles`` |
      ``full``.
    """

    risks_after: int | None = None
    live_figure: bool = True
    plans: str = "none"

    def shows_risk(self, opened_at: UtcMicroseconds, until: UtcMicroseconds) -> bool:
        """Whether the customer is shown a warning that opened at ``opened_at`` and lasts, or
        lasted, until ``until``.
        """
        return self.risks_after is not None and opened_at + self.risks_after <= until


DEFAULT = CustomerView()
"""The customer's view if the agreement has no ``customer_sees``: figures, but no warnings."""


def parse_customer_view(term: Mapping[str, Any] | None) -> CustomerView:
    """Parse the term ``customer_sees`` of an agreement. Without it, warnings are hidden and figures are shown."""
    written = term or {}
    risks = written.get("risks", "at_breach")
    after = None
    if isinstance(risks, Mapping):
        after = durations.from_iso(str(risks["after"]))
    elif risks == "at_once":
        after = 0
    return CustomerView(after, written.get("live_figure", "yes") != "at_close", written.get("plans", "none"))
