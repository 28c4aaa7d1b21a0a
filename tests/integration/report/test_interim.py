"""A report of an open period shows every open window as of one instant, from one answer of monitor-svc."""

from __future__ import annotations

import json
from dataclasses import asdict

from tests.integration.report.conftest import Running
from tests.support import report as heard
from tests.support.report import AGREEMENT, TICKETS

WANTED = {"agreement_id": AGREEMENT}
FULL = {
    "raw_figure": "99",
    "good": "1813320000000",
    "total": "1816200000000",
    "downtime_seconds": 2880,
    "excluded_seconds": 7200,
    "unknown_seconds": 60,
    "budget_consumed_percent": "150",
    "exclusions": [{"exclusion_id": heard.id_of("reboot"), "kind": "planned", "seconds": 7200, "uncounted": []}],
}


async def test_the_figure_of_the_last_warning_is_never_the_figure_to_date(service: Running) -> None:
    """The warning said 99.9250; since then the target came to 96.5498."""
    await service.hears(heard.finalized(), heard.at_risk("risk", "2026-11-20T10:00"))
    service.figures.windows = [heard.to_date("482749/5000", "breached", **FULL)]
    service.figures.breaches = [asdict(heard.breached("breach", "2026-11-22T09:00"))]
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json=WANTED)).json()
        page = (await client.get(made["page_url"])).text
    (line,) = made["lines"]
    assert (line["attained"]["display"], line["verdict"], line["as_of"]) == ("96.5498", "breached", made["as_of"])
    assert line["raw"]["display"] == "99.0000"
    assert (line["variance"]["display"], line["downtime_seconds"], line["unknown_seconds"]) == ("-3.3502", 2880, 60)
    assert line["measured"] == "48 min down of 21 d 30 min"
    assert "96.5498" in page and "99.9250" not in page
    assert "1813320000000" not in page
    assert (made["breach_count"], made["verdict"]) == (1, "breached")
    assert "The uptime" in page


async def test_an_instance_of_a_target_is_named_by_its_title(service: Running) -> None:
    """As in the breaches of the same page."""
    grouped = heard.target("uptime", {"calendar": "month"}, group_by=["region"])
    await service.hears(heard.finalized(grouped))
    instance = {"target_id": heard.id_of("uptime eu"), "target_key": "uptime[eu]"}
    service.figures.windows = [heard.to_date("9995/100", "met", grouped) | instance]
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json=WANTED)).json()
    named = [(line["target_key"], line["title"]) for line in made["lines"]]
    assert ("uptime[eu]", "The uptime (eu)") in named


async def test_the_answer_is_kept_whole_and_can_be_asked_for_again(service: Running) -> None:
    await service.hears(heard.finalized())
    service.figures.windows = [heard.to_date("9995/100", "met")]
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json=WANTED)).json()
        kept = await client.get(f"/api/v1/reports/{made['report_id']}/figures")
    assert kept.status_code == 200, kept.text
    assert json.loads(kept.content)["windows"] == service.figures.windows
    assert made["figures"]["as_of"] == json.loads(kept.content)["as_of"] == made["as_of"]
    assert made["figures"]["position"] == {"slm.measurements:0": 7}
    ((key, query),) = service.figures.asked
    assert key == "Bearer customer"
    assert (query["agreement_id"], query["from"]) == (AGREEMENT, "2026-11-01T00:00:00.000000Z")


async def test_without_monitor_svc_there_is_no_report_rather_than_an_older_one(service: Running) -> None:
    await service.hears(heard.finalized())
    service.figures.windows = [heard.to_date("9995/100", "met")]
    async with service.client("customer") as client:
        assert (await client.post("/api/v1/reports", json=WANTED)).status_code == 201
        service.figures.status = 500
        away = await client.post("/api/v1/reports", json=WANTED)
    assert (away.status_code, away.json()["type"]) == (503, "/problems/figures-away")
    assert away.headers["Retry-After"]


async def test_one_page_shows_one_count_of_tickets(service: Running) -> None:
    """The response clock and the compliance of it were once 1 of 8 beside 33.3333 on the same page."""
    share = heard.target(
        "share", {"calendar": "month"}, {"at_least": "95", "unit": "percent"}, aggregation="compliance"
    )
    await service.hears(heard.finalized(TICKETS, share), heard.stopped("1", "2026-11-03T10:00"))
    late = [
        {"ticket": f"{heard.PROVIDER}/servicenow/{number}", "ended_at": "2026-11-04T10:00:00.000000Z"}
        for number in range(2, 9)
    ]
    tickets = {"judged": 8, "met": 1, "late": late}
    service.figures.windows = [
        heard.to_date(None, "met", TICKETS, tickets=tickets),
        heard.to_date("25/2", "at_risk", share, good="1", total="8"),
    ]
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json=WANTED)).json()
        page = (await client.get(made["page_url"])).text
    clock, compliance = made["lines"]
    assert (clock["attained"]["display"], clock["tickets"]["share_display"]) == ("1 of 8 in time", "12.5000")
    assert (compliance["attained"]["display"], compliance["measured"]) == ("12.5000", "1 of 8 tickets in time")
    assert "33.3333" not in page
    assert len(clock["tickets"]["late"]) == 7


async def test_a_breach_from_before_is_counted_beside_those_of_the_period(service: Running) -> None:
    agreement = heard.finalized(heard.ROLLING, effective_at="2026-10-01T00:00:00.000000Z")
    slow = heard.breached("slow", "2026-10-31T23:00", heard.HOUR, heard.ROLLING)
    await service.hears(agreement, slow)
    service.figures.windows = [heard.to_date("94", "breached", heard.ROLLING)]
    service.figures.breaches = [asdict(slow)]
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json=WANTED)).json()
        page = (await client.get(made["page_url"])).text
    assert (made["verdict"], made["breach_count"], made["breaches_going_on"]) == ("breached", 0, 1)
    assert "and 1 going on from before" in page
    assert made["lines"][0]["attained"]["display"] == "94.0000"


async def test_exclusions_are_named_with_reason_and_who_approved(service: Running) -> None:
    await service.hears(heard.finalized(), heard.excluded("reboot", "2026-11-07T19:00", "2026-11-07T21:00"))
    service.figures.windows = [heard.to_date("100", "met", **FULL)]
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json=WANTED)).json()
        page = (await client.get(made["page_url"])).text
    (exclusion,) = made["lines"][0]["exclusions"]
    assert (exclusion["reason"], exclusion["requested_by"], exclusion["decided_by"], exclusion["seconds"]) == (
        "Weekly reboot",
        "Northwind IT",
        "Acme",
        7200,
    )
    for words in ("Weekly reboot", "Northwind IT", "Acme", "2 h"):
        assert words in page


async def test_there_is_no_column_of_baselines_until_there_is_one(service: Running) -> None:
    await service.hears(heard.finalized(baseline={}))
    service.figures.windows = [heard.to_date("100", "met")]
    async with service.client("customer") as client:
        made = (await client.post("/api/v1/reports", json=WANTED)).json()
        page = (await client.get(made["page_url"])).text
    assert "aseline" not in page.split("</style>")[1]
