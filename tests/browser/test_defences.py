"""What the console refuses: forged forms, foreign things, frames, ways out to other sites."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.browser.addresses import NAMES, addresses
from tests.browser.scenario import Scene

PUBLIC = {"sign-in"}
OWN = {"today", "services", "catalogue", "new-service", "search", "customers", "suppliers", "agreements",
       "new-agreement", "new-supplier-contract", "tickets", "not-judged", "all-maintenance", "reports", "meetings",
       "actions", "lessons", "sessions", "invite", "settings", "settings-people", "guest-links", "preferences",
       "mails", "audit-trail", "sources", "measurements", "set-aside", "unread", "imports", "keys", "webhooks",
       "hooks", "new-hook", "pulls", "new-pull", "new-pull-of-samples", "series", "new-import", "import-file",
       "writers", "new-writer",
       "more"}  # fmt: skip
"""Pages without an id in their address: everybody has their own."""

CATALOGUE = {"service", "service-maintenance", "service-entry"}
"""Pages of a service, which its provider's other customers and suppliers may read, without what others agreed on it."""


def visitor(scene: Scene, who: str = "") -> httpx.AsyncClient:
    """A browser without script: keeps cookies, follows nothing. ``"operator"`` is the operator, ``""`` nobody."""
    known = {**scene.world.keys, "operator": scene.world.operator_key}
    cookies = {"slm_session": known[who]} if who else {}
    return httpx.AsyncClient(base_url=scene.url, cookies=cookies, timeout=60)


async def token_of(client: httpx.AsyncClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', (await client.get(path)).text)
    assert found is not None
    return found[1]


async def test_a_form_without_the_sessions_token_changes_nothing(scene: Scene) -> None:
    """Missing, wrong, of another session, of an earlier visit: each is refused with 403."""
    path = f"/agreements/{scene.world.agreements['returns']}"
    answer = {"all": "accept"}
    async with visitor(scene, "carl") as carl, visitor(scene, "ada") as ada, visitor(scene) as nobody:
        tokens = ["", "0" * 64, await token_of(ada, "/agreements/new"), await token_of(nobody, "/sign-in")]
        for token in tokens:
            sent = await carl.post(f"{path}/answer", data={**answer, "csrf_token": token})
            assert sent.status_code == 403, token
            assert "Nothing was changed" in sent.text
        genuine = await token_of(carl, path)
        elsewhere = {"sec-fetch-site": "cross-site"}
        sent = await carl.post(f"{path}/answer", data={**answer, "csrf_token": genuine}, headers=elsewhere)
        assert sent.status_code == 403
    present = await scene.world.get("carl", path.removeprefix("/"))
    assert present["state"] == "proposed"


async def test_every_form_of_every_page_carries_a_token(scene: Scene) -> None:
    forms = 0
    for address in (await addresses(scene)).values():
        async with visitor(scene, address.who) as client:
            text = (await client.get(address.path)).text
        for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
            assert 'name="csrf_token"' in form, address
            forms += 1
    assert forms > 10


async def test_no_page_can_be_framed_or_stored(scene: Scene) -> None:
    for address in (await addresses(scene)).values():
        async with visitor(scene, address.who) as client:
            headers = (await client.get(address.path)).headers
        assert headers["x-frame-options"] == "DENY", address
        assert headers["cache-control"] == "no-store", address
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy, address


@pytest.mark.parametrize(
    "wanted",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "/\t/elsewhere.example",
    ],
)
async def test_signing_in_leads_to_no_other_site(wanted: str, scene: Scene) -> None:
    async with visitor(scene) as client:
        token = await token_of(client, "/sign-in")
        form = {"key": scene.world.keys["ada"], "next": wanted, "csrf_token": token}
        answer = await client.post("/sign-in", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


async def test_without_a_session_every_page_asks_to_sign_in(scene: Scene) -> None:
    for address in (await addresses(scene)).values():
        if address.name not in PUBLIC:
            async with visitor(scene) as client:
                answer = await client.get(address.path)
            assert answer.status_code == 303, address
            assert answer.headers["location"].startswith("/sign-in?next=/"), address


async def test_things_of_others_are_not_found_by_any_role(scene: Scene) -> None:
    """A stranger who manages, one who signs, one of a supplier: 404 on every page with an id but the catalogue's."""
    known = await addresses(scene)
    strangers = ("hedy", "heinrich", "bruno")
    draft = scene.world.agreements["results-harbour"]  # of which Hedy's company is the customer
    foreign = [name for name in NAMES if name not in OWN | PUBLIC and draft not in known[name].path]
    for who in strangers:
        async with visitor(scene, who) as client:
            for name in foreign:
                path = known[name].path
                if who == "hedy" and name == "supplier":
                    continue  # Alder is her supplier, too
                answer = await client.get(path)
                wanted = 200 if name in CATALOGUE else 404
                assert answer.status_code == wanted, (who, path, answer.status_code)
                assert "Corner Shop" not in answer.text, (who, path)


async def test_an_unknown_id_is_answered_like_a_foreign_one(scene: Scene) -> None:
    foreign = scene.world.agreements["checkout-corner-shop"]
    texts = []
    for agreement_id in (foreign, "00000000-0000-5000-8000-000000000000"):
        async with visitor(scene, "hedy") as client:
            answer = await client.get(f"/agreements/{agreement_id}")
        texts.append((answer.status_code, re.sub(r"[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f-]{27}", "", answer.text)))
    assert texts[0] == texts[1]
