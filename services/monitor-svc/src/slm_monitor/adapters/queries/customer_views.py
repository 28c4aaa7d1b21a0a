"""The views of customers: the term ``customer_sees`` of an agreement says which warnings and live figures its customer
is shown. Here are the SQL conditions and the queries that apply this term.

The latest version of the terms that has taken effect decides. A caller whose party is the provider is shown everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, TextClause, and_, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_monitor.adapters.queries.read_tables import RISK, build_party_condition
from slm_monitor.domain.terms.customer_view import CustomerView

IN_FORCE = """
    shown.version = (SELECT max(later.version) FROM customer_view AS later
                      WHERE later.agreement_id = shown.agreement_id AND later.effective_at <= :now)
"""
_SEES_ALL_OF = "(:sees_all OR {0}.provider_party_id = :me)"
RISK_SHOWN = f"""({_SEES_ALL_OF} OR EXISTS (
    SELECT FROM customer_view AS shown
     WHERE shown.agreement_id = {{0}}.agreement_id AND {IN_FORCE}
       AND {{0}}.opened_at + shown.risks_after <= least(:now, {{0}}.cleared_at)))"""
"""SQL condition: the caller may see the warning in row ``{0}``. Operators and the provider see every warning, the
customer sees one that has lasted as long as the agreement requires. ``least`` ignores a null ``cleared_at``.
"""

CLOCK_WARNING_SHOWN = f"""({_SEES_ALL_OF} OR EXISTS (
    SELECT FROM customer_view AS shown
     WHERE shown.agreement_id = {{0}}.agreement_id AND {IN_FORCE}
       AND {{0}}.at_risk_at + shown.risks_after <= :now))"""
"""SQL condition: the caller may see the warning of the clock in row ``{0}``. Operators and the provider see every
warning, the customer sees one that has lasted as long as the agreement requires.
"""

WARNINGS_SHOWN = f"""({_SEES_ALL_OF} OR EXISTS (
    SELECT FROM customer_view AS shown
     WHERE shown.agreement_id = {{0}}.agreement_id AND {IN_FORCE} AND shown.risks_after = 0))"""
"""SQL condition: the caller may see warnings of the agreement in row ``{0}`` at once, and therefore also figures from
which a warning could be inferred.
"""

LIVE_SHOWN = f"""({_SEES_ALL_OF} OR NOT EXISTS (
    SELECT FROM customer_view AS shown
     WHERE shown.agreement_id = {{0}}.agreement_id AND {IN_FORCE} AND NOT shown.live_figure))"""
"""SQL condition on a row ``{0}``: the caller is shown the figures of open windows."""

_VIEWS = f"""
SELECT agreement_id, risks_after, live_figure FROM customer_view AS shown
 WHERE agreement_id = ANY(CAST(:agreements AS text[])) AND {IN_FORCE}
   AND NOT EXISTS (SELECT FROM agreement_terms AS signed WHERE signed.agreement_id = shown.agreement_id
                      AND signed.version = shown.version AND signed.provider_party_id = :me)
"""
_SHOWS_ALL = CustomerView(risks_after=0)


def bind_caller(query: str, caller: Principal, now: int) -> TextClause:
    """Return the query as a statement, with values for its parameters. It may use any of the parameters ``sees_all``,
    ``me`` and ``now``.
    """
    given = [
        bindparam("sees_all", caller.is_operator),
        bindparam("me", caller.party_id or ""),
        bindparam("now", now, BigInteger),
    ]
    statement = text(query)
    names = statement.compile().params
    return statement.bindparams(*(each for each in given if each.key in names))


def build_customer_view_condition(fragment: str, source: str, caller: Principal, now: int) -> ColumnElement[bool]:
    """Return one of this module's SQL conditions (``fragment``, such as RISK_SHOWN), applied to rows of the table
    ``source``.
    """
    made: Any = bind_caller(fragment.format(source), caller, now)
    return made  # type: ignore[no-any-return]


def build_risk_condition(caller: Principal, now: int) -> ColumnElement[bool]:
    """Return the SQL condition for warnings that the caller is shown. A customer is shown a warning once it has lasted
    as long as the agreement says.
    """
    return and_(build_party_condition(RISK, caller), build_customer_view_condition(RISK_SHOWN, "risk", caller, now))


@dataclass(frozen=True, slots=True)
class CallerCustomerViews:
    """The warnings and live figures that one caller is shown, by agreement."""

    views: dict[str, CustomerView] = field(default_factory=dict)
    """Agreement id → the warnings and live figures that the caller is shown. An agreement is missing if the caller is
    shown everything of it, as its provider or as an operator.
    """

    def of(self, agreement_id: str) -> CustomerView:
        return self.views.get(agreement_id, _SHOWS_ALL)


class CustomerViewQueries:
    """Queries for the warnings and live figures that a caller is shown by the term ``customer_sees`` of agreements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shown_to(self, caller: Principal, agreement_ids: Iterable[str], now: int) -> CallerCustomerViews:
        """Return which warnings and live figures of each agreement the caller is shown under ``customer_sees``.

        The caller must be allowed to see the agreements.
        """
        if caller.is_operator:
            return CallerCustomerViews()
        async with self._database.read() as connection:
            return await read_caller_customer_views(connection, caller, agreement_ids, now)


async def read_caller_customer_views(
    connection: AsyncConnection, caller: Principal, agreement_ids: Iterable[str], now: int
) -> CallerCustomerViews:
    """Return which warnings and live figures of each agreement the caller is shown under ``customer_sees``, by a query
    on an open connection.

    Do not call this for an operator, because an operator is shown everything.
    """
    given = {"agreements": sorted(set(agreement_ids)), "me": caller.party_id or "", "now": now}
    found = (await connection.execute(text(_VIEWS), given)).all()
    return CallerCustomerViews({row.agreement_id: CustomerView(row.risks_after, row.live_figure) for row in found})
