"""Guessed ids: ids derived from known keys give access to nothing, and are answered like unknown ids."""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from slm_chassis.identity import NAMESPACE, named_id
from tests.attack.conftest import Effort
from tests.support.populated import Populated, populated

KEYS = {
    "party": ["acme-hosting", "corner-shop", "office", "nosy"],
    "service": ["checkout"],
    "person": ["ada", "grace", "carl", "emmy"],
    "requirement": ["checkout-always"],
    "principal": ["ada", "grace", "carl", "emmy", "monitoring", "dashboard", "onlooker"],
    "agreement": ["checkout-2027"],
    "target": ["availability", "fast-month", "fast-hour", "p1-resolution"],
}
"""Keys that are not secret, because they are written in files, mails and slides."""
READ = {
    "party": "parties",
    "service": "services",
    "person": "people",
    "requirement": "requirements",
    "principal": "principals",
    "agreement": "agreements",
    "target": "targets",
}


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[Populated]:
    # Not below pytest's own folder: another session that starts takes its server's right to pass through it.
    with tempfile.TemporaryDirectory() as folder:
        async with populated(Path(folder) / "data") as world:
            yield world


def guesses(world: Populated) -> Iterator[tuple[str, str]]:
    """(kind, id) for every known key in every plausible name space."""
    spaces = [str(NAMESPACE), named_id(NAMESPACE, "installation", "local")]
    parties = sorted({named_id(space, key) for space in spaces for key in KEYS["party"]} - {world.stranger_party_id})
    agreements = [named_id(party, "agreement", key) for party in parties for key in KEYS["agreement"]]
    yield from (("party", party) for party in parties)
    for kind in ("service", "person", "requirement", "principal"):
        yield from ((kind, named_id(party, kind, key)) for party in parties for key in KEYS[kind])
    yield from (("agreement", agreement) for agreement in agreements)
    yield from (("target", named_id(agreement, "target", key)) for agreement in agreements for key in KEYS["target"])


def right(world: Populated, kind: str) -> list[str]:
    """The correct guesses of a kind. Without any, the attack would prove nothing."""
    met = world.known.get(f"{kind}_id", set())
    return [guess for of, guess in guesses(world) if of == kind and guess in met]


def told(answer: Any, *ids: str) -> tuple[int, str]:
    """Status and body, with what was asked for, and every id and instant of the answer's own, taken out."""
    text = answer.text
    for each in ids:
        text = text.replace(each, "…")
    return answer.status_code, re.sub(r'"instance": ?"[^"]*"', "", text)


async def test_some_guesses_are_right(world: Populated) -> None:
    for kind in ("party", "service", "person", "requirement", "principal", "agreement", "target"):
        assert right(world, kind), kind


async def test_a_guessed_id_is_read_like_one_of_nothing(world: Populated) -> None:
    """Every route with an id parameter answers a correct guess like an unknown id."""
    for kind, resource in READ.items():
        nothing = str(uuid.uuid5(uuid.NAMESPACE_URL, kind))
        for guess in right(world, kind):
            found = await world.ask(world.stranger_key, "GET", f"/api/v1/{resource}/{guess}")
            none = await world.ask(world.stranger_key, "GET", f"/api/v1/{resource}/{nothing}")
            assert told(found, guess) == told(none, nothing), (kind, guess)
            assert found.status_code == 404


def _bodies(world: Populated, ids: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """POST bodies that name a party, a service, an agreement or a requirement of another party."""
    own = world.stranger_party_id
    yield "requirements", {"service_id": ids["service"], "text": "Let me see."}
    yield (
        "agreements",
        {
            "provider_party_id": ids["party"],
            "customer_party_id": own,
            "service_id": ids["service"],
            "key": "g1",
        },
    )
    yield (
        "agreements",
        {
            "provider_party_id": own,
            "customer_party_id": ids["party"],
            "service_id": ids["service"],
            "key": "g2",
        },
    )
    yield "people", {"party_id": ids["party"], "key": "emmy", "name": "Emmy Noether"}
    yield "principals", {"party_id": ids["party"], "key": "ada", "name": "Ada", "roles": ["viewer"]}
    yield "principals", {"person_id": ids["person"], "key": "ada", "name": "Ada", "roles": ["viewer"]}
    yield "services", {"provider_party_id": ids["party"], "key": "checkout", "name": "Checkout"}
    yield "invitations", {"principal_id": ids["principal"]}
    interval = {"from": "2026-11-22T22:00:00Z", "to": "2026-11-23T02:00:00Z"}
    yield (
        "exclusions",
        {
            "agreement_id": ids["agreement"],
            "kind": "claim",
            "text": "x",
            "interval": interval,
            "services": ["checkout"],
            "targets": [ids["target"]],
        },
    )
    yield "exclusion-delegates", {"agreement_id": ids["agreement"], "delegate_party_id": own}
    yield "reports", {"agreement_id": ids["agreement"]}


async def test_a_post_with_a_guessed_id_answers_like_one_with_none(world: Populated) -> None:
    kinds = ("party", "service", "person", "principal", "agreement", "target")
    nothing = {kind: str(uuid.uuid5(uuid.NAMESPACE_URL, kind)) for kind in kinds}
    for number in range(max(len(right(world, kind)) for kind in kinds)):
        guessed = {kind: right(world, kind)[number % len(right(world, kind))] for kind in kinds}
        pairs = zip(_bodies(world, guessed), _bodies(world, nothing), strict=True)
        for (path, body), (_, blank) in pairs:
            found = await world.ask(world.stranger_key, "POST", f"/api/v1/{path}", json=body)
            none = await world.ask(world.stranger_key, "POST", f"/api/v1/{path}", json=blank)
            assert told(found, *guessed.values()) == told(none, *nothing.values()), (path, body)
            assert found.status_code in (403, 404, 422), (path, found.text)


async def test_a_delegate_is_a_party_that_one_knows(world: Populated) -> None:
    """A guessed id of a third party is answered like an unknown party."""
    [agreement_id] = right(world, "agreement")
    third, nothing = world.stranger_party_id, str(uuid.uuid5(uuid.NAMESPACE_URL, "party"))
    answers = []
    for delegate in (third, nothing):
        body = {"agreement_id": agreement_id, "delegate_party_id": delegate}
        key = world.cast.provider_manager_key
        answers.append(told(await world.ask(key, "POST", "/api/v1/exclusion-delegates", json=body), delegate))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


async def test_documents_that_name_guessed_requirements_and_supports_tell_nothing(
    world: Populated, effort: Effort
) -> None:
    """Related parties learn nothing about the requirements and supports of a third party."""
    key = world.cast.customer_manager_key
    service = await world.ask(world.stranger_key, "POST", "/api/v1/services", json={"key": "own", "name": "Own"})
    third = {"key": "below", "name": "Below"}
    requirement = await world.ask(
        world.stranger_key,
        "POST",
        "/api/v1/requirements",
        json={"key": "secret", "service_id": service.json()["service_id"], "text": "A secret."},
    )
    assert requirement.status_code in (200, 201), (third, requirement.text)
    parties = {"provider_party_id": world.cast.provider_party_id, "customer_party_id": world.cast.customer_party_id}
    random = effort.random()
    for _ in range(effort.cases(4, 100)):
        nothing = str(uuid.UUID(int=random.getrandbits(128), version=5))
        for field in ("requirements", "supports"):
            answers = []
            for named in (requirement.json()["requirement_id"], nothing):
                document = {field: [named]}
                body = {**parties, "service_id": world.cast.service_id, "key": "g3", "document": document}
                answer = await world.ask(key, "POST", "/api/v1/agreements", json=body)
                answers.append(told(answer, named))
            assert answers[0] == answers[1], field
            assert answers[0][0] == 422
