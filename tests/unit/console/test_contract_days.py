"""The days of a contract are those of its own zone, with the year, wherever its reader is."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from slm_console.views.agreements import document, listing, signing
from slm_console.views.agreements.document import Sources
from slm_console.views.agreements.standing import standing_of
from slm_console.views.reader import Reader
from tests.unit.console.negotiated import NOW, SHOP, agreement, directory

BEGINS, ENDS = "2026-12-31T23:00:00Z", "2027-12-31T23:00:00Z"


def a_year(state: str) -> dict[str, Any]:
    """An agreement of one year in Zurich."""
    found = agreement(state, effective_at=BEGINS, ends_at=ENDS)
    found["document"]["term"] = {"effective_at": BEGINS, "expires_at": ENDS}
    return found


@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich", "America/New_York", "Asia/Tokyo"])
def test_the_first_and_the_last_day_are_the_same_for_every_reader(zone: str) -> None:
    reader = Reader(NOW, zone=ZoneInfo(zone))
    facts = dict(document.page_of(reader, directory(SHOP), Sources(a_year("agreed"))).facts)
    assert (facts["From"], facts["Until"]) == ("1 Jan 2027", "31 Dec 2027")
    until = signing.signing_page(reader, directory(SHOP), a_year("agreed"), ()).until
    assert until.startswith("It binds both sides from 1 Jan 2027 until 31 Dec 2027.")
    assert standing_of(reader, directory(SHOP), a_year("finalized")).text == "signed, begins on 1 Jan 2027"
    assert standing_of(reader, directory(SHOP), a_year("in_force")).text == "in force until 31 Dec 2027"
    [group] = listing.groups_of(reader, directory(SHOP), [a_year("in_force")])
    assert group.rows[0].ends == "31 Dec 2027"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(
    ("state", "text"), [("in_force", "in force until 31 Dec 2027"), ("finalized", "signed, begins on 1 Jan 2027")]
)
def test_the_list_shows_days_of_the_agreements_zone_without_its_document(zone: str, state: str, text: str) -> None:
    entry = {name: value for name, value in a_year(state).items() if name not in ("document", "signatures")}
    entry |= {"needs": [], "negotiated": None}
    [group] = listing.groups_of(Reader(NOW, zone=ZoneInfo(zone)), directory(SHOP), [entry])
    assert (group.rows[0].ends, group.rows[0].standing.text) == ("31 Dec 2027", text)
