"""The catalogue's pages in one process: enter, change and retire a service, and find what nothing is promised about."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx

from tests.integration.slm.test_console_editor import signed_in
from tests.support.populated import Populated
from tests.unit.console.read_pages import token_in, words_of

PLANNED = {
    "name": "Vouchers",
    "outcome": "Customers can give vouchers",
    "description": "",
    "status": "pipeline",
    "planned": "1 Apr 2031",
    "outcomes": "",
    "moments": "A friend opens the voucher\nThe voucher is accepted",
    "owner": "Voucher team",
    "priority": "2",
    "weight": "3",
    "parts": "Voucher store, cmdb:CI-7",
}


async def _sent(browser: httpx.AsyncClient, path: str, written: dict[str, str], tag: str = "") -> httpx.Response:
    token = token_in((await browser.get(path)).text)
    return await browser.post(path, data={**written, "tag": tag, "csrf_token": token})


async def _entered(world: Populated, browser: httpx.AsyncClient, name: str) -> dict[str, Any]:
    written = {**PLANNED, "name": name, "outcome": f"What {name} is for"}
    answer = await _sent(browser, "/services/new", written)
    assert answer.status_code == 303, words_of(answer.text)
    service_id = answer.headers["location"].split("/")[2]
    status, read = await _read(world, service_id)
    assert status == 200
    return read


async def _read(world: Populated, service_id: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {world.cast.provider_manager_key}"}
    answer = await world.client.get(f"/api/v1/services/{service_id}", headers=headers)
    return answer.status_code, {**answer.json(), "tag": answer.headers["etag"]}


async def test_a_planned_service_is_entered_and_shown_as_a_gap(world: Populated) -> None:
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        entered = await _entered(world, browser, "Vouchers")
        assert (entered["status"], entered["planned_on"]) == ("pipeline", "2031-04-01")
        assert entered["moments_of_truth"] == PLANNED["moments"].splitlines()
        assert (entered["priority"], entered["weight"], entered["owner"]) == (2, 3, "Voucher team")
        parts = [{"name": "Voucher store", "external_refs": [{"system": "cmdb", "id": "CI-7", "url": None}]}]
        assert entered["configuration_items"] == parts
        page = words_of((await browser.get("/services/catalogue?promised=none")).text)
        assert "What Vouchers is for Vouchers planned (1 Apr 2031)" in page
        assert "nothing is promised" in page
        file = (await browser.get("/services/catalogue?format=csv&status=pipeline")).text
        lines = list(csv.DictReader(io.StringIO(file)))
        assert [
            (each["Service"], each["Owner"], each["Promises"]) for each in lines if "Vouchers" in each["Service"]
        ] == [("What Vouchers is for", "Voucher team", "0")]


async def test_an_edit_over_a_newer_one_is_refused_and_nothing_typed_is_lost(world: Populated) -> None:
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        entered = await _entered(world, browser, "Returns")
        path = f"/services/{entered['service_id']}/entry"
        live = {**PLANNED, "name": "Returns", "status": "live"}
        assert (await _sent(browser, path, live, entered["tag"])).status_code == 303
        _, read = await _read(world, entered["service_id"])
        # The day was planned for going live, so it is over.
        assert (read["status"], read["planned_on"]) == ("live", None)
        stale = await _sent(browser, path, {**live, "owner": "Somebody else"}, entered["tag"])
        assert stale.status_code == 422
        assert 'value="Somebody else"' in stale.text
        assert (await _read(world, entered["service_id"]))[1]["owner"] == "Voucher team"


async def test_what_cannot_be_read_is_said_beside_its_field(world: Populated) -> None:
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        wrong = {**PLANNED, "name": "", "planned": "soon", "priority": "9", "weight": "x", "parts": "Store, CI-7"}
        answer = await _sent(browser, "/services/new", wrong)
    assert answer.status_code == 422
    for said in (
        "Write a name.",
        "“soon” is not a day.",
        "Write a whole number from 1 to 5.",
        "Write a whole number from 1 to 1000.",
        "Write each id as system:id",
    ):
        assert said in words_of(answer.text)


async def test_a_customer_reads_the_entry_without_its_parts_and_form(world: Populated) -> None:
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        entered = await _entered(world, browser, "Wishes")
    async with signed_in(world, world.cast.customer_manager_key) as browser:
        page = (await browser.get(f"/services/{entered['service_id']}/entry")).text
        assert "A friend opens the voucher" in page and "planned to begin on 1 Apr 2031" in words_of(page)
        assert "Voucher store" not in page and "<textarea" not in page


async def test_a_service_with_an_agreement_in_force_is_not_retired_by_clicking(world: Populated) -> None:
    async with signed_in(world, world.cast.provider_manager_key) as browser:
        _, read = await _read(world, world.cast.service_id)
        path = f"/services/{world.cast.service_id}/entry"
        retired = {**PLANNED, "name": read["name"], "outcome": read["outcome"], "status": "retired", "planned": ""}
        answer = await _sent(browser, path, retired, read["tag"])
    assert answer.status_code == 422
    assert "signed agreements about it have not ended" in words_of(answer.text)
