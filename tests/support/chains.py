"""Agreements that rest on others: a provider with suppliers, a customer with a contract of its own, all over REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

END = "2027-12-01T00:00:00Z"
OFFICE = {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}}
Answer = tuple[int, dict[str, Any]]


def availability(percent: str, **more: Any) -> dict[str, Any]:
    """Return a target of monthly availability."""
    return {
        "key": "availability",
        "indicator": "x.up",
        "aggregation": "availability",
        "objective": {"at_least": percent},
        "window": {"calendar": "month"},
        **more,
    }


def clock(kind: str, within: str, **more: Any) -> dict[str, Any]:
    """Return a target for the time to act on tickets."""
    return {
        "key": kind,
        "aggregation": "clock",
        "clock": kind,
        "objective": {"within": {"service_time": within}},
        **more,
    }


def recovery(question: str, minutes: str) -> dict[str, Any]:
    """Return a target for the time of a recovery, or for the age of what it restores."""
    return {
        "key": question.replace("_", "-"),
        "indicator": {"key": "x.recovery", "kind": "recovery"},
        "aggregation": question,
        "objective": {"at_most": minutes},
        "window": {"calendar": "year"},
    }


def document(targets: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a document of a year without warnings, so that only a chain can refuse its signature."""
    return {
        "title": "Checkout",
        "timezone": "UTC",
        "term": {"effective_at": EFFECTIVE, "expires_at": END},
        "review": {"cadence": "month"},
        "targets": [dict(each) for each in targets],
        **more,
    }


@dataclass
class ChainWorld:
    """A provider and its customer, and how agreements of either with others come to be signed."""

    service: AgreementUnderTest
    cast: Cast
    others: dict[str, Cast] = field(default_factory=dict)

    @classmethod
    async def open(cls, service: AgreementUnderTest) -> ChainWorld:
        """Gather provider and customer; either may also sign as the other side of an agreement."""
        cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
        await negotiation.record_requirement(service.client, cast)
        return cls(service, cast)

    async def ask(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return await self.service.ask(key, method, path, body, **headers)

    async def depend(self, dependencies: Any) -> dict[str, Any]:
        """Write into the provider's catalogue on which services its own depends; return the entry."""
        path, body = f"/api/v1/services/{self.cast.service_id}", {"name": "Checkout", "dependencies": dependencies}
        status, entry = await self.ask(self.cast.provider_manager_key, "PUT", path, body, If_Match="*")
        assert status == 200, entry
        return entry

    async def supplier(self, name: str, of_party_id: str) -> Cast:
        """Return another company that a party has a relation with; each name is one company."""
        if name not in self.others:
            self.others[name] = await negotiation.gather_cast(self.service.client, OPERATOR_KEY, f"-{name}")
        pair = {"party_ids": [of_party_id, self.others[name].provider_party_id]}
        await negotiation.post(self.service.client, OPERATOR_KEY, "/api/v1/relations", pair)
        return self.others[name]

    async def support(self, name: str, text: Mapping[str, Any], kind: str = "ola", held_by: str = "provider") -> str:
        """Sign an agreement of a company ``name`` with the provider or customer; return its id."""
        drafted = await self.draft_support(name, text, kind, held_by)
        holder, _ = self._holder(held_by)
        manager = self.cast.provider_manager_key if held_by == "provider" else self.cast.customer_manager_key
        path, named = f"/api/v1/agreements/{drafted['agreement_id']}", {"revision_hash": drafted["revision"]["hash"]}
        client, supplier = self.service.client, self.others[name]
        await negotiation.post(client, supplier.provider_manager_key, f"{path}/propose", named)
        await negotiation.post(client, manager, f"{path}/accept", named)
        signatory = await self._buyer(holder)
        _, check = await self.ask(manager, "GET", f"{path}/check")
        waivers = [{"code": each["code"], "field": each["field"], "reason": "A test."} for each in check["findings"]]
        for key in (supplier.provider_signatory_key, signatory):
            await negotiation.post(client, key, f"{path}/sign", {**named, "waivers": waivers})
        return str(drafted["agreement_id"])

    async def draft_support(
        self, name: str, text: Mapping[str, Any], kind: str = "ola", held_by: str = "provider"
    ) -> dict[str, Any]:
        """Draft an agreement of a company ``name`` as that company; return it."""
        holder, _ = self._holder(held_by)
        supplier = await self.supplier(name, holder)
        body = {
            "key": f"{name}-{kind}-{held_by}",
            "kind": kind,
            "provider_party_id": supplier.provider_party_id,
            "customer_party_id": holder,
            "service_id": supplier.service_id,
            "template": {"ola": "ola-standard", "uc": "uc-standard", "sla": "sla-standard"}[kind],
            "document": {**_WHOLE, **text, "title": name},
        }
        return await negotiation.post(self.service.client, supplier.provider_manager_key, "/api/v1/agreements", body)

    async def draft(self, text: Mapping[str, Any], key: str = "above") -> Answer:
        """Draft the agreement between provider and customer, as the provider."""
        body = {
            "key": key,
            "kind": "sla",
            "provider_party_id": self.cast.provider_party_id,
            "customer_party_id": self.cast.customer_party_id,
            "service_id": self.cast.service_id,
            "template": "sla-standard",
            "document": {"requirements": ["checkout-always"], **_WHOLE, **text},
        }
        return await self.ask(self.cast.provider_manager_key, "POST", "/api/v1/agreements", body)

    async def agree(self, drafted: Mapping[str, Any]) -> dict[str, Any]:
        """Propose the draft and accept it for the customer; return the agreement."""
        client, named = self.service.client, {"revision_hash": drafted["revision"]["hash"]}
        path = f"/api/v1/agreements/{drafted['agreement_id']}"
        await negotiation.post(client, self.cast.provider_manager_key, f"{path}/propose", named)
        return await negotiation.post(client, self.cast.customer_manager_key, f"{path}/accept", named)

    async def sign(self, agreed: Mapping[str, Any], key: str) -> Answer:
        """Sign the agreed revision with a key."""
        named = {"revision_hash": agreed["revision"]["hash"]}
        return await self.ask(key, "POST", f"/api/v1/agreements/{agreed['agreement_id']}/sign", named)

    async def check(self, agreement: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
        """Return the check of an agreement, by default as the provider reads it."""
        path = f"/api/v1/agreements/{agreement['agreement_id']}/check"
        status, found = await self.ask(key or self.cast.provider_manager_key, "GET", path)
        assert status == 200, found
        return found

    def _holder(self, held_by: str) -> tuple[str, str]:
        cast = self.cast
        return (cast.provider_party_id if held_by == "provider" else cast.customer_party_id), held_by

    async def _buyer(self, party_id: str) -> str:
        """Return a key of somebody who signs for a party as the customer of another company."""
        if party_id == self.cast.customer_party_id:
            return self.cast.customer_signatory_key
        client, role = self.service.client, "business_signatory"
        person = {"key": "buyer", "party_id": party_id, "name": "Bea Buyer", "email": "bea@example.com",
                  "mandates": [{"role": role, "text": "Buys"}]}  # fmt: skip
        known = await negotiation.post(client, OPERATOR_KEY, "/api/v1/people", person)
        enrolment = {"key": "buyer", "party_id": party_id, "name": "Bea Buyer", "roles": [role],
                     "person_id": known["person_id"]}  # fmt: skip
        principal = await negotiation.post(client, OPERATOR_KEY, "/api/v1/principals", enrolment)
        path = f"/api/v1/principals/{principal['principal_id']}/keys"
        return str((await negotiation.post(client, OPERATOR_KEY, path, {"scopes": []}))["key"])


_WHOLE = {
    "clauses": {
        "service_description": "Checkout takes payments.",
        "performance": "Fast.",
        "functionality": "No errors.",
        "availability": "As promised.",
        "support": "By phone.",
        "charges": "A fixed price.",
        "continuity": "A second site.",
    }
}
"""Clauses with which the completeness check has nothing to find."""


def own_side(check: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reader's own side of the chain part of a check."""
    [side] = [each for each in check["chain"]["sides"] if each["yours"]]
    return dict(side)


def other_side(check: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other party's side of the chain part of a check."""
    [side] = [each for each in check["chain"]["sides"] if not each["yours"]]
    return dict(side)
