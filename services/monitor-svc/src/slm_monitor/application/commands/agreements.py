"""Adoption of agreements, signed or on record: their terms are stored, and every partition gets a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from slm_events import instants
from slm_events.aggregations import MEMBERS
from slm_events.agreement import (
    AgreementFinalized,
    AgreementRecorded,
    AgreementTerminated,
    PartyRegistered,
    ServiceCatalogued,
)
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.exclusions import maintenance_rules
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.terms import composite_terms
from slm_monitor.domain.terms.terms import (
    ServiceLevelTarget,
    parse_targets,
)


class TermsStore(Protocol):
    """The store of signed terms."""

    async def keep(self, finalized: dict[str, object]) -> bool:
        """Store a version's terms and targets; return False if they were stored already."""
        ...

    async def end(self, agreement_id: str, at: UtcMicroseconds) -> bool:
        """Store that an agreement ended early; return False if this was stored already."""
        ...

    async def name(self, of: str, identity: str, external_refs: list[dict[str, object]]) -> list[str]:
        """Store the references by which other systems name the customer or service with this id. ``of``: ``customer``
        or ``service``.

        Return the ids of the agreements that have this customer or service, because other tickets may belong to them
        now.
        """
        ...

    async def register(self, indicator: Indicator) -> None:
        """Register an indicator for its owner. Nothing changes if it is registered already."""
        ...

    async def tell_partitions(self, kind: str, ref: dict[str, object]) -> None:
        """Put a message into every partition's inbox, in the same transaction."""
        ...


async def adopt_agreement_terms(shelf: TermsStore, finalized: AgreementFinalized | AgreementRecorded) -> None:
    """Store the terms of a version that is signed or on record, register its indicators, and send a message to every
    partition.

    Targets are evaluated by the new terms from the instant at which these take effect.

    Raises TermsNotEvaluable if a target cannot be evaluated; the caller then moves the event to the dead letters.
    """
    document = asdict(finalized)
    targets = parse_targets(document)
    composite_terms.check_composite_terms(targets)
    maintenance_rules.parse_maintenance_rules(document)
    registry.check_parameters(targets)
    if await shelf.keep(document):
        for target, terms in zip(finalized.targets, targets, strict=True):
            # The signer of a target may not have registered its indicator, and data of an unregistered indicator is
            # refused.
            for indicator in _indicators(target, terms):
                await shelf.register(indicator)
        await shelf.tell_partitions("terms", {"agreement_id": finalized.agreement_id})


async def store_party_references(shelf: TermsStore, party: PartyRegistered) -> None:
    """Store the references by which tickets may name a customer. Tickets that matched no
    agreement are evaluated again.
    """
    await _name(shelf, "customer", party.party_id, party.external_refs)


async def store_service_references(shelf: TermsStore, service: ServiceCatalogued) -> None:
    """Store the references by which tickets may name a service. Tickets that matched no
    agreement are evaluated again.
    """
    await _name(shelf, "service", service.service_id, service.external_refs)


async def _name(shelf: TermsStore, of: str, identity: str, external_refs: list[dict[str, object]]) -> None:
    for agreement_id in await shelf.name(of, identity, external_refs):
        await shelf.tell_partitions("terms", {"agreement_id": agreement_id})


def _indicators(target: Mapping[str, Any], terms: ServiceLevelTarget) -> Iterator[Indicator]:
    """Yield the indicators that a target names: its own, and those of a composite's members."""
    named = target.get("indicator")
    if terms.indicator is not None and named:
        yield _indicator_of_terms(named, _indicator_kind(terms), terms)
    if terms.kind.source == MEMBERS and isinstance(terms.parameters, Mapping):
        for member in terms.parameters.get("members") or ():
            if isinstance(member, Mapping) and isinstance(member.get("indicator"), Mapping):
                yield _indicator_of_terms(member["indicator"], "availability", terms)


def _indicator_of_terms(named: Mapping[str, Any], kind: str, terms: ServiceLevelTarget) -> Indicator:
    owner, key = str(named["owner_party_id"]), str(named["key"])
    return Indicator(f"{owner}/{key}", owner, key, kind, named.get("unit"), service_id=terms.service_id)


def _indicator_kind(terms: ServiceLevelTarget) -> str:
    """Return the kind of a target's indicator: the kind in the terms, or else the usual kind of the aggregation."""
    return terms.indicator_kind or next(iter(terms.kind.indicators), "value")


async def end_agreement_early(shelf: TermsStore, terminated: AgreementTerminated) -> None:
    """Store that an agreement ended early. The agreement's windows then end at the instant of termination."""
    if await shelf.end(terminated.agreement_id, instants.from_text(terminated.at)):
        await shelf.tell_partitions("terms", {"agreement_id": terminated.agreement_id})
