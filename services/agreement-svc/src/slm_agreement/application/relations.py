"""Relations between parties, and the check of whether one party may name another."""

from __future__ import annotations

from slm_agreement.application import callers
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.errors import Findings
from slm_agreement.domain.people import relations
from slm_agreement.domain.people.relations import Relation
from slm_chassis.access import Principal


async def link_parties(ledgers: LedgerFactory, caller: Principal, party_ids: list[str]) -> tuple[Relation, bool]:
    """Relate two parties; return the relation and whether it is new.

    Raises NotAllowed unless the caller is an operator, and Invalid unless these are two different registered parties.
    """
    callers.require_operator(caller)
    findings = Findings()
    async with ledgers.begin() as ledger:
        for index, party_id in enumerate(party_ids):
            if await ledger.parties.get(party_id) is None:
                findings.add(f"party_ids[{index}]", party_id, "write the id of a registered party")
        if len(set(party_ids)) != len(party_ids):
            findings.add("party_ids[1]", party_ids[1], "write the id of another party")
        findings.refuse_any("A relation needs two registered parties.")
        return await relate_parties(ledger, caller, party_ids[0], party_ids[1], relations.OPERATOR)


async def relate_parties(ledger: Ledger, caller: Principal, one: str, other: str, how: str) -> tuple[Relation, bool]:
    """Relate two registered parties in the present transaction; return the relation and whether it is new."""
    relation = relations.relation_between(one, other, how, ledger.now)
    await ledger.lock(relation.relation_id)
    known = await ledger.relations.get(relation.relation_id)
    if known is not None:
        return known, False
    await ledger.relations.put(relation)
    ledger.publish(relation.related())
    await ledger.note(caller, "parties.relate", relation.relation_id, {"parties": sorted((one, other)), "how": how})
    return relation, True


async def may_name_party(ledger: Ledger, party_id: str, other: str) -> bool:
    """Return whether a party may name ``other``: itself, or a party that it is related to."""
    if party_id == other:
        return await ledger.parties.get(party_id) is not None
    try:
        relation_id = relations.relation_id(party_id, other)
    except ValueError:
        return False
    return await ledger.relations.get(relation_id) is not None
