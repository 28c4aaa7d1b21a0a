"""After an act a page says what was sent, who acts next, and what somebody who may not act can do."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.agreements import listing, receipt
from slm_console.views.agreements.next_turn import next_turn_in_words
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import ALDER, READER, SHOP, agreement, directory
from tests.unit.console.stub_api import StubApi, browser_of, listed
from tests.unit.console.test_agreement_pages import known
from tests.unit.console.test_receipts import EMMY, GRACE, signed

AGREEMENT = "/api/v1/agreements/agreement-1"


def answered(**words: tuple[str, str]) -> list[dict[str, Any]]:
    """Answers of the customer to targets: key → answer and reason."""
    return [
        {"target": key, "customer": {"answer": answer, "reason": reason, "stands": True}, "provider": None}
        for key, (answer, reason) in words.items()
    ]


def test_who_has_sent_an_answer_reads_what_was_sent_and_who_acts_next() -> None:
    words = answered(a=("accepted", ""), b=("accepted", ""), c=("refused", "too slow"), d=("accepted", "one more day"))
    found = agreement("countered", target_answers=words)
    assert next_turn_in_words(READER, directory(SHOP), found) == (
        "The answer of your company is sent: 2 accepted, 1 changed, 1 refused. Alder answers next; you need do nothing "
        "until then."
    )
    assert next_turn_in_words(READER, directory(ALDER), found) == "", "it is the provider's turn"


def test_changes_without_reasons_are_not_called_accepted() -> None:
    found = agreement(
        "countered", target_answers=answered(a=("accepted", ""), b=("accepted", "")), on_the_table_of=SHOP
    )
    assert next_turn_in_words(READER, directory(SHOP), found).startswith(
        "The answer of your company is sent, with its changes. Alder answers next"
    )


def test_who_has_proposed_reads_who_acts_next() -> None:
    assert next_turn_in_words(READER, directory(ALDER), agreement("proposed")).startswith(
        "The proposal of your company is sent. Corner Shop answers next"
    )
    assert next_turn_in_words(READER, directory(SHOP), agreement("proposed")) == ""


def test_once_all_is_accepted_both_sides_read_that_signing_is_next() -> None:
    for own in (ALDER, SHOP):
        assert next_turn_in_words(READER, directory(own), agreement("agreed")).endswith("Next, both sides sign.")
    assert next_turn_in_words(READER, directory(SHOP), signed("agreed", GRACE)) == "", "another line says who signed"
    assert next_turn_in_words(READER, directory(SHOP), agreement("in_force")) == ""


async def test_the_document_confirms_what_was_sent() -> None:
    api = known()
    api.answers[AGREEMENT] |= {"state": "proposed", "answer_awaited_from": SHOP}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1")).text
    assert '<p class="notice good" role="status">The proposal of your company is sent.' in page


@pytest.mark.parametrize(
    ("role", "heading", "says"),
    [
        ("service_level_manager", "Who signs for Alder", "Copy the address of this page"),
        ("provider_signatory", "Sign for Alder", "Typing it is your signature"),
    ],
)
async def test_the_page_to_sign_helps_who_may_not_sign(role: str, heading: str, says: str) -> None:
    api = known()
    api.answers[AGREEMENT] |= {"state": "agreed"}
    api.answers["/api/v1/me"] |= {"roles": [role]}
    signer = {"name": "Petra Vogel", "side": "provider", "holds": True}
    api.answers[f"/api/v1/parties/{ALDER}/summary"] = {"signers": [signer]}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1/sign")).text
    assert f"<h1>{heading}</h1>" in page and says in page
    assert ("You sign “" in page) is (role == "provider_signatory")


def test_a_receipt_has_the_sentence_that_was_asked_and_no_remedy_of_the_api() -> None:
    finding = {"code": "relevant.no-requirement", "field": "requirements", "remedy": "name the requirements or waive"}
    waiver = {"code": "relevant.no-requirement", "field": "requirements", "reason": "fine"}
    [line] = receipt.receipt_of(
        READER, directory(ALDER), signed("agreed", {**GRACE, "findings": [finding], "waivers": [waiver]})
    ).lines
    assert line.waived == [("The promises are not linked to a need that the customer has put on record", "fine")]


@pytest.mark.parametrize(("drafter", "verb"), [(ALDER, "Withdraw"), (SHOP, "End the negotiation")])
async def test_only_who_wrote_it_withdraws_it(drafter: str, verb: str) -> None:
    api = known()
    api.answers[AGREEMENT] |= {"state": "proposed", "answer_awaited_from": ALDER, "drafting_party_id": drafter}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1")).text
        withdrawal = (await browser.get("/agreements/agreement-1/withdraw")).text
    assert f'href="/agreements/agreement-1/withdraw">{verb}</a>' in page and f"<h1>{verb}" in withdrawal


def test_what_is_signed_and_has_not_begun_is_not_in_force() -> None:
    signed_only, running = signed("finalized", GRACE, EMMY), signed("in_force", GRACE, EMMY)
    found = listing.groups_of(READER, directory(SHOP), [running, signed_only])
    assert [(group.key, group.title) for group in found] == [
        ("signed", "Signed, not in force yet"),
        ("running", "In force"),
    ]


async def test_without_a_company_the_form_offers_to_invite_one() -> None:
    api = known()
    api.answers["/api/v1/parties"] = listed({"party_id": ALDER, "name": "Alder"})
    api.answers |= {f"/api/v1/{each}": listed() for each in ("indicators", "templates", "invitations", "services")}
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/new")).text
        assert '<select class="blank" id="customer"' not in page
        assert '<a href="/invite?for=agreement">nobody yet: invite a company</a>' in page
        assert 'placeholder="orders can be placed"' in page and "the words after “so that”" in page
        invitation = {"kind": "party", "state": "open", "alias": "Tulip"}
        api.answers["/api/v1/invitations"] = listed(invitation)
        page = (await browser.get("/agreements/new")).text
    assert "only then is it known for whom the agreement is" in page and ">Look again</a>" in page


@pytest.mark.parametrize(("answer", "is_offered"), [("accepted", False), ("refused", True)])
async def test_to_accept_all_is_offered_only_where_something_is_not_accepted(answer: str, is_offered: bool) -> None:
    own = {"answer": answer, "reason": "", "by": "Grace", "stands": True}
    words = [{"target": key, "provider": own, "customer": None, "agreed": False} for key in ("availability", "p1")]
    api = known()
    api.answers[AGREEMENT] |= {"state": "countered", "answer_awaited_from": ALDER, "target_answers": words,
                               "needs": [{"need": "answer", "yours": True, "version": 1}]}  # fmt: skip
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1")).text
    assert "Send answer" in page and ("Accept all 2 promises" in page) is is_offered


async def test_what_can_be_written_or_hidden_says_so_in_a_verb() -> None:
    api = known()
    api.answers[AGREEMENT] |= {"state": "proposed"}
    api.answers[f"{AGREEMENT}/comments"] = listed()
    async with browser_of(api) as browser:
        page = (await browser.get("/agreements/agreement-1")).text
    assert "<summary>Write a comment</summary>" in page and "<summary>Comment</summary>" not in page
    async with browser_of(StubApi(answers())) as browser:
        assert "Hide on Today until it changes" in (await browser.get("/causes/c-mail")).text
