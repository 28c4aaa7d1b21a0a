"""Findings: breaches and risks, each with the time in which things were bad, and with its cause keys.

A cause key names an indicator, a configuration item, a ticket or a target that the finding is about. Findings with the
same key may have the same cause.
"""

from __future__ import annotations

from dataclasses import dataclass

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds

BREACH, RISK = "breach", "risk"
INDICATOR, ITEM, TICKET, TARGET = "indicator", "item", "ticket", "target"
"""The kinds of keys: an indicator, a configuration item, a ticket, and a target that has none of them."""


def build_cause_key(kind: str, name: str) -> str:
    """Return a cause key, such as ``indicator:<owner>/<key>``. Keys of different kinds are never equal."""
    return f"{kind}:{name}"


@dataclass(frozen=True, slots=True)
class CauseFinding:
    """A breach that is in force, or a risk that was published.

    ``[since, until)`` is its bad interval in microseconds UTC; ``until`` is ``OPEN_ENDED`` while the interval has not
    ended.
    """

    finding_id: str
    kind: str
    provider_party_id: str
    customer_party_id: str
    agreement_id: str
    target_id: str
    service_id: str
    keys: frozenset[str]
    since: UtcMicroseconds
    until: UtcMicroseconds
    is_hidden: bool = False
    """Whether the finding is a risk that the agreement hides from the customer."""

    @property
    def span(self) -> Interval:
        return self.since, self.until

    @property
    def parties(self) -> tuple[str, ...]:
        """The parties that are shown the finding."""
        both = (self.provider_party_id, self.customer_party_id)
        return both[:1] if self.is_hidden else both
