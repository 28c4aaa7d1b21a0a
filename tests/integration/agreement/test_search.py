"""Search by words: what is found, in which order, and that nobody finds what they may not see."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_agreement.adapters.search_words import searchable_text
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


async def _found(service: AgreementUnderTest, key: str, query: str) -> list[tuple[str, str]]:
    answer = await negotiation.get(service.client, key, f"/api/v1/search?q={query}")
    return [(each["kind"], each["title"]) for each in answer["items"]]


async def _drafted(service: AgreementUnderTest, cast: Cast, **changed: Any) -> dict[str, Any]:
    return await negotiation.draft_agreement(
        service.client, cast, {**terms.agreement_document(EFFECTIVE), **changed}, "summer-sale"
    )


def test_words_have_neither_case_nor_accents() -> None:
    assert (
        searchable_text("Zürich: STRASSE, Straße", "p1-resolution", "K_1")
        == " zurich strasse strasse p1 resolution k 1 "
    )


async def test_beginnings_of_words_find_in_the_order_of_the_match(service: AgreementUnderTest, cast: Cast) -> None:
    drafted = await _drafted(service, cast, title="Café checkout")
    ada = cast.provider_manager_key
    assert await _found(service, ada, "CAFE") == [("agreement", "Café checkout")]
    assert drafted["service_name"] == "Checkout"
    found = await _found(service, ada, "checkout")
    assert (found[0], found[-1]) == (("service", "Checkout"), ("agreement", "Café checkout"))
    assert {kind for kind, _ in found[1:-1]} == {"target"}
    assert await _found(service, ada, "is check&kind=target") == [("target", "Checkout is available")]


async def test_an_agreement_is_found_by_key_parties_and_references(service: AgreementUnderTest, cast: Cast) -> None:
    await _drafted(service, cast, title="Terms")
    ada = cast.provider_manager_key
    assert await _found(service, ada, "summer") == [("agreement", "Terms")]
    assert ("agreement", "Terms") in await _found(service, ada, "corner shop")
    assert ("party", "The Corner Shop") in await _found(service, ada, "corner shop")
    assert await _found(service, ada, "corner zzz") == []
    assert await _found(service, ada, "%25") == []
    assert await _found(service, ada, "_") == []


async def test_a_draft_is_found_by_its_author_until_it_is_proposed(service: AgreementUnderTest, cast: Cast) -> None:
    drafted = await _drafted(service, cast, title="Secret plans")
    ada, carl = cast.provider_manager_key, cast.customer_manager_key
    assert await _found(service, ada, "secret") == [("agreement", "Secret plans")]
    assert ("target", "Checkout is available") in await _found(service, ada, "avail")
    assert await _found(service, carl, "secret") == []
    assert await _found(service, carl, "avail") == []
    await negotiation.propose_draft(service.client, cast, drafted)
    assert await _found(service, carl, "secret") == [("agreement", "Secret plans")]
    hit = (await negotiation.get(service.client, carl, "/api/v1/search?q=secret"))["items"][0]
    assert (hit["subtitle"], hit["id"]) == ("Acme Hosting", drafted["agreement_id"])


async def test_an_amendment_is_found_by_its_title_once_signed(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.move_to("2026-12-01T00:00:00Z")
    targets = agreement["document"]["targets"][:1]
    changed = {**agreement["document"], "title": "Amended", "targets": targets}
    changed["term"] = {"effective_at": "2027-01-01T00:00:00Z"}
    path = f"/api/v1/agreements/{agreement['agreement_id']}/amendments"
    await negotiation.post(service.client, cast.customer_manager_key, path, {"document": changed})
    for key in (cast.customer_manager_key, cast.provider_manager_key):
        assert await _found(service, key, "amended") == []
        assert ("target", "P1 incidents are resolved within 4 hours of service time") in await _found(
            service, key, "p1"
        )


async def test_people_and_strangers_are_found_by_nobody_else(service: AgreementUnderTest, cast: Cast) -> None:
    await _drafted(service, cast)
    assert await _found(service, cast.provider_manager_key, "grace") == [("person", "Grace Hopper")]
    assert await _found(service, cast.customer_manager_key, "grace") == []
    assert await _found(service, OPERATOR_KEY, "grace") == [("person", "Grace Hopper")]
    stranger = await negotiation.gather_cast(service.client, OPERATOR_KEY, "-2")
    await service.ask(OPERATOR_KEY, "POST", "/api/v1/parties", {"key": "hidden", "name": "Hidden Ltd"})
    assert await _found(service, stranger.provider_manager_key, "hidden") == []
    assert len(await _found(service, stranger.provider_manager_key, "checkout")) == 1  # its own service


async def test_hits_come_in_pages(service: AgreementUnderTest, cast: Cast) -> None:
    await _drafted(service, cast, title="Checkout")
    path = "/api/v1/search?q=c"
    whole = (await negotiation.get(service.client, cast.provider_manager_key, path))["items"]
    paged, cursor = [], ""
    while cursor is not None:
        page = await negotiation.get(service.client, cast.provider_manager_key, f"{path}&limit=2{cursor}")
        paged += page["items"]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert paged == whole
    assert len(whole) > 3


async def test_the_migration_indexes_what_the_code_indexes(service: AgreementUnderTest, cast: Cast) -> None:
    await _drafted(service, cast, title="Café")
    path = "slm_agreement.migrations.versions.0008_search"
    migration = __import__(path, fromlist=["upgrade"])
    async with service.app.database.engine.begin() as connection:
        everything = text("SELECT * FROM search_entry ORDER BY kind, id")
        before = (await connection.execute(everything)).all()
        await connection.execute(text("DELETE FROM search_entry"))

        def fill(sync: Any) -> None:
            for source in (migration._PARTIES, migration._PEOPLE, migration._SERVICES):
                migration._insert(
                    sync, [migration._register_entry(row) for row in sync.execute(text(source)).mappings()]
                )
            for row in sync.execute(text(migration._AGREEMENTS)).mappings().all():
                migration._insert(sync, migration._agreement_entries(row))

        await connection.run_sync(fill)
        assert (await connection.execute(everything)).all() == before
