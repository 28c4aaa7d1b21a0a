"""The envelope's way through a log record: nothing is lost, nothing unknown disturbs, nothing half is an event."""

from __future__ import annotations

import json

import pytest

from slm_events import agreement, envelope, instants
from slm_events.envelope import Envelope, NotAnEvent

PARTY = agreement.PartyRegistered(party_id="p-1", key="northwind", name="Nørthwind", external_refs=[{"system": "erp"}])
REGISTERED = Envelope(
    id="0193a5c0-7a00-7000-8000-000000000001",
    source="/slm/local/agreement",
    type="slm.agreement.party-registered.v1",
    subject="p-1",
    time="2026-11-22T10:00:00.000000Z",
    recorded_at="2026-11-22T10:00:01.000000Z",
    data=PARTY,
    correlation_id="c-1",
    causation_id="c-0",
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)


def test_an_envelope_survives_the_record() -> None:
    value, headers = envelope.to_json(PARTY), envelope.to_headers(REGISTERED)
    assert envelope.from_record(value, headers) == REGISTERED


def test_headers_are_cloudevents_in_binary_mode() -> None:
    headers = envelope.to_headers(REGISTERED)
    assert headers["ce_specversion"] == "1.0"
    assert headers["content-type"] == "application/json"
    assert headers["ce_dataschema"] == "urn:slm:schema:slm.agreement.party-registered.v1"
    assert all(isinstance(value, str) for value in headers.values())


def test_an_attribute_that_is_not_there_is_no_header() -> None:
    headers = envelope.to_headers(
        Envelope(
            id="1",
            source="/slm/local/agreement",
            type=REGISTERED.type,
            subject="p-1",
            time=REGISTERED.time,
            recorded_at=REGISTERED.time,
            data=PARTY,
        )
    )
    assert not {"ce_correlationid", "ce_causationid", "ce_traceparent"} & headers.keys()


def test_unknown_fields_and_headers_are_ignored() -> None:
    data = {**json.loads(envelope.to_json(PARTY)), "colour": "blue"}
    headers = {**envelope.to_headers(REGISTERED), "ce_colour": "blue", "x-other": "1"}
    assert envelope.from_record(json.dumps(data).encode(), headers) == REGISTERED


def test_a_field_with_a_default_may_be_missing() -> None:
    value = b'{"party_id": "p-1", "key": "northwind", "name": "N"}'
    assert envelope.from_record(value, envelope.to_headers(REGISTERED)).data.external_refs == []


def test_a_record_without_times_and_subject_takes_them_from_what_it_has() -> None:
    headers = {"ce_id": "1", "ce_source": "/elsewhere", "ce_type": REGISTERED.type}
    read = envelope.from_record(envelope.to_json(PARTY), headers)
    assert (read.subject, read.time, read.recorded_at) == ("p-1", "", "")


@pytest.mark.parametrize("attribute", ["id", "source", "type"])
def test_a_record_without_a_required_attribute_is_not_an_event(attribute: str) -> None:
    headers = envelope.to_headers(REGISTERED)
    del headers[f"ce_{attribute}"]
    with pytest.raises(NotAnEvent, match=f"no ce_{attribute}"):
        envelope.from_record(envelope.to_json(PARTY), headers)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (b'{"party_id": "p-1", "name": "N"}', "key"),
        (b'{"party_id": "p-1"', "Expecting"),
        (b"[]", "not a JSON object"),
        (b"", "Expecting value"),
        (b"\xff\xfe\xfd", "decode"),
    ],
)
def test_data_that_is_not_whole_is_not_an_event(value: bytes, complaint: str) -> None:
    with pytest.raises(NotAnEvent, match=complaint):
        envelope.from_record(value, envelope.to_headers(REGISTERED))


def test_an_unknown_type_is_not_an_event() -> None:
    headers = {**envelope.to_headers(REGISTERED), "ce_type": "slm.agreement.party-registered.v9"}
    with pytest.raises(NotAnEvent, match="not a published event type"):
        envelope.from_record(envelope.to_json(PARTY), headers)


def test_types_are_named_after_context_and_event() -> None:
    assert envelope.type_of(PARTY) == envelope.type_of(agreement.PartyRegistered) == "slm.agreement.party-registered.v1"


def test_an_instant_survives_its_text() -> None:
    for instant in (0, 1, 1_795_000_000_123_456, -1):
        assert instants.from_text(instants.to_text(instant)) == instant


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000000Z"),
        ("2026-11-22T11:00:00.5+01:00", "2026-11-22T10:00:00.500000Z"),
    ],
)
def test_an_instant_is_written_in_one_way(text: str, same: str) -> None:
    assert instants.to_text(instants.from_text(text)) == same


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-00:01"])
def test_what_is_read_can_be_written(text: str) -> None:
    with pytest.raises(ValueError, match="years"):
        instants.from_text(text)
    assert instants.to_text(instants.from_text("0001-01-01T00:00:00Z")) == "0001-01-01T00:00:00.000000Z"


@pytest.mark.parametrize("text", ["2026-11-22T10:00:00", "2026-11-22", "yesterday", ""])
def test_a_text_without_an_offset_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError):
        instants.from_text(text)
