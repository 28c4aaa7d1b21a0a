"""Today says what needs somebody, the most urgent first, and one thing once."""

from __future__ import annotations

from typing import Any

from slm_console.views.directory import directory_of
from slm_console.views.judgement.today import NOTHING, sentence_of, today_of
from slm_console.views.judgement.urgency import rows_of
from slm_console.views.reader import Reader
from tests.unit.console import alder_answers as alder
from tests.unit.console.stub_api import StubClock

READER = Reader(StubClock().at)
DIRECTORY = directory_of(
    alder.answers()["/api/v1/me"], alder.answers()["/api/v1/parties"]["items"], list(alder.SERVICES)
)


def rows(causes: tuple[Any, ...] = (alder.CAUSE,), **changes: Any) -> list[Any]:
    return rows_of(READER, DIRECTORY, {**alder.SUMMARY, **changes}, causes, ())


def test_the_sentence_leaves_out_what_is_zero() -> None:
    counts = {**dict.fromkeys(alder.SUMMARY["counts"], 0), "risks": 3}
    assert sentence_of(READER, {**NOTHING, "counts": counts}) == "3 at risk"
    assert sentence_of(READER, NOTHING) == "Nothing needs you now."


def test_the_sentence_counts_what_agreements_need_of_the_reader() -> None:
    need = {"agreement_id": "a", "need": "signature", "about": "revision", "yours": True, "deadline": None}
    need |= {"title": "Mail", "other_party_name": "Corner Shop", "service_name": "Mail"}
    needs = [need, {**need, "agreement_id": "b", "yours": False}, {**need, "agreement_id": "c"}]
    assert today_of(READER, DIRECTORY, NOTHING, (), needs).sentence == "2 agreements to sign"
    hidden = ["agreement/a/signature/revision"]
    assert today_of(READER, DIRECTORY, NOTHING, (), needs, hidden).sentence == "1 agreement to sign"


def test_breaches_of_one_cause_are_one_row() -> None:
    keys = [row.key for row in rows()]
    assert keys[0] == "cause/c-mail" and "breach/b-mail-1" not in keys
    assert "breach/b-mail-1" in [row.key for row in rows(causes=())]


def test_a_cause_is_acknowledged_as_a_whole_by_whoever_is_responsible() -> None:
    [cause] = [row for row in rows() if row.key == "cause/c-mail"]
    assert cause.act is not None and cause.act.posts
    assert (cause.act.label, cause.act.path) == ("Acknowledge all", "/causes/c-mail/acknowledge")
    others = {**alder.CAUSE, "responsible_party_ids": [alder.CLOUD]}
    [cause] = [row for row in rows(causes=(others,)) if row.key == "cause/c-mail"]
    assert cause.act is not None and not cause.act.posts


def test_rows_are_in_the_order_of_their_urgency() -> None:
    buckets = [row.bucket for row in rows()]
    assert buckets == sorted(buckets, key=["now", "today", "this_week", "later"].index)


def test_every_row_says_in_words_why_it_is_there() -> None:
    said = {row.key: f"{row.what} | {row.why} | {row.left}" for row in rows()}
    assert said["cause/c-mail"].startswith("Staff can read mail: down | since 09:02 · Corner Shop Group, ")
    assert said["cause/c-mail"].endswith("Town of Elmsted … 2 more | 40 min")
    risk = (
        "Checkout is available for Corner Shop Group, November 2026 | at this pace used up 13:00 · Checkout operations"
    )
    assert said["risk/t-checkout/2026-11"] == f"{risk} | 2 min 2 s left"
    assert said["exclusion/e-1"].startswith("Harbour Savings Bank asks that 1 h do not count | Database upgrade")


def test_what_is_down_without_a_breach_is_a_row_of_its_own() -> None:
    down = {
        "indicator": {"key": "portal.results", "owner_party_id": alder.ALDER}, "labels": {}, "service_id": "portal",
        "service_name": "Results portal", "since_at": "2026-11-26T09:40:00Z", "seconds": 120, "targets": 1,
        "agreements": 1, "affected": [{"customer_name": "Town of Elmsted"}], "target_ids": [], "urgency": "now",
    }  # fmt: skip
    found = [row for row in rows(down=[down]) if row.key.startswith("down/")]
    assert [(row.what, row.left) for row in found] == [("Results portal: down", "2 min")]


def test_an_installation_without_anything_is_set_up() -> None:
    assert today_of(READER, DIRECTORY, NOTHING).is_empty
    assert not today_of(READER, DIRECTORY, alder.SUMMARY).is_empty


def test_services_are_called_by_their_outcome() -> None:
    services = today_of(READER, DIRECTORY, alder.SUMMARY).services
    assert services[0].name == "Staff can read mail" and services[0].now == "down since 09:02"
    assert services[1].lost == "42", "a begun minute counts"


def test_what_an_agreement_needs_is_a_row_with_its_verb() -> None:
    found = rows_of(READER, DIRECTORY, NOTHING, (), (alder.NEED,))
    [row] = found
    assert row.act is not None
    assert (row.act.label, row.why, row.left) == (
        "Answer",
        "Harbour Savings Bank waits for your answer",
        "by Fri 17:00",
    )
    [others] = rows_of(READER, DIRECTORY, NOTHING, (), ({**alder.NEED, "yours": False},))
    assert others.act is not None and others.act.label == "Open"


def test_rows_of_the_same_promise_are_told_apart_by_the_company() -> None:
    first = next(each for each in alder.SUMMARY["breaches"] if each["breach_id"] == "b-orders")
    second = {**first, "breach_id": "b-2", "customer_party_id": alder.BANK, "customer_name": alder.NAMES[alder.BANK]}
    found = [row.what for row in rows(breaches=[first, second]) if row.key.startswith("breach/")]
    assert found == [
        "Orders are accepted within 2 s for Harbour Savings Bank, November 2026",
        "Orders are accepted within 2 s for Corner Shop Group, November 2026",
    ]
    bought = {**first, "customer_party_id": alder.ALDER, "provider_name": alder.NAMES[alder.CLOUD]}
    [row] = [row for row in rows(breaches=[bought]) if row.key.startswith("breach/")]
    assert row.what == "Orders are accepted within 2 s, by Greyline Cloud, November 2026"


def test_a_silent_source_is_called_by_its_service_and_its_key_is_the_tip() -> None:
    [row] = [row for row in rows() if row.key.startswith("silent/")]
    assert (row.what, row.tip) == ("Results portal: no measurements since 05:10", "portal.results")
