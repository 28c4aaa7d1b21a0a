"""What the pages of agreements say: whose turn it is, changes in place, answers, signing, drafts."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.agreements import answering, changes, document, drafting, listing, signing, timeline
from slm_console.views.agreements.answering import Choices
from slm_console.views.agreements.changes import Piece
from slm_console.views.agreements.document import Sources
from slm_console.views.agreements.standing import standing_of
from tests.unit.console.negotiated import ALDER, READER, SHOP, agreement, available, directory, resolved

SIGNATURE = {"side": "provider", "name": "Grace Hopper", "signed_at": "2026-11-30T10:00:00Z"}


@pytest.mark.parametrize(
    ("state", "own", "text", "turn"),
    [
        ("draft", ALDER, "draft, seen by your company only", "mine"),
        ("proposed", SHOP, "Alder proposed it to you", "mine"),
        ("proposed", ALDER, "waits for the answer of Corner Shop", "theirs"),
        ("agreed", SHOP, "agreed, waits for the signature of your company", "mine"),
        ("in_force", SHOP, "in force until 4 Jan 2028", ""),
    ],
)
def test_an_agreement_says_whose_turn_it_is(state: str, own: str, text: str, turn: str) -> None:
    standing = standing_of(READER, directory(own), agreement(state))
    assert (standing.text, standing.turn) == (text, turn)


def test_a_counter_proposal_waits_for_who_made_the_first() -> None:
    countered = agreement("countered")
    assert standing_of(READER, directory(ALDER), countered).text == "Corner Shop proposed changes"
    assert standing_of(READER, directory(SHOP), countered).turn == "theirs"


def test_who_has_signed_waits_for_the_other_side() -> None:
    signed = agreement("agreed", signatures=[SIGNATURE])
    assert standing_of(READER, directory(ALDER, "provider_signatory"), signed).turn == "theirs"
    mine = standing_of(READER, directory(SHOP, "business_signatory"), signed)
    assert (mine.turn, mine.verb) == ("mine", "Read and sign")
    assert mine.text == "Alder has signed, waits for your signature"


def test_the_list_says_that_the_other_side_has_signed() -> None:
    need = {"need": "signature", "about": "revision", "version": 1, "yours": True}
    need |= {"other_signed_at": SIGNATURE["signed_at"]}
    entry = {name: value for name, value in agreement("agreed").items() if name not in ("document", "signatures")}
    entry |= {"needs": [need], "negotiated": None}
    [group] = listing.groups_of(READER, directory(SHOP, "business_signatory"), [entry])
    assert group.rows[0].standing.text == "Alder has signed, waits for your signature"
    nobody = {**entry, "needs": [{**need, "other_signed_at": None}]}
    [group] = listing.groups_of(READER, directory(SHOP, "business_signatory"), [nobody])
    assert group.rows[0].standing.text == "agreed, waits for your signature"


def test_the_list_begins_with_what_needs_the_reader() -> None:
    groups = listing.groups_of(READER, directory(SHOP), [agreement("in_force"), agreement(), agreement("expired")])
    assert [group.key for group in groups] == ["mine", "running", "ended"]


def test_changes_are_marked_word_by_word() -> None:
    assert changes.pieces_of("at least 99.5 %", "at least 99.9 %") == [
        Piece("same", "at least "),
        Piece("gone", "99.5"),
        Piece("new", "99.9"),
        Piece("same", " %"),
    ]


def test_changes_name_targets_clauses_and_terms() -> None:
    before, after = agreement()["document"], agreement()["document"]
    after["targets"] = [available("99.5")]
    after["clauses"] = {**after["clauses"], "security": "By the rules."}
    after["title"] = "Another name"
    found = changes.between(READER, before, after)
    kinds = {key: change.kind for key, change in {**found.targets, **found.clauses}.items()}
    assert kinds == {"availability": "changed", "p1": "gone", "security": "new"}
    assert list(found.terms) == [("Title", "Checkout for Corner Shop", "Another name")]
    assert found.count == 4


def test_equal_documents_have_no_changes() -> None:
    assert changes.between(READER, agreement()["document"], agreement()["document"]).count == 0


def test_an_answer_accepts_refuses_and_changes() -> None:
    sent = Choices({"availability": "change", "p1": "refuse"}, {"p1": "Too slow."}, {"availability": "99,95"})
    body = answering.reply_of(READER, agreement(), sent).body
    assert body is not None
    assert (body["accept"], body["refuse"]) == ([], [{"target": "p1", "reason": "Too slow."}])
    assert body["document"]["targets"][0]["objective"] == {"at_least": "99.95", "unit": "percent"}
    assert "target_id" not in body["document"]["targets"][0]


def test_accepting_everything_sends_no_document() -> None:
    sent = answering.everything_accepted(agreement())
    body = answering.reply_of(READER, agreement(), sent).body
    assert body == {"revision_hash": "abc", "accept": ["availability", "p1"], "refuse": []}


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        (Choices({"availability": "accept"}), "choice:p1"),
        (Choices({"availability": "accept", "p1": "refuse"}), "reason:p1"),
        (Choices({"availability": "change", "p1": "accept"}, limits={"availability": "much"}), "limit:availability"),
        (Choices({"availability": "change", "p1": "accept"}, limits={"availability": "99.9"}), "limit:availability"),
    ],
)
def test_an_unfinished_answer_is_not_sent(sent: Choices, wrong: str) -> None:
    reply = answering.reply_of(READER, agreement(), sent)
    assert reply.body is None
    assert set(reply.errors) == {wrong}


def test_a_document_shows_words_findings_and_comments_beside_promises() -> None:
    word = {"answer": "refused", "reason": "Too slow.", "by": "Carl", "stands": True}
    answers = [{"target": "p1", "provider": None, "customer": word, "agreed": False}]
    found = document.page_of(
        READER,
        directory(ALDER),
        Sources(
            agreement("countered", target_answers=answers),
            findings=[{"field": "targets[1].objective", "remedy": "write less", "code": "x", "severity": "error"}],
            comments=[{"target": "p1", "text": "Why?", "by": "Carl", "party_id": SHOP}],
        ),
    )
    row = found.promises[1]
    assert row.theirs is not None and row.theirs.reason == "Too slow."
    assert row.findings == [("breached", "Write less")]
    assert [(each.company, each.text) for each in row.remarks] == [("Corner Shop", "Why?")]
    assert found.promises[0].theirs is None
    assert found.summary.startswith("Alder makes Corner Shop 2 promises about Checkout.")
    assert ("Price", "€\N{NO-BREAK SPACE}4,200 a period") in found.facts


def test_the_price_has_its_period_at_the_head_in_the_clause_and_where_it_is_signed() -> None:
    made = agreement("agreed")
    made["document"]["clauses"]["charges"] |= {"per": "month"}
    found = document.page_of(READER, directory(ALDER), Sources(made))
    price = ("Price", "€\N{NO-BREAK SPACE}4,200 a month")
    assert price in found.facts
    assert price in next(each.clause.facts for each in found.clauses if each.clause.key == "charges")
    page = signing.signing_page(READER, directory(ALDER, "provider_signatory"), made, [])
    assert "The price is €\N{NO-BREAK SPACE}4,200 a month." in page.until


def test_the_hours_that_promises_name_are_said_once() -> None:
    made = agreement()
    hours = [["08:00", "12:00"], ["13:00", "18:00"]]
    made["document"]["service_hours"] = {
        "24x7": "24x7",
        "desk": {
            "timezone": "UTC",
            "weekly": {**dict.fromkeys(("mon", "tue", "wed"), hours), "sat": [["08:00", "16:00"]]},
        },
        "unused": {"timezone": "UTC", "weekly": {"mon": hours}},
        "bank": {"timezone": "UTC", "weekly": {"fri": [["08:00", "16:00"]]}, "holidays": [{"date": "2026-12-25"}]},
    }
    first, second = made["document"]["targets"]
    made["document"]["targets"] = [{**first, "service_hours": "desk"}, {**second, "service_hours": ["bank", "desk"]}]
    facts = document.page_of(READER, directory(ALDER), Sources(made)).facts
    assert [(name, text) for name, text in facts if name.startswith("Hours")] == [
        ("Hours “desk”", "Mon–Wed 08:00–12:00 13:00–18:00, Sat 08:00–16:00"),
        ("Hours “bank”", "Fri 08:00–16:00, with exceptions"),
    ]


def test_terms_that_a_side_changed_itself_are_shown_with_its_reason() -> None:
    word = {"answer": "accepted", "reason": "Four hours it is.", "by": "Carl", "stands": True}
    answers = [{"target": "p1", "provider": None, "customer": word, "agreed": False}]
    found = document.page_of(READER, directory(ALDER), Sources(agreement("countered", target_answers=answers)))
    theirs = found.promises[1].theirs
    assert theirs is not None and (theirs.answer, theirs.reason) == ("changed", "Four hours it is.")


def test_a_live_figure_says_what_is_left_or_too_much() -> None:
    window = {"verdict": "met", "closed_at": None, "figure": "1999/20"}
    target: dict[str, Any] = {"target_id": "t", "terms": available(), "window": window}
    budget = {"unit": "microseconds", "left": "120000000/1", "whole": "2580000000/1"}
    live = document.live_of(READER, {**target, "window": {**window, "budget": budget}})
    assert (live.mark, live.figure, live.note) == ("on-track", "99.950\N{NO-BREAK SPACE}%", "2 min of 43 min left")
    spent = {**window, "verdict": "breached", "budget": {**budget, "left": "-60000000/1"}}
    assert live.beside == "so far"
    assert document.live_of(READER, {**target, "window": spent}).note == "1 min too much"
    assert document.live_of(READER, {**target, "window": {**spent, "verdict": "met"}}).note == "44 min used so far"
    unknown = document.live_of(READER, {**target, "window": {**window, "figure": None, "budget": None}})
    assert unknown.figure == "–", "without a unit"
    clock = {"target_id": "t", "terms": resolved(), "window": None, "tickets": {"states": {"running": 2, "met": 5}}}
    assert document.live_of(READER, clock).note == "2 tickets running"


def test_the_signing_page_names_what_and_for_whom() -> None:
    page = signing.signing_page(READER, directory(SHOP, "business_signatory"), agreement("agreed"), [])
    assert "for Corner Shop." in page.what
    assert page.promises[0] == ("Checkout is available", "Available at least 99.9 % of each month")
    assert page.obstacle == ""


@pytest.mark.parametrize(
    ("state", "roles"), [("proposed", ["business_signatory"]), ("agreed", []), ("agreed", ["provider_signatory"])]
)
def test_who_cannot_sign_reads_why(state: str, roles: list[str]) -> None:
    assert signing.signing_page(READER, directory(SHOP, *roles), agreement(state), []).obstacle


@pytest.mark.parametrize(
    ("signers", "named", "says"),
    [
        ([("Emmy Noether", "customer", True)], [], "Emmy Noether signs for Corner Shop."),
        (
            [("Emmy", "customer", True), ("Lise", "customer", True)],
            [],
            "These people may sign for Corner Shop: Emmy",
        ),
        ([("Emmy", "customer", True), ("Lise", "customer", True)], ["Lise"], "Lise signs for Corner Shop."),
        ([("Emmy", "provider", True), ("Lise", "customer", False)], [], "Nobody can sign for Corner Shop yet. Tell"),
        ([], [], "Nobody can sign for Corner Shop yet. Tell whoever runs this installation the name and the mail"),
        (None, [], "Somebody with the right to sign for Corner Shop signs it."),
    ],
)
def test_who_may_not_sign_reads_who_does(
    signers: list[tuple[str, str, bool]] | None, named: list[str], says: str
) -> None:
    known = None
    if signers is not None:
        known = [{"name": name, "side": side, "holds": holds} for name, side, holds in signers]
    agreed = agreement("agreed", signatories=[{"name": name, "side": "customer"} for name in named])
    assert signing.signing_page(READER, directory(SHOP), agreed, [], known).obstacle.startswith(says)


@pytest.mark.parametrize(
    ("roles", "verb"),
    [(["business_signatory"], "Read and sign"), (["provider_signatory"], "Read"), (["service_level_manager"], "Read")],
)
def test_only_who_may_sign_for_the_side_is_asked_to_sign(roles: list[str], verb: str) -> None:
    assert standing_of(READER, directory(SHOP, *roles), agreement("agreed")).verb == verb
    signed = agreement("agreed", signatures=[SIGNATURE])
    assert standing_of(READER, directory(SHOP, *roles), signed).verb == verb


def test_whoever_signs_reads_in_plain_words_that_no_need_is_named() -> None:
    finding = {"code": "relevant.no-requirement", "field": "requirements", "severity": "warning", "remedy": "name"}
    page = signing.signing_page(READER, directory(SHOP, "business_signatory"), agreement("agreed"), [finding])
    assert [each.text for each in page.doubts] == [
        "The promises are not linked to a need that the customer has put on record"
    ]


def test_a_name_is_a_signature_however_it_is_spaced() -> None:
    assert signing.is_name("  emmy   NOETHER ", "Emmy Noether")
    assert not signing.is_name("Emmy", "Emmy Noether")
    assert not signing.is_name("", "")


def test_each_doubt_is_waived_by_its_own_reason_but_no_error() -> None:
    findings = [
        {"code": "a", "field": "f", "severity": "warning"},
        {"code": "a", "field": "g", "severity": "slip"},
        {"code": "a", "field": "h", "severity": "warning"},
        {"code": "b", "field": "g", "severity": "error"},
    ]
    reasons = {"a@f": "Known.", "a@g": "Meant so.", "b@g": "No."}
    assert signing.waivers_of(findings, reasons) == [
        {"code": "a", "field": "f", "reason": "Known."},
        {"code": "a", "field": "g", "reason": "Meant so."},
    ]


def test_the_timeline_names_people_of_the_own_company_only() -> None:
    events = [
        {"at": "2026-11-30T10:00:00Z", "action": "agreement.propose", "by_principal_id": "p1", "by_party_id": ALDER,
         "detail": {"revision_number": 1}},
        {"at": "2026-11-30T11:00:00Z", "action": "agreement.accept", "by_principal_id": "p2", "by_party_id": SHOP},
    ]  # fmt: skip
    entries = timeline.entries_of(READER, directory(ALDER), events, {"p1": "Ada"})
    assert [(each.who, each.what) for each in entries] == [
        ("Corner Shop", "accepted revision "),
        ("Ada, Alder", "proposed revision 1"),
    ]


def test_a_draft_of_three_promises_needs_no_typing() -> None:
    values = {**drafting.first_values(READER, SHOP), "service": "checkout-id"}
    made = drafting.body_of(READER, directory(ALDER), values)
    assert made.body is not None
    document_made = made.body["document"]
    assert [each["key"] for each in document_made["targets"]] == ["availability", "p1-response", "p1-resolution"]
    assert document_made["title"] == "Checkout, Corner Shop"
    assert document_made["targets"][1]["objective"] == {"within": {"calendar": "PT30M"}}


TEMPLATES = [
    {
        "key": f"{kind}-standard", "kind": kind, "title": title, "further_clauses": [],
        "points": [{"point": "service_hours", "title": "Service hours"}, {"point": "support", "title": "Support"}],
        "document": {"clauses": {"service_hours": {}, "support": {}}},
    }
    for kind, title in (("sla", "Service level agreement"), ("ola", "Operational level agreement"))
]  # fmt: skip


@pytest.mark.parametrize(("kind", "template"), [("ola", "ola-standard"), ("uc", "uc-standard"), ("uc", "")])
def test_a_supplier_or_a_team_promises_the_readers_company(kind: str, template: str) -> None:
    values = {**drafting.first_values(READER, "", kind), "service": "checkout-id", "template": template}
    body = drafting.body_of(READER, directory(SHOP), values).body
    assert body is not None
    assert (body["kind"], body["template"]) == (kind, template or None)
    assert (body["provider_party_id"], body["customer_party_id"]) == (ALDER, SHOP)
    assert body["document"]["title"] == "Checkout, Alder"
    assert body["document"]["targets"][0]["indicator"]["owner"] == "customer"


def test_the_form_of_each_kind_offers_its_services_and_templates() -> None:
    choices = drafting.DraftSources((), TEMPLATES)
    ours = drafting.form_of(READER, directory(ALDER), choices, drafting.first_values(READER, SHOP))
    assert (ours.services, [each.key for each in ours.templates]) == ([("checkout-id", "Checkout")], ["sla-standard"])
    assert ours.templates[0].clauses == "Hours and Support"
    values = drafting.first_values(READER, "", "ola")
    assert drafting.form_of(READER, directory(ALDER), choices, values).services == []
    theirs = drafting.form_of(READER, directory(SHOP), choices, values)
    assert (theirs.services, theirs.kind) == ([("checkout-id", "Alder: Checkout")], "ola")
    assert [each.key for each in theirs.templates] == ["ola-standard"]
    assert drafting.first_values(READER, "", "nonsense")["kind"] == "sla"


def test_an_empty_blank_leaves_its_promise_out() -> None:
    values = {**drafting.first_values(READER, SHOP), "service": "checkout-id", "answered": "", "amount": "4'200"}
    made = drafting.body_of(READER, directory(ALDER), values)
    assert made.body is not None
    assert [each["key"] for each in made.body["document"]["targets"]] == ["availability", "p1-resolution"]
    assert made.body["document"]["clauses"]["charges"]["amount"] == "4200.00"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("customer", "nobody"),
        ("service", ""),
        ("from", "soon"),
        ("available", "101"),
        ("resolved", "fast"),
        ("amount", "x"),
    ],
)
def test_a_wrong_blank_is_named(field: str, typed: str) -> None:
    values = {**drafting.first_values(READER, SHOP), "service": "checkout-id", field: typed}
    made = drafting.body_of(READER, directory(ALDER), values)
    assert made.body is None
    assert set(made.errors) == {field}


def test_terms_of_tickets_stay_while_their_limit_changes() -> None:
    sent = Choices({"availability": "accept", "p1": "change"}, limits={"p1": "2 h"})
    body = answering.reply_of(READER, agreement(), sent).body
    assert body is not None
    assert body["document"]["targets"][1]["objective"] == resolved("PT2H")["objective"]
    assert body["document"]["term"]["effective_at"] == agreement()["document"]["term"]["effective_at"]


def test_a_doubt_that_somebody_signed_all_the_same_needs_no_second_reason() -> None:
    findings = [{"code": "a", "field": "f", "severity": "warning", "remedy": "mind it"}]
    waiver = {"code": "a", "field": "f", "reason": "Known.", "waived_by": "Grace Hopper", "side": "provider"}
    signature = {"revision_hash": "abc", "side": "provider", "name": "Grace Hopper", "waivers": [waiver]}
    signed = agreement("agreed", signatures=[signature])
    page = signing.signing_page(READER, directory(SHOP), signed, findings)
    assert (page.doubts, page.waived) == ([], [("Mind it", "Grace Hopper", "Known.")])
    other = agreement("agreed", signatures=[{**signature, "revision_hash": "older"}])
    assert signing.unwaived(other, findings) == findings
