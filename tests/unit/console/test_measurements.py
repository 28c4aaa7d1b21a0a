"""The list of measurements says which promises are judged by each."""

from __future__ import annotations

from typing import Any

from slm_console.views.connections.measurements import measurement_lines
from tests.unit.console.alder_answers import target
from tests.unit.console.negotiated import READER, directory


def indicator(key: str, party: str) -> dict[str, Any]:
    """A row of ``GET /api/v1/indicators``."""
    return {"key": key, "owner_party_id": party, "kind": "availability", "unit": None, "service_id": "checkout-id",
            "stale_since_at": None, "last_fact_at": None}  # fmt: skip


def test_a_measurement_names_the_promises_that_are_judged_by_it() -> None:
    targets = [
        target("t-1", "Checkout is available"),
        target("t-2", "Of the north", instance_of="t-1"),
        target("t-3", "P1 is resolved", indicator=None),
    ]
    found = [indicator("checkout.up", "alder"), indicator("checkout.up", "shop")]
    lines = measurement_lines(READER, directory(), found, targets)
    assert [line.promises for line in lines] == [[("t-1", "Checkout is available")], []]
