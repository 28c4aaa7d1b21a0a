"""Today says what needs somebody, the most urgent first, and one thing once."""

from __future__ import annotations

from typing import Any

from slm_console.views.directory import directory_of
from slm_console.views.judgement.cause_pages import cause_page_of
from slm_console.views.reader import Reader
from slm_console.views.today.page import NOTHING, only, today_of, without
from slm_console.views.today.rows import COUNTED
from slm_console.views.today.urgency import rows_of
from tests.unit.console import alder_answers as alder
from tests.unit.console.stub_api import StubApi, StubClock, browser_of

READER = Reader(StubClock().at)
DIRECTORY = directory_of(
    alder.answers()["/api/v1/me"], alder.answers()["/api/v1/parties"]["items"], list(alder.SERVICES)
)


DOWN = {
    "indicator": {"key": "portal.results", "owner_party_id": alder.ALDER}, "labels": {}, "service_id": "portal",
    "service_name": "Results portal", "since_at": "2026-11-26T09:40:00Z", "seconds": 120, "targets": 1,
    "agreements": 1, "affected": [{"customer_name": "Town of Elmsted"}], "target_ids": [], "urgency": "now",
}  # fmt: skip


def rows(causes: tuple[Any, ...] = (alder.CAUSE,), **changes: Any) -> list[Any]:
    return rows_of(READER, DIRECTORY, {**alder.SUMMARY, **changes}, causes, ())


def sentence(page: Any) -> str:
    return " · ".join(part.text for part in page.sentence)


def test_the_sentence_leaves_out_what_is_zero() -> None:
    found = today_of(READER, DIRECTORY, {**NOTHING, "risks": alder.SUMMARY["risks"]})
    assert sentence(found) == "1 at risk"
    assert not today_of(READER, DIRECTORY, NOTHING).sentence


def test_the_sentence_counts_what_agreements_need_of_the_reader() -> None:
    need = {"agreement_id": "a", "need": "signature", "about": "revision", "yours": True, "deadline": None}
    need |= {"title": "Mail", "other_party_name": "Corner Shop", "service_name": "Mail"}
    needs = [need, {**need, "agreement_id": "b", "yours": False}, {**need, "agreement_id": "c"}]
    page = today_of(READER, DIRECTORY, NOTHING, (), needs)
    assert sentence(page) == "2 agreements to sign"
    assert sentence(without(READER, page, ["agreement/a/signature/revision"])) == "1 agreement to sign"


def test_each_number_of_the_sentence_is_that_of_its_rows() -> None:
    page = today_of(READER, DIRECTORY, alder.SUMMARY, (alder.CAUSE,), (alder.NEED,))
    assert {part.key for part in page.sentence} >= {"outage", "breached", "at-risk", "ticket-due", "to-answer", "next"}
    for part in page.sentence:
        shown = only(READER, page, part.key)
        assert shown.sentence == page.sentence, "the sentence stays while only some rows are shown"
        if part.key != "next":
            assert part.key in COUNTED and part.text.split()[0] == str(len(shown.rows)), part
    [row] = only(READER, page, "next").rows
    assert (row.key, row.left) == ("ticket/desk/INC-20417", "41 min to the deadline")
    assert len(only(READER, page, "nonsense").rows) == len(page.rows)


def test_a_forecast_is_no_deadline() -> None:
    forecast = [{**each, "deadline_at": "2026-11-26T09:50:00Z"} for each in alder.SUMMARY["risks"]]
    page = today_of(READER, DIRECTORY, {**alder.SUMMARY, "risks": forecast, "next_deadline_at": "2026-11-26T09:50:00Z"})
    assert sentence(page).endswith("next deadline in 41 min")


def test_breaches_of_one_cause_are_one_row() -> None:
    keys = [row.key for row in rows()]
    assert keys[0] == "cause/c-mail" and "breach/b-mail-1" not in keys
    assert "breach/b-mail-1" in [row.key for row in rows(causes=())]


def outage(**more: Any) -> dict[str, Any]:
    """Return the cause of an outage that has put promises at risk and breached none."""
    states = dict.fromkeys(alder.CAUSE["breach_states"], 0)
    return {**alder.CAUSE, "breaches": 0, "breach_ids": [], "breach_states": states, "risk_ids": ["r-1"], **more}


def test_what_is_down_is_so_at_once_not_only_when_a_promise_breaks() -> None:
    [row] = [row for row in rows((outage(),), breaches=[]) if row.key == "cause/c-mail"]
    assert (row.bucket, row.mark, row.word, row.what) == ("now", "breached", "down", "Staff can read mail: down")
    assert "first promise breaks 13:00 at this pace" in row.why
    [over] = [row for row in rows((outage(end_at="2026-11-26T09:30:00Z", urgency="at_risk", risk_ids=[]),))
              if row.key == "cause/c-mail"]  # fmt: skip
    assert (over.mark, over.word, over.what) == ("at-risk", "over", "Staff can read mail: down 09:02–09:30")


def test_what_is_over_never_reads_as_if_it_lasted() -> None:
    ended = {**alder.CAUSE, "start_at": "2026-11-09T10:14:00Z", "end_at": "2026-11-09T11:06:00Z",
             "urgency": "unacknowledged", "customer_party_ids": [alder.SHOP]}  # fmt: skip
    [row] = [row for row in rows((ended,)) if row.key == "cause/c-mail"]
    assert (row.what, row.word) == ("Staff can read mail: down 9 Nov 10:14–11:06", "over")
    assert row.why.startswith("lasted 52 min · ") and "since" not in row.why
    [slow] = [row for row in rows(({**ended, "is_downtime": False},)) if row.key == "cause/c-mail"]
    assert slow.what == "Staff can read mail: 9 Nov 10:14–11:06" and "lasted" not in slow.why
    about = [{"kind": "ticket", "name": "desk/INC-7"}]
    [late] = [row for row in rows(({**ended, "is_downtime": False, "about": about},)) if row.key == "cause/c-mail"]
    assert late.what == "INC-7, Staff can read mail: not done by 9 Nov 11:06"
    titled = [{**each, "target_title": "Staff can read mail"} for each in alder.SUMMARY["breaches"]]
    [row] = [row for row in rows((ended,), breaches=titled) if row.key == "cause/c-mail"]
    assert row.why == "lasted 52 min", "a promise of the same name is not said again"


def test_a_breach_without_a_cause_says_when_the_promise_was_broken() -> None:
    [orders, mail] = alder.SUMMARY["breaches"]
    why = {row.key: row.why for row in rows((), breaches=[orders, mail])}
    assert why["breach/b-orders"] == "promise broken 07:12 · Checkout"
    assert why["breach/b-mail-1"].startswith("since 09:20"), "it is down now"
    recovered = {**orders, "recovered_at": "2026-11-26T07:30:00Z"}
    [row] = [row for row in rows((), breaches=[recovered]) if row.key == "breach/b-orders"]
    assert row.why == "promise broken 07:12–07:30, over · Checkout"


async def test_a_company_that_only_receives_services_reads_first_whether_they_work() -> None:
    known = alder.answers()
    for is_provider in (True, False):
        known["/api/v1/me"] = {**known["/api/v1/me"], "is_provider": is_provider, "is_customer": True}
        async with browser_of(StubApi(known)) as browser:
            page = (await browser.get("/")).text
        assert (page.index('data-row="service/') < page.index('data-row="cause/')) is not is_provider


def test_what_lasts_is_not_said_to_be_down_where_nothing_is() -> None:
    [row] = [row for row in rows((outage(),), breaches=[], down=[DOWN]) if row.key == "cause/c-mail"]
    assert (row.mark, row.word, row.what) == ("at-risk", "degraded", "Staff can read mail: degraded")
    assert (row.left, sorted(row.counted)) == ("40 min so far", ["at-risk"])


def test_risks_of_one_outage_are_one_row_and_a_promise_is_counted_once() -> None:
    found = rows((outage(risks_standing=5, risk_ids=["r-1", "r-again"], agreement_ids=["a"]),), breaches=[])
    assert [row.extent for row in found if row.key == "cause/c-mail"] == ["1 at risk"]
    assert not [row for row in found if row.key.startswith("risk/")]


def test_a_single_risk_of_an_outage_that_is_over_has_one_row() -> None:
    over = outage(end_at="2026-11-26T09:30:00Z", urgency="at_risk", start_at="2026-11-26T09:00:00Z")
    found = [row.key for row in rows((over,), breaches=[])]
    assert "risk/t-checkout/2026-11" in found and "cause/c-mail" not in found
    late = {**alder.SUMMARY["risks"][0], "ticket": {"source": "desk", "number": "INC-20417"}}
    [ticket] = [row for row in rows((over,), breaches=[], risks=[late]) if row.item == "cause/c-mail"]
    assert ticket.key == "ticket/desk/INC-20417"


def test_an_outage_of_which_all_breaches_are_closed_is_still_down() -> None:
    handled = {**alder.CAUSE, "urgency": "done"}
    assert next(row.what for row in rows((handled,), breaches=[], down=[DOWN])) == "Results portal: down"
    explained = {**alder.CAUSE, "about": [{"kind": "indicator", "name": f"{alder.ALDER}/portal.results"}]}
    assert not [row for row in rows((explained,), down=[DOWN]) if row.key.startswith("down/")]
    assert [row for row in rows(({**explained, "urgency": "done"},), down=[DOWN]) if row.key.startswith("down/")]


def test_a_ticket_with_two_clocks_is_one_row_with_the_one_that_ends_first() -> None:
    [first] = alder.SUMMARY["tickets"]
    second = {**first, "clock": "closure", "deadline_at": "2026-11-26T12:23:00Z"}
    found = [row for row in rows(tickets=[first, second]) if row.key.startswith("ticket/")]
    assert [row.left for row in found] == ["41 min to the deadline"]


def test_every_amount_says_of_what_it_is_left() -> None:
    [risk] = alder.SUMMARY["risks"]

    def left(**more: Any) -> str:
        return next(row.left for row in rows(risks=[{**risk, **more}]) if row.key.startswith("risk/"))

    assert left() == "2 of 43 min of allowed downtime left"
    # 44 min 38 s, of which 12 min 13 s are left: the page of the target says 32 of 44 min used, 12 min left.
    assert left(budget_seconds=2_678, budget_left_seconds=733) == "12 of 44 min of allowed downtime left"
    assert left(budget_left_seconds=40) == "40 s of 43 min of allowed downtime left"
    assert left(budget_left_seconds=-1_020) == "17 min over the allowed downtime"
    assert left(budget_seconds=72 * 3_600, budget_left_seconds=4_000) == "1 of 72 h of allowed downtime left"
    assert left(budget_seconds=72 * 3_600, budget_left_seconds=3_000) == "50 min of 3 days of allowed downtime left"
    assert left(budget_seconds=300, budget_left_seconds=130) == "2 min 10 s of 5 min of allowed downtime left"
    assert left(budget_seconds=None, budget_left_seconds=None) == "95 % of what is allowed is used"


def test_a_cause_is_told_apart_by_promises_and_things_never_by_a_key() -> None:
    one = {**alder.CAUSE, "customer_party_ids": [alder.SHOP]}
    [row] = [row for row in rows(causes=(one,)) if row.key == "cause/c-mail"]
    assert "Mail is available" in row.why and "mail.up" not in f"{row.what} {row.why}"
    assert row.tip == "mail.up"
    things = [{"kind": "indicator", "name": "alder/mail.up"}, {"kind": "item", "name": "rack 7/db"}]
    unknown = {**one, "about": [*things, {"kind": "ticket", "name": "desk/INC-7"}], "breach_ids": []}
    [row] = [row for row in rows(causes=(unknown,)) if row.key == "cause/c-mail"]
    assert row.why.endswith("rack 7/db, INC-7")
    both = {**unknown, "service_ids": ["mail", "checkout"]}
    [row] = [row for row in rows(causes=(both,)) if row.key == "cause/c-mail"]
    assert row.what.startswith("rack 7/db and others")


def test_the_page_of_a_cause_names_things_and_no_key() -> None:
    about = [{"kind": "indicator", "name": "alder/mail.up"}, {"kind": "item", "name": "db-7"}]
    several = {**alder.CAUSE, "about": about, "service_ids": ["mail", "checkout"]}
    page = cause_page_of(READER, DIRECTORY, several, (), ())
    assert (page.title, page.subjects) == ("db-7 and others", ["db-7"])


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
    assert said["cause/c-mail"].endswith("Town of Elmsted … 2 more | down for 40 min")
    why = "expected to be used up 13:00 · Checkout operations"
    risk = f"Checkout is available for Corner Shop Group, November 2026 | {why}"
    assert said["risk/t-checkout/2026-11"] == f"{risk} | 2 of 43 min of allowed downtime left"
    ticket = "INC-20417 Checkout for Corner Shop Group | resolve · held by Application desk"
    assert said["ticket/desk/INC-20417"].startswith(ticket)
    assert said["exclusion/e-1"].startswith("Harbour Savings Bank asks that 1 h do not count | Database upgrade")


def test_what_is_down_without_a_breach_is_a_row_of_its_own() -> None:
    [row] = [row for row in rows(down=[DOWN]) if row.key.startswith("down/")]
    assert (row.what, row.left, row.word) == ("Results portal: down", "down for 2 min", "down")
    new = {**alder.SUMMARY["breaches"][1], "service_id": "portal"}
    assert [row for row in rows(down=[DOWN], breaches=[new]) if row.key.startswith("down/")], (
        "it has a cause of its own"
    )
    assert not [row for row in rows((), down=[DOWN], breaches=[new]) if row.key.startswith("down/")]


def test_an_installation_without_anything_is_set_up() -> None:
    assert today_of(READER, DIRECTORY, NOTHING).is_empty
    assert not today_of(READER, DIRECTORY, alder.SUMMARY).is_empty


def test_services_are_called_by_their_outcome() -> None:
    services = today_of(READER, DIRECTORY, alder.SUMMARY).services
    assert services[0].name == "Staff can read mail" and services[0].now == "down since 09:02"
    assert services[1].lost == "41", "rounded as in: 41 of 43 min used"


def test_what_an_agreement_needs_is_a_row_with_its_verb() -> None:
    found = rows_of(READER, DIRECTORY, NOTHING, (), (alder.NEED,))
    [row] = found
    assert row.act is not None
    assert (row.act.label, row.why, row.left) == (
        "Answer",
        "Harbour Savings Bank waits for your answer",
        "answer by Fri 17:00",
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
