"""Today says that the other side has signed, and that both sides have."""

from __future__ import annotations

import re

from slm_console.views.directory import Directory
from slm_console.views.today.page import NOTHING, today_of
from slm_console.views.today.signed import signed_rows
from slm_console.views.today.urgency import rows_of
from tests.unit.console import alder_answers as alder
from tests.unit.console.negotiated import READER, SHOP
from tests.unit.console.stub_api import StubApi, browser_of

NEED = {
    "need": "signature", "about": "revision", "version": 1, "deadline": None, "yours": True, "agreement_id": "a",
    "title": "Checkout", "other_party_id": SHOP, "other_party_name": "Corner Shop", "service_name": "Checkout",
    "other_signed_at": "2026-11-30T10:42:00Z",
}  # fmt: skip
SIGNED = {
    "agreement_id": "a", "title": "Checkout", "timezone": "Europe/Zurich", "other_party_id": SHOP, "version": 2,
    "other_party_name": "Corner Shop", "service_name": "Checkout", "finalized_at": "2026-12-01T08:00:00Z",
    "effective_at": "2027-12-31T23:00:00Z",
}  # fmt: skip


def test_today_says_that_the_other_side_has_signed() -> None:
    [row] = rows_of(READER, Directory(), NOTHING, (), [NEED])
    assert row.what == "Corner Shop signed “Checkout” on Mon 30 Nov: sign it too"
    [row] = rows_of(READER, Directory(), NOTHING, (), [{**NEED, "other_signed_at": None}])
    assert row.what == "Checkout"


def test_who_may_sign_goes_from_today_to_the_page_to_sign() -> None:
    """The agreement's own page has the same button, so that two were to be pressed one after the other."""
    [row] = rows_of(READER, Directory(), NOTHING, (), [{**NEED, "version": 2}])
    assert row.act is not None
    assert (row.act.label, row.act.path) == ("Read and sign", "/agreements/a/sign?version=2")
    [row] = rows_of(READER, Directory(), NOTHING, (), [{**NEED, "yours": False}])
    assert row.act is not None
    assert (row.act.label, row.act.path) == ("Read", "/agreements/a")


def test_today_says_that_both_have_signed_and_asks_for_nothing() -> None:
    today = today_of(READER, Directory(), NOTHING, (), [SIGNED])
    [row] = [row for bucket in today.buckets for row in bucket.rows]
    assert (row.what, row.bucket) == ("Checkout: signed by both sides", "later")
    assert (row.why, row.path) == (
        "with Corner Shop, comes into force on 1 Jan 2028",
        "/agreements/a/signed?version=2",
    )
    assert not today.sentence
    past = {**SIGNED, "effective_at": "2026-10-31T23:00:00Z"}
    assert signed_rows(READER, [past])[0].why == "with Corner Shop, in force since 1 Nov 2026"


def test_many_signed_agreements_are_one_row() -> None:
    [row] = signed_rows(READER, [{**SIGNED, "agreement_id": str(number)} for number in range(60)])
    assert row.what == "60 agreements were signed by both sides"


async def test_a_link_keeps_its_version_on_a_page_about_one_company() -> None:
    signed = {**SIGNED, "other_party_id": alder.SHOP}
    api = StubApi({**alder.answers(), "/api/v1/agreement-summary": {"needs": [], "signed": [signed]}})
    async with browser_of(api) as browser:
        page = (await browser.get(f"/?with={alder.SHOP}")).text
    assert f'href="/agreements/a/signed?version=2&amp;with={alder.SHOP}"' in page
    assert not [link for link in re.findall(r'href="([^"]*)"', page) if link.count("?") > 1]
