"""Payloads of webhooks: what is read of them, what is refused with field, value and remedy, and in which bounds."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from slm_mappings import payloads
from slm_mappings.mapped_payloads import MappedPayload, map_payload
from slm_mappings.mapping import parse_mapping_text
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.ticket_mapping import TicketMapping

MAPPING = """
kind: tickets
source: desk
records: {format: json, items: tickets}
columns: {ticket: no, opened_at: opened, updated_at: changed}
present: {state: state}
moments: {resolved: solved}
priority: {column: urgency, values: {high: P1}}
states:
  open: {state: open}
  done: {state: resolved, event: resolved}
exclude_where: [{column: spam, equals: true}]
"""
OPEN: dict[str, Any] = {"no": 1, "opened": "2026-11-05T08:00Z", "changed": "2026-11-05T09:00Z", "state": "open"}


def mapped(*tickets: dict[str, Any], text: str = MAPPING) -> MappedPayload:
    return map_payload(json.dumps({"tickets": list(tickets)}).encode(), parse_mapping_text(text))


def findings(*tickets: dict[str, Any], text: str = MAPPING) -> list[ImportFinding]:
    with pytest.raises(ImportRefused) as refused:
        mapped(*tickets, text=text)
    return refused.value.findings


def test_a_payload_without_records_says_nothing() -> None:
    assert map_payload(b'{"ping": true}', parse_mapping_text(MAPPING)) == MappedPayload("desk")


def test_a_value_that_is_not_listed_is_named_with_its_remedy() -> None:
    assert findings(OPEN | {"urgency": "extreme"}) == [
        ImportFinding("urgency", "extreme", "priority.values does not list it; add it, or use others: keep")
    ]
    [one, other] = findings(OPEN | {"state": "gone"}, OPEN | {"no": 2, "state": "lost"})
    assert (one.field, other.field, other.value) == ("record 1, state", "record 2, state", "lost")


def test_a_record_that_cannot_be_read_does_not_keep_the_others() -> None:
    found = mapped(OPEN, OPEN | {"no": 2, "state": "lost"}, OPEN | {"no": 3, "opened": "soon"}, OPEN | {"no": 4})
    assert [each.number for each in found.tickets] == ["1", "4"]
    assert found.refused is not None
    assert [each.field for each in found.refused.findings] == ["record 2, state", "record 3, opened"]


@pytest.mark.parametrize(
    ("changed", "field"), [({"no": None}, "no"), ({"changed": ""}, "changed"), ({"opened": "soon"}, "opened")]
)
def test_a_missing_or_wrong_field_is_named(changed: dict[str, Any], field: str) -> None:
    assert [each.field for each in findings(OPEN | changed)] == [field]


def test_the_time_of_an_earlier_resolution_does_not_count_while_a_ticket_is_open() -> None:
    solved = {"solved": "2026-11-05T08:30Z"}
    [again] = mapped(OPEN | solved).tickets
    assert again.instants == {"resolved": None}
    [done] = mapped(OPEN | solved | {"state": "done"}).tickets
    assert done.instants["resolved"] == 1_793_867_400_000_000


def test_an_ended_ticket_without_a_time_of_its_end_is_not_said_to_be_open_again() -> None:
    [done] = mapped(OPEN | {"state": "done", "solved": ""}).tickets
    assert (done.state_event, done.instants) == ("resolved", {})


def test_an_excluded_ticket_has_no_priority_and_says_why() -> None:
    [spam] = mapped(OPEN | {"urgency": "high", "spam": True}).tickets
    assert spam.attributes["priority"] is None
    assert (spam.attributes["not_judged"], spam.attributes["recorded_priority"]) == ("spam = true", "P1")
    [ham] = mapped(OPEN | {"urgency": "high"}).tickets
    assert (ham.attributes["priority"], ham.attributes["not_judged"]) == ("P1", None)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 70 + b"]" * 70, "nested deeper than 64"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" + b"1," * 100_000 + b"1]", "more than 100,000 values"),
        (json.dumps({"tickets": [{}] * 1_001}).encode(), "at most 1,000"),
        (b'{"tickets": [1]}', "record 1 is not an object"),
    ],
)
def test_a_payload_out_of_bounds_is_refused(payload: bytes, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        map_payload(payload, parse_mapping_text(MAPPING))


def test_what_would_take_too_long_is_refused_before_it_is_read() -> None:
    columns = "".join(f"  a{number}: wide.b\n" for number in range(1_000))
    text = MAPPING + "attributes:\n" + columns
    wide = {"wide": [{"b": "x"}] * 20_000}
    began = time.process_time()
    with pytest.raises(ImportRefused, match="too many for the"):
        mapped(OPEN | wide, text=text)
    assert time.process_time() - began < 2.0


def test_translations_do_not_count_as_columns() -> None:
    mapping = parse_mapping_text(MAPPING)
    assert isinstance(mapping, TicketMapping)
    values = "".join(f"w{number}: P2, " for number in range(1_000))
    larger = parse_mapping_text(MAPPING.replace("values: {", f"values: {{{values}"))
    assert payloads.count_columns(larger) == payloads.count_columns(mapping) < 60


CHANGES = """
kind: outages
source: page
records: {format: json, items: changes}
id: id
begins: at
indicator: {column: name, key: "{slug}"}
state: {column: to, values: {fine: up, broken: down}, others: OTHERS}
exclude_where: [{column: to, missing: true}]
"""


def changes(*found: dict[str, Any], others: str = "refuse") -> MappedPayload:
    payload = json.dumps({"changes": list(found)}).encode()
    return map_payload(payload, parse_mapping_text(CHANGES.replace("OTHERS", others)))


def test_a_change_of_state_holds_from_its_instant_on() -> None:
    change = {"id": "1", "at": "2026-11-05T08:00Z", "name": "Shop", "to": "broken"}
    found = changes(change, change | {"id": "2", "to": "fine"}, {"note": "no change, and without an id"})
    assert [(each["id"], each["state"]) for each in found.measurements] == [("1/shop", "down"), ("2/shop", "up")]
    assert found.notes == ["records left out: to missing: 1 (first: record 3)"]
    with pytest.raises(ImportRefused, match=r"to 'lost': state\.values does not list it"):
        changes(change | {"to": "lost"})
    assert changes(change | {"to": "lost"}, others="drop").measurements == []


@pytest.mark.parametrize("wrong", ["others: keep", "others: refuse, values: {a: sideways}"])
def test_a_state_is_up_down_or_unknown(wrong: str) -> None:
    text = CHANGES.replace("values: {fine: up, broken: down}, others: OTHERS", wrong)
    with pytest.raises(ImportRefused, match="translate each text to up, down or unknown"):
        parse_mapping_text(text)


def test_an_outage_has_an_end_or_a_state_and_not_both() -> None:
    with pytest.raises(ImportRefused, match="give either ends, length or state"):
        parse_mapping_text(CHANGES.replace("OTHERS", "drop") + "ends: until\n")
