"""Classes of query parameters for lists and for an explained clock: one class per operation, one field per parameter.

This module does not postpone annotations: FastAPI reads those of a class only as objects, never as text.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from slm_monitor.adapters.causes.cause_queries import CauseFilter
from slm_monitor.adapters.queries.finding_order import FindingSort
from slm_monitor.api.results.explanations import KnownAt, parse_query_instant

Verdict = Literal["no_data", "met", "at_risk", "breached", "not_applicable"]
BreachState = Literal["open", "acknowledged", "root_cause_given", "closed", "withdrawn", "disputed", "confirmed"]
AssignedTo = Annotated[str | None, Query(description="Only what this person of the own party holds", max_length=100)]
Snoozed = Annotated[bool | None, Query(description="Only what the caller has snoozed, or only the rest")]
SortOfBreaches = Annotated[
    FindingSort,
    Query(
        description="The latest first; what is in force and not acknowledged first, above all what is unacceptable; "
        "the least budget left in its window first; the nearest end of its window first, and what has ended last"
    ),
]
SortOfRisks = Annotated[
    FindingSort,
    Query(
        description="The latest first; what is open first, the nearest breach before; the least budget left in its "
        "window first; the nearest breach at the present pace first, or else the nearest end of its window"
    ),
]
Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilters:
    """Query parameters of the list of tickets. With ``at_risk``, clocks are listed instead of tickets."""

    at_risk: Annotated[bool, Query(description="Clocks that have warned, by the time left to their deadline")] = False
    unmatched: Annotated[bool | None, Query(description="Tickets to which no target has ever applied")] = None
    unjudgeable: Annotated[bool, Query(description="Tickets with a clock that cannot be calculated")] = False
    inconsistent: Annotated[bool, Query(description="Tickets whose events contradict each other: not evaluated")] = (
        False
    )
    is_open: Annotated[bool | None, Query(alias="open")] = None
    q: Annotated[
        str | None,
        Query(
            description="Only tickets with this text in number, priority, state, team, type or holder, as far as the "
            "caller may see them; not with at_risk",
            max_length=100,
        ),
    ] = None
    source: str | None = None
    type: str | None = None
    priority: str | None = None
    state: str | None = None
    held_by: str | None = None
    agreement_id: Annotated[str | None, Query(description="With at_risk")] = None
    target_id: Annotated[str | None, Query(description="With at_risk")] = None

    @property
    def of_tickets(self) -> dict[str, Any]:
        """Return column of tickets → value to filter by; None: any value."""
        return {**self._common, "state": self.state, "unmatched": self.unmatched}

    @property
    def of_clocks(self) -> dict[str, Any]:
        """Return column of clocks → value to filter by; None: any value."""
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
    since: Annotated[str | None, Query(alias="from", description="Certain at or after")] = None
    until: Annotated[str | None, Query(alias="to", description="and before this instant")] = None

    @property
    def columns(self) -> dict[str, Any]:
        """Return column of breaches → value to filter by; None: any value."""
        names = ("agreement_id", "target_id", "service_id", "window_id", "cause_id", "level", "standing", "state")
        return {name: getattr(self, name) for name in names}

    @property
    def span(self) -> Span:
        """Return the instants (µs) between which a breach became certain; None: no bound. Raises 422 for an invalid
        instant.
        """
        return parse_query_instant(self.since, "from"), parse_query_instant(self.until, "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseFilters:
    """Query parameters that filter and order the list of causes."""

    sort: Annotated[
        Literal["start", "breaches", "urgency"],
        Query(description="The latest first, those with most breaches first, or the most urgent first"),
    ] = "start"
    open: Annotated[bool | None, Query(description="Those with something left to do, or only the others")] = None
    lasting: Annotated[bool | None, Query(description="Those whose outage lasts, or only those that are over")] = None
    state: Annotated[
        Literal["open", "acknowledged", "root_cause_given", "closed", "disputed", "confirmed"] | None,
        Query(description="Those with a breach in this state"),
    ] = None
    side: Annotated[
        Literal["provider", "customer"] | None,
        Query(description="Those in which the caller's party is the provider, or the customer"),
    ] = None
    agreement_id: str | None = None
    service_id: str | None = None
    customer_party_id: str | None = None
    since: Annotated[str | None, Query(alias="from", description="Causes that began at or after")] = None
    until: Annotated[str | None, Query(alias="to", description="and before this instant")] = None

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
    since: Annotated[str | None, Query(alias="from", description="Windows that begin at or after")] = None
    until: Annotated[str | None, Query(alias="to", description="and before this instant")] = None
    known_at: KnownAt = None

    @property
    def span(self) -> Span:
        """Return the instants (µs) between which a window begins; None: no bound. Raises 422 for an invalid instant."""
        return parse_query_instant(self.since, "from"), parse_query_instant(self.until, "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockToExplain:
    """Query parameters of the explanation of a clock: which clock of which ticket, and the format of the answer."""

    source: str
    number: str
    target: Annotated[str, Query(description="Id or key of the clock's target")]
    ordinal: Annotated[
        int | None, Query(ge=0, le=2**31 - 1, description="Of several clocks of one target; the last if left out")
    ] = None
    format: Annotated[Literal["json", "text"] | None, Query(description="Or send Accept: text/plain")] = None
    known_at: KnownAt = None


TheTicketFilters = Annotated[TicketFilters, Depends()]
TheClockFilters = Annotated[ClockFilters, Depends()]
TheBreachFilters = Annotated[BreachFilters, Depends()]
TheCauseFilters = Annotated[CauseFilters, Depends()]
TheWindowFilters = Annotated[WindowFilters, Depends()]
TheClockToExplain = Annotated[ClockToExplain, Depends()]
