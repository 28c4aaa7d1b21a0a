"""Queries for tickets: lists of tickets, and one ticket with the facts and terms from which its clocks are computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Text, and_, column, or_, select, table, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import JSON

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.adapters.queries import customer_views
from slm_monitor.adapters.queries.read_tables import CLOCK, build_party_condition
from slm_monitor.adapters.queries.row_documents import build_row_document
from slm_monitor.adapters.rows import ticket_terms
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.clocks.ticket_scope import PROJECTED, WHOLE
from slm_monitor.domain.facts.facts import Fact

_TICKET = table(
    "ticket",
    column("subject", Text),
    column("owner_party_id", Text),
    column("source", Text),
    column("number", Text),
    column("waiting", Boolean),
    column("type", Text),
    column("priority", Text),
    column("state", Text),
    column("held_by", Text),
    column("opened_at", BigInteger),
    column("last_at", BigInteger),
    column("ended_at", BigInteger),
    column("unmatched", Boolean),
    column("unjudgeable", JSON),
    column("unmatched_cause", Text),
    column("readers", JSONB),
    column("team", Text),
    column("inconsistent", JSON),
)
_RISKY = table(
    "clock",
    *(column(each.name, each.type) for each in CLOCK.columns),
    column("target_key", Text),
    column("at_risk_at", BigInteger),
)
_OWNERS_OWN = ("type", "held_by", "unmatched")
"""Filters by fields that only the ticket's owner may see, not a caller of another party."""
_MOST = 100_000
_EVER = 2**62
_FACTS = """
SELECT subject, key, at, body, revision, recorded_at, received_at FROM fact WHERE subject = $1 AND received_at <= $2
UNION ALL
SELECT subject, key, at, body, revision, recorded_at, received_at FROM fact_superseded
 WHERE subject = $1 AND received_at <= $2 AND superseded_at > $2
"""
_INCONSISTENT = """
SELECT target_id, count(*) FROM ticket, jsonb_array_elements_text(inconsistent -> 'targets') AS target_id
 WHERE inconsistent IS NOT NULL AND inconsistent -> 'targets' ?| $1 AND target_id = ANY($1)
 GROUP BY target_id
"""


def _seen(caller: Principal) -> ColumnElement[bool]:
    """Return the SQL condition for the tickets that the caller may see.

    An operator sees all tickets. A party sees its own tickets, and the tickets that an agreement lets it see.
    """
    if caller.is_operator:
        return true()
    return or_(_TICKET.c.owner_party_id == caller.party_id, _TICKET.c.readers.has_key(caller.party_id))


class TicketQueries:
    """Queries for tickets and their clocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        async with self._database.read() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def listed(
        self,
        caller: Principal,
        page: Page,
        filters: Mapping[str, Any],
        *,
        is_open: bool | None,
        unjudgeable: bool,
        inconsistent: bool = False,
        q: str | None = None,
    ) -> dict[str, Any]:
        """Return a page of the tickets that the caller may see, sorted by owner, source and number.

        ``is_open``: True for open tickets only, False for ended ones only, None for both. ``q``: only tickets with this
        text; None: all.
        """
        wanted = [_TICKET.c[name] == value for name, value in filters.items() if value is not None]
        if any(filters.get(name) is not None for name in _OWNERS_OWN) or unjudgeable:
            # A filter on a hidden field would reveal it: only tickets that the caller sees in full are searched.
            wanted.append(_shows_all(caller))
        if is_open is not None:
            wanted.append(_TICKET.c.ended_at.is_(None) if is_open else _TICKET.c.ended_at.is_not(None))
        if inconsistent:
            wanted.append(_TICKET.c.inconsistent.is_not(None))
        if q is not None:
            wanted.append(_has_text(q, caller))
        if unjudgeable:
            wanted.append(_TICKET.c.unjudgeable.is_not(None))
        keys = [_TICKET.c.subject]
        query = select(_TICKET).where(_seen(caller), *wanted, page.beyond(*keys)).order_by(*keys).limit(page.fetch)
        return page.shape(
            await self._rows(query), lambda row: [row["subject"]], lambda row: _ticket_document(row, caller)
        )

    async def at_risk(self, caller: Principal, page: Page, filters: Mapping[str, Any], now: int) -> dict[str, Any]:
        """Return a page of the running clocks at risk. A clock is at risk from its first warning until its deadline.

        The clock with the nearest deadline comes first.
        """
        keys = [_RISKY.c[name] for name in ("deadline_at", "target_id", "ticket", "ordinal")]
        ticket = [_TICKET.c[name] for name in ("type", "priority", "held_by", "opened_at", "team", "readers")]
        query = (
            select(_RISKY, *ticket)
            .join(_TICKET, _TICKET.c.subject == _RISKY.c.ticket)
            .where(build_party_condition(_RISKY, caller), _seen(caller), _RISKY.c.state == "running")
            .where(_shows_all(caller) if any(filters.get(name) is not None for name in _OWNERS_OWN) else true())
            .where(and_(_RISKY.c.at_risk_at <= now, _RISKY.c.deadline_at > now))
            .where(
                customer_views.build_customer_view_condition(customer_views.CLOCK_WARNING_SHOWN, "clock", caller, now)
            )
            .where(*(_column(name) == value for name, value in filters.items() if value is not None))
            .where(page.beyond(*keys))
            .order_by(*keys)
            .limit(page.fetch)
        )
        return page.shape(
            await self._rows(query), lambda row: [row[each.name] for each in keys], lambda row: _risky(row, now, caller)
        )

    async def find(self, caller: Principal, source: str, number: str) -> dict[str, Any] | None:
        """Return the ticket of a source with this number; None if the caller may see no such ticket.

        Tickets of several parties may have the same source and number. Then the ticket of the caller's own party is
        preferred.
        """
        query = select(_TICKET).where(_TICKET.c.source == source, _TICKET.c.number == number, _seen(caller))
        rows = await self._rows(query.order_by(_TICKET.c.owner_party_id != (caller.party_id or ""), _TICKET.c.subject))
        return rows[0] if rows else None

    async def facts(self, subject: str, known_at: int | None = None) -> list[tuple[Fact, int]]:
        """Return the facts of a ticket, each with the instant of its receipt. ``known_at``: only facts received by
        then; None: all.
        """
        async with self._database.read() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            rows = await driver.fetch(_FACTS, subject, _EVER if known_at is None else known_at)
            return [(Fact(*row[:6]), row[6]) for row in map(tuple, rows)]

    async def agreements(self, owner_party_id: str) -> list[AgreementTerms]:
        """Return the agreements whose targets may apply to a party's tickets."""
        async with self._database.read() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            return await ticket_terms.fetch_ticket_agreements_of_party(driver, owner_party_id)

    async def inconsistent_counts(self, target_ids: list[str]) -> dict[str, int]:
        """Return target id → number of inconsistent tickets: tickets that the target does not evaluate, because their
        events contradict each other.
        """
        async with self._database.read() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            return {row[0]: row[1] for row in await driver.fetch(_INCONSISTENT, target_ids)}

    async def open_tickets(self, owner_party_id: str, source: str) -> list[dict[str, Any]]:
        """Return the open tickets of one source. A ticket is open unless a fact received so far has ended it."""
        query = select(_TICKET.c.number, _TICKET.c.state, _TICKET.c.last_at).where(
            _TICKET.c.owner_party_id == owner_party_id, _TICKET.c.source == source, _TICKET.c.ended_at.is_(None)
        )
        return await self._rows(query.order_by(_TICKET.c.number).limit(_MOST))

    async def known(self, owner_party_id: str, source: str, numbers: list[str]) -> list[dict[str, Any]]:
        """Return the tickets of one source that have one of the given numbers."""
        query = select(_TICKET.c.number, _TICKET.c.state, _TICKET.c.last_at, _TICKET.c.ended_at).where(
            _TICKET.c.owner_party_id == owner_party_id, _TICKET.c.source == source, _TICKET.c.number.in_(numbers)
        )
        return await self._rows(query)


def _has_text(q: str, caller: Principal) -> ColumnElement[bool]:
    """Return the SQL condition for tickets with the text ``q`` in a field that the caller may see. Case is ignored."""
    shown = [_TICKET.c[name].icontains(q, autoescape=True) for name in ("number", "priority", "state", "team")]
    hidden = [_TICKET.c[name].icontains(q, autoescape=True) for name in ("type", "held_by")]
    return or_(*shown, and_(_shows_all(caller), or_(*hidden)))


def _column(name: str) -> ColumnElement[Any]:
    return _TICKET.c[name] if name in ("type", "priority", "held_by", "source") else _RISKY.c[name]


def get_ticket_visibility(row: Mapping[str, Any], caller: Principal) -> str:
    """Return how much of a ticket the caller sees: WHOLE for all fields, or PROJECTED if some fields are hidden.

    The ticket's owner and operators see WHOLE. For any other party the ticket's row says which; if the row does not
    name the party, the result is PROJECTED.
    """
    if caller.is_operator or row["owner_party_id"] == caller.party_id:
        return WHOLE
    return str((row["readers"] or {}).get(caller.party_id, PROJECTED))


def _shows_all(caller: Principal) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    return or_(_TICKET.c.owner_party_id == caller.party_id, _TICKET.c.readers.contains({str(caller.party_id): WHOLE}))


def _ticket_document(row: Mapping[str, Any], caller: Principal) -> dict[str, Any]:
    named = ("source", "number", "owner_party_id", "type", "priority", "state", "held_by")
    instants = {"opened_at": "opened_at", "last_at": "last_event_at", "ended_at": "ended_at"}
    is_own = caller.is_operator or row["owner_party_id"] == caller.party_id
    return {
        **{name: row[name] for name in named},
        **_projected(row, caller),
        **{shown: None if row[name] is None else to_text(row[name]) for name, shown in instants.items()},
        "unmatched": bool(row["unmatched"]) and is_own,
        "unmatched_cause": row["unmatched_cause"] if is_own else None,
        "unjudgeable": row["unjudgeable"] or [] if is_own else [],
        "inconsistent": row["inconsistent"]["reason"] if row["inconsistent"] else None,
    }


def _projected(row: Mapping[str, Any], caller: Principal) -> dict[str, Any]:
    """Return replacements for the fields that are hidden from a caller who does not see the WHOLE ticket.

    ``held_by`` becomes the team instead of the person, and ``type`` becomes None.
    """
    return {} if get_ticket_visibility(row, caller) == WHOLE else {"type": None, "held_by": row["team"]}


def _risky(row: Mapping[str, Any], now: int, caller: Principal) -> dict[str, Any]:
    """Return a clock at risk as the JSON object of the API. ``time_left_seconds`` is wall time until the deadline, not
    service time.
    """
    own = {name: value for name, value in row.items() if name not in ("at_risk_at", "team", "readers")}
    document = build_row_document({**own, **_projected(row, caller)})
    opened_at = None if row["opened_at"] is None else to_text(row["opened_at"])
    return {
        **document,
        "opened_at": opened_at,
        "at_risk_at": to_text(row["at_risk_at"]),
        "time_left_seconds": (row["deadline_at"] - now) // 1_000_000,
    }
