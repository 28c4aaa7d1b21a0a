"""Connections in the console: a key made by clicking, a fact sent with it, what was refused, set aside and imported."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import shlex
from collections.abc import AsyncIterator
from html import unescape
from itertools import pairwise

import httpx
import pytest

from slm_chassis import dead_letters
from slm_chassis.log.port import StoredRecord
from slm_console.views.connections.keys import SENDING
from slm_mappings.connectors import SHIPPED, read_connectors
from tests.integration.slm.test_console_shell import sign_in, token_of
from tests.support.populated import OPERATOR_KEY, Populated

TABS = ("", "/measurements", "/aside", "/imports", "/keys", "/hooks", "/pulls", "/series", "/webhooks", "/writers")


@pytest.fixture
async def browser(world: Populated) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(world.installation.face)
    async with httpx.AsyncClient(transport=transport, base_url="http://slm") as client:
        yield client


async def sent(browser: httpx.AsyncClient, at: str, path: str, **fields: str) -> httpx.Response:
    """Send a form of the page ``at``."""
    token = token_of(await browser.get(at))
    return await browser.post(path, data={"csrf_token": token, **fields})


async def shown(browser: httpx.AsyncClient, path: str, text: str) -> str:
    """The page, as soon as it says the text."""
    async with asyncio.timeout(15):
        while text not in (page := unescape((await browser.get(path)).text)):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return page


def read(page: str, name: str) -> str:
    found = re.search(rf'id="{name}">(.*?)</code>', page, re.DOTALL)
    assert found is not None, page
    return unescape(found[1])


async def paste(world: Populated, lines: str) -> list[httpx.Response]:
    """What the lines answer, sent as a shell would send them."""
    answers = []
    for line in lines.splitlines():
        _, address, *options = shlex.split(line)
        headers = dict(each.split(": ", 1) for flag, each in pairwise(options) if flag == "-H")
        path = address.partition("/api/v1/")[2]
        answers.append(await world.client.post(f"/api/v1/{path}", content=options[-1], headers=headers))
    return answers


async def test_an_integrator_makes_a_key_sends_and_sees_the_fact(world: Populated, browser: httpx.AsyncClient) -> None:
    await sign_in(browser, world.cast.provider_manager_key)
    assert 'href="/connections"' in (await browser.get("/")).text
    form = {"name": "Probes <in> Berlin", "until": "2099-12-31", "may": "send"}
    made = await sent(browser, "/connections/keys", "/connections/keys", **form)
    assert made.status_code == 200, made.text
    key, lines = read(made.text, "new-key"), read(made.text, "snippet")
    assert key.startswith("slm_") and key in lines and "http://slm/api/v1/measurements" in lines
    assert key not in (await browser.get("/connections/keys")).text, "a key is shown once"
    client, where = read(made.text, "client-id"), httpx.URL(read(made.text, "token-url"))
    grant = {"grant_type": "client_credentials", "client_id": client, "client_secret": key}
    token = (await world.client.post(where.path, data=grant)).raise_for_status().json()
    assert where.host == "slm" and token["scope"].split() == sorted(SENDING)
    for answer in await paste(world, lines):
        assert answer.status_code in (200, 201, 202), answer.text
    page = await shown(browser, "/connections", "Probes <in> Berlin")
    assert "sends" in page
    await shown(browser, "/connections/measurements", "sends")
    used = await shown(browser, "/connections/keys", "Probes <in> Berlin")
    row = next(each for each in used.split("<tr") if "Probes <in> Berlin" in each and "only sends" in each)
    assert "31 Dec 2099" in row or "1 Jan 2100" in row
    async with asyncio.timeout(15):
        while "never" in row:
            await asyncio.sleep(0.3)
            used = unescape((await browser.get("/connections/keys")).text)
            row = next(each for each in used.split("<tr") if "Probes <in> Berlin" in each and "only sends" in each)
    path = re.search(r'href="(/connections/keys/[^"]+/revoke)"', row)
    assert path is not None
    warned = await browser.get(path[1])
    assert "refused within two seconds" in warned.text
    assert (await sent(browser, path[1], path[1])).status_code == 303
    assert (await world.client.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})).status_code == 401
    assert (await browser.get(path[1])).status_code == 404
    assert "revoked" in (await browser.get("/connections/keys")).text


async def test_what_is_typed_wrong_is_said_beside_the_field_and_kept(
    world: Populated, browser: httpx.AsyncClient
) -> None:
    await sign_in(browser, world.cast.provider_manager_key)
    page = await sent(browser, "/connections/keys", "/connections/keys", name="Sensor", until="soon")
    assert page.status_code == 422 and "“soon” is not a day" in page.text and 'value="Sensor"' in page.text
    page = await sent(browser, "/connections/keys", "/connections/keys", name="Sensor", until="2001-01-01")
    assert page.status_code == 422 and "must expire later" in page.text


async def test_refused_and_unknown_items_are_seen_with_their_reason(
    world: Populated, browser: httpx.AsyncClient
) -> None:
    items = [
        {"indicator": "no.such<b>", "at": "2026-11-05T09:00:00Z", "state": "up", "source": "odd <tool>"},
        {"indicator": "no.such<b>", "at": "not an instant", "source": "odd <tool>"},
    ]
    await world.ask(world.cast.integrator_key, "POST", "/api/v1/measurements", json=items)
    await sign_in(browser, world.cast.integrator_key)
    page = await shown(browser, "/connections", "odd <tool>")
    assert "unknown measurement" in page and "silent" in page
    path = re.search(r'href="(/connections/sources/\w+)">odd', page)
    assert path is not None
    one = await browser.get(path[1])
    assert "no.such&lt;b&gt;" in one.text and "<b>" not in one.text
    assert "register it first" in one.text
    listed = await browser.get("/connections/measurements")
    assert "Sent, but unknown" in listed.text and "no.such&lt;b&gt;" in listed.text


async def test_a_fact_that_was_set_aside_is_judged_or_discarded(world: Populated, browser: httpx.AsyncClient) -> None:
    await sign_in(browser, world.cast.integrator_key)
    found = (await world.ask(world.cast.integrator_key, "GET", "/api/v1/indicators")).json()["items"]
    known = next(each for each in found if each["kind"] == "availability")
    items = [{"indicator": known["key"], "at": f"2099-01-0{day}T00:00:00Z", "state": "up"} for day in (1, 2)]
    await world.ask(world.cast.integrator_key, "POST", "/api/v1/measurements", json=items)
    page = await browser.get("/connections/aside")
    assert "in the future" in unescape(page.text)
    judged, discarded = re.findall(r'action="(/connections/aside/[^"]+/(?:judge|discard))"', page.text)[0:4:3]
    for path in (judged, discarded):
        assert (await sent(browser, "/connections/aside", path)).status_code == 303
    again = await sent(browser, "/connections/aside", judged)
    assert again.status_code == 422 and "released already" in again.text
    rest = await browser.get("/connections/aside")
    assert judged not in rest.text and discarded not in rest.text


async def test_an_import_is_seen_and_ended(world: Populated, browser: httpx.AsyncClient) -> None:
    body = {"key": "console", "sources": ["old desk"]}
    made = (await world.ask(world.cast.integrator_key, "POST", "/api/v1/imports", json=body)).json()
    await sign_in(browser, world.cast.integrator_key)
    assert "old desk" in (await browser.get("/connections/imports")).text
    path = f"/connections/imports/{made['import_id']}"
    assert "Give the import up" in (await browser.get(path)).text
    assert (await sent(browser, path, f"{path}/give-up")).status_code == 303
    assert "given up" in (await browser.get(path)).text


async def test_records_that_could_not_be_read_are_for_operators(world: Populated, browser: httpx.AsyncClient) -> None:
    review = next(app for app in world.installation.apps if app.context == "review")
    record = StoredRecord("slm.agreements", 0, 7, "k", b"{", {"ce_type": "slm.x.y.v1"}, 0)
    async with review.database.begin() as transaction:
        await dead_letters.store_failed_record(transaction, "nobody", record, reason="it is <no> event", attempts=3)
    await sign_in(browser, world.cast.provider_manager_key)
    assert "Could not be read" not in (await browser.get("/connections")).text
    assert (await browser.get("/connections/unread")).status_code == 404
    await sign_in(browser, OPERATOR_KEY)
    page = await browser.get("/connections/unread")
    assert "it is &lt;no&gt; event" in page.text
    path = re.search(r'action="(/connections/unread/review/[^"]+/retry)"', page.text)
    assert path is not None
    assert (await sent(browser, "/connections/unread", path[1])).status_code == 303
    assert "is tried again" in (await browser.get("/connections/unread")).text
    assert (await sent(browser, "/connections/unread", path[1].replace("review", "nobody"))).status_code == 404


async def test_each_company_sees_its_own_connections_only(world: Populated, browser: httpx.AsyncClient) -> None:
    items = [{"indicator": "secret.one", "at": "2026-11-05T09:00:00Z", "state": "up", "source": "secret source"}]
    await world.ask(world.cast.integrator_key, "POST", "/api/v1/measurements", json=items)
    body = {"key": "secret", "sources": ["secret desk"]}
    made = (await world.ask(world.cast.integrator_key, "POST", "/api/v1/imports", json=body)).json()
    await sign_in(browser, world.cast.integrator_key)
    page = await shown(browser, "/connections", "secret source")
    path = re.search(r'href="(/connections/sources/\w+)">secret source', page)
    assert path is not None
    await sign_in(browser, world.stranger_key)
    for tab in TABS:
        answer = await browser.get(f"/connections{tab}")
        assert answer.status_code == 200, tab
        assert not re.search("secret[. ](one|source|desk)", answer.text) and "Probes &lt;in" not in answer.text, tab
    for foreign in (path[1], f"/connections/imports/{made['import_id']}"):
        unknown = re.sub(r"[0-9a-f](?=[0-9a-f]*$)", "0", foreign)
        assert (await browser.get(foreign)).status_code == (await browser.get(unknown)).status_code == 404


async def test_who_only_reads_is_offered_no_verb(world: Populated, browser: httpx.AsyncClient) -> None:
    await sign_in(browser, world.onlooker_key)
    for tab in TABS:
        page = await browser.get(f"/connections{tab}")
        main = page.text.partition("<main")[2].partition("</main>")[0]
        assert page.status_code == 200 and "<form" not in main and "/revoke" not in main, tab
    assert "Last used" not in page.text, "when a colleague was at work is nobody else's matter"
    form = {"name": "Mine"}
    assert (await sent(browser, "/connections/keys", "/connections/keys", **form)).status_code == 422


async def test_events_are_sent_to_an_address_that_is_made_by_clicking(
    browser: httpx.AsyncClient, world: Populated
) -> None:
    await sign_in(browser, world.cast.provider_manager_key)
    here = "/connections/webhooks"
    inside = {"title": "Data lake", "url": "https://10.0.0.1/slm", "what": "all"}
    refused = await sent(browser, here, here, **inside)
    assert refused.status_code == 422 and re.search(r'id="url-error">[^<]+<', refused.text), "beside its field"
    made = await sent(browser, here, here, **{**inside, "url": "https://93.184.215.14/slm"})
    assert read(made.text, "secret").startswith("whsec_")
    found = re.search(rf'href="({here}/[0-9a-f-]+)/remove"', made.text)
    assert found is not None
    page = found[1]
    assert (await sent(browser, page, f"{page}/test")).status_code == 303
    await shown(browser, page, ">test event</td>")
    await sent(browser, page, f"{page}/paused", paused="yes")
    assert "paused, events wait" in (await browser.get(page)).text
    await sent(browser, page, f"{page}/paused", paused="no")
    assert "gets events" in (await browser.get(page)).text
    change = f"{page}/change"
    form = (await browser.get(change)).text
    ids = {name: re.findall(f'name="{name}" value="([^"]+)"', form)[0] for name in ("agreement_ids", "other_party_ids")}
    tag = unescape(re.findall(r'name="tag" value="([^"]+)"', form)[0])
    wanted = {"title": "Data <lake>", "url": "https://93.184.215.14/lake", "what": "breaches", "tag": tag, **ids}
    assert (await sent(browser, change, change, **wanted)).headers["location"] == page
    stale = await sent(browser, change, change, **wanted)
    assert stale.status_code == 422 and "Somebody else changed this meanwhile" in stale.text
    key, path = world.cast.provider_manager_key, f"/api/v1/webhook-endpoints/{page.rpartition('/')[2]}"
    kept = (await world.ask(key, "GET", path)).json()
    assert {name: kept[name] for name in ids} == {name: [each] for name, each in ids.items()}
    assert (kept["title"], kept["service_ids"], len(kept["event_types"])) == ("Data <lake>", [], 4)
    assert "<lake>" not in (await browser.get(page)).text
    renewed = await sent(browser, page, f"{page}/secret")
    assert read(renewed.text, "secret") != read(made.text, "secret")
    resend = re.search(rf'action="({page}/deliveries/[0-9a-f-]+/resend)"', renewed.text)
    assert resend is not None and (await sent(browser, page, resend[1])).status_code == 303
    assert (await sent(browser, page, f"{page}/replay", **{"from": "1 Jan"})).status_code == 303
    assert (await sent(browser, f"{page}/remove", f"{page}/remove")).headers["location"] == here
    assert "lake" not in (await browser.get(here)).text
    assert (await browser.get(page)).status_code == 404


async def test_alerts_and_messages_are_sent_to_tools_that_are_named_by_clicking(
    browser: httpx.AsyncClient, world: Populated
) -> None:
    await sign_in(browser, world.cast.provider_manager_key)
    here, key = "/connections/webhooks", "R0123456789abcdefghijklmnopqrstu"
    pager = {"title": "Pager", "kind": "pagerduty", "url": "https://93.184.215.14/v2/enqueue", "what": "alarms"}
    refused = await sent(browser, here, here, **pager, secret=key[1:])
    assert refused.status_code == 422 and re.search(r'id="secret-error">[^<]+<', refused.text), "beside its field"
    chat = {"title": "Chat", "kind": "slack", "url": "https://93.184.215.14/services/hush", "what": "breaches"}
    said = refused.text
    for form in ({**pager, "secret": key}, chat):
        made = await sent(browser, here, here, **form)
        found = re.search(rf'href="({here}/[0-9a-f-]+)/remove"', made.text)
        assert found is not None, made.text
        page = found[1]
        assert (await sent(browser, page, f"{page}/test")).status_code == 303
        await shown(browser, page, ">test event</td>")
        await sent(browser, page, f"{page}/paused", paused="yes")
        paused = await browser.get(page)
        assert "paused, events wait" in paused.text
        said += made.text + paused.text
        if "secret" in form:
            assert (await sent(browser, page, f"{page}/secret", secret=key[::-1])).status_code == 303
        assert (await sent(browser, f"{page}/remove", f"{page}/remove")).headers["location"] == here
    again = await sent(browser, here, here, **{**chat, "title": ""})
    assert again.status_code == 422
    said += again.text
    assert key not in said and key[1:] not in said and "hush" not in said


async def test_a_tool_is_connected_its_mapping_mended_and_a_refused_call_taken_in_again(
    browser: httpx.AsyncClient, world: Populated
) -> None:
    await sign_in(browser, world.cast.integrator_key)
    here = "/connections/hooks"
    new = f"{here}/new/zammad"
    short = await sent(browser, new, new, title="Finance desk", secret="too short")
    assert short.status_code == 422 and re.search(r'id="secret-error">[^<]+<', short.text), "beside its field"
    made = await sent(browser, new, new, title="Finance desk", source="finance")
    secret, address = read(made.text, "secret"), read(made.text, "address")
    page = here + "/" + address.rpartition("/")[2]
    payload = read_connectors(SHIPPED)["zammad"].examples["opened"]
    body = payload.replace('"state": "new"', '"state": "on <fire>"').encode()

    async def call(body: bytes) -> httpx.Response:
        proof = f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}"
        return await world.client.post(httpx.URL(address).path, content=body, headers={"X-Hub-Signature": proof})

    assert (await call(body)).status_code == 422
    log = await browser.get(page)
    assert "states does not list it" in log.text and "on <fire>" not in log.text
    repeat = re.search(rf'action="({page}/calls/[0-9a-f-]+/repeat)"', log.text)
    assert repeat is not None
    again = await sent(browser, page, repeat[1])
    assert again.status_code == 422 and "states does not list it" in again.text
    form = await browser.get(f"{page}/mapping")
    assert "on &lt;fire&gt;" in form.text and "states does not list it" in form.text
    fields = {name: read_area(form.text, name) for name in ("mapping", "payload")}
    tag = unescape(re.findall(r'name="tag" value="([^"]+)"', form.text)[0])
    fields |= {"tag": tag, "mapping": fields["mapping"].replace("states:", "states:\n  on <fire>: {state: new}", 1)}
    tried = await sent(browser, page, f"{page}/mapping", act="try", **fields)
    assert "Ticket 21007" in tried.text and "P1" in tried.text
    broken = await sent(browser, page, f"{page}/mapping", act="save", **{**fields, "mapping": "kind: tickets"})
    assert broken.status_code == 422 and "mapping.columns" in broken.text
    assert (await sent(browser, page, f"{page}/mapping", act="save", **fields)).status_code == 303
    stale = await sent(browser, page, f"{page}/mapping", act="save", **fields)
    assert stale.status_code == 422 and "Somebody else changed this meanwhile" in stale.text
    assert (await sent(browser, page, repeat[1])).status_code == 303
    assert "21007: " in (await browser.get(page)).text and "taken in" in (await browser.get(here)).text
    await shown(browser, "/tickets/finance/21007", "21007")
    assert (await sent(browser, page, f"{page}/test")).status_code == 303
    await sent(browser, page, f"{page}/paused", paused="yes")
    assert (await call(payload.encode())).status_code == 409
    assert "paused, calls are refused" in (await browser.get(page)).text
    await sent(browser, page, f"{page}/paused", paused="no")
    renewed = await sent(browser, page, f"{page}/secret")
    assert read(renewed.text, "secret") != secret and (await call(payload.encode())).status_code == 202
    await sign_in(browser, world.stranger_key)
    for foreign in (page, f"{page}/mapping", f"{page}/remove"):
        assert (await browser.get(foreign)).status_code == 404, foreign
    assert "Finance desk" not in (await browser.get(here)).text
    await sign_in(browser, world.cast.integrator_key)
    assert (await sent(browser, f"{page}/remove", f"{page}/remove")).headers["location"] == here
    assert (await browser.get(page)).status_code == 404


def read_area(page: str, name: str) -> str:
    """What stands in a text area, as a browser shows it: without the first line end."""
    found = re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert found is not None, page
    return unescape(found[1])


async def test_rules_for_series_are_tried_added_ordered_and_removed(
    browser: httpx.AsyncClient, world: Populated
) -> None:
    await sign_in(browser, world.cast.integrator_key)
    here = "/connections/series"

    async def acted(path: str, **fields: str) -> httpx.Response:
        revision = re.findall(r'name="revision" value="(\d+)"', (await browser.get(here)).text)[0]
        return await sent(browser, here, path, revision=revision, **fields)

    rule = {"match": 'up{job="<shop>"}', "indicator": "no.such", "reading": "state"}
    tried = await acted(here, act="try", series='up{job="<shop>"}\nother', **rule)
    assert tried.status_code == 200, tried.text
    assert "no.such is registered" in tried.text and "no rule: left out" in tried.text and "<shop>" not in tried.text
    wrong = await acted(here, act="add", **{**rule, "match": "up{"})
    assert wrong.status_code == 422 and re.search(r'id="match-error">[^<]+<', wrong.text), "beside its field"
    for match in (rule["match"], "go_threads"):
        assert (await acted(here, act="add", **{**rule, "match": match})).status_code == 303
    assert (await acted(f"{here}/1/up")).status_code == 303
    rules = (await world.ask(world.cast.integrator_key, "GET", "/api/v1/series-rules")).json()["rules"]
    assert [each["match"] for each in rules] == ["go_threads", rule["match"]]
    assert (await acted(f"{here}/0/remove")).status_code == 303
    page = (await browser.get(here)).text
    assert "&lt;shop&gt;" in page and "go_threads" not in page
    await sign_in(browser, world.stranger_key)
    assert "shop" not in (await browser.get(here)).text.partition("<tbody>")[2].partition("</tbody>")[0]


async def test_a_file_of_measurements_is_tried_and_imported(browser: httpx.AsyncClient, world: Populated) -> None:
    await sign_in(browser, world.cast.integrator_key)
    page = "/connections/imports/new/values"
    form = await browser.get(page)
    mapping = read_area(form.text, "mapping").replace("shop.checkout", "file.<latency>")
    rows = "time,ms\r\n2026-11-02T08:00:00Z,120\r\nyesterday,130\r\n2026-11-02T08:10:00Z,140.5\r\n"

    async def posted(act: str, mapping: str, **files: tuple[str, str]) -> httpx.Response:
        fields = {"csrf_token": token_of(form), "mapping": mapping, "content": rows, "act": act}
        return await browser.post(page, data=fields, files=files or None)

    tried = await posted("try", mapping, file=("a.csv", rows))
    assert tried.status_code == 200 and "3 rows read · 2 measurements · 1 set aside" in tried.text
    assert "file.&lt;latency&gt;" in tried.text and "line 3, time" in tried.text
    known = (await world.ask(world.cast.integrator_key, "GET", "/api/v1/indicators?limit=1000")).json()["items"]
    assert "file.<latency>" not in {each["key"] for each in known}
    for _ in range(2):
        done = await posted("import", mapping)
        assert done.status_code == 303, done.text
        await shown(browser, done.headers["location"], "file.<latency>")
    wrong = await posted("import", mapping.replace("unit: ms", "unit: s"))
    assert "What was not taken in" in wrong.text and "line 2, unit" in wrong.text
    kept = (await world.ask(world.cast.integrator_key, "GET", "/api/v1/imports")).json()["items"]
    assert [each["state"] for each in kept if each["indicators"] == ["file.<latency>"]].count("open") == 0
