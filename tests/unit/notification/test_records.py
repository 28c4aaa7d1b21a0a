"""Mails about an agreement on record name it with its mark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from slm_events.agreement import AgreementFinalized, AgreementRecorded
from slm_notification.application import mailing
from slm_notification.domain.notices import notice_of
from tests.support.on_record import put_on_record
from tests.support.review import finalized

MARK = "recorded by Northwind IT, not confirmed by Sky Compute"


class Titles:
    """The part of the mail ledger that learns of people, titles and causes."""

    def __init__(self) -> None:
        self.titles: dict[str, str] = {}

    async def put_titles(self, titles: dict[str, str]) -> None:
        self.titles |= titles

    def __getattr__(self, name: str) -> Any:
        async def ignored(*_: Any) -> None:
            return None

        return ignored


async def title_after(event: AgreementFinalized | AgreementRecorded) -> str:
    ledger: Any = Titles()
    envelope: Any = type("Told", (), {"data": event})
    await mailing.keep_mails(ledger, [envelope], None)
    title: str = ledger.titles[event.agreement_id]
    return title


async def test_mails_name_a_contract_on_record_with_its_mark() -> None:
    assert await title_after(put_on_record(finalized())) == f"Checkout for Acme ({MARK})"


async def test_mails_name_a_signed_agreement_by_its_title() -> None:
    assert await title_after(replace(finalized(), title="Signed")) == "Signed"


def test_the_notice_of_a_record_says_nobody_signed() -> None:
    notice = notice_of(put_on_record(finalized()))
    assert notice is not None
    assert (notice.kind, notice.headline) == ("agreement", "Put on record: Checkout for Acme")
    assert dict(notice.lines)["On record"] == MARK
    assert dict(notice.lines)["Signed here"] == "by nobody"
