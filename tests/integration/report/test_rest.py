"""Reports over HTTP: for those whose they are, and for nobody else."""

from __future__ import annotations

from dataclasses import asdict

from tests.integration.report.conftest import Running
from tests.support import report as heard
from tests.support.report import AGREEMENT, MONTHLY, ROLLING, TICKETS


async def test_an_interim_report_is_built_at_any_time(service: Running) -> None:
    await service.hears(heard.finalized(MONTHLY, ROLLING, TICKETS))
    service.figures.windows = [heard.to_date("9995/100", "at_risk")]
    service.figures.risks = [asdict(heard.at_risk("risk", "2026-11-20T10:00"))]
    async with service.client("customer") as client:
        response = await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT})
        made = response.json()
        assert response.status_code == 201, response.text
        assert (made["state"], made["revision"], made["period"]["id"]) == ("interim", 0, "2026-11")
        assert [line["verdict"] for line in made["lines"]] == ["at_risk", "no_breach", "no_data"]
        assert (made["verdict"], len(made["risks"])) == ("at_risk", 1)
        service.figures.windows = [heard.to_date("9985/100", "breached")]
        service.figures.breaches = [asdict(heard.breached("breach", "2026-11-22T09:00"))]
        again = (await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT})).json()
        assert again["report_id"] == made["report_id"]
        assert (again["lines"][0]["verdict"], again["breach_count"]) == ("breached", 1)
        kept = (await client.get(response.headers["Location"])).json()
        assert kept["breach_count"] == 1
    assert service.published() == []


async def test_building_a_complete_period_publishes_it_once(service: Running) -> None:
    await service.hears(heard.finalized())
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.closed())
    async with service.client("provider") as client:
        wanted = {"agreement_id": AGREEMENT, "period": "2026-11"}
        response = await client.post("/api/v1/reports", json=wanted)
    await service.settles()
    assert (response.status_code, response.json()["state"]) == (200, "published")
    assert [event.revision for event in service.published()] == [1]


async def test_nobody_learns_of_anothers_reports(service: Running) -> None:
    await service.hears(heard.finalized())
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT})).json()
    async with service.client("stranger") as client:
        assert (await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT})).status_code == 404
        assert (await client.get(f"/api/v1/reports/{made['report_id']}")).status_code == 404
        assert (await client.get(f"/api/v1/reports/{made['report_id']}/page")).status_code == 404
        assert (await client.get("/api/v1/reports")).json()["items"] == []
    for who in ("provider", "viewer", "operator"):
        assert (await service.gets(f"/api/v1/reports/{made['report_id']}", who))["report_id"] == made["report_id"]


async def test_the_page_of_a_report_leads_back_to_a_page_of_the_same_origin_only(service: Running) -> None:
    await service.hears(heard.finalized())
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT})).json()
        page = f"/api/v1/reports/{made['report_id']}/page"
        assert 'class="back"' not in (await client.get(page)).text
        asked = {"back": '/console/reviews?q="', "back_text": "<Reviews>"}
        linked = (await client.get(page, params=asked)).text
        assert '<a href="/console/reviews?q=&#34;">&lt;Reviews&gt;</a>' in linked
        for elsewhere in ("//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""):
            assert (await client.get(page, params={"back": elsewhere})).status_code == 422, elsewhere


async def test_who_may_only_view_does_not_build(service: Running) -> None:
    await service.hears(heard.finalized())
    async with service.client("viewer") as client:
        assert (await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT})).status_code == 403


async def test_a_period_without_a_possible_report_is_refused_with_a_remedy(service: Running) -> None:
    await service.hears(heard.finalized())
    async with service.client("customer") as client:
        wrong = await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT, "period": "2026-Q4"})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "period")
        for period in ("2026-10", "2026-12"):
            outside = await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT, "period": period})
            assert (outside.status_code, outside.json()["type"]) == (409, "/problems/outside-term")
        odd = await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT, "month": "2026-11"})
        assert odd.status_code == 422


async def test_reports_are_listed_by_page_and_filter(service: Running) -> None:
    await service.hears(heard.finalized(TICKETS, effective_at="2026-08-01T00:00:00.000000Z"))
    listed = await service.gets("/api/v1/reports?limit=2")
    assert [item["period"] for item in listed["items"]] == ["2026-10", "2026-09"]
    rest = await service.gets(f"/api/v1/reports?limit=2&cursor={listed['next']}")
    assert ([item["period"] for item in rest["items"]], rest["next"]) == (["2026-08"], None)
    assert len((await service.gets("/api/v1/reports?period=2026-09&state=published"))["items"]) == 1
    assert (await service.gets("/api/v1/reports?verdict=breached"))["items"] == []
    assert (await service.gets(f"/api/v1/reports?agreement_id={AGREEMENT}x"))["items"] == []


async def test_the_page_is_shown_to_a_reader_and_to_nobody_by_a_key_in_its_address(
    service: Running,
) -> None:
    await service.hears(heard.finalized(MONTHLY, ROLLING, TICKETS))
    service.figures.breaches = [asdict(heard.breached("breach", "2026-11-22T09:00"))]
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT})).json()
        page = await client.get(made["page_url"])
        del client.headers["Authorization"]
        assert (await client.get(made["page_url"], params={"key": "customer"})).status_code == 401
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "script" not in page.headers["content-security-policy"]
    assert "Checkout for Acme" in page.text
    assert "key=" not in page.text


async def test_a_revision_that_never_was_is_not_found(service: Running) -> None:
    await service.hears(heard.finalized())
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT})).json()
        assert (await client.get(f"/api/v1/reports/{made['report_id']}?revision=7")).status_code == 404
