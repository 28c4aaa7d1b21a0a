"""The pages of an agreement over canned answers, with what the API may leave out or answer as null."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from tests.unit.console.alder_answers import answers, target
from tests.unit.console.negotiated import ALDER, SHOP, agreement, available
from tests.unit.console.stub_api import StubApi, browser_of, listed

TABS = ("", "/timeline", "/versions", "/rests-on", "/people")
AUTHOR = {"party_id": ALDER, "principal_id": "p"}
REVISION = {"number": 2, "author": AUTHOR, "tabled_at": None, "created_at": "2026-11-20T08:00:00Z"}


def row(agreement_id: str, kind: str, title: str, provider: str) -> dict[str, Any]:
    """A row of the list of agreements."""
    return {
        **agreement("in_force", agreement_id=agreement_id, kind=kind, title=title),
        "provider_party_id": provider,
        "customer_party_id": ALDER,
        "needs": [],
        "negotiated": None,
    }


def known(**document: Any) -> StubApi:
    """The API with one agreement whose document has these parts."""
    found = agreement("in_force", needs=[], versions=[{"version": 1, "state": "in_force"}])
    found["document"] = {**found["document"], "requirements": [], "supports": [], **document}
    path = "/api/v1/agreements/agreement-1"
    names = {ALDER: "Alder", SHOP: "Corner Shop", "team": "Network team", "cloud": "Greyline Cloud"}
    return StubApi(
        {
            **answers(),
            "/api/v1/me": {"principal_id": "p", "name": "Grace", "roles": ["service_level_manager"], "person": None,
                           "party": {"party_id": ALDER, "name": "Alder"}, "may_sign": True},
            "/api/v1/parties": listed(*({"party_id": key, "name": name} for key, name in names.items())),
            "/api/v1/agreements/ola": row("ola", "ola", "Network for checkout", "team"),
            "/api/v1/agreements/uc": row("uc", "uc", "Cloud terms", "cloud"),
            path: found,
            f"{path}/events": listed(),
            f"{path}/revisions": listed(REVISION),
            f"{path}/comments": listed(),
            f"{path}/check": {"findings": []},
            "/api/v1/principals": listed(),
            "/api/v1/people": listed(),
            "/api/v1/installation": {"sends_mails": False},
            f"/api/v1/parties/{SHOP}/summary": {"signers": []},
            "/api/v1/targets": listed(target("target-1", "Checkout is available", window=None, tickets=None)),
        }
    )  # fmt: skip


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("supports", [[], ["ola"], ["uc"], ["ola", "uc", "unread"]])
async def test_every_tab_is_shown_whatever_the_agreement_rests_on(tab: str, supports: list[str]) -> None:
    api = known(supports=[{"agreement_id": each} for each in supports])
    async with browser_of(api) as browser:
        page = await browser.get(f"/agreements/agreement-1{tab}")
    assert page.status_code == 200, page.text


@pytest.mark.parametrize(("answer", "prefilled"), [("accepted", ""), ("refused", "Parts come by courier")])
async def test_only_a_refusal_keeps_its_reason_in_the_next_answer(answer: str, prefilled: str) -> None:
    """The reason of a change is stored with the acceptance of the own terms; the next change has one of its own."""
    api = known()
    own = {"answer": answer, "reason": "Parts come by courier", "by": "Grace", "stands": True}
    theirs = {"answer": "refused", "reason": "Too slow.", "by": "Carl", "stands": True}
    words = [{"target": "p1", "provider": own, "customer": theirs, "agreed": False}]
    path = "/api/v1/agreements/agreement-1"
    api.answers[path] = {**api.answers[path], "state": "countered", "answer_awaited_from": ALDER,
                         "needs": [{"need": "answer", "yours": True, "version": 1}],
                         "target_answers": words}  # fmt: skip
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1")).text
    found = re.search(r'name="reason:p1" value="([^"]*)"', page)
    assert found is not None and found[1] == prefilled


async def test_supports_are_named_by_title_and_company_and_never_by_an_id() -> None:
    hidden = {"support_id": "opaque", "side": "customer", "disclose": "nothing"}
    api = known(supports=[*({"agreement_id": each} for each in ("ola", "uc")), hidden])
    async with browser_of(api) as browser:
        text = re.sub(r"<[^>]+>", "", (await browser.get("/agreements/agreement-1/rests-on")).text)
    assert "Network for checkout Agreement with an internal team, Network team" in text
    assert "Cloud terms Supplier contract, Greyline Cloud" in text
    assert "An agreement of the other side" in text and "opaque" not in text


LACKS = {
    "field": "targets[0].objective",
    "value": "99.5 %",
    "remedy": "Network for checkout: availability: 99.5 %, but 99.9 % is promised; it needs 99.9 %",
    "code": "chain.availability",
    "severity": "error",
}


def chain_of(side: str, *, yours: bool, key: str, lacks: bool = True, **question: Any) -> dict[str, Any]:
    """A check in which one side's supports do not carry a target."""
    asked = {"question": "availability", "required": "999/10", "supports": [], **question}
    carried = {"target": key, "carried": not lacks, "questions": [asked]}
    named = {
        "side": side,
        "yours": yours,
        "holds": not lacks,
        "supports": [{"support_id": "s1", "disclose": "nothing"}],
    }
    findings = [LACKS] if yours and lacks else []
    return {"findings": [], "points": [], "chain": {"sides": [{**named, "targets": [carried], "findings": findings}]}}


async def test_what_it_rests_on_is_shown_with_its_arithmetic_in_words() -> None:
    api = known(supports=[{"agreement_id": "ola", "support_id": "s1"}])
    path = "/api/v1/agreements/agreement-1"
    key = api.answers[path]["document"]["targets"][0]["key"]
    arithmetic = "(1 of 2: 99.50 %, PT1H30M) × 99 % = 98.505 %"
    api.answers[f"{path}/check"] = chain_of("provider", yours=True, key=key, arithmetic=arithmetic)
    async with browser_of(api) as browser:
        text = re.sub(r"<[^>]+>", "", (await browser.get("/agreements/agreement-1/rests-on")).text)
    assert "What the agreements of Alder carry" in text
    assert "(1 of 2: 99.50 %, 1 h 30 min) × 99 % = 98.505 %; promised is 99.9 %." in text
    assert "Not carried" in text and "it needs 99.9 %." in text


@pytest.mark.parametrize(
    ("yours", "says"),
    [
        (True, "Network for checkout: availability: 99.5 %, but 99.9 % is promised; it needs 99.9 %"),
        (False, "The agreements that Corner Shop named do not carry this"),
    ],
)
@pytest.mark.parametrize("page", ["", "/sign", "/edit"])
async def test_what_supports_lack_is_said_before_anybody_signs(page: str, yours: bool, says: str) -> None:
    api = known()
    path = "/api/v1/agreements/agreement-1"
    api.answers[path] = {**api.answers[path], "state": "draft" if page == "/edit" else "agreed"}
    key = api.answers[path]["document"]["targets"][0]["key"]
    side = "provider" if yours else "customer"
    api.answers[f"{path}/check"] = api.answers[f"POST {path}/check"] = chain_of(side, yours=yours, key=key)
    async with browser_of(api) as browser:
        answer = await browser.get(f"/agreements/agreement-1{page}")
    text = re.sub(r"<[^>]+>", "", answer.text)
    assert says in " ".join(text.split())


async def test_a_support_that_cannot_be_read_is_still_on_the_page() -> None:
    api = known(supports=[{"agreement_id": "ola"}])
    del api.answers["/api/v1/agreements/ola"]
    async with browser_of(api) as browser:
        page = await browser.get("/agreements/agreement-1/rests-on")
    assert page.status_code == 200


@pytest.mark.parametrize(
    ("role", "button"), [("provider_signatory", "Read and sign"), ("service_level_manager", "Who signs")]
)
async def test_an_agreed_document_asks_only_who_may_sign_to_sign(role: str, button: str) -> None:
    api = known()
    api.answers["/api/v1/agreements/agreement-1"] |= {"state": "agreed"}
    api.answers["/api/v1/me"] |= {"roles": [role]}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1")).text
    assert re.findall(r'href="/agreements/agreement-1/sign">([^<]+)<', page) == [button]


READS = ["GET /api/v1/agreements/agreement-1", "GET /api/v1/agreements/agreement-1/**", "GET /api/v1/me",
         "DELETE /api/v1/sessions/current"]  # fmt: skip


@pytest.mark.parametrize("more", [[], ["POST /api/v1/agreements/agreement-1/comments"]])
async def test_a_guest_who_only_reads_is_offered_nothing_to_do(more: list[str]) -> None:
    api = known()
    need = {"need": "answer", "yours": True, "version": 1}
    waiting = {"state": "proposed", "awaiting_party_id": ALDER, "drafting_party_id": SHOP, "needs": [need]}
    api.answers["/api/v1/agreements/agreement-1"] |= waiting
    api.answers["/api/v1/me"] |= {"roles": ["provider_signatory"], "limited_to": [*READS, *more]}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1")).text
        api.answers["/api/v1/agreements/agreement-1"] |= {"state": "agreed"}
        agreed = (await browser.get("/agreements/agreement-1")).text
    is_offered = bool(more)
    assert ("Write a comment" in page, "Add comment" in page) == (is_offered, is_offered)
    assert (">Read and sign<" in agreed) is is_offered and "Checkout for Corner Shop" in page


@pytest.mark.parametrize(
    ("signers", "says"),
    [
        ([], "Nobody can sign for Alder yet. Tell whoever runs this installation"),
        ([{"name": "Petra Vogel", "side": "provider", "holds": True}], "Petra Vogel signs for Alder."),
    ],
)
async def test_the_page_to_sign_says_who_signs(signers: list[dict[str, Any]], says: str) -> None:
    api = known()
    api.answers["/api/v1/agreements/agreement-1"] |= {"state": "agreed"}
    api.answers[f"/api/v1/parties/{ALDER}/summary"] = {"signers": signers}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1/sign")).text
    assert says in page and '<button class="button primary">Sign for' not in page


NO_NEED = "The promises are not linked to a need that the customer has put on record"


@pytest.mark.parametrize(
    ("state", "is_said"), [("draft", True), ("proposed", True), ("agreed", True), ("in_force", False)]
)
async def test_the_writer_reads_before_proposing_that_no_need_is_named(state: str, is_said: bool) -> None:
    finding = {"code": "relevant.no-requirement", "field": "requirements", "severity": "warning", "remedy": "name"}
    api = known()
    api.answers["/api/v1/agreements/agreement-1"] |= {"state": state}
    api.answers["/api/v1/agreements/agreement-1/check"] = {"findings": [finding]}
    async with browser_of(api) as browser:
        assert (NO_NEED in (await browser.get("/agreements/agreement-1")).text) == is_said
        api.answers["/api/v1/agreements/agreement-1/check"] = {"findings": []}
        assert NO_NEED not in (await browser.get("/agreements/agreement-1")).text


async def test_an_amendment_shows_what_it_changes_in_the_signed_version() -> None:
    path = "/api/v1/agreements/agreement-1"
    api = known()
    signed = api.answers[path]
    stricter = {**signed["document"], "targets": [available("99.95"), *signed["document"]["targets"][1:]]}
    amendment = {
        **signed,
        "version": 2,
        "state": "proposed",
        "revision": {"number": 1, "hash": "def"},
        "answer_awaited_from": SHOP,
        "document": stricter,
        "versions": [{"version": 1, "state": "in_force"}, {"version": 2, "state": "proposed"}],
    }
    api.answers |= {path: amendment, f"{path}?version=1": signed}
    async with browser_of(WithQueries(**vars(api))) as browser:
        page = (await browser.get("/agreements/agreement-1?version=2")).text
    assert "1 change since version 1." in page
    assert "99.9" in page.replace("99.95", "") and "99.95" in page


class WithQueries(StubApi):
    """A public API that answers a path with a query string by an answer of its own, if it has one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = f"{scope['path']}?{scope['query_string'].decode()}"
        await super().__call__({**scope, "path": own} if own in self.answers else scope, receive, send)
