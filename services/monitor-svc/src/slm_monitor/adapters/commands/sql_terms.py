"""Signed terms, indicators and the quarantine in PostgreSQL. New terms are written with messages to the partitions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from slm_chassis.database import Database, Transaction
from slm_chassis.identity import named_id
from slm_events.instants import from_text
from slm_monitor.adapters.rows import catch_up_rows
from slm_monitor.adapters.rows.partition_rows import quarantine_facts
from slm_monitor.application.state.partition_step import QuarantineEntry
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.terms.customer_view import parse_customer_view

_TELL = """
INSERT INTO judge_inbox (partition, kind, ref) SELECT partition, :kind, CAST(:ref AS jsonb) FROM judge_partition
"""
_TARGET = """
INSERT INTO target VALUES (:target_id, :agreement_id, :version, :key, :title, :service_id, :provider_party_id,
                           :customer_party_id, :indicator, CAST(:terms AS jsonb))
ON CONFLICT (target_id) DO UPDATE
   SET version = excluded.version, title = excluded.title, service_id = excluded.service_id,
       indicator = excluded.indicator, terms = excluded.terms
 WHERE target.version < excluded.version
"""


_VIEW = """
INSERT INTO customer_view
VALUES (:agreement_id, :version, :customer_party_id, :effective_at, :risks_after, :live_figure)
"""
_NAMES = """
INSERT INTO ticket_name VALUES (:identity, CAST(:refs AS jsonb))
ON CONFLICT (named_id) DO UPDATE SET external_refs = excluded.external_refs
"""
_RENAME = """
UPDATE agreement_terms
   SET document = document || jsonb_build_object(CAST(:field AS text), CAST(:refs AS jsonb))
 WHERE document ->> :named = :identity AND document -> :field IS DISTINCT FROM CAST(:refs AS jsonb)
RETURNING agreement_id
"""
_KNOWN = "SELECT named_id, external_refs FROM ticket_name WHERE named_id IN (:customer, :service)"
_PARTIES = ("provider_party_id", "customer_party_id")
_ID_OF = {"customer": "customer_party_id", "service": "service_id"}


class SqlTerms:
    """Signed terms in PostgreSQL, written inside the transaction that receives an event about an agreement."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def keep(self, finalized: dict[str, Any]) -> bool:
        finalized = await self._named(finalized)
        kept = await self._transaction.execute(
            text(
                "INSERT INTO agreement_terms VALUES (:agreement_id, :version, :provider_party_id, :customer_party_id,"
                " CAST(:document AS jsonb)) ON CONFLICT DO NOTHING"
            ),
            {**finalized, "document": json.dumps(finalized)},
        )
        if kept.rowcount == 1:
            await self._transaction.execute(
                text(catch_up_rows.INSERT_CATCH_UP),
                {
                    **{name: finalized[name] for name in ("agreement_id", "version", *_PARTIES)},
                    "now": self._transaction.now,
                },
            )
            await self._transaction.execute(text(_VIEW), _customer_view_row(finalized))
        for target in finalized["targets"]:
            await self._transaction.execute(text(_TARGET), _target_row(finalized, target))
        return kept.rowcount == 1

    async def name(self, of: str, identity: str, external_refs: list[dict[str, object]]) -> list[str]:
        refs = json.dumps(external_refs)
        await self._transaction.execute(text(_NAMES), {"identity": identity, "refs": refs})
        given = {"field": f"{of}_external_refs", "named": _ID_OF[of], "identity": identity, "refs": refs}
        renamed = await self._transaction.execute(text(_RENAME), given)
        return sorted(set(renamed.scalars()))

    async def _named(self, finalized: dict[str, Any]) -> dict[str, Any]:
        """Return the terms with the latest external references of their customer and service.

        The references may have changed between the signature and the arrival of the event about it.
        """
        ids = {of: finalized[field] for of, field in _ID_OF.items()}
        rows = (await self._transaction.execute(text(_KNOWN), ids)).all()
        known = {row.named_id: row.external_refs for row in rows}
        latest = {f"{of}_external_refs": known[identity] for of, identity in ids.items() if identity in known}
        return {**finalized, **latest}

    async def end(self, agreement_id: str, at: int) -> bool:
        ended = await self._transaction.execute(
            text("INSERT INTO agreement_end VALUES (:agreement_id, :at) ON CONFLICT DO NOTHING"),
            {"agreement_id": agreement_id, "at": at},
        )
        return ended.rowcount == 1

    async def register(self, indicator: Indicator) -> None:
        await register_indicator_row(self._transaction, indicator, from_terms=True)

    async def tell_partitions(self, kind: str, ref: dict[str, Any]) -> None:
        await send_to_all_partitions(self._transaction, kind, ref)


async def send_to_all_partitions(transaction: Transaction, kind: str, ref: Mapping[str, Any]) -> None:
    """Put a message into the inbox of every partition."""
    await transaction.execute(text(_TELL), {"kind": kind, "ref": json.dumps(ref)})


def _customer_view_row(finalized: Mapping[str, Any]) -> dict[str, Any]:
    view = parse_customer_view(finalized.get("customer_sees"))
    return {
        **{name: finalized[name] for name in ("agreement_id", "version", "customer_party_id")},
        "effective_at": from_text(finalized["effective_at"]),
        "risks_after": view.risks_after,
        "live_figure": view.live_figure,
    }


def _target_row(finalized: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    indicator = target.get("indicator")
    return {
        "target_id": target["target_id"],
        "agreement_id": finalized["agreement_id"],
        "version": finalized["version"],
        "key": target["key"],
        "title": target.get("title") or target["key"],
        "service_id": target.get("service_id") or finalized["service_id"],
        "provider_party_id": finalized["provider_party_id"],
        "customer_party_id": finalized["customer_party_id"],
        "indicator": f"{indicator['owner_party_id']}/{indicator['key']}" if indicator else None,
        "terms": json.dumps(target),
    }


class SqlIndicators:
    """The registry of indicators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(
        self, indicator: Indicator, external_refs: Sequence[Mapping[str, Any]]
    ) -> tuple[Indicator, bool]:
        """Register an indicator. Return the definition that is registered now, and whether this call wrote it."""
        async with self._database.begin() as transaction:
            return await register_indicator_row(transaction, indicator, external_refs)


async def register_indicator_row(
    transaction: Transaction,
    indicator: Indicator,
    external_refs: Sequence[Mapping[str, Any]] = (),
    *,
    from_terms: bool = False,
) -> tuple[Indicator, bool]:
    """Register an indicator. Return the definition that is registered now, and whether this call wrote it.

    Signed terms (``from_terms``) register an indicator with no more than its kind. The indicator's owner may then
    define it once in full, with the same kind. Any other definition of a known indicator changes nothing.
    """
    done = await transaction.execute(
        text(
            "INSERT INTO indicator (subject, indicator_id, owner_party_id, key, kind, unit, initial_state,"
            " service_id, external_refs, registered_at, stale_after, lowest, highest, from_terms)"
            " VALUES (:subject, :indicator_id, :owner, :key, :kind, :unit, :initial_state, :service_id,"
            " CAST(:refs AS jsonb), :now, :stale_after, :lowest, :highest, :from_terms) ON CONFLICT (subject) DO UPDATE"
            " SET unit = excluded.unit, initial_state = excluded.initial_state, service_id = excluded.service_id,"
            " external_refs = excluded.external_refs, stale_after = excluded.stale_after, lowest = excluded.lowest,"
            " highest = excluded.highest, from_terms = FALSE"
            " WHERE indicator.from_terms AND NOT excluded.from_terms AND indicator.kind = excluded.kind"
        ),
        {
            "subject": indicator.subject,
            "indicator_id": named_id(indicator.owner_party_id, "indicator", indicator.key),
            "owner": indicator.owner_party_id,
            "key": indicator.key,
            "kind": indicator.kind,
            "unit": indicator.unit,
            "initial_state": indicator.initial_state,
            "service_id": indicator.service_id,
            "refs": json.dumps(list(external_refs)),
            "now": transaction.now,
            "stale_after": indicator.stale_after,
            "lowest": indicator.lowest,
            "highest": indicator.highest,
            "from_terms": from_terms,
        },
    )
    query = text(
        "SELECT subject, owner_party_id, key, kind, unit, initial_state, service_id, stale_after, lowest,"
        " highest FROM indicator WHERE subject = :subject"
    )
    row = (await transaction.execute(query, {"subject": indicator.subject})).mappings().one()
    return Indicator(**dict(row)), done.rowcount == 1


class SqlQuarantine:
    """The quarantine of facts that the intake did not accept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, facts: Sequence[QuarantineEntry]) -> None:
        async with self._database.begin() as transaction:
            await quarantine_facts(transaction, facts)
