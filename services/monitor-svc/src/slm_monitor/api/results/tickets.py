"""Routes that list, read and explain tickets and their clocks: ``/api/v1/tickets``, ``/api/v1/clocks``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from slm_chassis.access import Principal
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock
from slm_chassis.http.problems import Problem, not_found
from slm_chassis.http.response_models import list_of
from slm_monitor.adapters.queries import ticket_queries
from slm_monitor.adapters.queries.ticket_queries import TicketQueries
from slm_monitor.api.dependencies import (
    CustomerViewLookup,
    TheCustomerViewLookup,
    TheParsedTerms,
    TheQueries,
    TheTickets,
)
from slm_monitor.api.responses.clocks import ClockAnswer, ClockExplanation
from slm_monitor.api.responses.tickets import TicketList, TicketWithClocksAnswer
from slm_monitor.api.results.explanations import (
    KnownAt,
    declare_plain_text_answer,
    parse_query_instant,
    prefers_plain_text,
)
from slm_monitor.api.results.filters import TheClockFilters, TheClockToExplain, TheTicketFilters
from slm_monitor.api.results.targets import AtMinPosition
from slm_monitor.application.explain import clock_explanation, ticket_view
from slm_monitor.application.explain.ticket_view import TicketViewer, TicketWithClocks
from slm_monitor.application.history.fact_history import ParsedTermsCache
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.clocks.clock_state import TicketClockState as TicketClock
from slm_monitor.domain.clocks.target_matching import TicketRuleBook, build_ticket_rule_book
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.ticket_events import DELETED_EVENTS_KEY

router = APIRouter(prefix="/api/v1", tags=["tickets"])


@dataclass(frozen=True)
class TicketReaders:
    """The queries from which a ticket and its clocks are composed."""

    queries: TicketQueries
    parsed_terms: ParsedTermsCache
    sight: CustomerViewLookup


async def _ticket_readers(
    queries: TheTickets, parsed_terms: TheParsedTerms, sight: TheCustomerViewLookup
) -> TicketReaders:
    return TicketReaders(queries, parsed_terms, sight)


TheTicketReaders = Annotated[TicketReaders, Depends(_ticket_readers)]


@router.get(
    "/clocks",
    dependencies=[AtMinPosition],
    **operation("List clocks, the earliest deadline first", list_of(ClockAnswer), "not-judged-yet"),
)
async def list_clocks(caller: Caller, queries: TheQueries, filters: TheClockFilters, paging: Paging) -> dict[str, Any]:
    """List the clocks of tickets, the earliest deadline first."""
    return await queries.clocks(caller, paging, asdict(filters))


@router.get(
    "/tickets",
    dependencies=[AtMinPosition],
    **operation("List tickets, or clocks at risk", TicketList, "not-judged-yet"),
)
async def list_tickets(
    caller: Caller, queries: TheTickets, clock: TheClock, filters: TheTicketFilters, paging: Paging
) -> dict[str, Any]:
    """List tickets by source and number. With ``at_risk``, list running clocks with a warning instead of tickets."""
    if filters.at_risk:
        return await queries.at_risk(caller, paging, filters.of_clocks, clock.now())
    return await queries.listed(
        caller,
        paging,
        filters.of_tickets,
        is_open=filters.is_open,
        unjudgeable=filters.unjudgeable,
        inconsistent=filters.inconsistent,
        q=filters.q,
    )


@router.get(
    "/clocks/explain",
    dependencies=[AtMinPosition],
    **declare_plain_text_answer(
        operation("Explain the clock of a ticket", ClockExplanation, "not-found", "not-judged-yet", "not-in-record"),
        "The same for people, one line for each interval",
    ),
)
async def explain_clock_of_ticket(
    caller: Caller, readers: TheTicketReaders, request: Request, asked: TheClockToExplain
) -> Response:
    """Explain a clock of a ticket: every interval with its cause, and the sums. The clock's target is named by id or
    key.
    """
    known_at = parse_query_instant(asked.known_at, "known_at")
    seen, agreements, _, reader = await _read(asked.source, asked.number, caller, readers, known_at)
    wanted = [
        clock
        for clock in seen.clocks
        if reader.may_see(clock.target.agreement_id)
        and asked.target in (clock.target.target_id, clock.target.key)
        and asked.ordinal in (None, clock.ordinal)
    ]
    if not wanted:
        raise not_found("clock", f"{asked.source}/{asked.number}/{asked.target}")
    explanation = clock_explanation.explain_clock(wanted[-1], seen, _signed(agreements, wanted[-1]), reader)
    if asked.format == "text" or (asked.format is None and prefers_plain_text(request)):
        return PlainTextResponse(clock_explanation.format_clock_explanation(explanation))
    return JSONResponse(explanation)


@router.get(
    "/tickets/{source}/{number:path}",
    dependencies=[AtMinPosition],
    **operation("Read one ticket with its clocks", TicketWithClocksAnswer, "not-judged-yet", "not-in-record"),
)
async def read_ticket(
    source: str, number: str, caller: Caller, readers: TheTicketReaders, known_at: KnownAt = None
) -> dict[str, Any]:
    """Read a ticket: its events as received, and its clocks with their deadlines, as of now or as of ``known_at``."""
    seen, _, facts, reader = await _read(source, number, caller, readers, parse_query_instant(known_at, "known_at"))
    return {
        "source": source,
        "number": number,
        "owner_party_id": seen.state.subject.split("/", 1)[0],
        **ticket_view.build_ticket_document(seen, reader),
        "events": ticket_view.build_ticket_event_documents(facts) if reader.is_sender else [],
    }


async def _read(
    source: str, number: str, caller: Principal, readers: TicketReaders, known_at: int | None
) -> tuple[TicketWithClocks, list[AgreementTerms], list[tuple[Fact, int]], TicketViewer]:
    queries = readers.queries
    row = await queries.find(caller, source, number)
    if row is None:
        raise not_found("ticket", f"{source}/{number}")
    facts = await queries.facts(row["subject"], known_at)
    if not facts:
        raise not_found("ticket", f"{source}/{number}")
    if any(fact.key == DELETED_EVENTS_KEY for fact, _ in facts):
        raise Problem(
            410,
            "not-in-record",
            "Its events are no longer kept",
            "Its clocks stay as they are; GET /api/v1/clocks lists them.",
        )
    agreements = await queries.agreements(row["owner_party_id"])
    book = rules_of(agreements, readers.parsed_terms)
    events, now = [fact for fact, _ in facts], readers.sight.clock.now()
    as_of = now if known_at is None else min(now, known_at)
    seen = ticket_view.compute_ticket_with_clocks(row["subject"], events, book, as_of)
    is_sender = caller.is_operator or caller.party_id == row["owner_party_id"]
    reader = TicketViewer(
        is_sender,
        ticket_queries.get_ticket_visibility(row, caller),
        None if caller.is_operator else own_agreements(agreements, caller),
        caller.party_id,
    )
    return seen, agreements, facts, reader


def rules_of(agreements: list[AgreementTerms], parsed_terms: ParsedTermsCache) -> TicketRuleBook:
    """Return the rules that decide which targets of these agreements apply to a ticket."""
    return build_ticket_rule_book(
        line for each in agreements for lines in parsed_terms.histories_by_target(each).values() for line in lines
    )


def own_agreements(agreements: list[AgreementTerms], caller: Principal) -> frozenset[str]:
    """Return the ids of the agreements in which the caller's party is the provider or the customer."""
    return frozenset(
        each.agreement_id
        for each in agreements
        if caller.party_id in (each.versions[0]["provider_party_id"], each.versions[0]["customer_party_id"])
    )


def _signed(agreements: list[AgreementTerms], clock: TicketClock) -> dict[str, Any]:
    """Return the signed document of a clock's target, from the agreement version that applies to the clock."""
    terms = clock.target
    return next(
        target
        for agreement in agreements
        for version in agreement.versions
        if agreement.agreement_id == terms.agreement_id and version["version"] == terms.version
        for target in version["targets"]
        if target["target_id"] == terms.target_id
    )
