"""The list of customers and suppliers counts what is in force."""

from __future__ import annotations

from slm_console.views.companies import lines_of
from tests.unit.console.negotiated import READER, SHOP, agreement, directory


def test_a_signed_agreement_that_has_not_begun_is_not_in_force() -> None:
    states = ("in_force", "finalized", "in_force", "expired")
    agreements = [agreement(agreement_id=str(number), state=state) for number, state in enumerate(states)]
    [line] = lines_of(READER, directory(), "provider", agreements, [])
    assert (line.party_id, line.agreements) == (SHOP, 2)
