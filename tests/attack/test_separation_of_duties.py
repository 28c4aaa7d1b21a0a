"""Random acts of managers and operators on people, principals and keys: no act gives a manager a key that can sign.

Mallory manages both parties, which is the worst case, and keeps every key and code that an answer shows her. Operators
are honest: if they issue a key or code for somebody who signs, they give it to that person, even if Mallory has changed
the person's name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.attack.conftest import Effort
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

SIGNING = {"provider": "provider_signatory", "customer": "business_signatory"}
ROLES = ["service_level_manager", *SIGNING.values(), "integrator", "viewer"]
ADDRESSES = [None, "grace@example.com", " EMMY@example.com", "ada@example.com", "mallory@example.com"]
MANDATES = [{"role": role, "text": "Everything"} for role in SIGNING.values()]
Act = Callable[[], Awaitable[None]]


@dataclass
class Mallory:
    """The state of the attack: what she holds, and what she knows."""

    service: AgreementUnderTest
    random: Random
    cast: Cast
    agreement: dict[str, Any]
    keys: list[str]
    untried: list[str] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)
    """(id of the invitation, code)."""
    honest: list[str] = field(default_factory=list)
    """Keys that honest people hold."""
    taken: int = 0
    refused: int = 0

    async def ask(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        status, answer = await self.service.ask(key, method, f"/api/v1/{path}", body, **headers)
        assert status < 500, (method, path, body, answer)
        self.taken += status < 300
        self.refused += status >= 400
        return answer if status < 300 else {}

    async def hers(self, method: str, path: str, body: Any = None, key: str = "", **headers: str) -> dict[str, Any]:
        """Send a request as Mallory, and keep every key or code of its answer."""
        answer = await self.ask(key or self.random.choice(self.keys), method, path, body, **headers)
        if "key_id" in answer and "key" in answer:
            self.keys.append(answer["key"])
            self.untried.append(answer["key"])
        if "code" in answer:
            self.codes.append((answer["invitation_id"], answer["code"]))
        return answer

    async def everything(self, resource: str) -> list[dict[str, Any]]:
        _, listed = await self.service.ask(OPERATOR_KEY, "GET", f"/api/v1/{resource}?limit=1000")
        items: list[dict[str, Any]] = listed["items"]
        return items

    async def any_of(self, resource: str) -> dict[str, Any]:
        return self.random.choice(await self.everything(resource))

    async def person(self) -> dict[str, Any]:
        """A random person, mostly one without a principal, because others are refused for having one."""
        bound = {each["person_id"] for each in await self.everything("principals")}
        people = await self.everything("people")
        free = [each for each in people if each["person_id"] not in bound]
        return self.random.choice(free if free and self.random.random() < 0.8 else people)

    async def somebodys_principal(self) -> dict[str, Any]:
        """A random principal, mostly one of a person, because machines never sign."""
        every = await self.everything("principals")
        people = [each for each in every if each["person_id"] is not None and each["key"] not in ("ada", "carl")]
        return self.random.choice(people if self.random.random() < 0.8 else every)

    # What Mallory does.

    async def records_a_person(self) -> None:
        name = f"p{self.random.randrange(10**6)}"
        body = {"key": name, "name": name, "email": self.random.choice(ADDRESSES), "mandates": MANDATES}
        await self.hers("POST", "people", body)

    async def edits_a_person(self) -> None:
        person = await self.any_of("people")
        body = {"name": "Grace Hopper", "email": self.random.choice(ADDRESSES), "mandates": MANDATES}
        await self.hers("PUT", f"people/{person['person_id']}", body, if_match="*")

    async def enrols(self) -> None:
        person = await self.person()
        name = f"q{self.random.randrange(10**6)}"
        roles = self.random.sample(ROLES, self.random.choice((0, 1, 1, 2)))
        person_id = self.random.choice((None, person["person_id"], person["person_id"]))
        key = self.keys[person["party_id"] == self.cast.customer_party_id]
        await self.hers("POST", "principals", {"key": name, "name": name, "roles": roles, "person_id": person_id}, key)

    async def edits_a_principal(self) -> None:
        principal, person = await self.any_of("principals"), await self.any_of("people")
        roles = self.random.sample(ROLES, self.random.choice((0, 1, 1, 2)))
        person_id = self.random.choice((principal["person_id"], person["person_id"]))
        body = {"name": principal["name"], "roles": roles, "person_id": person_id}
        await self.hers("PUT", f"principals/{principal['principal_id']}", body, if_match="*")

    async def issues_a_key(self) -> None:
        principal = await self.somebodys_principal()
        key = self.random.choice((self.keys[principal["party_id"] == self.cast.customer_party_id], ""))
        await self.hers("POST", f"principals/{principal['principal_id']}/keys", {"scopes": []}, key)

    async def revokes_a_key(self) -> None:
        principal = await self.any_of("principals")
        if principal["keys"] and principal["key"] not in ("ada", "carl"):
            key_id = self.random.choice(principal["keys"])["key_id"]
            await self.hers("DELETE", f"principals/{principal['principal_id']}/keys/{key_id}")

    async def invites(self) -> None:
        principal = await self.somebodys_principal()
        principal_id = self.random.choice((None, principal["principal_id"], principal["principal_id"]))
        key = self.keys[principal["party_id"] == self.cast.customer_party_id]
        await self.hers("POST", "invitations", {"alias": "Somebody", "principal_id": principal_id}, key)

    async def uses_a_code(self) -> None:
        if self.codes:
            _, code = self.random.choice(self.codes)
            name = f"s{self.random.randrange(10**6)}"
            said = {"party": {"key": name, "name": name}, "person": {"key": name, "name": "Grace Hopper"}}
            await self.hers("POST", "invitations/accept", self.random.choice(({}, {}, said)), code)

    async def withdraws(self) -> None:
        if self.codes:
            await self.hers("POST", f"invitations/{self.random.choice(self.codes)[0]}/withdraw")

    # What operators and honest people do.

    async def operator_gives_or_takes_a_role(self) -> None:
        principal = await self.somebodys_principal()
        side = {self.cast.provider_party_id: "provider", self.cast.customer_party_id: "customer"}
        if principal["party_id"] in side and principal["key"] not in ("ada", "carl"):
            signing = SIGNING[side[principal["party_id"]]]
            role = self.random.choice((signing, signing, "viewer"))
            body = {"name": principal["name"], "roles": [role], "person_id": principal["person_id"]}
            await self.ask(OPERATOR_KEY, "PUT", f"principals/{principal['principal_id']}", body, if_match="*")

    async def operator_enrols_a_signatory(self) -> None:
        person = await self.person()
        own = person["party_id"] == self.cast.provider_party_id
        role = SIGNING["provider" if own else "customer"]
        name = f"o{self.random.randrange(10**6)}"
        body = {"key": name, "name": name, "roles": [role], "person_id": person["person_id"]}
        await self.ask(OPERATOR_KEY, "POST", "principals", {**body, "party_id": person["party_id"]})

    async def operator_hands_over_a_key(self) -> None:
        signing = [each for each in await self.everything("principals") if set(each["roles"]) & set(SIGNING.values())]
        if signing:
            path = f"principals/{self.random.choice(signing)['principal_id']}/keys"
            self.honest.append((await self.ask(OPERATOR_KEY, "POST", path, {})).get("key", ""))

    async def operator_hands_over_a_code(self) -> None:
        signing = [each for each in await self.everything("principals") if set(each["roles"]) & set(SIGNING.values())]
        if signing:
            named = {"principal_id": self.random.choice(signing)["principal_id"]}
            made = await self.ask(OPERATOR_KEY, "POST", "invitations", named)
            accepted = await self.ask(made["code"], "POST", "invitations/accept", {})
            self.honest.append(accepted.get("key", ""))

    def acts(self) -> list[Act]:
        hers = [
            self.records_a_person,
            self.edits_a_person,
            self.enrols,
            self.enrols,
            self.edits_a_principal,
            self.edits_a_principal,
            self.issues_a_key,
            self.issues_a_key,
            self.issues_a_key,
            self.revokes_a_key,
            self.invites,
            self.invites,
            self.uses_a_code,
            self.uses_a_code,
            self.withdraws,
        ]
        return [
            *hers,
            self.operator_gives_or_takes_a_role,
            self.operator_gives_or_takes_a_role,
            self.operator_enrols_a_signatory,
            self.operator_hands_over_a_key,
            self.operator_hands_over_a_code,
        ]

    async def sign(self, key: str) -> int:
        body = {"revision_hash": self.agreement["revision"]["hash"]}
        path = f"/api/v1/agreements/{self.agreement['agreement_id']}/sign"
        status, answer = await self.service.ask(key, "POST", path, body)
        assert status < 500, answer
        return status

    async def signs_with(self, keys: list[str]) -> list[str]:
        """The keys among these that can sign."""
        return [key for key in keys if await self.sign(key) == 200]


async def _agreed(service: AgreementUnderTest, cast: Cast) -> dict[str, Any]:
    await negotiation.record_requirement(service.client, cast)
    drafted = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    raised = terms.counter_proposal(proposed["document"])
    countered = await negotiation.make_counter_proposal(service.client, cast, proposed, raised)
    return await negotiation.accept_counter_proposal(service.client, cast, countered)


@pytest.fixture
def tables_of() -> str:
    return "slm_agreement"


@pytest.fixture
async def mallory(database_url: str, effort: Effort) -> Any:
    service = await AgreementUnderTest.open(database_url)
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    agreement = await _agreed(service, cast)
    keys = [cast.provider_manager_key, cast.customer_manager_key]
    yield Mallory(service, effort.random(), cast, agreement, keys)
    await service.close()


async def test_no_sequence_of_acts_lets_a_manager_sign(mallory: Mallory, effort: Effort) -> None:
    acts, played = mallory.acts(), []
    for number in range(effort.cases(240, 3000)):
        act = mallory.random.choice(acts)
        played.append(act.__name__)
        await act()
        untried, mallory.untried = mallory.untried, []
        tried = mallory.keys if number % 40 == 39 else untried
        assert await mallory.signs_with(tried) == [], played
    assert mallory.taken > len(played) // 5, "too little was allowed for the attack to mean anything"
    assert mallory.refused > len(played) // 10
    assert len(mallory.keys) > 5
    assert await mallory.signs_with(mallory.keys) == [], played
    await _honest_people_sign(mallory)


async def _honest_people_sign(mallory: Mallory) -> None:
    """Let one person of each side sign with a key from an operator; return the keys."""
    for side, role in SIGNING.items():
        party_id = getattr(mallory.cast, f"{side}_party_id")
        body = {"key": f"last-{side}", "party_id": party_id, "name": f"Last of the {side}", "mandates": MANDATES}
        person = await mallory.ask(OPERATOR_KEY, "POST", "people", body)
        enrolled = {"key": f"last-{side}", "party_id": party_id, "name": "L", "person_id": person["person_id"]}
        principal = await mallory.ask(OPERATOR_KEY, "POST", "principals", {**enrolled, "roles": [role]})
        issued = await mallory.ask(OPERATOR_KEY, "POST", f"principals/{principal['principal_id']}/keys", {})
        assert await mallory.sign(issued["key"]) == 200
    path = f"agreements/{mallory.agreement['agreement_id']}"
    seen = await mallory.ask(mallory.cast.viewer_key, "GET", path)
    assert seen["state"] == "finalized"
    assert len({signature["person_id"] for signature in seen["signatures"]}) == 2
    assert {signature["key_issued_how"] for signature in seen["signatures"]} == {"operator"}
