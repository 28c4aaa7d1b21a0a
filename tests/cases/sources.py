"""The rules of each source in our terms. A source that is not listed has the common rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.cases.reading import Case

_UP = ("ok", "up", "warning", "warn", "recovered", "degraded", "operational", "available", "healthy")
_DOWN = ("critical", "down", "problem", "crit", "unreachable", "outage", "failed", "unavailable", "major_outage")
_UNSEEN = ("unknown", "pending", "pend", "undetermined", "unmonitored", "no_data", "maintenance")
SEVERITIES = ("ok", "not_classified", "information", "warning", "average", "high", "disaster")
"""Zabbix's, ascending."""
STATES = {**dict.fromkeys(_UP, "up"), **dict.fromkeys(_DOWN, "down"), **dict.fromkeys(_UNSEEN, "unknown")}


@dataclass(frozen=True)
class Rules:
    """A source's rules as our policies."""

    states: Mapping[str, str] = field(default_factory=lambda: STATES)
    planned_downtime: str = "removed"
    initial_state: str = "up"
    """The state before the first one that the case gives."""
    pause: tuple[str, ...] = ("paused", "pending", "hold", "on hold", "waiting", "awaiting", "replied", "suspended")
    """Prefixes of the ticket states in which clocks pause."""
    closed_pauses: bool = False
    """Whether all clocks pause while a ticket that is reopened later is closed."""
    on_priority_change: str = "from_opening"
    """How a new target counts after a change of priority; by default from the opening, with all pauses."""
    hours_of_a_day: int | None = None
    """Hours of open time in one day of a target in days; None: days are working days."""
    days_of_a_month: int = 30
    priorities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The durations of its default agreement by the ticket's priority and clock."""
    least_events: int = 1
    """The least number of events for which there is a figure."""
    no_data: int | None = None
    """The count that stands for no answer, and is none."""


_NUMBERED = {"0": "up", "1": "up", "2": "down", "3": "down"}
"""OK, WARNING, CRITICAL and UNKNOWN of a service."""
_HELPDESK = {
    "urgent": {"response": "PT30M", "resolution": "PT2H"},
    "high": {"response": "PT1H", "resolution": "PT4H"},
    "medium": {"response": "PT8H", "resolution": "PT24H"},
    "low": {"response": "PT24H", "resolution": "PT72H"},
}
_RULES: tuple[tuple[str, Rules], ...] = (
    # Icinga: an UNKNOWN check is a problem; planned downtime counts as up; what has no history at all is up.
    ("icinga", Rules({**STATES, "unknown": "down", **_NUMBERED}, "excused")),
    ("idoreports", Rules({**STATES, "unknown": "down"}, "excused")),
    # Zabbix tells a problem by its severity, and of a service only whether it has one.
    ("zabbix", Rules({**STATES, **dict.fromkeys(SEVERITIES[1:], "down")})),
    # Zammad: a closed ticket does not escalate.
    ("zammad", Rules(closed_pauses=True)),
    ("frappe/helpdesk", Rules(priorities=_HELPDESK)),
    # ServiceNow and Znuny turn days into blocks of 24 hours of the schedule.
    ("servicenow", Rules(hours_of_a_day=24)),
    ("znuny", Rules(hours_of_a_day=24)),
    # Jira's durations are 24 hours a day as well, unless the case says how long a working day is.
    ("jira", Rules(hours_of_a_day=24)),
    # slo-generator asks ten events of a report, and writes -1 where a backend has none.
    ("slo-generator", Rules(least_events=10, no_data=-1)),
    ("checkmk", Rules()),
    # Centreon leaves planned downtime and unreachable time out of both sides.
    ("centreon", Rules({**STATES, "unreachable": "unknown"})),
)


def rules_of(case: Case) -> Rules:
    """The rules of a case's source."""
    source = case.source.lower()
    return next((rules for name, rules in _RULES if name in source), Rules())


WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number_of(word: str) -> int:
    """``three`` or ``3``. ValueError for any other word."""
    return WORDS.index(word.lower()) if word.lower() in WORDS else int(word)
