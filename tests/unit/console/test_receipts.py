"""The receipt says who signed what, when and how identified, and what happens next; its file has the signed hash."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
import rfc8785

from slm_console.views.agreements import receipt
from slm_console.views.reader import DAY
from slm_events.instants import to_text
from tests.unit.console.negotiated import ALDER, NOW, READER, SHOP, agreement, directory
from tests.unit.console.stub_api import StubApi, browser_of
from tests.unit.console.test_agreement_pages import known

CONTENT = {
    "title": "Prüfung <ß> \u2028 \U0001f600",
    "b": {"\ufb33": 1, "\U0001f600": None},
    "a": [True, "1.0", 7, "\x1f"],
}
HASH = hashlib.sha256(rfc8785.dumps(CONTENT)).hexdigest()
GRACE = {
    "side": "provider", "person_id": "grace", "name": "Grace Hopper", "mandate": "By resolution of 2026-01-15",
    "identified_by": "password", "revision_hash": HASH, "signed_at": "2026-11-30T10:42:00Z",
    "findings": [{"code": "time-bound.no-review", "field": "review", "remedy": "say how often both sides meet"}],
    "waivers": [{"code": "time-bound.no-review", "reason": "We meet daily."}],
}  # fmt: skip
EMMY = {**GRACE, "side": "customer", "person_id": "emmy", "name": "Emmy Noether", "identified_by": "mail_code",
        "signed_at": "2026-12-01T08:00:00Z", "waivers": []}  # fmt: skip
MISSING = [{"side": "customer", "needs": "a person with a mandate as business_signatory"}]


def signed(state: str, *signatures: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An agreement with these signatures."""
    revision = {"number": 2, "hash": HASH}
    missing = MISSING if state == "agreed" else []
    return agreement(state, revision=revision, signatures=list(signatures), missing_signatures=missing, **more)


def test_who_signed_first_reads_what_was_signed_and_for_whom_it_waits() -> None:
    found = receipt.receipt_of(READER, directory(ALDER), signed("agreed", GRACE))
    assert found.title == "You signed for Alder"
    [line] = found.lines
    assert line.sentence == (
        "Grace Hopper signed for Alder on 30 Nov 2026 at 10:42 (UTC): signed in with mail address and password."
    )
    assert line.waived == [("Nothing says how often both sides meet about it", "We meet daily.")]
    assert found.following.startswith("It waits for the signature of Corner Shop. Until then it binds neither side.")
    assert (found.revision_hash, found.version) == (HASH, 1)
    assert found.what.startswith("“Checkout for Corner Shop” between Alder and Corner Shop, version 1, revision 2")


@pytest.mark.parametrize(
    ("state", "begins", "said"),
    [
        ("finalized", NOW + DAY, "It comes into force on 1 Dec 2026."),
        ("in_force", NOW - DAY, "It took effect on 29 Nov 2026."),
    ],
)
def test_what_both_have_signed_says_from_when_it_binds(state: str, begins: int, said: str) -> None:
    both = signed(state, EMMY, GRACE, effective_at=to_text(begins))
    found = receipt.receipt_of(READER, directory(SHOP), both)
    assert (found.title, [line.sentence[:5] for line in found.lines]) == ("Signed by both sides", ["Grace", "Emmy "])
    assert found.following.startswith("Both sides have signed.") and said in found.following
    assert receipt.who_signed(READER, directory(SHOP), both) == (
        "Signed by Grace Hopper for Alder on 30 Nov 2026 and Emmy Noether for Corner Shop on 1 Dec 2026."
    )


def test_what_was_withdrawn_after_one_signature_is_not_said_to_bind() -> None:
    found = receipt.receipt_of(READER, directory(ALDER), signed("withdrawn", GRACE))
    assert found.title == "You signed for Alder"
    assert found.following == "It was withdrawn before both sides had signed, and binds neither."
    assert receipt.who_signed(READER, directory(ALDER), signed("withdrawn", GRACE)).endswith("and binds neither.")


def test_who_has_not_signed_reads_nothing_of_a_signature_of_its_own() -> None:
    found = receipt.receipt_of(READER, directory(SHOP), signed("agreed", GRACE))
    assert found.title == "Signed for Alder"
    assert "your signature" not in found.following


def test_an_agreement_that_has_ended_does_not_say_when_it_will() -> None:
    ended = signed("expired", EMMY, GRACE, effective_at=to_text(NOW - DAY), ends_at=to_text(NOW))
    assert "ends on" not in receipt.receipt_of(READER, directory(ALDER), ended).following


def test_a_signature_under_an_earlier_revision_is_not_one_under_this_one() -> None:
    other = signed("agreed", {**GRACE, "revision_hash": "0" * 64})
    assert receipt.signatures_of(other) == [] and receipt.who_signed(READER, directory(SHOP), other) == ""


def test_the_file_is_the_bytes_that_were_signed() -> None:
    assert receipt.signed_bytes(CONTENT) == rfc8785.dumps(CONTENT)


def the_api(*signatures: dict[str, Any]) -> StubApi:
    """The API with an agreement that waits for the customer."""
    api = known()
    path = "/api/v1/agreements/agreement-1"
    api.answers[path] = {**api.answers[path], **signed("agreed", *signatures)}
    api.answers[f"{path}/revisions/{HASH}"] = {"number": 2, "hash": HASH, "content": CONTENT}
    api.answers[f"POST {path}/sign"] = {}
    return api


async def test_signing_leads_to_the_receipt_and_its_file() -> None:
    api = the_api()
    roles = ["provider_signatory"]
    api.answers["/api/v1/me"] = {**api.answers["/api/v1/me"], "name": "Grace Hopper", "roles": roles}
    async with browser_of(api) as browser:
        page = await browser.get("/agreements/agreement-1/sign")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        form = {"csrf_token": token[1], "name": "Grace Hopper", "revision_hash": HASH}
        answer = await browser.post("/agreements/agreement-1/sign", data=form)
        assert answer.headers["location"] == "/agreements/agreement-1/signed"
        assert (await browser.get("/agreements/agreement-1/signed")).status_code == 303, "nobody signed yet"
        assert (await browser.get("/agreements/agreement-1/signed.json")).status_code == 404
        path = "/api/v1/agreements/agreement-1"
        api.answers[path] = {**api.answers[path], "signatures": [GRACE]}
        page = await browser.get("/agreements/agreement-1/signed")
        assert "You signed for Alder" in page.text and HASH in page.text
        file = await browser.get("/agreements/agreement-1/signed.json")
        assert hashlib.sha256(file.content).hexdigest() == HASH
        assert "attachment" in file.headers["content-disposition"]
        api.answers[f"{path}/revisions/{HASH}"] = {"number": 2, "hash": HASH, "content": {**CONTENT, "b": 0.1}}
        assert (await browser.get("/agreements/agreement-1/signed.json")).status_code == 404, "not what was signed"


async def test_each_doubt_has_a_reason_of_its_own() -> None:
    api = the_api()
    path = "/api/v1/agreements/agreement-1"
    findings = [{"code": "a", "field": f"targets[{n}]", "severity": "warning", "remedy": f"mind {n}"} for n in (0, 1)]
    api.answers[f"{path}/check"] = {"findings": findings}
    api.answers["/api/v1/me"] = {**api.answers["/api/v1/me"], "name": "Grace", "roles": ["provider_signatory"]}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1/sign")).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None and page.count("Why you sign all the same") == 2
        form = {"csrf_token": token[1], "name": "Grace", "revision_hash": HASH, "reason:a@targets[0]": "Known."}
        refused = await browser.post("/agreements/agreement-1/sign", data=form)
        assert refused.status_code == 422 and refused.text.count("Say why you sign all the same.") == 1
        assert 'value="Known."' in refused.text and not api.sent
        await browser.post("/agreements/agreement-1/sign", data={**form, "reason:a@targets[1]": "Meant so."})
    [(_, _, body)] = api.sent
    assert [(each["field"], each["reason"]) for each in body["waivers"]] == [
        ("targets[0]", "Known."),
        ("targets[1]", "Meant so."),
    ]


async def test_the_document_says_who_has_signed_and_who_has_not() -> None:
    async with browser_of(the_api(GRACE)) as browser:
        text = re.sub(r"<[^>]+>", "", (await browser.get("/agreements/agreement-1")).text)
    assert "Signed by Grace Hopper for Alder on 30 Nov 2026. It waits for the signature of Corner Shop." in text
