"""The vocabulary of targets: aggregations, their objectives, and windows.

agreement-svc reads terms by this vocabulary and monitor-svc evaluates by it, so that what can be agreed and what can be
evaluated are the same. The code that computes figures is in monitor-svc, ``domain/aggregations``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AT_LEAST, AT_MOST = "at_least", "at_most"
"""The two comparisons of an objective. Equality meets both."""

PERCENT, COUNT, POINTS, MINUTES = "percent", "count", "points", "minutes"
"""Units of objectives. An objective of any other aggregation is a number in the indicator's unit."""
UNIT_OF_INDICATOR = ""

CALENDAR, ROLLING, TICKET = "calendar", "rolling", "ticket"
"""The kinds of windows: calendar periods, rolling windows, and the life of each ticket."""

STATES, RECOVERIES, SERIES = "states", "recoveries", "series"
"""Sources of facts of one indicator: its states, its recoveries, or rows that are summed by the minute."""
TICKETS, MEMBERS, CLOCK = "tickets", "members", "clock"
"""Sources without an indicator: results of tickets, other targets, and each ticket by itself."""

WITHOUT, REQUIRED, EITHER_WAY = "without", "required", "either way"
"""Whether an aggregation is written with parameters, ``{name: parameters}``."""

COMPOSITE_RULES: Mapping[str, tuple[str, ...]] = {
    "states": ("serial",),
    "figures": ("weighted_mean", "missing_sum"),
    "verdicts": ("all_of",),
}
"""What a composite combines → its rules. Composites of states and of verdicts also allow ``{"k_of_n": k}``."""

_EITHER = (AT_LEAST, AT_MOST)
_BUDGETS = frozenset({"budget_consumed", "burn_rate", "budget_drop", "time_to_exhaustion"})
OF_STATES = _BUDGETS | {"projected"}
"""The warnings that a target of states may have. The sets below hold those of targets of events, slices, tickets,
members' figures, values, and counts with an upper limit.
"""
OF_EVENTS = OF_STATES | {"min_events"}
OF_SLICES = frozenset({"budget_consumed"})
OF_TICKETS = frozenset({"projected", "min_events"})
OF_FIGURES = frozenset({"projected"})
OF_NUMBERS = frozenset({"min_events"})
OF_LIMITED_COUNTS = frozenset({"budget_consumed", "min_events"})


@dataclass(frozen=True, slots=True)
class AggregationKind:
    """One way to compute a target's figure: how it is written, and which objectives, indicators and warnings it has.

    ``form`` shows how it is written. ``indicators`` are the kinds that the indicator may have, the default first; empty
    if the target has no indicator.
    """

    name: str
    source: str
    form: str
    indicators: tuple[str, ...] = ()
    unit: str = PERCENT
    """The unit of the objective; ``UNIT_OF_INDICATOR``: a number in the indicator's unit."""
    comparisons: tuple[str, ...] = (AT_LEAST,)
    written: str = WITHOUT
    """Whether it is written with parameters: ``WITHOUT`` | ``REQUIRED`` | ``EITHER_WAY``."""
    warnings: frozenset[str] = frozenset()
    is_share: bool = False
    """Whether the figure is a share in [0, 1]. A quantile is one too: the share of the values within its limit."""
    is_of_events: bool = False
    """Whether the figure is a share of events, for which terms may state an expected volume."""
    limit: str | None = None
    """The side of a limit on which a value is good: ``AT_MOST`` | ``AT_LEAST``; None: there is no limit of values."""

    @property
    def is_derived(self) -> bool:
        """Whether the figure is computed from other targets' results, or from clocks of tickets."""
        return self.source in (TICKETS, MEMBERS)

    @property
    def is_of_single_facts(self) -> bool:
        """Whether the figure is computed from facts that are stored one by one: states or recoveries."""
        return self.source in (STATES, RECOVERIES)

    @property
    def is_measured(self) -> bool:
        """Whether the figure follows from the facts of one indicator."""
        return self.source in (STATES, RECOVERIES, SERIES)

    @property
    def is_number(self) -> bool:
        """Whether the figure is a number of occurrences. With an objective ``at_most``, this number has an error
        budget.
        """
        return self.unit == COUNT

    @property
    def is_never_worsened_by_good(self) -> bool:
        """Whether more good time or more good events can never make the figure worse.

        This is so if the figure is a share of time or of events.
        """
        return self.is_share and (self.source == STATES or (self.source == SERIES and self.is_of_events))

    @property
    def is_limit_of_values(self) -> bool:
        """Whether the objective is itself the limit of each value: the figure is the share of values within it."""
        return self.is_share and self.unit == UNIT_OF_INDICATOR

    def accepts_form(self, document: Any) -> bool:
        """Return whether the aggregation may be written in this form: with parameters or without."""
        return self.written == EITHER_WAY or isinstance(document, Mapping) == (self.written == REQUIRED)


_VALUES = ("value", "rating")
_ALL = (
    AggregationKind("availability", STATES, '"availability"', ("availability",), warnings=OF_STATES, is_share=True),
    AggregationKind("ratio", SERIES, '"ratio"', ("ratio",), PERCENT, _EITHER, WITHOUT, OF_EVENTS, True, True),
    AggregationKind("mean", SERIES, '"mean"', _VALUES, UNIT_OF_INDICATOR, _EITHER, warnings=OF_NUMBERS),
    AggregationKind("max", SERIES, '"max"', _VALUES, UNIT_OF_INDICATOR, _EITHER, warnings=OF_NUMBERS),
    AggregationKind("min", SERIES, '"min"', _VALUES, UNIT_OF_INDICATOR, _EITHER, warnings=OF_NUMBERS),
    AggregationKind(
        "count",
        SERIES,
        '"count" or {"count": {"category": "A"}}',
        ("count", "rating"),
        COUNT,
        _EITHER,
        EITHER_WAY,
        OF_NUMBERS,
    ),
    AggregationKind("clock", CLOCK, '"clock"'),
    AggregationKind(
        "share_at_most",
        SERIES,
        '{"share_at_most": "300"}',
        ("value",),
        PERCENT,
        _EITHER,
        REQUIRED,
        OF_EVENTS,
        is_share=True,
        is_of_events=True,
        limit=AT_MOST,
    ),
    AggregationKind(
        "quantile",
        SERIES,
        '{"quantile": "0.95"}',
        ("value",),
        UNIT_OF_INDICATOR,
        (AT_MOST,),
        REQUIRED,
        OF_EVENTS,
        is_share=True,
        is_of_events=True,
        limit=AT_MOST,
    ),
    AggregationKind(
        "outages", STATES, '{"outages": {"at_least": "PT5M"}}', ("availability",), COUNT, (AT_MOST,), REQUIRED
    ),
    AggregationKind(
        "compliance",
        TICKETS,
        '{"compliance": {"target": "p1-resolution"}}',
        written=REQUIRED,
        warnings=OF_TICKETS,
        is_share=True,
        is_of_events=True,
    ),
    AggregationKind(
        "time_slices",
        SERIES,
        '{"time_slices": {"width": "PT5M", "good_if": "0.95"}}',
        ("ratio",),
        written=REQUIRED,
        warnings=OF_SLICES,
        is_share=True,
    ),
    AggregationKind(
        "share_at_least",
        SERIES,
        '{"share_at_least": "4"}',
        _VALUES,
        PERCENT,
        _EITHER,
        REQUIRED,
        OF_EVENTS,
        is_share=True,
        is_of_events=True,
        limit=AT_LEAST,
    ),
    AggregationKind(
        "nps",
        SERIES,
        '"nps" or {"nps": {"promoters": "9", "detractors": "6"}}',
        ("rating",),
        POINTS,
        written=EITHER_WAY,
        warnings=OF_NUMBERS,
    ),
    AggregationKind("recovery_time", RECOVERIES, '"recovery_time"', ("recovery",), MINUTES, (AT_MOST,)),
    AggregationKind("recovery_point", RECOVERIES, '"recovery_point"', ("recovery",), MINUTES, (AT_MOST,)),
    AggregationKind(
        "recovered_within",
        RECOVERIES,
        '{"recovered_within": {"time": "PT4H", "point": "PT15M"}}',
        ("recovery",),
        written=REQUIRED,
        is_share=True,
    ),
    AggregationKind(
        "composite",
        MEMBERS,
        '{"composite": {"of": "states", "rule": "serial", "members": ["database", "network"]}}',
        written=REQUIRED,
        warnings=OF_FIGURES,
        is_share=True,
    ),
)

KINDS: Mapping[str, AggregationKind] = {kind.name: kind for kind in _ALL}
"""Name → aggregation: all that may be agreed, and all that are evaluated."""


COMPOSITES = tuple(kind.name for kind in _ALL if kind.source == MEMBERS)
"""The names of the aggregations that are computed from other targets."""


def explain_no_min_coverage(document: Any, window_kind: str) -> str | None:
    """Return why a target must not name a ``min_coverage``, as a remedy; None if it may.

    ``document`` is how the target writes its aggregation, ``window_kind`` the kind of its window.
    """
    kind = KINDS[read_name(document)]
    if kind.source == RECOVERIES:
        return "leave it out: recoveries have no coverage, as nobody knows which are missing"
    if kind.source == CLOCK:
        return "leave it out: each ticket is judged by itself; write it at a target of compliance"
    if kind.source == MEMBERS and document[kind.name].get("of") != STATES:
        return "leave it out, and write it at the members, which have a coverage"
    if window_kind != CALENDAR:
        return "leave it out: it is decided when a window closes, so it is for calendar windows"
    return None


SHORT_OUTAGES_OF_NOTHING = "leave it out, or write how short an ignored outage is: ignore_outages_shorter_than"
"""The remedy for a target that says how short outages count but not how short they are."""


def explain_no_short_outages(document: Any) -> str | None:
    """Return why a target must not ignore short outages, as a remedy; None if it may.

    ``document`` is how the target writes its aggregation.
    """
    kind = KINDS[read_name(document)]
    if kind.name == "outages":
        return 'leave it out: write the least length of an outage that counts as {"outages": {"at_least": "PT5M"}}'
    if kind.source == MEMBERS and document[kind.name].get("of") != STATES:
        return "leave it out, and write it at the members, which have outages"
    if kind.source not in (STATES, MEMBERS):
        return "leave it out: only availability has outages, as time in a state"
    return None


def is_of_clock(document: Any) -> bool:
    """Return whether an aggregation's document names the clock of a ticket. Each ticket then has a result of
    its own.
    """
    kind = KINDS.get(read_name(document))
    return kind is not None and kind.source == CLOCK


def read_name(document: Any) -> str:
    """Return the name in an aggregation's document, such as ``"mean"`` or ``{"quantile": "0.95"}``; empty if none."""
    return str(next(iter(document), "")) if isinstance(document, Mapping) else str(document)
