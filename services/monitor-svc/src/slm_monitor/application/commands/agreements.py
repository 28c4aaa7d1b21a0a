"""What monitor-svc keeps of agreements: the signed terms, and the news to every partition that judges by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from slm_events import instants
from slm_events.agreement import AgreementFinalized, AgreementTerminated, PartyRegistered, ServiceCatalogued
from slm_monitor.domain.exclusions import maintenance_rules
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.terms import composite_terms
from slm_monitor.domain.terms.terms import RECOVERED, STATED, ServiceLevelTarget, parse_targets
from slm_monitor.domain.windows import outage_evaluation, recovery_evaluation


class TermsStore(Protocol):
    """Where signed terms are kept."""

    async def keep(self, finalized: dict[str, object]) -> bool:
        """Keep a version's terms and targets; False where it was kept already."""
        ...

    async def end(self, agreement_id: str, at: int) -> bool:
        """Note that an agreement ended early; False where that was known."""
        ...

    async def name(self, of: str, identity: str, external_refs: list[dict[str, object]]) -> list[str]:
        """Keep how other systems name a ``customer`` or ``service``; returns the agreements whose tickets may be
        matched in another way."""
        ...

    async def register(self, indicator: Indicator) -> None:
        """Register an indicator for its owner, unless it is registered already."""
        ...

    async def tell_partitions(self, kind: str, ref: dict[str, object]) -> None:
        """Put a row into every partition's inbox, in the same transaction."""
        ...


async def adopt_terms(shelf: TermsStore, finalized: AgreementFinalized) -> None:
    """Judge by these terms from their effective instant on. Raises NotJudgeable, so that the record is set aside."""
    document = asdict(finalized)
    targets = parse_targets(document)
    composite_terms.check_composites(targets)
    outage_evaluation.check_outage_terms(targets)
    maintenance_rules.maintenance_of(document)
    recovery_evaluation.check_recovery_limits(targets)
    if await shelf.keep(document):
        for target, terms in zip(finalized.targets, targets, strict=True):
            # Whoever signs a target need not have registered what it is measured by: its data would be refused.
            for indicator in _indicators(target, terms):
                await shelf.register(indicator)
        await shelf.tell_partitions("terms", {"agreement_id": finalized.agreement_id})


async def name_party(shelf: TermsStore, party: PartyRegistered) -> None:
    """Tickets may mean the customer by these references from now on; those that did not match are judged anew."""
    await _name(shelf, "customer", party.party_id, party.external_refs)


async def name_service(shelf: TermsStore, service: ServiceCatalogued) -> None:
    """Tickets may mean the service by these references from now on."""
    await _name(shelf, "service", service.service_id, service.external_refs)


async def _name(shelf: TermsStore, of: str, identity: str, external_refs: list[dict[str, object]]) -> None:
    for agreement_id in await shelf.name(of, identity, external_refs):
        await shelf.tell_partitions("terms", {"agreement_id": agreement_id})


def _indicators(target: Mapping[str, Any], terms: ServiceLevelTarget) -> Iterator[Indicator]:
    """The indicators that a target names: its own, and those whose states it is composed of."""
    named = target.get("indicator")
    if terms.indicator is not None and named:
        yield _indicator_of_terms(named, _indicator_kind(terms), terms)
    if terms.aggregation == "composite" and isinstance(terms.parameters, Mapping):
        for member in terms.parameters.get("members") or ():
            if isinstance(member, Mapping) and isinstance(member.get("indicator"), Mapping):
                yield _indicator_of_terms(member["indicator"], "availability", terms)


def _indicator_of_terms(named: Mapping[str, Any], kind: str, terms: ServiceLevelTarget) -> Indicator:
    owner, key = str(named["owner_party_id"]), str(named["key"])
    return Indicator(f"{owner}/{key}", owner, key, kind, named.get("unit"), service_id=terms.service_id)


def _indicator_kind(terms: ServiceLevelTarget) -> str:
    """The kind of the indicator: what the terms say, else the only one that the aggregation takes."""
    if terms.indicator_kind is not None:
        return terms.indicator_kind
    if terms.aggregation in RECOVERED:
        return "recovery"
    if terms.aggregation in STATED:
        return "availability"
    return {"ratio": "ratio", "time_slices": "ratio", "count": "count", "nps": "rating"}.get(terms.aggregation, "value")


async def end_agreement(shelf: TermsStore, terminated: AgreementTerminated) -> None:
    """Its windows end at the instant of termination."""
    if await shelf.end(terminated.agreement_id, instants.from_text(terminated.at)):
        await shelf.tell_partitions("terms", {"agreement_id": terminated.agreement_id})
