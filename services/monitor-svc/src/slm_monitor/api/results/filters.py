"""Query parameters of lists, and of the answer that explains a clock: one class per operation, one field per parameter.

The module does not import ``annotations`` from ``__future__``: FastAPI could not read the annotations of these classes
if they were text.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from slm_monitor.adapters.causes.cause_queries import CauseFilter
from slm_monitor.adapters.queries.finding_order import FindingSort
from slm_monitor.api.results.explanations import KnownAt, parse_query_instant

Verdict = Literal["no_data", "met", "at_risk", "breached", "not_applicable"]
BreachState = Literal["open", "acknowledged", "root_cause_given", "closed", "withdrawn", "disputed", "confirmed"]
AssignedTo = Annotated[
    str | None,
    Query(description="Only items that the caller's party has assigned to this person (id)", max_length=100),
]
Snoozed = Annotated[
    bool | None, Query(description="`true`: only items that the caller has snoozed; `false`: only all other items")
]
SortOfBreaches = Annotated[
    FindingSort,
    Query(
        description="`latest`: the latest first. `urgency`: breaches in force that nobody has acknowledged first, and "
        "among them first those at the unacceptable level. `budget`: the least budget left in the window first. "
        "`time_left`: the nearest end of the window first; breaches whose window has ended come last."
    ),
]
SortOfRisks = Annotated[
    FindingSort,
    Query(
        description="`latest`: the latest first. `urgency`: open risks first, those with the least time left before "
        "the others. `budget`: the least budget left in the window first. `time_left`: the least time left first, "
        "until the projected breach or, without one, until the end of the window."
    ),
]
Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilters:
    """Query parameters of the list of tickets. With ``at_risk``, clocks are listed instead of tickets."""

    at_risk: Annotated[
        bool,
        Query(
            description="List running clocks that have reached a warning instead of tickets, the nearest deadline first"
        ),
    ] = False
    unmatched: Annotated[
        bool | None,
        Query(description="`true`: only tickets to which no target has ever applied; `false`: only all other tickets"),
    ] = None
    unjudgeable: Annotated[bool, Query(description="Only tickets with a clock that cannot be calculated")] = False
    inconsistent: Annotated[
        bool, Query(description="Only tickets that no target evaluates, because their events contradict each other")
    ] = False
    is_open: Annotated[bool | None, Query(alias="open")] = None
    q: Annotated[
        str | None,
        Query(
            description="Only tickets with this text in number, priority, state, team, type or holder, as far as the "
            "caller may see these fields; ignored with `at_risk`",
            max_length=100,
        ),
    ] = None
    source: str | None = None
    type: str | None = None
    priority: str | None = None
    state: str | None = None
    held_by: str | None = None
    agreement_id: Annotated[
        str | None, Query(description="With `at_risk`: only clocks of this agreement; ignored without `at_risk`")
    ] = None
    target_id: Annotated[
        str | None, Query(description="With `at_risk`: only clocks of this target; ignored without `at_risk`")
    ] = None

    @property
    def of_tickets(self) -> dict[str, Any]:
        """Return the filter of tickets, as column → wanted value; None: any value."""
        return {**self._common, "state": self.state, "unmatched": self.unmatched}

    @property
    def of_clocks(self) -> dict[str, Any]:
        """Return the filter of clocks, as column → wanted value; None: any value."""
        return {**self._common, "agreement_id": self.agreement_id, "target_id": self.target_id}

    @property
    def _common(self) -> dict[str, Any]:
        return {"source": self.source, "type": self.type, "priority": self.priority, "held_by": self.held_by}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFilters:
    """Query parameters that filter the list of clocks."""

    agreement_id: str | None = None
    target_id: str | None = None
    state: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachFilters:
    """Query parameters that filter the list of breaches."""

    agreement_id: str | None = None
    target_id: str | None = None
    service_id: str | None = None
    window_id: str | None = None
    cause_id: str | None = None
    level: Literal["objective", "unacceptable"] | None = None
    standing: bool | None = None
    state: BreachState | None = None
    assigned_to: AssignedTo = None
    snoozed: Snoozed = None
    sort: SortOfBreaches = "latest"
    since: Annotated[
        str | None, Query(alias="from", description="Only breaches that became certain at this instant or later")
    ] = None
    until: Annotated[
        str | None, Query(alias="to", description="Only breaches that became certain before this instant")
    ] = None

    @property
    def columns(self) -> dict[str, Any]:
        """Return the filter of breaches, as column → wanted value; None: any value."""
        names = ("agreement_id", "target_id", "service_id", "window_id", "cause_id", "level", "standing", "state")
        return {name: getattr(self, name) for name in names}

    @property
    def span(self) -> Span:
        """Return (from, to), the bounds (µs) of the time in which a breach became certain; None: no bound.

        Raises 422 for an invalid instant.
        """
        return parse_query_instant(self.since, "from"), parse_query_instant(self.until, "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseFilters:
    """Query parameters that filter and order the list of causes."""

    sort: Annotated[
        Literal["start", "breaches", "urgency"],
        Query(
            description="`start`: the latest first; `breaches`: the causes with most breaches first; `urgency`: the "
            "most urgent first"
        ),
    ] = "start"
    open: Annotated[
        bool | None,
        Query(description="`true`: only causes with something left to do; `false`: only all other causes"),
    ] = None
    lasting: Annotated[
        bool | None,
        Query(description="`true`: only causes whose outage lasts; `false`: only causes whose outage has ended"),
    ] = None
    state: Annotated[
        Literal["open", "acknowledged", "root_cause_given", "closed", "disputed", "confirmed"] | None,
        Query(description="Only causes with a breach in this state"),
    ] = None
    side: Annotated[
        Literal["provider", "customer"] | None,
        Query(description="Only causes in which the caller's party has this role"),
    ] = None
    agreement_id: str | None = None
    service_id: str | None = None
    customer_party_id: str | None = None
    since: Annotated[str | None, Query(alias="from", description="Only causes that began at this instant or later")] = (
        None
    )
    until: Annotated[str | None, Query(alias="to", description="Only causes that began before this instant")] = None

    @property
    def wanted(self) -> CauseFilter:
        """Convert the query parameters to a CauseFilter. Raises 422 for an invalid instant."""
        names = ("open", "lasting", "state", "side", "agreement_id", "service_id", "customer_party_id")
        span = (parse_query_instant(self.since, "from"), parse_query_instant(self.until, "to"))
        return CauseFilter(**{name: getattr(self, name) for name in names}, span=span)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFilters:
    """Query parameters that filter the list of windows."""

    verdict: Verdict | None = None
    closed: bool | None = None
    since: Annotated[
        str | None, Query(alias="from", description="Only windows that begin at this instant or later")
    ] = None
    until: Annotated[str | None, Query(alias="to", description="Only windows that begin before this instant")] = None
    known_at: KnownAt = None

    @property
    def span(self) -> Span:
        """Return (from, to), the bounds (µs) of the time in which a window begins; None: no bound.

        Raises 422 for an invalid instant.
        """
        return parse_query_instant(self.since, "from"), parse_query_instant(self.until, "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockToExplain:
    """Query parameters of the explanation of a clock: which clock of which ticket, and the format of the answer."""

    source: str
    number: str
    target: Annotated[str, Query(description="Id or key of the clock's target")]
    ordinal: Annotated[
        int | None,
        Query(
            ge=0,
            le=2**31 - 1,
            description="Number of the clock among those of the target on this ticket, from 0; the last if left out",
        ),
    ] = None
    format: Annotated[
        Literal["json", "text"] | None,
        Query(description="Format of the answer; the header `Accept: text/plain` also asks for text"),
    ] = None
    known_at: KnownAt = None


TheTicketFilters = Annotated[TicketFilters, Depends()]
TheClockFilters = Annotated[ClockFilters, Depends()]
TheBreachFilters = Annotated[BreachFilters, Depends()]
TheCauseFilters = Annotated[CauseFilters, Depends()]
TheWindowFilters = Annotated[WindowFilters, Depends()]
TheClockToExplain = Annotated[ClockToExplain, Depends()]
