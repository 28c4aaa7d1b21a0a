"""Query parameters of lists and of an explained clock: one class per operation, whose fields are its parameters.

This module does not postpone annotations: FastAPI reads those of a class only as objects, never as text.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from slm_monitor.api.results.explanations import KnownAt, instant

Verdict = Literal["no_data", "met", "at_risk", "breached", "not_applicable"]
BreachState = Literal["open", "acknowledged", "root_cause_given", "closed", "withdrawn", "disputed", "confirmed"]
Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilters:
    """The query parameters that filter a list of tickets. With ``at_risk`` the list is of clocks instead."""

    at_risk: Annotated[bool, Query(description="Clocks that have warned, by the time left to their deadline")] = False
    unmatched: Annotated[bool | None, Query(description="Tickets to which no target has ever applied")] = None
    unjudgeable: Annotated[bool, Query(description="Tickets with a clock that cannot be calculated")] = False
    inconsistent: Annotated[bool, Query(description="Tickets whose events contradict each other: not evaluated")] = (
        False
    )
    is_open: Annotated[bool | None, Query(alias="open")] = None
    source: str | None = None
    type: str | None = None
    priority: str | None = None
    state: str | None = None
    held_by: str | None = None
    agreement_id: Annotated[str | None, Query(description="With at_risk")] = None
    target_id: Annotated[str | None, Query(description="With at_risk")] = None

    @property
    def of_tickets(self) -> dict[str, Any]:
        """The columns of tickets and the values asked for."""
        return {**self._common, "state": self.state, "unmatched": self.unmatched}

    @property
    def of_clocks(self) -> dict[str, Any]:
        """The columns of clocks and the values asked for."""
        return {**self._common, "agreement_id": self.agreement_id, "target_id": self.target_id}

    @property
    def _common(self) -> dict[str, Any]:
        return {"source": self.source, "type": self.type, "priority": self.priority, "held_by": self.held_by}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFilters:
    """The clocks that a list has."""

    agreement_id: str | None = None
    target_id: str | None = None
    state: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachFilters:
    """The breaches that a list has."""

    agreement_id: str | None = None
    target_id: str | None = None
    service_id: str | None = None
    window_id: str | None = None
    level: Literal["objective", "unacceptable"] | None = None
    standing: bool | None = None
    state: BreachState | None = None
    since: Annotated[str | None, Query(alias="from", description="Certain at or after")] = None
    until: Annotated[str | None, Query(alias="to", description="and before this instant")] = None

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of breaches and the values asked for."""
        names = ("agreement_id", "target_id", "service_id", "window_id", "level", "standing")
        return {name: getattr(self, name) for name in names}

    @property
    def span(self) -> Span:
        """The instants between which a breach became certain; raises 422 for what is no instant."""
        return instant(self.since, "from"), instant(self.until, "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFilters:
    """The windows that a list has."""

    verdict: Verdict | None = None
    closed: bool | None = None
    since: Annotated[str | None, Query(alias="from", description="Windows that begin at or after")] = None
    until: Annotated[str | None, Query(alias="to", description="and before this instant")] = None
    known_at: KnownAt = None

    @property
    def span(self) -> Span:
        """The instants between which a window begins; raises 422 for what is no instant."""
        return instant(self.since, "from"), instant(self.until, "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockToExplain:
    """The clock of a ticket that is to be explained, and the form of the answer."""

    source: str
    number: str
    target: Annotated[str, Query(description="Id or key of the clock's target")]
    ordinal: Annotated[int | None, Query(description="Of several clocks of one target; the last if left out")] = None
    format: Annotated[Literal["json", "text"] | None, Query(description="Or send Accept: text/plain")] = None
    known_at: KnownAt = None


TheTicketFilters = Annotated[TicketFilters, Depends()]
TheClockFilters = Annotated[ClockFilters, Depends()]
TheBreachFilters = Annotated[BreachFilters, Depends()]
TheWindowFilters = Annotated[WindowFilters, Depends()]
TheClockToExplain = Annotated[ClockToExplain, Depends()]
