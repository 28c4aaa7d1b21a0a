"""Queries for causes as each party sees them, with the present workflow states of the party's own breaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, column, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger, Integer, Text

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.paging import Page
from slm_events.instants import to_text
from slm_monitor.domain.causes.cause_views import CURRENT
from slm_monitor.domain.lifecycle.target_state import OPEN_ENDED

_STATES = ("open", "acknowledged", "root_cause_given", "closed", "disputed", "confirmed")
_COUNTS = ",\n".join(f"count(*) FILTER (WHERE state = '{state}') AS {state}" for state in _STATES)
URGENCIES = ("done", "in_hand", "unexplained", "at_risk", "unacknowledged", "now")
"""The urgencies of a cause, the least urgent first."""
_VIEWS = f"""
SELECT view.cause_id, view.party_id, view.provider_party_id, view.revision, view.state, view.start, view.until,
       view.breaches, view.document, found.*,
       CASE WHEN found.left_to_do = 0 THEN 0
            WHEN view.until >= {OPEN_ENDED} THEN 5
            WHEN found.open > 0 THEN 4
            WHEN found.risks_standing > 0 AND found.acknowledged = 0 THEN 3
            WHEN found.acknowledged > 0 THEN 2
            ELSE 1 END AS urgency
  FROM cause_view AS view CROSS JOIN LATERAL (
    SELECT {_COUNTS},
           count(*) FILTER (WHERE state = 'standing') AS risks_standing,
           count(*) FILTER (WHERE state NOT IN ('closed', 'cleared')) AS left_to_do,
           coalesce(jsonb_agg(DISTINCT responsible) FILTER (WHERE responsible IS NOT NULL), '[]') AS responsible
      FROM (
        SELECT CASE WHEN finding.kind = 'breach' THEN coalesce(life.state, 'open')
                    WHEN risk.standing THEN 'standing' ELSE 'cleared' END AS state,
               breach.document ->> 'responsible_party_id' AS responsible
          FROM cause_finding AS finding
          LEFT JOIN breach ON finding.kind = 'breach' AND breach.breach_id = finding.finding_id
          LEFT JOIN breach_life AS life ON life.breach_id = breach.breach_id AND life.revision = breach.revision
          LEFT JOIN risk ON finding.kind = 'risk' AND risk.risk_id = finding.finding_id
         WHERE finding.cause_id = view.cause_id
           AND view.party_id IN (finding.provider_party_id, finding.customer_party_id)
           AND (NOT finding.is_hidden OR view.party_id = finding.provider_party_id)
           AND coalesce(breach.standing, TRUE)) AS handled) AS found
 WHERE CASE WHEN CAST(:party AS text) IS NULL THEN view.party_id = view.provider_party_id
            ELSE view.party_id = :party END
   AND (CAST(:cause_id AS text) IS NULL OR view.cause_id = :cause_id)
"""
_DETAILS = """
SELECT finding.cause_id, view.party_id,
       coalesce(bool_or(target.terms ->> 'aggregation' IN ('availability', 'outages')), FALSE) AS is_downtime,
       max(step.at) AS acknowledged_at,
       (array_agg(step.principal_name ORDER BY step.at DESC) FILTER (WHERE step.at IS NOT NULL))[1] AS acknowledged_by
  FROM unnest(CAST(:cause_ids AS text[]), CAST(:party_ids AS text[])) AS view (cause_id, party_id)
  JOIN cause_finding AS finding
    ON finding.cause_id = view.cause_id AND view.party_id IN (finding.provider_party_id, finding.customer_party_id)
  LEFT JOIN target USING (target_id)
  LEFT JOIN breach ON finding.kind = 'breach' AND breach.breach_id = finding.finding_id
  LEFT JOIN breach_step AS step
    ON step.breach_id = breach.breach_id AND step.revision = breach.revision AND step.step = 'acknowledge'
 WHERE (NOT finding.is_hidden OR view.party_id = finding.provider_party_id)
   AND coalesce(breach.standing, TRUE)
 GROUP BY finding.cause_id, view.party_id
"""
"""SQL for details of the breaches and risks of given views of causes. It is run for one page of causes at a time."""
_COLUMNS: tuple[ColumnClause[Any], ...] = (
    *(column(name, Text) for name in ("cause_id", "party_id", "provider_party_id", "state")),
    *(column(name, BigInteger) for name in ("start", "until", "risks_standing", "left_to_do", *_STATES)),
    *(column(name, Integer) for name in ("revision", "breaches", "urgency")),
    *(column(name, JSONB) for name in ("document", "responsible")),
)


@dataclass(frozen=True, slots=True)
class CauseFilter:
    """The conditions by which a list of causes is filtered. None means any value.

    ``lasting``: True for outages that have not ended, False for outages that have ended. ``side``: ``provider`` or
    ``customer``, the role of the caller's party. ``span``: the interval (µs) in which the cause began.
    """

    open: bool | None = None
    """True: only causes with something left to do, which is a breach that is not closed or a risk that has not cleared.
    False: only causes with nothing left to do.
    """
    lasting: bool | None = None
    state: str | None = None
    """A state of handling that at least one breach of the cause has."""
    side: str | None = None
    agreement_id: str | None = None
    service_id: str | None = None
    customer_party_id: str | None = None
    span: tuple[int | None, int | None] = (None, None)


SORTS = {"start": ("start",), "breaches": ("breaches", "start"), "urgency": ("urgency", "breaches", "start")}


class CauseQueries:
    """Queries for causes. A caller sees the views of its own party. An operator sees the views of all providers."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def page(self, caller: Principal, page: Page, wanted: CauseFilter, sort: str) -> dict[str, Any]:
        """Return a page of the causes that are neither replaced nor withdrawn, in descending order of ``sort`` (a key
        of ``SORTS``).
        """
        views = text(_VIEWS).columns(*_COLUMNS).subquery()
        keys = [views.c[name] for name in (*SORTS[sort], "cause_id")]
        query = (
            select(views)
            .where(views.c.state == CURRENT, *_conditions(views, wanted), page.beyond(*keys, descending=True))
            .order_by(*(key.desc() for key in keys))
            .limit(page.fetch)
        )
        async with self.database.read() as connection:
            found = await connection.execute(query, {"party": _party(caller), "cause_id": None})
            rows = await _detailed(connection, [dict(row) for row in found.mappings()])
        return page.shape(rows, lambda row: [row[key.name] for key in keys], build_cause_document)

    async def one(self, caller: Principal, cause_id: str) -> dict[str, Any] | None:
        """Return a cause as the caller sees it, even if it was replaced or withdrawn; None if the caller sees no such
        cause.
        """
        query = text(_VIEWS).columns(*_COLUMNS)
        async with self.database.read() as connection:
            found = await connection.execute(query, {"party": _party(caller), "cause_id": cause_id})
            rows = await _detailed(connection, [dict(row) for row in found.mappings()])
        return build_cause_document(rows[0]) if rows else None


async def _detailed(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the given rows of causes, each with the columns of the query ``_DETAILS`` added."""
    given = {"cause_ids": [row["cause_id"] for row in rows], "party_ids": [row["party_id"] for row in rows]}
    found = (await connection.execute(text(_DETAILS), given)).mappings() if rows else ()
    details = {(each["cause_id"], each["party_id"]): dict(each) for each in found}
    return [{**_NO_DETAILS, **row, **details.get((row["cause_id"], row["party_id"]), {})} for row in rows]


_NO_DETAILS: Mapping[str, Any] = {"is_downtime": False, "acknowledged_at": None, "acknowledged_by": None}


def _party(caller: Principal) -> str | None:
    return None if caller.is_operator else caller.party_id or ""


def _conditions(views: Any, wanted: CauseFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.open is not None:
        found.append(views.c.left_to_do > 0 if wanted.open else views.c.left_to_do == 0)
    if wanted.lasting is not None:
        found.append(views.c.until >= OPEN_ENDED if wanted.lasting else views.c.until < OPEN_ENDED)
    if wanted.state is not None:
        found.append(views.c[wanted.state] > 0)
    if wanted.side is not None:
        is_provider = views.c.party_id == views.c.provider_party_id
        found.append(is_provider if wanted.side == "provider" else ~is_provider)
    for name in ("agreement_id", "service_id", "customer_party_id"):
        value = getattr(wanted, name)
        if value is not None:
            found.append(views.c.document[f"{name}s"].contains([value]))
    if wanted.span[0] is not None:
        found.append(views.c.start >= wanted.span[0])
    if wanted.span[1] is not None:
        found.append(views.c.start < wanted.span[1])
    return found


def build_cause_document(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a cause as the JSON object of the API."""
    document = dict(row["document"])
    counts = {state: row[state] for state in _STATES}
    return {
        "cause_id": row["cause_id"],
        "revision": row["revision"],
        "state": row["state"],
        **document,
        "urgency": URGENCIES[row["urgency"]],
        "breach_states": counts,
        "risks_standing": row["risks_standing"],
        "responsible_party_ids": sorted(row["responsible"]),
        "is_downtime": row["is_downtime"],
        "acknowledged_at": None if row["acknowledged_at"] is None else to_text(row["acknowledged_at"]),
        "acknowledged_by_name": row["acknowledged_by"],
    }
