"""What each source means by its words, in our terms. A source that is not listed gets the common meanings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.cases.reading import Case

_UP = ("ok", "up", "warning", "recovered", "degraded")
_DOWN = ("critical", "down", "problem", "crit", "unreachable", "outage")
STATES = {**dict.fromkeys(_UP, "up"), **dict.fromkeys(_DOWN, "down"), "unknown": "unknown", "pending": "unknown"}


@dataclass(frozen=True)
class Rules:
    """A source's rules as our policies."""

    states: Mapping[str, str] = field(default_factory=lambda: STATES)
    planned_downtime: str = "removed"
    initial_state: str = "up"
    """Before the first state it tells of."""
    pause: tuple[str, ...] = ("paused", "pending", "on hold", "hold", "awaiting_customer", "replied")
    """The ticket states in which its clocks stand still."""
    on_priority_change: str = "from_opening"
    """Its new target counts from the ticket's opening, pauses included."""


_RULES: tuple[tuple[str, Rules], ...] = (
    # Icinga: an UNKNOWN check is a problem; planned downtime counts as up; nothing is known before the first state.
    ("icinga", Rules({**STATES, "unknown": "down"}, "excused", "unknown")),
    ("idoreports", Rules({**STATES, "unknown": "down"}, "excused", "unknown")),
    ("zabbix", Rules()),
    ("checkmk", Rules()),
    # Centreon leaves planned downtime and unreachable time out of both sides.
    ("centreon", Rules({**STATES, "unreachable": "unknown"})),
)


def rules_of(case: Case) -> Rules:
    """The rules of a case's source."""
    source = case.source.lower()
    return next((rules for name, rules in _RULES if name in source), Rules())
