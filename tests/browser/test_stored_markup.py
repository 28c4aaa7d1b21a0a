"""Markup in every text that a person can write: text on every page, refused by no policy, run by no browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Dialog, Page

from slm_events.instants import to_text
from tests.browser.scenario import HOUR, Scene, staged
from tests.browser.texts import MACHINE_TEXTS, MARKUP, PEOPLES_TEXTS, MarkedWorld, free_texts
from tests.browser.watching import opened

STARTS = (
    "/", "/services", "/maintenance", "/customers", "/suppliers", "/agreements", "/agreements/new", "/tickets",
    "/tickets/not-judged", "/reviews", "/reviews/meetings", "/reviews/actions", "/reviews/lessons", "/sessions",
    "/invite", "/search?q=img", "/scope",
)  # fmt: skip
MOST_OF_A_KIND = 2
"""Pages of the same kind that are visited: their templates are the same, and their states may differ."""

LEFT_OUT = re.compile(r"\.(txt|csv|pdf|svg|css|js|json)(\?|$)|^/(docs|static|api)\b")
"""Downloads and what is no page of the console. Reports are pages of report-svc, with a policy of their own."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|INC-\d+|=[^&]*")


@pytest.fixture(scope="module")
async def marked(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """An installation in which everything that people write has markup."""
    # A busy machine answers late; what is tested is what the pages show.
    patient = {"SLM_CONSOLE_API_SECONDS": "30"}
    async with staged(tmp_path_factory.mktemp("marked"), patient, kind=MarkedWorld) as scene:
        await _decide(scene)
        await _review(scene)
        await _come_in(scene)
        yield scene


async def _decide(scene: Scene) -> None:
    world, agreement_id = scene.world, scene.world.agreements["checkout-corner-shop"]
    [request] = (await world.get("ada", "exclusions", agreement_id=agreement_id))["items"]
    await world.post("carl", f"exclusions/{request['exclusion_id']}/approve", {"reason": "Fine"})
    await world.post("carl", f"exclusions/{request['exclusion_id']}/revoke", {"reason": "Not fine"})
    past = {"from": to_text(scene.now - 3 * HOUR), "to": to_text(scene.now - 2 * HOUR)}
    asked = {"agreement_id": agreement_id, "kind": "claim", "text": "Not ours", "interval": past}
    await world.post("ada", "exclusions", asked)
    present = await world.get("carl", f"agreements/{agreement_id}")
    said = {"revision_hash": present["revision"]["hash"], "text": "A remark"}
    await world.post("carl", f"agreements/{agreement_id}/comments", said)
    for breach in (await world.get("ada", "breaches"))["items"]:
        path = f"breaches/{breach['breach_id']}"
        cause = {
            "root_cause": "A disk",
            "corrective_action": "Two disks",
            "linked_problem": {"system": "itsm", "id": "1"},
        }
        for step, body in (("acknowledge", {"note": "Seen"}), ("root-cause", cause)):
            answer = await world.client.post(
                f"/api/v1/{path}/{step}",
                json=world.with_markup(body) if isinstance(world, MarkedWorld) else body,
                headers={"Authorization": f"Bearer {world.keys['ada']}", "If-Match": "*"},
            )
            assert answer.status_code < 300, answer.text
    service = {
        "name": "Till",
        "outcome": "Customers can pay in the shop",
        "description": "The shop's till",
        "further_outcomes": ["The till is counted at night"],
        "moments_of_truth": ["Friday afternoon"],
    }
    await world.post("ada", "services", {"key": "till", **service})
    desk = {"type": "incident", "priority": "P1", "service": "checkout", "state": "open", "team": "Desk",
            "assignee": "Somebody", "category": "Network", "opened_at": to_text(scene.now - HOUR),
            "updated_at": to_text(scene.now - HOUR)}  # fmt: skip
    await world.put("monitoring", "tickets/itsm/INC-30001", desk)


async def _review(scene: Scene) -> None:
    world = scene.world
    review = (await world.get("ada", "reviews", state="open"))["items"][0]["review_id"]
    due = to_text(scene.now + 240 * HOUR)
    action = {"text": "Buy a disk", "owner": "Operations", "due_at": due, "expected_change": "No outage"}
    made = await world.post("ada", f"reviews/{review}/actions", action)
    await world.post("ada", f"reviews/{review}/actions", action)
    await world.post("ada", f"actions/{made['action_id']}/complete", {"note": "Bought"})
    await world.post("ada", f"reviews/{review}/lessons", {"text": "Disks fail"})
    await world.post("ada", f"reviews/{review}/conclude", {"summary": "All said", "attendees": ["Ada", "Carl"]})


async def _come_in(scene: Scene) -> None:
    """A person with an account, whose browser has a name of its own in the list of sessions."""
    world = scene.world
    principal_id = (await world.get("ada", "me"))["principal_id"]
    invited = {"principal_id": principal_id, "email": "ada@alder.example", "note": "Come in"}
    made = await world.client.post("/api/v1/invitations", json=invited, headers=_bearer(world.operator_key))
    assert made.status_code == 201, made.text
    given = {"password": "a pass phrase that is long", "client": f"Browser {MARKUP}"}
    answer = await world.client.post(
        "/api/v1/invitations/accept", json=given, headers=_bearer(str(made.json()["code"]))
    )
    assert answer.status_code < 300, answer.text
    world.keys["ada"] = str(answer.json()["key"])


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_every_free_text_of_the_api_is_known() -> None:
    """A new field that takes any text is one that people write, or one with a reason why nobody does."""
    unknown = {name: where for name, where in free_texts().items() if name not in PEOPLES_TEXTS | MACHINE_TEXTS}
    assert not unknown
    assert not PEOPLES_TEXTS & MACHINE_TEXTS


@pytest.mark.parametrize("who", ["ada", "carl"])
async def test_markup_is_text_on_every_page(who: str, marked: Scene, browser: Browser) -> None:
    world = marked.world
    assert isinstance(world, MarkedWorld)
    written = PEOPLES_TEXTS - {"client"}
    assert written <= world.marked, written - world.marked
    dialogs: list[str] = []

    def told(dialog: Dialog) -> None:
        dialogs.append(dialog.message)

    seen: dict[str, int] = {}
    shown = set()
    async with opened(browser, marked.url, key=world.keys[who]) as (page, watch):
        page.on("dialog", told)
        waiting = list(STARTS)
        for path in waiting:
            answer = await page.goto(path)
            assert answer is not None and answer.ok, (path, answer and answer.status)
            assert await page.locator("img[src=x], script:not([src], [type='application/json'])").count() == 0, path
            complaints = watch.complaints()
            assert not complaints and not dialogs, (path, complaints)
            if MARKUP[:20] in await page.locator("body").inner_text():
                shown.add(_kind(path))
            waiting += await _links(page, seen, waiting)
    assert len(shown) >= 12, sorted(shown)
    if who == "ada":
        kinds = " ".join(seen)
        for kind in ("/breaches/", "/causes/", "/targets/", "/maintenance/", "/reviews/meetings/", "/worked-out"):
            assert kind in kinds, kind


async def _links(page: Page, seen: dict[str, int], waiting: list[str]) -> list[str]:
    """Return the links of a page to pages of kinds that were not visited often enough."""
    found: list[str] = await page.eval_on_selector_all("a[href]", "all => all.map(each => each.href)")
    fresh = []
    for address in found:
        parts = urlsplit(address)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if (
            parts.netloc != urlsplit(page.url).netloc
            or LEFT_OUT.search(parts.path)
            or "format=csv" in path
            or "/reports/" in path
        ):
            continue
        kind = _kind(path)
        if path in waiting or path in fresh or seen.get(kind, 0) >= MOST_OF_A_KIND:
            continue
        seen[kind] = seen.get(kind, 0) + 1
        fresh.append(path)
    return fresh


def _kind(path: str) -> str:
    return _ID.sub("…", path)
