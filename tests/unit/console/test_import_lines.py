"""An import of history is called by what it has: all of a few measurements, the first of many."""

from __future__ import annotations

from typing import Any

from slm_console.views.connections.aside import import_line
from slm_console.views.directory import Directory
from tests.unit.console.negotiated import READER


def line(*indicators: str) -> dict[str, Any]:
    found = {
        "import_id": "i", "indicators": list(indicators), "sources": ["desk"], "owner_party_id": "p", "state": "judged",
        "opened_at": "2026-11-01T10:00:00Z", "expires_at": "2026-11-02T10:00:00Z",
        "judged_at": "2026-11-01T11:00:00Z", "ended_as": None,
    }  # fmt: skip
    return import_line(READER, Directory(), found)


def test_an_import_of_a_few_names_all() -> None:
    assert (line()["what"], line()["all"]) == ("desk", [])
    assert line("shop.up", "shop.slow")["what"] == "shop.up, shop.slow and desk"


def test_an_import_of_many_names_the_first_and_lists_all_beside() -> None:
    many = line("shop.up", "shop.slow", "mail.up")
    assert many["what"] == "shop.up and 3 more"
    assert many["all"] == ["shop.up", "shop.slow", "mail.up", "desk"]
